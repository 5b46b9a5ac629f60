//! Lists that stay: mixes under a name, never changed once they are made. The scheduled ones have
//! an edition for each day or week, and earlier editions stay.

use rusqlite::{Connection, Row, params};
use segue_core::{Impression, ListenerId, Timestamp, TrackId};
use serde::{Deserialize, Serialize};

use crate::batch::WriteBatch;
use crate::codes::{from_micros, to_micros};
use crate::impressions::{ImpressionId, never_shown};
use crate::names::find_listener;
use crate::{Result, Store, StoreError};

const COLUMNS: &str = "lists.id, kind, lists.name, edition, lists.at, impression, never_shown, \
     unopened = 0 FROM lists JOIN impressions ON impressions.id = lists.impression";

/// Names one list, for good: a number is never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ListId(pub i64);

/// What a list is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListName {
    /// What makes it, such as `today`; [`Self::OWN`] for a mix that the listener kept, and
    /// [`Self::WEEKLY`] for one that is made anew every week by their words.
    pub kind: String,
    /// The name that a person reads.
    pub name: String,
    /// The day or week that it is for, such as `2026-11-29` or `2026-W48`; empty for one's own.
    pub edition: String,
}

impl ListName {
    /// The kind of lists that were mixes somebody kept.
    pub const OWN: &'static str = "own";
    /// The kind of lists that are made every week by words: see [`WeeklyList`].
    pub const WEEKLY: &'static str = "weekly";
}

/// A list that a listener gets anew every week.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct WeeklyList {
    /// Its name, by which its editions are known.
    pub name: String,
    /// What it is to be like, in words.
    pub prompt: String,
}

/// A list as the library knows it, without its tracks: they are those of its
/// [`impression`](Store::impression).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SavedList {
    /// Its number.
    pub id: ListId,
    /// What it is called.
    #[serde(flatten)]
    pub name: ListName,
    /// When it was made.
    pub at: Timestamp,
    /// The mix that it holds.
    pub impression: ImpressionId,
    /// How many of its tracks had never been shown to the listener when it was made, in no mix and
    /// no list.
    pub never_shown: u32,
    /// Whether somebody has opened it. Until then its mix does not count as shown.
    pub is_opened: bool,
}

impl Store {
    /// Keeps a new mix under a name. Where there is one of that name, it stays and is returned
    /// instead.
    ///
    /// # Errors
    /// [`StoreError::UnknownTrack`], [`StoreError::Busy`] or [`StoreError::Database`].
    pub fn make_list(&mut self, name: &ListName, mix: &Impression) -> Result<SavedList> {
        let listener = mix.slate.listener.clone();
        if let Some(list) = self.find_list(&listener, name)? {
            return Ok(list);
        }
        self.write(|connection, cache| {
            let mut batch = WriteBatch::new(connection, cache)?;
            let logged = batch.log_impressions(std::slice::from_ref(mix))?[0];
            connection.execute("UPDATE impressions SET unopened = 1 WHERE id = ?1", [logged.0])?;
            insert(connection, name, logged, mix)
        })?;
        self.find_list(&listener, name)?.ok_or_else(|| StoreError::corrupt("a list is gone"))
    }

    /// Keeps a mix that was shown under a name. Where there is a list of that name, it stays and is
    /// returned instead.
    ///
    /// # Errors
    /// [`StoreError::UnknownImpression`], [`StoreError::Busy`] or [`StoreError::Database`].
    pub fn keep_as_list(&mut self, name: &ListName, mix: ImpressionId) -> Result<SavedList> {
        let shown = self.impression(mix)?.ok_or(StoreError::UnknownImpression(mix))?;
        let listener = &shown.slate.listener;
        if self.find_list(listener, name)?.is_none() {
            self.write(|connection, _| insert(connection, name, mix, &shown))?;
        }
        self.find_list(listener, name)?.ok_or_else(|| StoreError::corrupt("a list is gone"))
    }

