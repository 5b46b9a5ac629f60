//! The catalogue. Several sources describe one track; what is missing is filled from later rows,
//! and nothing that is known is ever overwritten, so that the order of imports decides only between
//! contradicting claims.

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Statement, ToSql, params};
use rustc_hash::FxHashMap;
use segue_core::{AudioFeature, AudioFeatures, Timestamp, Track, TrackId, WorkId};

use crate::cache::TrackRow;
use crate::codes::{Coded, to_micros};
use crate::keys::{Key, key};
use crate::names::Interner;
use crate::{Result, Store, StoreError};

const COLUMNS: &str = "SELECT tracks.id, tracks.work, tracks.listed, tracks.name, works.name, \
     version, title, artists, album, isrc, recording_mbid, location, year, genre, popularity, \
     features FROM tracks JOIN works ON works.id = tracks.work";
const INSERT: &str = "INSERT INTO tracks (listed, name, work, version, title, artists, album, \
     isrc, recording_mbid, location, year, genre, popularity, features, id, added_at) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, \
     CAST(unixepoch('subsec') * 1000000 AS INTEGER))";
const UPDATE: &str = "UPDATE tracks SET listed = ?1, version = ?4, title = ?5, artists = ?6, \
     credited = CASE WHEN artists = ?6 THEN credited END, album = ?7, isrc = ?8, \
     recording_mbid = ?9, location = ?10, year = ?11, genre = ?12, \
     popularity = ?13, features = ?14 WHERE id = ?15 AND name = ?2 AND work = ?3";

/// The length of a track as [`features_to_bytes`] wrote it, for [`duration_ms`] to read.
pub(crate) const DURATION: &str = "substr(tracks.features, 45, 4)";
const _: () = assert!(4 * AudioFeature::DurationMs as usize + 1 == 45);

/// Bit of [`TrackRow::known`]: a catalogue lists the track.
const LISTED: u32 = 1 << 31;

/// Who describes a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mention {
    /// A row of somebody's history.
    History,
    /// A catalogue, which makes the track stay when the listener who brought it is forgotten.
    Catalogue,
}

/// A description of a track in a row of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrackMention<'r> {
    pub(crate) track: &'r Track,
    pub(crate) by: Mention,
}

/// The row of a track that was described.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DescribedTrack {
    pub(crate) row: TrackRow,
    pub(crate) how: Described,
}

/// What describing a track did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Described {
    New,
    Filled,
    Known,
}

impl Store {
    /// Every track of the catalogue, in the order of first mention: those that a catalogue lists
    /// and those that only a history mentions.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn tracks(&self) -> Result<Vec<Track>> {
        let mut statement = self.connection.prepare(&format!("{COLUMNS} ORDER BY tracks.id"))?;
        let mut rows = statement.query([])?;
        let mut tracks = Vec::new();
        while let Some(row) = rows.next()? {
            tracks.push(Stored::from_row(row)?.track);
        }
        Ok(tracks)
    }

    /// Ids of the tracks that came to the catalogue after a moment, in the order in which they
    /// came: candidates for the share of arrivals in a mix.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn tracks_added_after(&self, moment: Timestamp) -> Result<Vec<TrackId>> {
        let mut statement =
            self.connection.prepare("SELECT name FROM tracks WHERE added_at > ?1 ORDER BY id")?;
        let names = statement.query_map([to_micros(moment)], |row| row.get::<_, String>(0))?;
        names.map(|name| Ok(TrackId::new(name?))).collect()
    }

    /// What is known of one track, or `None` if the catalogue does not have it.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn track(&self, id: &TrackId) -> Result<Option<Track>> {
        self.one_track("tracks.name = ?1", id.as_str())
    }

    /// The track in a row of the catalogue.
    pub(crate) fn track_in_row(&self, id: i64) -> Result<Option<Track>> {
        self.one_track("tracks.id = ?1", id)
    }

    fn one_track(&self, condition: &str, value: impl ToSql) -> Result<Option<Track>> {
        let sql = format!("{COLUMNS} WHERE {condition}");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([value])?;
        rows.next()?.map(|row| Ok(Stored::from_row(row)?.track)).transpose()
    }
}

