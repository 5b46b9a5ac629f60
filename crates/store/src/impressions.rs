//! What was shown, and made beside it for comparison, with everything an off-policy estimate needs:
//! propensities to the last bit, the short-list in full.

use rusqlite::{CachedStatement, Connection, Params, Row, params};
use rustc_hash::FxHashSet;
use segue_core::{
    Enrolment, Exposure, Impression, ListenerId, Showing, Slate, SlateConfig, TrackId,
};
use serde::{Deserialize, Serialize};

use crate::codes::{from_micros, to_micros};
use crate::experiments::require;
use crate::keys::Key;
use crate::names::{TrackNames, find_listener};
use crate::{Result, Store, StoreError, slates};

const INSERT: &str = "INSERT INTO impressions (listener, at, config, shortlist, factors, picks, \
     experiment, arm, shadow) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

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

    /// When a listener was shown which tracks, latest first, `limit` slates at most. Reads the
    /// picks alone, which costs a fraction of what [`Self::impressions`] does; shadows are not
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
                "SELECT at, picks FROM impressions WHERE listener = ?1 AND shadow = 0 \
                 AND unopened = 0 ORDER BY id DESC LIMIT ?2",
            )?;
            let mut rows = statement.query(params![listener, limit])?;
            let mut names = self.track_names.borrow_mut();
            let mut showings = Vec::new();
            while let Some(row) = rows.next()? {
                let picks = row.get::<_, Vec<u8>>(1)?;
                let tracks = slates::picked_keys(&picks)
                    .map(|key| names.get(connection, key?))
                    .collect::<Result<_>>()?;
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
    let keys = |picks: Vec<u8>| slates::picked_keys(&picks).collect::<Result<FxHashSet<Key>>>();
    let sql = "SELECT picks FROM impressions WHERE id = ?1";
    let mut left = keys(connection.query_row(sql, [id.0], |row| row.get(0))?)?;
    let sql = "SELECT before.picks FROM impressions AS before JOIN impressions AS this \
               ON before.listener = this.listener AND before.id < this.id WHERE this.id = ?1 \
               AND before.shadow = 0";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([id.0])?;
    while let Some(row) = rows.next()?.filter(|_| !left.is_empty()) {
        for shown in keys(row.get(0)?)? {
            left.remove(&shown);
        }
    }
    Ok(left.len() as u32)
}

/// A slate ready to be written: all that it names is known.
pub(crate) struct EncodedSlate {
    config: String,
    shortlist: Vec<u8>,
    factors: Option<Vec<u8>>,
    picks: Vec<u8>,
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

    /// Checks a slate and writes it as bytes, given the key of each track.
    pub(crate) fn encode(
        &self,
        impression: &Impression,
        mut key_of: impl FnMut(&TrackId) -> Result<Key>,
    ) -> Result<EncodedSlate> {
        let Slate { config, picks, shortlist, .. } = &impression.slate;
        let experiment = impression.enrolment.as_ref().map(|enrolment| &enrolment.experiment);
        Ok(EncodedSlate {
            config: serde_json::to_string(config).expect("a configuration always serialises"),
            shortlist: slates::shortlist_to_bytes(shortlist, &mut key_of)?,
            factors: slates::factors_to_bytes(shortlist),
            picks: slates::picks_to_bytes(picks, key_of)?,
            experiment: experiment.map(|name| require(self.connection, name)).transpose()?,
        })
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
            encoded.config,
            encoded.shortlist,
            encoded.factors,
            encoded.picks,
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
    names: &mut TrackNames,
    condition: &str,
    values: impl Params,
) -> Result<Vec<(ImpressionId, Impression)>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT impressions.id, at, config, shortlist, factors, listeners.name, experiments.name, \
         arm, shadow, picks FROM impressions \
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
    names: &mut TrackNames,
    row: &Row<'_>,
) -> Result<(ImpressionId, Impression)> {
    let id = row.get(0)?;
    let config: SlateConfig = serde_json::from_str(&row.get::<_, String>(2)?)
        .map_err(|error| StoreError::corrupt(format!("the configuration of a mix: {error}")))?;
    let mut shortlist =
        slates::shortlist_from_bytes(connection, names, &row.get::<_, Vec<u8>>(3)?)?;
    slates::factors_from_bytes(
        &row.get::<_, Option<Vec<u8>>>(4)?.unwrap_or_default(),
        &mut shortlist,
    )?;
    let picks = slates::picks_from_bytes(connection, names, &row.get::<_, Vec<u8>>(9)?)?;
    let listener = ListenerId::new(row.get::<_, String>(5)?);
    let slate = Slate { listener, config, picks, shortlist };
    Ok((
        ImpressionId(id),
        Impression { at: from_micros(row.get(1)?)?, slate, enrolment: enrolment(row)? },
    ))
}

fn enrolment(row: &Row<'_>) -> Result<Option<Enrolment>> {
    let Some(experiment) = row.get(6)? else { return Ok(None) };
    let exposure = if row.get(8)? { Exposure::Shadow } else { Exposure::Shown };
    let arm = row.get::<_, Option<String>>(7)?;
    let arm = arm.ok_or_else(|| StoreError::corrupt("a mix of an experiment names no arm"))?;
    Ok(Some(Enrolment { experiment, arm, exposure }))
}
