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
     isrc, recording_mbid, location, year, genre, popularity, features, added_at) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, \
     CAST(unixepoch('subsec') * 1000000 AS INTEGER))";
const UPDATE: &str = "UPDATE tracks SET listed = ?1, version = ?4, title = ?5, artists = ?6, \
     credited = CASE WHEN artists = ?6 THEN credited END, album = ?7, isrc = ?8, \
     recording_mbid = ?9, location = ?10, year = ?11, genre = ?12, \
     popularity = ?13, features = ?14 WHERE name = ?2 AND work = ?3";

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
        track: &Track,
        mention: Mention,
    ) -> Result<(TrackRow, Described)> {
        let said = known(track, mention);
        if let Some(row) = cache.get(&track.id)
            && said & !row.known == 0
        {
            return Ok((*row, Described::Known));
        }
        let (row, described) = match self.load(&track.id)? {
            None => (self.add(track, said)?, Described::New),
            Some(stored) if said & !stored.known() == 0 => (stored.row()?, Described::Known),
            Some(stored) => (self.fill(stored, track, mention)?, Described::Filled),
        };
        cache.insert(track.id.clone(), row);
        Ok((row, described))
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

    fn add(&mut self, track: &Track, known: u32) -> Result<TrackRow> {
        let work = self.works.intern(track.work.as_str())?;
        save(&mut self.insert, track, work, known & LISTED != 0)?;
        Ok(TrackRow { track: key(self.connection.last_insert_rowid())?, work, known })
    }

    fn fill(&mut self, mut stored: Stored, from: &Track, mention: Mention) -> Result<TrackRow> {
        fill(&mut stored.track, from);
        stored.listed |= mention == Mention::Catalogue;
        let row = stored.row()?;
        save(&mut self.update, &stored.track, row.work, stored.listed)?;
        Ok(row)
    }
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

fn save(statement: &mut Statement<'_>, track: &Track, work: Key, listed: bool) -> Result<()> {
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