/// Adds and completes tracks, for the length of one transaction.
pub(crate) struct TrackWriter<'c> {
    connection: &'c Connection,
    works: Interner<'c>,
    find: CachedStatement<'c>,
    keys: CachedStatement<'c>,
    insert: CachedStatement<'c>,
    update: CachedStatement<'c>,
}

impl<'c> TrackWriter<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Result<Self> {
        Ok(Self {
            connection,
            works: Interner::new(connection, "works")?,
            find: connection.prepare_cached(&format!("{COLUMNS} WHERE tracks.name = ?1"))?,
            keys: connection.prepare_cached("SELECT id, work FROM tracks WHERE name = ?1")?,
            insert: connection.prepare_cached(INSERT)?,
            update: connection.prepare_cached(UPDATE)?,
        })
    }

    /// Takes in what a row says about a track.
    pub(crate) fn describe(
        &mut self,
        cache: &mut FxHashMap<TrackId, TrackRow>,
        mention: TrackMention<'_>,
    ) -> Result<DescribedTrack> {
        if let Some(known) = known_already(cache, mention) {
            return Ok(known);
        }
        let described = match self.load(&mention.track.id)? {
            None => {
                let work = self.works.intern(mention.track.work.as_str())?;
                self.add(mention, work, None)?
            }
            Some(stored) => self.complete(stored, mention)?,
        };
        cache.insert(mention.track.id.clone(), described.row);
        Ok(described)
    }

    /// Takes in what the rows of a batch say about tracks, as [`Self::describe`] would one by one.
    ///
    /// Names are looked up and added in their own order, so that a batch visits each page of an
    /// index once. New tracks are numbered in the order of the rows.
    pub(crate) fn describe_all(
        &mut self,
        cache: &mut FxHashMap<TrackId, TrackRow>,
        mentions: &[TrackMention<'_>],
    ) -> Result<Vec<DescribedTrack>> {
        let mut all: Vec<Option<DescribedTrack>> =
            mentions.iter().map(|mention| known_already(cache, *mention)).collect();
        let mut open: Vec<usize> = (0..all.len()).filter(|at| all[*at].is_none()).collect();
        open.sort_by_key(|at| &mentions[*at].track.id);
        let mut new = Vec::new();
        for of_track in open.chunk_by(|a, b| mentions[*a].track.id == mentions[*b].track.id) {
            let first = of_track[0];
            match self.load(&mentions[first].track.id)? {
                None => new.push(first),
                Some(stored) => {
                    let described = self.complete(stored, mentions[first])?;
                    cache.insert(mentions[first].track.id.clone(), described.row);
                    all[first] = Some(described);
                }
            }
        }
        self.add_all(cache, mentions, new, &mut all)?;
        // Of tracks that several rows describe, the rows after the first.
        let rest = all.into_iter().zip(mentions).map(|(described, mention)| match described {
            Some(described) => Ok(described),
            None => self.describe(cache, *mention),
        });
        rest.collect()
    }

    /// Adds tracks that the catalogue lacks; `new` are the rows that describe them, in the order of
    /// their names.
    fn add_all(
        &mut self,
        cache: &mut FxHashMap<TrackId, TrackRow>,
        mentions: &[TrackMention<'_>],
        new: Vec<usize>,
        all: &mut [Option<DescribedTrack>],
    ) -> Result<()> {
        let works = self.intern_works(new.iter().map(|at| &mentions[*at].track.work))?;
        let mut in_order = new.clone();
        in_order.sort_unstable();
        let sql = "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'tracks'";
        let last: i64 = self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        for at in new {
            let number = in_order.partition_point(|before| *before < at) as i64 + 1;
            let mention = mentions[at];
            let described = self.add(mention, works[&mention.track.work], Some(last + number))?;
            cache.insert(mention.track.id.clone(), described.row);
            all[at] = Some(described);
        }
        Ok(())
    }

    /// The keys of works, looked up in the order of their names.
    fn intern_works<'r>(
        &mut self,
        works: impl Iterator<Item = &'r WorkId>,
    ) -> Result<FxHashMap<&'r WorkId, Key>> {
        let mut works: Vec<&WorkId> = works.collect();
        works.sort_unstable();
        works.dedup();
        works.into_iter().map(|work| Ok((work, self.works.intern(work.as_str())?))).collect()
    }

    /// The row of a track that must be in the catalogue. Which of its fields are known may be left
    /// open: describing it looks again.
    pub(crate) fn require(
        &mut self,
        cache: &mut FxHashMap<TrackId, TrackRow>,
        id: &TrackId,
    ) -> Result<TrackRow> {
        if let Some(row) = cache.get(id) {
            return Ok(*row);
        }
        let found =
            self.keys.query_row([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (track, work) = found.ok_or_else(|| StoreError::UnknownTrack(id.clone()))?;
        let row = TrackRow { track: key(track)?, work: key(work)?, known: 0 };
        cache.insert(id.clone(), row);
        Ok(row)
    }

    fn load(&mut self, id: &TrackId) -> Result<Option<Stored>> {
        let mut rows = self.find.query([id.as_str()])?;
        rows.next()?.map(Stored::from_row).transpose()
    }

    /// Adds a track, under a number if one is given.
    fn add(
        &mut self,
        mention: TrackMention<'_>,
        work: Key,
        id: Option<i64>,
    ) -> Result<DescribedTrack> {
        let listed = mention.by == Mention::Catalogue;
        save(&mut self.insert, SavedTrack { id, listed, work, track: mention.track })?;
        let track = key(self.connection.last_insert_rowid())?;
        let row = TrackRow { track, work, known: mention.known() };
        Ok(DescribedTrack { row, how: Described::New })
    }

    /// Fills in what a stored track lacks.
    fn complete(
        &mut self,
        mut stored: Stored,
        mention: TrackMention<'_>,
    ) -> Result<DescribedTrack> {
        if mention.known() & !stored.known() == 0 {
            return Ok(DescribedTrack { row: stored.row()?, how: Described::Known });
        }
        fill(&mut stored.track, mention.track);
        stored.listed |= mention.by == Mention::Catalogue;
        let row = stored.row()?;
        let (id, listed, work) = (Some(stored.id), stored.listed, row.work);
        save(&mut self.update, SavedTrack { id, listed, work, track: &stored.track })?;
        Ok(DescribedTrack { row, how: Described::Filled })
    }
}

impl TrackMention<'_> {
    fn known(self) -> u32 {
        known(self.track, self.by)
    }
}

