//! What a process remembers between batches, so that a row of a known track and listener costs no
//! look-up in the database. It is bounded, and can be dropped at any time.
//!
//! Names stay valid whatever other processes write: an integer is never given to a second name, and
//! a name loses its integer only when a listener is forgotten or works are settled. Texts lose
//! theirs when mixes are pruned, too.

use std::path::PathBuf;

use rusqlite::{Connection, Row};
use rustc_hash::FxHashMap;
use segue_core::{ListenerId, TrackId};

use crate::dedup::{ReportedPlay, SeenPlays};
use crate::keys::Key;
use crate::names::Songs;
use crate::{Result, listens};

/// Most names of a kind that are kept, at about 100 bytes each. At one more, all are dropped. It is
/// enough for what the rows of a file name again and again; others are looked up in order.
const MOST_NAMES: usize = 100_000;

/// A row of the catalogue, as far as writing needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrackRow {
    pub(crate) track: Key,
    pub(crate) work: Key,
    /// Which fields are known, see `tracks::known`.
    pub(crate) known: u32,
}

/// The writer's memory.
#[derive(Default)]
pub(crate) struct WriteCache {
    data_version: i64,
    /// How often it was found that somebody else had written.
    pub(crate) foreign_writes: u64,
    /// How often a listener was forgotten, and how often works were settled.
    removals: (i64, i64),
    log: LogState,
    pub(crate) listeners: FxHashMap<ListenerId, Key>,
    pub(crate) contexts: FxHashMap<String, Key>,
    pub(crate) texts: FxHashMap<String, Key>,
    pub(crate) tracks: FxHashMap<TrackId, TrackRow>,
    pub(crate) seen: SeenPlays,
    pub(crate) songs: Songs,
    /// The file that is imported, and how many were before it.
    file: Option<String>,
    pub(crate) files: u64,
}

/// How far the log goes, as far as duplicates are concerned.
#[derive(Clone, Copy, Default)]
struct LogState {
    /// Its last row.
    last: i64,
    /// Grows with every batch of an import.
    imported: i64,
}

impl LogState {
    fn of(connection: &Connection) -> Result<Self> {
        let sql = "SELECT (SELECT COALESCE(MAX(id), 0) FROM listens), COALESCE(SUM(rows), 0) \
                   FROM imports";
        let state = |row: &Row<'_>| Ok(Self { last: row.get(0)?, imported: row.get(1)? });
        Ok(connection.prepare_cached(sql)?.query_row([], state)?)
    }
}

impl WriteCache {
    /// Remembers nothing yet. What memory has no room for goes to a file in `folder`.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self { seen: SeenPlays::new(folder), ..Self::default() }
    }

    /// Brings the memory up to date with what other processes wrote since. Names are dropped if a
    /// listener was forgotten or works were settled. Plays are dropped if another process imported,
    /// because an import may complete rows, and texts whatever it did, because it may have pruned
    /// mixes: a mix says a few dozen of them.
    ///
    /// Plays that were only appended are added to the memory. Loading all of them again would make
    /// an import quadratic wherever a server appends a row between two of its batches.
    pub(crate) fn stay_valid_for(&mut self, connection: &Connection) -> Result<()> {
        let version =
            connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if version == self.data_version {
            return Ok(());
        }
        self.foreign_writes += 1;
        self.texts.clear();
        let sql = "SELECT (SELECT times FROM forgotten), (SELECT times FROM settled_works)";
        let removals =
            connection.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if removals != self.removals {
            self.forget_all();
        }
        (self.data_version, self.removals) = (version, removals);
        self.catch_up(connection)
    }

    fn catch_up(&mut self, connection: &Connection) -> Result<()> {
        if self.seen.is_empty() {
            return Ok(());
        }
        let now = LogState::of(connection)?;
        if now.imported != self.log.imported {
            self.seen.clear();
            return Ok(());
        }
        let Self { seen, songs, log, .. } = self;
        listens::for_each_play_after(connection, log.last, |row, work, listener, listen, length| {
            if !seen.knows(listener) {
                return Ok(());
            }
            let song = songs.of(connection, work, listen)?;
            seen.note(ReportedPlay { listener, song, listen, duration_ms: length }, row)
        })
    }

    /// Tells which file the rows are of that are imported from here on.
    pub(crate) fn begin_file(&mut self, fingerprint: &str) {
        if self.file.as_deref() != Some(fingerprint) {
            self.file = Some(fingerprint.to_owned());
            self.files += 1;
        }
    }

    /// Notes how far the plays remembered go; called at the end of a transaction.
    pub(crate) fn note_log_state(&mut self, connection: &Connection) -> Result<()> {
        if !self.seen.is_empty() {
            self.log = LogState::of(connection)?;
        }
        Ok(())
    }

    /// Drops everything.
    pub(crate) fn forget_all(&mut self) {
        self.seen.clear();
        *self = Self {
            data_version: self.data_version,
            foreign_writes: self.foreign_writes,
            removals: self.removals,
            seen: std::mem::take(&mut self.seen),
            file: self.file.take(),
            files: self.files,
            ..Self::default()
        };
    }

    /// Keeps the memory of names within its bounds; called between rows.
    pub(crate) fn bound_names(&mut self) {
        if self.tracks.len() > MOST_NAMES {
            self.tracks.clear();
        }
        if self.listeners.len() > MOST_NAMES {
            self.listeners.clear();
        }
        if self.contexts.len() > MOST_NAMES {
            self.contexts.clear();
        }
        if self.texts.len() > MOST_NAMES {
            self.texts.clear();
        }
    }
}
