//! What a process remembers between batches, so that a row of a known track and listener costs no
//! look-up in the database. It is bounded, and can be dropped at any time.
//!
//! Names stay valid whatever other processes write: an integer is never given to a second name, and
//! a name loses its integer only when a listener is forgotten or works are settled. Texts lose
//! theirs when mixes are pruned, too.

use rusqlite::{Connection, Row};
use rustc_hash::FxHashMap;
use segue_core::{ListenerId, TrackId};

use crate::dedup::SeenPlays;
use crate::keys::Key;
use crate::names::{MOST_NAMES, Songs};
use crate::{Result, listens};

/// Bytes of plays kept in memory, which is some two million plays. When there are more, the
/// listeners go whose plays were not asked for longest, one by one.
const MOST_BYTES: usize = 64 << 20;
/// Rows of the log, after which it is looked whether there are more.
const BOUND_AFTER: i64 = 10_000;

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
    /// How often a listener was forgotten, and how often works were settled.
    removals: (i64, i64),
    log: LogState,
    pub(crate) listeners: FxHashMap<ListenerId, Key>,
    pub(crate) contexts: FxHashMap<String, Key>,
    pub(crate) texts: FxHashMap<String, Key>,
    pub(crate) tracks: FxHashMap<TrackId, TrackRow>,
    pub(crate) seen: SeenListeners,
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
            if let Some(seen) = seen.get_mut(listener) {
                seen.note(songs.of(connection, work, listen)?, listen, length, row);
            }
            Ok(())
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
            if self.log.last >= self.seen.bounded_at + BOUND_AFTER {
                self.seen.bounded_at = self.log.last;
                self.seen.bound(MOST_BYTES);
            }
        }
        Ok(())
    }

    /// Drops everything.
    pub(crate) fn forget_all(&mut self) {
        *self = Self {
            data_version: self.data_version,
            removals: self.removals,
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

/// The plays that listeners have in the log, of those whose rows came lately.
#[derive(Default)]
pub(crate) struct SeenListeners {
    kept: FxHashMap<Key, Seen>,
    /// Grows whenever plays are asked for.
    clock: u64,
    /// The last row of the log when they were last bounded.
    bounded_at: i64,
}

struct Seen {
    plays: SeenPlays,
    /// When they were last asked for.
    asked: u64,
}

impl SeenListeners {
    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
    }

    /// The plays of a listener, if they are kept.
    pub(crate) fn get_mut(&mut self, listener: Key) -> Option<&mut SeenPlays> {
        self.clock += 1;
        let seen = self.kept.get_mut(&listener)?;
        seen.asked = self.clock;
        Some(&mut seen.plays)
    }

    /// Keeps the plays of a listener, and as many of others as there is room for.
    pub(crate) fn insert(&mut self, listener: Key, plays: SeenPlays) {
        self.bound(MOST_BYTES.saturating_sub(plays.bytes()));
        self.clock += 1;
        self.kept.insert(listener, Seen { plays, asked: self.clock });
    }

    /// Lets go of listeners until the plays of the others are within a number of bytes. Those asked
    /// for last stay whatever they take up: an import needs them at its next row.
    fn bound(&mut self, most_bytes: usize) {
        let mut bytes: usize = self.kept.values().map(|seen| seen.plays.bytes()).sum();
        if bytes <= most_bytes {
            return;
        }
        let mut by_age: Vec<(u64, Key)> =
            self.kept.iter().map(|(&listener, seen)| (seen.asked, listener)).collect();
        by_age.sort_unstable();
        by_age.pop();
        for (_, listener) in by_age {
            if bytes <= most_bytes {
                break;
            }
            bytes -= self.kept.remove(&listener).map_or(0, |seen| seen.plays.bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use segue_core::{Listen, Source, Timestamp};

    use super::*;

    #[test]
    fn those_asked_for_longest_ago_are_let_go_of_one_by_one_and_the_latest_stays() {
        let plays = || {
            let mut plays = SeenPlays::new();
            for second in 0..1_000 {
                let at = Timestamp::from_second(second).unwrap();
                let listen =
                    Listen::new(ListenerId::new("ann"), TrackId::new("t"), at, Source::Segue);
                plays.note(1, &listen, None, second + 1);
            }
            plays
        };
        let one = plays().bytes();
        assert!(one >= 20_000, "twenty bytes a play at least: {one}");
        let mut seen = SeenListeners::default();
        (1..=4).for_each(|listener| seen.insert(listener, plays()));
        assert!(seen.get_mut(1).is_some(), "nothing was let go of");
        seen.bound(3 * one);
        assert_eq!(
            [1, 2, 3, 4].map(|listener| seen.kept.contains_key(&listener)),
            [true, false, true, true]
        );
        seen.bound(0);
        assert_eq!(seen.kept.keys().collect::<Vec<_>>(), [&1]);
    }
}
