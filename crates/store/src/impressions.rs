//! What was shown, and made beside it for comparison, with everything an off-policy estimate needs:
//! propensities to the last bit, the short-list in full.

use rusqlite::{CachedStatement, Connection, Params, Row, params};
use rustc_hash::FxHashSet;
use segue_core::{Enrolment, Exposure, Impression, ListenerId, Showing, TrackId};
use serde::{Deserialize, Serialize};

use crate::codes::{from_micros, to_micros};
use crate::experiments::require;
use crate::keys::Key;
use crate::names::{KnownNames, find_listener};
use crate::slates::StoredSlate;
use crate::{Result, Store, StoreError};

const INSERT: &str = "INSERT INTO impressions (listener, at, slate, experiment, arm, shadow) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// Names one logged slate. Clients hold on to it, so a number is never given to another slate
/// later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImpressionId(pub i64);

impl Store {
    /// The slate that was logged under a name, whoever it was made for; `None` for a name that was
    /// never given or was forgotten. A shadow was not shown: [`Impression::was_shown`] tells.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn impression(&self, id: ImpressionId) -> Result<Option<Impression>> {
        self.read(|connection| {
            let mut names = self.track_names.borrow_mut();
            let found = read_impressions(connection, &mut names, "impressions.id = ?1", [id.0])?;
            Ok(found.into_iter().next().map(|(_, impression)| impression))
        })
    }

    /// The slates that a listener was shown, latest first, `limit` at most. Shadows, which nobody
    /// saw, are not among them: [`Self::experiment_impressions`] returns those too.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn impressions(
        &self,
        listener: &ListenerId,
        limit: usize,
    ) -> Result<Vec<(ImpressionId, Impression)>> {
        self.read(|connection| {
            let Some(listener) = find_listener(connection, listener)? else {
                return Ok(Vec::new());
            };
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let condition = "impressions.listener = ?1 AND shadow = 0 AND unopened = 0 \
                 ORDER BY impressions.id DESC LIMIT ?2";
            read_impressions(
                connection,
                &mut self.track_names.borrow_mut(),
                condition,
                params![listener, limit],
            )
        })
    }

    /// When a listener was shown which tracks, latest first, `limit` slates at most. Names
    /// the picks alone, which costs a fraction of what [`Self::impressions`] does; shadows are not
    /// among them.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn showings(&self, listener: &ListenerId, limit: usize) -> Result<Vec<Showing>> {
        self.read(|connection| {
            let Some(listener) = find_listener(connection, listener)? else {
                return Ok(Vec::new());
            };
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut statement = connection.prepare_cached(
                "SELECT at, slate FROM impressions WHERE listener = ?1 AND shadow = 0 \
                 AND unopened = 0 ORDER BY id DESC LIMIT ?2",
            )?;
            let mut rows = statement.query(params![listener, limit])?;
            let mut names = self.track_names.borrow_mut();
            let mut showings = Vec::new();
            while let Some(row) = rows.next()? {
                let slate = StoredSlate::from_row(row, 1)?;
                let tracks = slate.picked().map(|track| names.get(connection, track));
                let tracks = tracks.collect::<Result<_>>()?;
                showings.push(Showing { at: from_micros(row.get(0)?)?, tracks });
            }
            Ok(showings)
        })
    }

    /// All slates that an experiment made, for every listener, oldest first. Shadows are among
    /// them: pair them with what was shown by time and listener.
    ///
    /// # Errors
    /// [`StoreError::UnknownExperiment`], [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn experiment_impressions(&self, name: &str) -> Result<Vec<(ImpressionId, Impression)>> {
        self.read(|connection| {
            let experiment = require(connection, name)?;
            let condition = "impressions.experiment = ?1 ORDER BY impressions.id";
            read_impressions(
                connection,
                &mut self.track_names.borrow_mut(),
                condition,
                [experiment],
            )
        })
    }
}

