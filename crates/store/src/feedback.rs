//! Explicit feedback of listeners: how it is written, read and checked for repetition.
//!
//! A later export contains the feedback of an earlier one again. So a row of an import is dropped
//! if the log has one of the same listener, target and kind, and of the same time unless the row
//! has none. What is appended live is always kept: liking, clearing and liking again are three
//! events.

use rusqlite::{CachedStatement, Connection, Row, params};
use segue_core::{Feedback, FeedbackTarget, ListenerId, TrackId};

use crate::codes::{Coded, from_micros, to_micros};
use crate::keys::{Key, key};
use crate::names::{KnownNames, find_listener};
use crate::{Result, Store};

const INSERT: &str = "INSERT INTO feedback (listener, track, artist, kind, at, source) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const REPEATED: &str = "SELECT EXISTS (SELECT 1 FROM feedback WHERE listener = ?1 AND track IS ?2 \
     AND artist IS ?3 AND kind = ?4 AND (?5 IS NULL OR at = ?5))";

impl Store {
    /// All feedback of a listener, in the order in which they gave it. The last one on a target is
    /// the one that counts. Empty for a listener who is not in the store.
    ///
    /// Feedback without a date, from a library or a ban list, is placed right after the latest that
    /// was in the log before it came.
    ///
    /// # Errors
    /// [`crate::StoreError::Corrupt`] or [`crate::StoreError::Database`].
    pub fn feedback(&self, listener: &ListenerId) -> Result<Vec<Feedback>> {
        self.read(|connection| match find_listener(connection, listener)? {
            Some(key) => self.read_feedback(connection, listener, key),
            None => Ok(Vec::new()),
        })
    }

    pub(crate) fn read_feedback(
        &self,
        connection: &Connection,
        listener: &ListenerId,
        key: Key,
    ) -> Result<Vec<Feedback>> {
        let mut said = Vec::new();
        self.for_each_feedback(connection, listener, key, 0, |feedback| said.push(feedback))?;
        let mut latest = None;
        said.sort_by_cached_key(|feedback| {
            latest = latest.max(feedback.at);
            feedback.at.or(latest)
        });
        Ok(said)
    }

    /// Hands on the feedback of a listener behind a row, in the order of the log.
    pub(crate) fn for_each_feedback(
        &self,
        connection: &Connection,
        listener: &ListenerId,
        key: Key,
        after: i64,
        mut take: impl FnMut(Feedback),
    ) -> Result<()> {
        let sql = format!("{FEEDBACK} FROM feedback WHERE listener = ?1 AND id > ?2 ORDER BY id");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![key, after])?;
        let mut names = self.track_names.borrow_mut();
        while let Some(row) = rows.next()? {
            take(feedback_of(row, listener, connection, &mut names)?);
        }
        Ok(())
    }
}

/// What a row of feedback says, but for whose it is.
pub(crate) const FEEDBACK: &str = "SELECT track, artist, kind, at, source";

/// A row that begins with the columns of [`FEEDBACK`].
pub(crate) fn feedback_of(
    row: &Row<'_>,
    listener: &ListenerId,
    connection: &Connection,
    names: &mut KnownNames,
) -> Result<Feedback> {
    let target = match row.get::<_, Option<i64>>(0)? {
        Some(track) => FeedbackTarget::Track(names.get(connection, key(track)?)?),
        None => FeedbackTarget::Artist(row.get(1)?),
    };
    Ok(Feedback {
        listener: listener.clone(),
        target,
        kind: Coded::from_code(row.get(2)?)?,
        at: row.get::<_, Option<i64>>(3)?.map(from_micros).transpose()?,
        source: Coded::from_code(row.get(4)?)?,
    })
}

/// The track that a statement is about, if it is about one.
pub(crate) fn target_track(feedback: &Feedback) -> Option<&TrackId> {
    match &feedback.target {
        FeedbackTarget::Track(track) => Some(track),
        FeedbackTarget::Artist(_) => None,
    }
}

/// Appends statements, for the length of one transaction.
pub(crate) struct FeedbackWriter<'c> {
    insert: CachedStatement<'c>,
    repeated: CachedStatement<'c>,
}

impl<'c> FeedbackWriter<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Result<Self> {
        Ok(Self {
            insert: connection.prepare_cached(INSERT)?,
            repeated: connection.prepare_cached(REPEATED)?,
        })
    }

    pub(crate) fn is_repeated(
        &mut self,
        listener: Key,
        track: Option<Key>,
        feedback: &Feedback,
    ) -> Result<bool> {
        let at = feedback.at.map(to_micros);
        let values = params![listener, track, artist(feedback), feedback.kind.code(), at];
        Ok(self.repeated.query_row(values, |row| row.get(0))?)
    }

    pub(crate) fn append(
        &mut self,
        listener: Key,
        track: Option<Key>,
        feedback: &Feedback,
    ) -> Result<()> {
        let at = feedback.at.map(to_micros);
        let source = feedback.source.code();
        self.insert.execute(params![
            listener,
            track,
            artist(feedback),
            feedback.kind.code(),
            at,
            source
        ])?;
        Ok(())
    }
}

fn artist(feedback: &Feedback) -> Option<&str> {
    match &feedback.target {
        FeedbackTarget::Track(_) => None,
        FeedbackTarget::Artist(name) => Some(name),
    }
}
