//! Who is there, and what is known of each at a glance.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use segue_core::{ListenerId, Timestamp};
use serde::Serialize;

use crate::codes::from_column;
use crate::keys::key;
use crate::names::find_listener;
use crate::runs::{PlaySpan, Spans};
use crate::{Result, Store, runs};

const COLUMNS: &str = "SELECT id, name, \
     (SELECT COUNT(*) FROM feedback WHERE listener = listeners.id), time_zone, date_language \
     FROM listeners";

/// One listener at a glance, from all their rows in the log. Plays that they excluded from their
/// profile are counted too.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ListenerSummary {
    /// The listener's name, by which all other functions of the store find them.
    pub id: ListenerId,
    /// How many plays the log has of them, excluded ones among them; 0 for a listener who only
    /// exists.
    pub listens: u64,
    /// The earliest time stamp of a play, in UTC. `None` if there are no plays, or if one has no
    /// date, because it may be earlier than all others.
    pub first: Option<Timestamp>,
    /// The latest time stamp of a play, in UTC; `None` where no play has a date.
    pub last: Option<Timestamp>,
    /// How many pieces of explicit feedback the log has of them, taken-back ones among them.
    pub feedback: u64,
    /// The time zone that they said they are in, such as `Europe/Paris`; `None` where nobody said.
    pub time_zone: Option<String>,
    /// In which language they want dates and numbers written, as a BCP 47 tag such as `de`; `None`
    /// where nobody said.
    pub date_language: Option<String>,
}

impl Store {
    /// Everybody in the store, in the order of their ids. For many listeners read pages instead,
    /// with [`Self::listeners_page`].
    ///
    /// # Errors
    /// [`crate::StoreError::Corrupt`] or [`crate::StoreError::Database`].
    pub fn listeners(&self) -> Result<Vec<ListenerSummary>> {
        self.fold_if_free()?;
        self.read(|connection| {
            let mut spans = runs::spans(connection)?;
            let mut statement = connection.prepare_cached(&format!("{COLUMNS} ORDER BY name"))?;
            let mut rows = statement.query([])?;
            let mut listeners = Vec::new();
            while let Some(row) = rows.next()? {
                let span = spans.remove(&key(row.get(0)?)?);
                listeners.push(summary(row, span)?);
            }
            Ok(listeners)
        })
    }

    /// One listener at a glance, or `None` if nobody of that name is in the store.
    ///
    /// # Errors
    /// As for [`Self::listeners`].
    pub fn listener(&self, listener: &ListenerId) -> Result<Option<ListenerSummary>> {
        let mut found = self.select_listeners(|connection, tail| {
            summaries(connection, "WHERE name = ?1", params![listener.as_str()], tail)
        })?;
        Ok(found.pop())
    }

    /// Whether somebody of that name is in the store, which costs less than [`Self::listener`].
    ///
    /// # Errors
    /// As for [`Self::listeners`].
    pub fn has_listener(&self, listener: &ListenerId) -> Result<bool> {
        Ok(find_listener(&self.connection, listener)?.is_some())
    }

    /// Adds a listener of whom nothing is known yet. Says whether there was none of that name.
    ///
    /// # Errors
    /// [`crate::StoreError::Busy`] or [`crate::StoreError::Database`].
    pub fn add_listener(&mut self, listener: &ListenerId) -> Result<bool> {
        self.write(|connection, _| {
            let sql = "INSERT OR IGNORE INTO listeners (name) VALUES (?1)";
            Ok(connection.execute(sql, [listener.as_str()])? > 0)
        })
    }

    /// The time zone that a listener said they are in; `None` where nobody said, or there is no
    /// such listener.
    ///
    /// # Errors
    /// As for [`Self::listeners`].
    pub fn time_zone(&self, listener: &ListenerId) -> Result<Option<String>> {
        let sql = "SELECT time_zone FROM listeners WHERE name = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row([listener.as_str()], |row| row.get(0)).optional()?.flatten())
    }

