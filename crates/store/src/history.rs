//! A listener's history in full or a page at a time.
//!
//! A page is ordered by time, though the log is in the order of arrival: old exports are imported
//! after new plays. No index by time is kept up for it. The log keeps for each run of rows the time
//! of its latest play, so runs are read latest first until the rest is older than the page. One
//! import is one run and is searched in full, at about ten million rows a second.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rusqlite::{Connection, params};
use segue_core::{Listen, ListenerId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::codes::{from_micros, to_micros};
use crate::exclusions::{Excluder, PlayKeys};
use crate::keys::{Key, key};
use crate::listens::{COLUMNS, FROM, for_each, from_row};
use crate::names::find_listener;
use crate::{Result, Store, runs};

/// The place of a play in its listener's history, which a client hands back to get the next page.
/// Later places are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ListenCursor {
    /// The play's time stamp. A play without a date has 2000-01-01, so that latest-first pages end
    /// with such plays.
    pub at: Timestamp,
    /// The play's row in the log. It distinguishes plays of one moment, and never changes.
    pub row: i64,
}

impl Store {
    /// The plays of a listener that belong to their taste profile: all but the excluded ones, in
    /// the order of the log. That is the order of arrival, not of time.
    ///
    /// # Errors
    /// [`crate::StoreError::Corrupt`] or [`crate::StoreError::Database`]. A listener who is not in
    /// the store has no plays.
    pub fn listens(&self, listener: &ListenerId) -> Result<Vec<Listen>> {
        self.read_listens(listener, |connection, key| Excluder::load(connection, key).map(Some))
    }

    /// Every play of a listener in the order of the log, excluded ones too: for export and for
    /// showing a person what is stored.
    ///
    /// # Errors
    /// As for [`Self::listens`].
    pub fn all_listens(&self, listener: &ListenerId) -> Result<Vec<Listen>> {
        self.read_listens(listener, |_, _| Ok(None))
    }

    fn read_listens(
        &self,
        listener: &ListenerId,
        excluder: impl FnOnce(&Connection, Key) -> Result<Option<Excluder>>,
    ) -> Result<Vec<Listen>> {
        self.fold_if_free()?;
        self.read(|connection| {
            let Some(key) = find_listener(connection, listener)? else { return Ok(Vec::new()) };
            let excluder = excluder(connection, key)?;
            let mut names = self.track_names.borrow_mut();
            let mut listens = Vec::new();
            for_each(connection, &format!("{COLUMNS} {FROM}"), key, |row| {
                let track = self::key(row.get(1)?)?;
                let listen = from_row(row, listener.clone(), names.get(connection, track)?)?;
                let keys = PlayKeys { track, context: row.get(14)? };
                if excluder.as_ref().is_none_or(|excluder| !excluder.excludes(keys, &listen)) {
                    listens.push(listen);
                }
                Ok(())
            })?;
            Ok(listens)
        })
    }

    pub(crate) fn fold_if_free(&self) -> Result<()> {
        if runs::tail_is_worth_folding(&self.connection)? {
            self.write_if_free(runs::fold)?;
        }
        Ok(())
    }

    /// One page of a listener's plays, latest first, excluded ones too: those before `before`,
    /// `limit` at most. The last cursor of a page leads to the next one. Plays that arrive in
    /// between do not shift the pages.
    ///
    /// ```
    /// use segue_core::{Listen, ListenerId, Source, Timestamp, Track, TrackId, WorkId};
    /// use segue_store::Store;
    ///
    /// let (ann, song) = (ListenerId::new("ann"), TrackId::new("song"));
    /// let mut store = Store::open_in_memory()?;
    /// store.add_tracks(&[Track::new(song.clone(), WorkId::new("song"), "Song")])?;
    /// let play = |second| {
    ///     let at = Timestamp::from_second(second).expect("it is a time");
    ///     Listen::new(ann.clone(), song.clone(), at, Source::Segue)
    /// };
    /// store.append_listens(&[play(3), play(1), play(2)])?;
    ///
    /// let page = store.listens_page(&ann, None, 2)?;
    /// let plays: Vec<_> = page.iter().map(|(_, play)| play.clone()).collect();
    /// assert_eq!(plays, [play(3), play(2)]);
    /// let rest = store.listens_page(&ann, page.last().map(|(cursor, _)| *cursor), 2)?;
    /// assert_eq!(rest[0].1, play(1));
    /// # Ok::<(), segue_store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::StoreError::Corrupt`] or [`crate::StoreError::Database`]. A listener who is not in
    /// the store has no plays.
    pub fn listens_page(
        &self,
        listener: &ListenerId,
        before: Option<ListenCursor>,
        limit: usize,
    ) -> Result<Vec<(ListenCursor, Listen)>> {
        self.fold_if_free()?;
        self.read(|connection| {
            let Some(key) = find_listener(connection, listener)? else { return Ok(Vec::new()) };
            let mut names = self.track_names.borrow_mut();
            let mut statement =
                connection.prepare_cached(&format!("{COLUMNS} {FROM} WHERE listens.id = ?1"))?;
            let mut page = Vec::new();
            for (at, row) in latest(connection, key, before, limit)? {
                let mut rows = statement.query([row])?;
                let Some(found) = rows.next()? else { continue };
                let track = names.get(connection, self::key(found.get(1)?)?)?;
                let cursor = ListenCursor { at: from_micros(at)?, row };
                page.push((cursor, from_row(found, listener.clone(), track)?));
            }
            Ok(page)
        })
    }
}

/// Time and row of a listener's latest plays, latest first.
fn latest(
    connection: &Connection,
    listener: Key,
    before: Option<ListenCursor>,
    limit: usize,
) -> Result<Vec<(i64, i64)>> {
    let before = before.map_or((i64::MAX, i64::MAX), |cursor| (to_micros(cursor.at), cursor.row));
    let mut latest = Latest { limit, heap: BinaryHeap::new() };
    let sql = "SELECT at, id FROM listens WHERE id > ?1 AND listener = ?2 AND (at, id) < (?3, ?4)";
    let upto = runs::folded_upto(connection)?;
    latest.offer(connection, sql, params![upto, listener, before.0, before.1])?;
    let sql = "SELECT at, id FROM listens WHERE id BETWEEN ?1 AND ?2 AND (at, id) < (?3, ?4)";
    for (first, last, latest_play) in runs::latest_first(connection, listener, before.0)? {
        if latest.all_after(latest_play) {
            break;
        }
        latest.offer(connection, sql, params![first, last, before.0, before.1])?;
    }
    Ok(latest.heap.into_sorted_vec().into_iter().map(|Reverse(play)| play).collect())
}

/// The latest plays of those offered.
struct Latest {
    limit: usize,
    heap: BinaryHeap<Reverse<(i64, i64)>>,
}

impl Latest {
    fn offer(
        &mut self,
        connection: &Connection,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<()> {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            self.heap.push(Reverse((row.get(0)?, row.get(1)?)));
            if self.heap.len() > self.limit {
                self.heap.pop();
            }
        }
        Ok(())
    }

    /// Whether nothing as old as this would be kept.
    fn all_after(&self, at: i64) -> bool {
        self.heap.len() >= self.limit
            && self.heap.peek().is_none_or(|Reverse((oldest, _))| *oldest > at)
    }
}