/// The row of a track of which all is known that is said of it.
fn known_already(
    cache: &FxHashMap<TrackId, TrackRow>,
    mention: TrackMention<'_>,
) -> Option<DescribedTrack> {
    let row = *cache.get(&mention.track.id)?;
    let is_known = mention.known() & !row.known == 0;
    is_known.then_some(DescribedTrack { row, how: Described::Known })
}

/// A track as the catalogue holds it.
struct Stored {
    id: i64,
    work: i64,
    listed: bool,
    track: Track,
}

impl Stored {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let text = |column| -> Result<String> { Ok(row.get(column)?) };
        let features: Option<Vec<u8>> = row.get(15)?;
        let track = Track {
            version: Coded::from_code(row.get(5)?)?,
            artists: artists_from_json(row.get_ref(7)?)?,
            album: row.get(8)?,
            isrc: row.get(9)?,
            recording_mbid: row.get(10)?,
            location: row.get(11)?,
            year: row.get(12)?,
            genre: row.get(13)?,
            popularity: row.get::<_, Option<f64>>(14)?.map(|popularity| popularity as f32),
            features: features.map_or(AudioFeatures::MISSING, |bytes| features_from_bytes(&bytes)),
            ..Track::new(TrackId::new(text(3)?), WorkId::new(text(4)?), text(6)?)
        };
        Ok(Self { id: row.get(0)?, work: row.get(1)?, listed: row.get(2)?, track })
    }

    fn known(&self) -> u32 {
        known(&self.track, if self.listed { Mention::Catalogue } else { Mention::History })
    }

    fn row(&self) -> Result<TrackRow> {
        Ok(TrackRow { track: key(self.id)?, work: key(self.work)?, known: self.known() })
    }
}

