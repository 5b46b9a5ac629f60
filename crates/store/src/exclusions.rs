//! Plays that a listener does not want in their taste profile. They stay in the log and are left
//! out when it is read. Taking an exclusion back brings its plays back.
//!
//! Exclusions are about plays only. Explicit feedback is never excluded: a ban on a track must
//! outlive the exclusion of the track's plays.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use rusqlite::{Connection, OptionalExtension, params};
use rustc_hash::{FxHashMap, FxHashSet};
use segue_core::{DeviceClass, Listen, ListenerId, Moment, Timestamp, TrackId, WorkId};
use serde::{Deserialize, Serialize};

use crate::keys::{Key, key};
use crate::names::{Interner, find_listener};
use crate::tracks::artists_from_json;
use crate::{Result, Store, StoreError};

/// Which plays a listener wants left out of their taste profile. The plays stay in the log;
/// [`Store::listens`] leaves them out and [`Store::all_listens`] does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// Plays that began in a period. A play without a date began in none.
    Period {
        /// Its beginning, included.
        from: Timestamp,
        /// Its end, not included.
        to: Timestamp,
    },
    /// Plays on a kind of device.
    Device(DeviceClass),
    /// Plays from a context of exactly this name.
    Context(String),
    /// Plays of one version of a song.
    Track(TrackId),
    /// Plays of a song, whatever the version.
    Work(WorkId),
    /// Plays of tracks that credit an artist, whatever the letter case.
    Artist(String),
    /// The plays of one version of a song that bear a stamp of one second: as a rule a single play.
    /// What is imported or reported again is folded into the row of the log, and stays excluded.
    Play {
        /// Which version.
        track: TrackId,
        /// The second, whatever the fraction.
        at: Timestamp,
    },
}

/// Names one exclusion of one listener, to take it back later. A number is never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExclusionId(pub i64);

/// The plays that a listener deleted one by one ([`Exclusion::Play`]). They stay in the log, so
/// that no import brings them back; the page and clients that scrobble are not shown them any more.
#[derive(Clone, Debug, Default)]
pub struct DeletedPlays(FxHashMap<TrackId, BTreeSet<i64>>);

impl DeletedPlays {
    /// Whether none was deleted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The seconds since 1970 of the deleted plays of a track; `None` if none of them was deleted.
    pub fn of(&self, track: &TrackId) -> Option<&BTreeSet<i64>> {
        self.0.get(track)
    }

    /// Whether a play is among them.
    pub fn has(&self, listen: &Listen) -> bool {
        let seconds = self.of(&listen.track);
        seconds.zip(listen.at).is_some_and(|(seconds, at)| seconds.contains(&at.as_second()))
    }
}

impl Store {
    /// The plays that a listener deleted one by one.
    ///
    /// # Errors
    /// As [`Self::exclusions`].
    pub fn deleted_plays(&self, listener: &ListenerId) -> Result<DeletedPlays> {
        let mut deleted = DeletedPlays::default();
        for (_, exclusion) in self.exclusions(listener)? {
            if let Exclusion::Play { track, at } = exclusion {
                deleted.0.entry(track).or_default().insert(at.as_second());
            }
        }
        Ok(deleted)
    }

    /// Leaves plays out of a listener's taste profile from now on, future ones too. An equal
    /// exclusion is not added twice: its old id comes back. A listener who is not in the store yet
    /// is added.
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::Database`].
    pub fn exclude(&mut self, listener: &ListenerId, exclusion: &Exclusion) -> Result<ExclusionId> {
        let exclusion = &to_the_second(exclusion);
        let json = serde_json::to_string(exclusion).expect("an exclusion always serialises");
        self.write(|connection, _| {
            let listener = Interner::new(connection, "listeners")?.intern(listener.as_str())?;
            let sql = "SELECT id FROM exclusions WHERE listener = ?1 AND exclusion = ?2";
            let found =
                connection.query_row(sql, params![listener, json], |row| row.get(0)).optional()?;
            if let Some(id) = found {
                return Ok(ExclusionId(id));
            }
            let sql = "INSERT INTO exclusions (listener, exclusion) VALUES (?1, ?2)";
            connection.execute(sql, params![listener, json])?;
            Ok(ExclusionId(connection.last_insert_rowid()))
        })
    }

    /// What a listener has excluded, oldest first; empty for a listener who is not in the store.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn exclusions(&self, listener: &ListenerId) -> Result<Vec<(ExclusionId, Exclusion)>> {
        self.read(|connection| match find_listener(connection, listener)? {
            Some(key) => load(connection, key),
            None => Ok(Vec::new()),
        })
    }

    /// Takes an exclusion back, which brings its plays back into the profile. Returns whether there
    /// was one: `false` for an id that is unknown or was taken back before.
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::Database`].
    pub fn include_again(&mut self, id: ExclusionId) -> Result<bool> {
        self.write(|connection, _| {
            Ok(connection.execute("DELETE FROM exclusions WHERE id = ?1", [id.0])? == 1)
        })
    }
}