/// How many tracks of a slate the listener has been shown in no earlier one, be it a mix or a list.
pub(crate) fn never_shown(connection: &Connection, id: ImpressionId) -> Result<u32> {
    let picked = |row: &Row<'_>| -> Result<FxHashSet<Key>> {
        Ok(StoredSlate::from_row(row, 0)?.picked().collect())
    };
    let sql = "SELECT slate FROM impressions WHERE id = ?1";
    let mut left = connection.query_row(sql, [id.0], |row| Ok(picked(row)))??;
    let sql = "SELECT before.slate FROM impressions AS before JOIN impressions AS this \
               ON before.listener = this.listener AND before.id < this.id WHERE this.id = ?1 \
               AND before.shadow = 0";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([id.0])?;
    while let Some(row) = rows.next()?.filter(|_| !left.is_empty()) {
        let shown = picked(row)?;
        left.retain(|track| !shown.contains(track));
    }
    Ok(left.len() as u32)
}

/// A slate ready to be written: all that it names is known.
pub(crate) struct EncodedSlate {
    slate: Vec<u8>,
    experiment: Option<i64>,
}

/// Logs slates, for the length of one transaction.
pub(crate) struct ImpressionWriter<'c> {
    connection: &'c Connection,
    insert: CachedStatement<'c>,
}

impl<'c> ImpressionWriter<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Result<Self> {
        Ok(Self { connection, insert: connection.prepare_cached(INSERT)? })
    }

    /// Checks a slate and writes it as bytes, given the key of each track and each text.
    pub(crate) fn encode(
        &self,
        impression: &Impression,
        key_of: impl FnMut(&TrackId) -> Result<Key>,
        text_of: impl FnMut(&str) -> Result<Key>,
    ) -> Result<EncodedSlate> {
        let experiment = impression.enrolment.as_ref().map(|enrolment| &enrolment.experiment);
        let experiment = experiment.map(|name| require(self.connection, name)).transpose()?;
        let slate = StoredSlate::of(&impression.slate, key_of, text_of)?.to_bytes();
        Ok(EncodedSlate { slate, experiment })
    }

    /// Logs a slate that was encoded.
    pub(crate) fn append(
        &mut self,
        listener: Key,
        impression: &Impression,
        encoded: &EncodedSlate,
    ) -> Result<ImpressionId> {
        let row = self.insert.insert(params![
            listener,
            to_micros(impression.at),
            encoded.slate,
            encoded.experiment,
            impression.enrolment.as_ref().map(|enrolment| &enrolment.arm),
            !impression.was_shown(),
        ])?;
        Ok(ImpressionId(row))
    }
}

/// The impressions that a condition on the table asks for, which may order and limit them.
pub(crate) fn read_impressions(
    connection: &Connection,
    names: &mut KnownNames,
    condition: &str,
    values: impl Params,
) -> Result<Vec<(ImpressionId, Impression)>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT impressions.id, at, slate, listeners.name, experiments.name, arm, shadow \
         FROM impressions \
         JOIN listeners ON listeners.id = impressions.listener \
         LEFT JOIN experiments ON experiments.id = impressions.experiment WHERE {condition}"
    ))?;
    let mut rows = statement.query(values)?;
    let mut impressions = Vec::new();
    while let Some(row) = rows.next()? {
        impressions.push(impression_from_row(connection, names, row)?);
    }
    Ok(impressions)
}

fn impression_from_row(
    connection: &Connection,
    names: &mut KnownNames,
    row: &Row<'_>,
) -> Result<(ImpressionId, Impression)> {
    let listener = ListenerId::new(row.get::<_, String>(3)?);
    let stored = StoredSlate::from_row(row, 2)?;
    let slate = stored.into_slate(connection, names, listener)?;
    let impression =
        Impression { at: from_micros(row.get(1)?)?, slate, enrolment: enrolment(row)? };
    Ok((ImpressionId(row.get(0)?), impression))
}

fn enrolment(row: &Row<'_>) -> Result<Option<Enrolment>> {
    let Some(experiment) = row.get(4)? else { return Ok(None) };
    let exposure = if row.get(6)? { Exposure::Shadow } else { Exposure::Shown };
    let arm = row.get::<_, Option<String>>(5)?;
    let arm = arm.ok_or_else(|| StoreError::corrupt("a mix of an experiment names no arm"))?;
    Ok(Some(Enrolment { experiment, arm, exposure }))
}