/// Which fields a description fills, as bits: it teaches nothing new if another has all of them.
fn known(track: &Track, mention: Mention) -> u32 {
    let fields = [
        !track.title.is_empty(),
        !track.artists.is_empty(),
        track.album.is_some(),
        track.isrc.is_some(),
        track.recording_mbid.is_some(),
        track.location.is_some(),
        track.year.is_some(),
        track.genre.is_some(),
        track.popularity.is_some(),
    ];
    let features = track.features.as_array().iter().map(|value| !value.is_nan());
    let guests = [track.artists.len() > 1, track.artists.len() > 2];
    let bits = fields.into_iter().chain(features).chain(guests).enumerate();
    let known = bits.fold(0, |known, (bit, is_known)| known | u32::from(is_known) << bit);
    known | if mention == Mention::Catalogue { LISTED } else { 0 }
}

/// Takes from another description what is missing in this one, guests included where it credits all
/// that are known and more. Work and version stay what the first one said.
fn fill(track: &mut Track, from: &Track) {
    if track.title.is_empty() {
        track.title.clone_from(&from.title);
    }
    if track.artists.is_empty() || track.artists.iter().all(|known| from.artists.contains(known)) {
        track.artists.clone_from(&from.artists);
    }
    fill_option(&mut track.album, &from.album);
    fill_option(&mut track.isrc, &from.isrc);
    fill_option(&mut track.recording_mbid, &from.recording_mbid);
    fill_option(&mut track.location, &from.location);
    fill_option(&mut track.year, &from.year);
    fill_option(&mut track.genre, &from.genre);
    fill_option(&mut track.popularity, &from.popularity);
    track.features.fill_from(&from.features);
}

fn fill_option<T: Clone>(mine: &mut Option<T>, theirs: &Option<T>) {
    if mine.is_none() {
        mine.clone_from(theirs);
    }
}

/// What [`save`] writes.
struct SavedTrack<'t> {
    id: Option<i64>,
    listed: bool,
    work: Key,
    track: &'t Track,
}

fn save(statement: &mut Statement<'_>, saved: SavedTrack<'_>) -> Result<()> {
    let SavedTrack { id, listed, work, track } = saved;
    let artists = serde_json::to_string(&track.artists).expect("text always serialises");
    statement.execute(params![
        listed,
        track.id.as_str(),
        work,
        track.version.code(),
        track.title,
        artists,
        track.album,
        track.isrc,
        track.recording_mbid,
        track.location,
        track.year,
        track.genre,
        track.popularity,
        features_to_bytes(&track.features),
        id,
    ])?;
    Ok(())
}

/// The artists of a track as [`save`] wrote them.
pub(crate) fn artists_from_json(column: ValueRef<'_>) -> Result<Vec<String>> {
    serde_json::from_str(column.as_str().map_err(rusqlite::Error::from)?)
        .map_err(|error| StoreError::corrupt(format!("artists of a track: {error}")))
}

/// `None` where nothing is known, which is what most tracks of a history look like.
pub(crate) fn features_to_bytes(features: &AudioFeatures) -> Option<Vec<u8>> {
    let values = features.as_array();
    let any = values.iter().any(|value| !value.is_nan());
    any.then(|| values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// The length of a track in milliseconds out of a column that selects [`DURATION`].
pub(crate) fn duration_ms(row: &Row<'_>, column: usize) -> Result<Option<u32>> {
    let bytes: Option<[u8; 4]> = row.get(column)?;
    Ok(bytes.map(f32::from_le_bytes).filter(|ms| !ms.is_nan()).map(|ms| ms as u32))
}

pub(crate) fn features_from_bytes(bytes: &[u8]) -> AudioFeatures {
    let mut features = AudioFeatures::MISSING;
    let (values, _) = bytes.as_chunks::<4>();
    for (feature, value) in AudioFeature::ALL.into_iter().zip(values) {
        features.set(feature, f32::from_le_bytes(*value));
    }
    features
}