    /// The lists that a listener gets anew every week, by name.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn weekly_lists(&self, listener: &ListenerId) -> Result<Vec<WeeklyList>> {
        let sql = "SELECT weekly_lists.name, prompt FROM weekly_lists \
                   JOIN listeners ON listeners.id = listener \
                   WHERE listeners.name = ?1 ORDER BY weekly_lists.name";
        let mut statement = self.connection.prepare_cached(sql)?;
        let lists = statement.query_map([listener.as_str()], |row| {
            Ok(WeeklyList { name: row.get(0)?, prompt: row.get(1)? })
        })?;
        Ok(lists.collect::<rusqlite::Result<_>>()?)
    }

    /// Notes that a listener who is known gets a list anew every week. Returns whether the name was
    /// free; where it is not, the list of that name stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::Database`].
    pub fn add_weekly_list(&mut self, listener: &ListenerId, list: &WeeklyList) -> Result<bool> {
        self.write(|connection, _| {
            let Some(key) = find_listener(connection, listener)? else { return Ok(false) };
            let sql = "INSERT OR IGNORE INTO weekly_lists VALUES (?1, ?2, ?3)";
            Ok(connection.execute(sql, params![key, list.name, list.prompt])? == 1)
        })
    }

    /// Ends a weekly list of a listener; its editions stay. Returns whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::Database`].
    pub fn end_weekly_list(&mut self, listener: &ListenerId, name: &str) -> Result<bool> {
        self.write(|connection, _| {
            let Some(key) = find_listener(connection, listener)? else { return Ok(false) };
            let sql = "DELETE FROM weekly_lists WHERE listener = ?1 AND name = ?2";
            Ok(connection.execute(sql, params![key, name])? == 1)
        })
    }

    /// The lists of a listener, latest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn lists(&self, listener: &ListenerId) -> Result<Vec<SavedList>> {
        let Some(key) = find_listener(&self.connection, listener)? else { return Ok(Vec::new()) };
        let sql = format!("SELECT {COLUMNS} WHERE lists.listener = ?1 ORDER BY lists.id DESC");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([key])?;
        let mut lists = Vec::new();
        while let Some(row) = rows.next()? {
            lists.push(list_from_row(row)?);
        }
        Ok(lists)
    }

    /// Notes that a list of a listener is looked at: from its first time on, its mix counts as
    /// shown. Returns the list with its mix, or `None` where the listener has no such list.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], [`StoreError::Busy`] or [`StoreError::Database`].
    pub fn open_list(
        &mut self,
        listener: &ListenerId,
        id: ListId,
        now: Timestamp,
    ) -> Result<Option<(SavedList, Impression)>> {
        let Some(mut list) = self.lists(listener)?.into_iter().find(|list| list.id == id) else {
            return Ok(None);
        };
        if !list.is_opened {
            self.write(|connection, _| {
                let sql = "UPDATE impressions SET unopened = 0, at = ?1 WHERE id = ?2";
                connection.execute(sql, params![to_micros(now), list.impression.0])?;
                Ok(())
            })?;
            list.is_opened = true;
        }
        let mix = self.impression(list.impression)?;
        Ok(mix.map(|mix| (list, mix)))
    }

    /// Everybody who opened a list since a moment, in the order of their ids.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn listeners_who_open_lists(&self, since: Timestamp) -> Result<Vec<ListenerId>> {
        let sql = "SELECT DISTINCT listeners.name FROM lists \
                   JOIN impressions ON impressions.id = lists.impression \
                   JOIN listeners ON listeners.id = lists.listener \
                   WHERE unopened = 0 AND impressions.at >= ?1 ORDER BY listeners.name";
        let mut statement = self.connection.prepare_cached(sql)?;
        let names = statement.query_map([to_micros(since)], |row| row.get::<_, String>(0))?;
        names.map(|name| Ok(ListenerId::new(name?))).collect()
    }

    /// The tracks of the latest editions of a list, `limit` editions at most, latest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn editions(
        &self,
        listener: &ListenerId,
        name: &ListName,
        limit: usize,
    ) -> Result<Vec<Vec<TrackId>>> {
        let lists = self.lists(listener)?;
        let is_edition =
            |list: &&SavedList| list.name.kind == name.kind && list.name.name == name.name;
        let editions = lists.iter().filter(is_edition).take(limit);
        let tracks = editions.filter_map(|list| {
            let mix = self.impression(list.impression).transpose()?;
            Some(mix.map(|mix| mix.slate.picks.into_iter().map(|pick| pick.track).collect()))
        });
        tracks.collect()
    }

    /// Removes a list of a listener; its mix stays in the log. Returns whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::Database`].
    pub fn remove_list(&mut self, listener: &ListenerId, id: ListId) -> Result<bool> {
        self.write(|connection, _| {
            let Some(key) = find_listener(connection, listener)? else { return Ok(false) };
            let sql = "DELETE FROM lists WHERE id = ?1 AND listener = ?2";
            Ok(connection.execute(sql, params![id.0, key])? == 1)
        })
    }

    fn find_list(&self, listener: &ListenerId, name: &ListName) -> Result<Option<SavedList>> {
        Ok(self.lists(listener)?.into_iter().find(|list| list.name == *name))
    }
}

fn insert(
    connection: &Connection,
    name: &ListName,
    mix: ImpressionId,
    shown: &Impression,
) -> Result<()> {
    let new = never_shown(connection, mix)?;
    let ListName { kind, name, edition } = name;
    let sql = "INSERT OR IGNORE INTO lists (listener, kind, name, edition, at, impression, \
               never_shown) SELECT listener, ?2, ?3, ?4, ?5, id, ?6 FROM impressions WHERE id = ?1";
    let values = params![mix.0, kind, name, edition, to_micros(shown.at), new];
    connection.execute(sql, values)?;
    Ok(())
}

fn list_from_row(row: &Row<'_>) -> Result<SavedList> {
    Ok(SavedList {
        id: ListId(row.get(0)?),
        name: ListName { kind: row.get(1)?, name: row.get(2)?, edition: row.get(3)? },
        at: from_micros(row.get(4)?)?,
        impression: ImpressionId(row.get(5)?),
        never_shown: row.get(6)?,
        is_opened: row.get(7)?,
    })
}