    /// Keeps the time zone that a listener is in, by a name that the caller has looked up, or
    /// forgets it. Returns whether there is such a listener.
    ///
    /// # Errors
    /// [`crate::StoreError::Busy`] or [`crate::StoreError::Database`].
    pub fn set_time_zone(
        &mut self,
        listener: &ListenerId,
        time_zone: Option<&str>,
    ) -> Result<bool> {
        self.write(|connection, _| {
            let sql = "UPDATE listeners SET time_zone = ?1 WHERE name = ?2";
            Ok(connection.execute(sql, params![time_zone, listener.as_str()])? > 0)
        })
    }

    /// The language that a listener wants dates and numbers written in, as it was kept; `None` for
    /// those who never said and those who are not there.
    ///
    /// # Errors
    /// [`crate::StoreError::Database`].
    pub fn date_language(&self, listener: &ListenerId) -> Result<Option<String>> {
        let sql = "SELECT date_language FROM listeners WHERE name = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row([listener.as_str()], |row| row.get(0)).optional()?.flatten())
    }

    /// Keeps the language that a listener wants dates and numbers written in, by a tag that the
    /// caller has looked at, or forgets it. Returns whether there is such a listener.
    ///
    /// # Errors
    /// [`crate::StoreError::Busy`] or [`crate::StoreError::Database`].
    pub fn set_date_language(
        &mut self,
        listener: &ListenerId,
        date_language: Option<&str>,
    ) -> Result<bool> {
        self.write(|connection, _| {
            let sql = "UPDATE listeners SET date_language = ?1 WHERE name = ?2";
            Ok(connection.execute(sql, params![date_language, listener.as_str()])? > 0)
        })
    }

    /// The next listeners after `after`, in the order of their ids, `limit` at most; from the first
    /// one if it is `None`. A late page costs no more than an early one.
    ///
    /// # Errors
    /// As for [`Self::listeners`].
    pub fn listeners_page(
        &self,
        after: Option<&ListenerId>,
        limit: usize,
    ) -> Result<Vec<ListenerSummary>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.select_listeners(|connection, tail| match after {
            Some(after) => {
                let condition = "WHERE name > ?1 ORDER BY name LIMIT ?2";
                summaries(connection, condition, params![after.as_str(), limit], tail)
            }
            None => summaries(connection, "ORDER BY name LIMIT ?1", params![limit], tail),
        })
    }

    fn select_listeners(
        &self,
        select: impl FnOnce(&Connection, Spans) -> Result<Vec<ListenerSummary>>,
    ) -> Result<Vec<ListenerSummary>> {
        self.fold_if_free()?;
        self.read(|connection| select(connection, runs::tail_spans(connection)?))
    }
}

/// The listeners that a condition asks for, given what the tail of the log has of everybody.
fn summaries(
    connection: &Connection,
    condition: &str,
    values: impl rusqlite::Params,
    tail: Spans,
) -> Result<Vec<ListenerSummary>> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} {condition}"))?;
    let mut rows = statement.query(values)?;
    let mut listeners = Vec::new();
    while let Some(row) = rows.next()? {
        let listener = key(row.get(0)?)?;
        let folded = runs::folded_span(connection, listener)?;
        let span = folded.into_iter().chain(tail.get(&listener).copied()).reduce(PlaySpan::and);
        listeners.push(summary(row, span)?);
    }
    Ok(listeners)
}

fn summary(row: &Row<'_>, span: Option<PlaySpan>) -> Result<ListenerSummary> {
    Ok(ListenerSummary {
        id: ListenerId::new(row.get::<_, String>(1)?),
        listens: span.map_or(0, |span| span.listens),
        first: span.map(|span| from_column(span.earliest)).transpose()?.flatten(),
        last: span.map(|span| from_column(span.latest)).transpose()?.flatten(),
        feedback: row.get(2)?,
        time_zone: row.get(3)?,
        date_language: row.get(4)?,
    })
}
