//! What a process remembers between batches, so that a row of a known track and listener costs no
//! look-up in the database. All of it can be dropped at any time; it is bounded. Names outlive what
//! other processes write: an integer is never given twice, and a name loses its own only when a
//! listener is forgotten.

use rusqlite::{Connection, Row};
use rustc_hash::FxHashMap;
use segue_core::{ListenerId, TrackId};

use crate::dedup::SeenPlays;
use crate::keys::Key;
use crate::names::MOST_NAMES;
use crate::{Result, listens};

/// With more plays than this in memory (27 to 54 bytes each) nobody else's are loaded before these
/// are dropped.
const MOST_PLAYS: usize = 2_000_000;

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
    forgotten: i64,
    log: LogState,
    pub(crate) listeners: FxHashMap<ListenerId, Key>,
    pub(crate) contexts: FxHashMap<String, Key>,
    pub(crate) tracks: FxHashMap<TrackId, TrackRow>,
    pub(crate) seen: FxHashMap<Key, SeenPlays>,
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
    /// Brings up to date what others may have made untrue since this was learnt, or drops it: names
    /// if a listener was forgotten, plays if somebody imported, who may have completed some. Plays
    /// that were appended are added; loading all again for a row that a server appended between two
    /// batches of an import would make the import quadratic.
    pub(crate) fn stay_valid_for(&mut self, connection: &Connection) -> Result<()> {
        let version =
            connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if version == self.data_version {
            return Ok(());
        }
        let sql = "SELECT times FROM forgotten";
        let forgotten = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        if forgotten != self.forgotten {
            self.forget_all();
        }
        (self.data_version, self.forgotten) = (version, forgotten);
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
        let seen = &mut self.seen;
        listens::for_each_play_after(connection, self.log.last, |row, work, listener, listen| {
            if let Some(seen) = seen.get_mut(&listener) {
                seen.note(work, listen, row);
            }
        })
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
        *self =
            Self { data_version: self.data_version, forgotten: self.forgotten, ..Self::default() };
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
    }

    /// Keeps the memory of plays within its bounds; called when a listener's plays are about to be
    /// loaded, because it looks at every listener.
    pub(crate) fn bound_plays(&mut self) {
        if self.seen.values().map(SeenPlays::len).sum::<usize>() > MOST_PLAYS {
            self.seen.clear();
        }
    }
}
