//! Who is there, and what is known of each at a glance.

use rusqlite::{Connection, Row, params};
use segue_core::{ListenerId, Timestamp};
use serde::Serialize;

use crate::codes::from_column;
use crate::keys::key;
use crate::runs::{PlaySpan, Spans};
use crate::{Result, Store, runs};

const COLUMNS: &str =
    "SELECT id, name, (SELECT COUNT(*) FROM feedback WHERE listener = listeners.id) FROM listeners";

/// One listener at a glance. Excluded plays are counted: they are in the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ListenerSummary {
    /// Who.
    pub id: ListenerId,
    /// Plays in the log.
    pub listens: u64,
    /// Earliest time stamp of a play; `None` where a play has no date, since that may be earlier.
    pub first: Option<Timestamp>,
    /// Latest time stamp of a play; `None` where no play has a date.
    pub last: Option<Timestamp>,
    /// Explicit signals in the log.
    pub feedback: u64,
}

impl Store {
    /// Everybody in the store, in the order of their ids.
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

    /// One listener, or `None` if nobody of that name is in the store.
    ///
    /// # Errors
    /// As for [`Self::listeners`].
    pub fn listener(&self, listener: &ListenerId) -> Result<Option<ListenerSummary>> {
        let mut found = self.select_listeners(|connection, tail| {
            summaries(connection, "WHERE name = ?1", params![listener.as_str()], tail)
        })?;
        Ok(found.pop())
    }

    /// The next listeners after one, in the order of their ids, `limit` at most. No page costs more
    /// for coming late.
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
    })
}