fn load(connection: &Connection, listener: Key) -> Result<Vec<(ExclusionId, Exclusion)>> {
    let sql = "SELECT id, exclusion FROM exclusions WHERE listener = ?1 ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([listener])?;
    let mut exclusions = Vec::new();
    while let Some(row) = rows.next()? {
        let exclusion = serde_json::from_str(&row.get::<_, String>(1)?)
            .map_err(|error| StoreError::corrupt(format!("an exclusion: {error}")))?;
        exclusions.push((ExclusionId(row.get(0)?), exclusion));
    }
    Ok(exclusions)
}

/// The integers in a row of the log by which exclusions find it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlayKeys {
    pub(crate) track: Key,
    pub(crate) context: Option<i64>,
}

/// A listener's exclusions, with names of tracks, works and artists resolved to tracks, and those
/// of contexts to their keys.
pub(crate) struct Excluder {
    exclusions: Vec<Exclusion>,
    tracks: FxHashSet<Key>,
    contexts: FxHashSet<i64>,
    /// Track and second of single plays.
    plays: FxHashSet<(Key, i64)>,
}

impl Excluder {
    pub(crate) fn load(connection: &Connection, listener: Key) -> Result<Self> {
        let mut excluder = Self {
            exclusions: Vec::new(),
            tracks: FxHashSet::default(),
            contexts: FxHashSet::default(),
            plays: FxHashSet::default(),
        };
        for (_, exclusion) in load(connection, listener)? {
            excluder.add(connection, exclusion)?;
        }
        Ok(excluder)
    }

    fn add(&mut self, connection: &Connection, exclusion: Exclusion) -> Result<()> {
        match &exclusion {
            Exclusion::Track(id) => {
                self.add_tracks(connection, "SELECT id FROM tracks WHERE name = ?1", id.as_str())
            }
            Exclusion::Work(id) => {
                let sql =
                    "SELECT id FROM tracks WHERE work = (SELECT id FROM works WHERE name = ?1)";
                self.add_tracks(connection, sql, id.as_str())
            }
            Exclusion::Artist(name) => self.add_artist(connection, &name.to_lowercase()),
            Exclusion::Play { track, at } => {
                let found = connection
                    .prepare_cached("SELECT id FROM tracks WHERE name = ?1")?
                    .query_row([track.as_str()], |row| row.get(0))
                    .optional()?;
                if let Some(id) = found {
                    self.plays.insert((key(id)?, at.as_second()));
                }
                Ok(())
            }
            Exclusion::Context(name) => {
                let sql = "SELECT id FROM contexts WHERE name = ?1";
                let mut statement = connection.prepare_cached(sql)?;
                let context = statement.query_row([name], |row| row.get::<_, i64>(0)).optional()?;
                self.contexts.extend(context);
                Ok(())
            }
            Exclusion::Period { .. } | Exclusion::Device(_) => {
                self.exclusions.push(exclusion);
                Ok(())
            }
        }
    }

    fn add_tracks(&mut self, connection: &Connection, sql: &str, name: &str) -> Result<()> {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([name])?;
        while let Some(row) = rows.next()? {
            self.tracks.insert(key(row.get(0)?)?);
        }
        Ok(())
    }

    fn add_artist(&mut self, connection: &Connection, lower_case: &str) -> Result<()> {
        let mut statement = connection.prepare("SELECT id, artists FROM tracks")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let artists = artists_from_json(row.get_ref(1)?)?;
            if artists.iter().any(|artist| artist.to_lowercase() == lower_case) {
                self.tracks.insert(key(row.get(0)?)?);
            }
        }
        Ok(())
    }

    pub(crate) fn excludes(&self, keys: PlayKeys, listen: &Listen) -> bool {
        let PlayKeys { track, context } = keys;
        self.tracks.contains(&track)
            || context.is_some_and(|context| self.contexts.contains(&context))
            || listen.at.is_some_and(|at| self.plays.contains(&(track, at.as_second())))
            || self.exclusions.iter().any(|exclusion| match exclusion {
                Exclusion::Period { from, to } => {
                    began(listen).is_some_and(|start| (*from..*to).contains(&start))
                }
                Exclusion::Device(device) => listen.device == *device,
                Exclusion::Context(_)
                | Exclusion::Track(_)
                | Exclusion::Work(_)
                | Exclusion::Artist(_)
                | Exclusion::Play { .. } => false,
            })
    }
}

/// The same exclusion of a play, whatever fraction of a second it was named with.
fn to_the_second(exclusion: &Exclusion) -> Exclusion {
    match exclusion {
        Exclusion::Play { track, at } => {
            let second = Timestamp::from_second(at.as_second()).unwrap_or(*at);
            Exclusion::Play { track: track.clone(), at: second }
        }
        other => other.clone(),
    }
}

/// When a play began. One of which only the day is known stands at a moment at which it is that day
/// from Hawaii to New Zealand, so that a period of whole days there has it or has it not.
fn began(listen: &Listen) -> Option<Timestamp> {
    let start = listen.started_at()?;
    match listen.moment {
        Moment::Day => start.checked_add(SignedDuration::from_mins(10 * 60 + 30)).ok(),
        Moment::Started | Moment::Ended => Some(start),
    }
}
