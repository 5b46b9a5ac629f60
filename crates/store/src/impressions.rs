//! What was shown, and made beside it for comparison, with everything an off-policy estimate needs: propensities to the last
//! bit, the short-list in full.

use rusqlite::{Connection, Params, Row, params};
use segue_core::{Enrolment, Exposure, Impression, ListenerId, Pick, Shortlisted, Slate, SlateConfig};
use serde::{Deserialize, Serialize};

use crate::cache::TrackNames;
use crate::codes::{from_micros, to_micros};
use crate::experiments::require;
use crate::names::{Interner, find_listener, key};
use crate::tracks::find_track;
use crate::{Result, Store, StoreError};

/// Names an impression, never another one later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImpressionId(pub i64);

impl Store {
    /// Logs a slate that is about to be shown, of tracks that are in the catalogue. It is on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::UnknownTrack`], [`StoreError::UnknownExperiment`], [`StoreError::Busy`] or [`StoreError::Database`]; then
    /// nothing was logged.
    pub fn log_impression(&mut self, impression: &Impression) -> Result<ImpressionId> {
        self.write(|connection, _| insert(connection, impression))
    }

    /// Logs slates that belong together, such as one and its shadows: all of them, or none.
    ///
    /// # Errors
    /// As [`Self::log_impression`].
    pub fn log_impressions(&mut self, impressions: &[Impression]) -> Result<Vec<ImpressionId>> {
        self.write(|connection, _| impressions.iter().map(|each| insert(connection, each)).collect())
    }

    /// What a listener was shown, latest first, `limit` at most. Shadows, which nobody saw, are not among it:
    /// [`Self::experiment_impressions`] has them.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn impressions(
        &self,
        listener: &ListenerId,
        limit: usize,
    ) -> Result<Vec<(ImpressionId, Impression)>> {
        self.read(|connection| {
            let Some(listener) = find_listener(connection, listener)? else { return Ok(Vec::new()) };
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let condition = "impressions.listener = ?1 AND shadow = 0 ORDER BY impressions.id DESC LIMIT ?2";
            read_impressions(
                connection,
                &mut self.track_names.borrow_mut(),
                condition,
                params![listener, limit],
            )
        })
    }
}

fn insert(connection: &Connection, impression: &Impression) -> Result<ImpressionId> {
    let Slate { listener, config, picks, shortlist } = &impression.slate;
    let enrolment = impression.enrolment.as_ref();
    let listener = Interner::new(connection, "listeners")?.intern(listener.as_str())?;
    let sql = "INSERT INTO impressions (listener, at, config, shortlist, factors, experiment, arm, shadow) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    connection.execute(
        sql,
        params![
            listener,
            to_micros(impression.at),
            serde_json::to_string(config).expect("a configuration always serialises"),
            shortlist_to_bytes(connection, shortlist)?,
            factors_to_bytes(shortlist),
            enrolment.map(|enrolment| require(connection, &enrolment.experiment)).transpose()?,
            enrolment.map(|enrolment| &enrolment.arm),
            !impression.was_shown(),
        ],
    )?;
    let id = connection.last_insert_rowid();
    write_picks(connection, id, picks)?;
    Ok(ImpressionId(id))
}

/// The impressions that a condition on the table asks for, which may order and limit them.
pub(crate) fn read_impressions(
    connection: &Connection,
    names: &mut TrackNames,
    condition: &str,
    values: impl Params,
) -> Result<Vec<(ImpressionId, Impression)>> {
    let mut statement = connection.prepare(&format!(
        "SELECT impressions.id, at, config, shortlist, factors, listeners.name, experiments.name, arm, shadow \
         FROM impressions JOIN listeners ON listeners.id = impressions.listener \
         LEFT JOIN experiments ON experiments.id = impressions.experiment WHERE {condition}"
    ))?;
    let mut rows = statement.query(values)?;
    let mut impressions = Vec::new();
    while let Some(row) = rows.next()? {
        impressions.push(impression_from_row(connection, names, row)?);
    }
    Ok(impressions)
}

fn write_picks(connection: &Connection, impression: i64, picks: &[Pick]) -> Result<()> {
    let mut statement =
        connection.prepare("INSERT INTO picks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
    for (position, pick) in picks.iter().enumerate() {
        statement.execute(params![
            impression,
            position as i64,
            find_track(connection, &pick.track)?,
            pick.drawn,
            pick.propensity,
            pick.likability,
            pick.uncertainty,
            pick.new_to_listener,
            serde_json::to_string(&pick.reason).expect("a reason always serialises"),
            pick.propensity_error,
        ])?;
    }
    Ok(())
}

fn impression_from_row(
    connection: &Connection,
    names: &mut TrackNames,
    row: &Row<'_>,
) -> Result<(ImpressionId, Impression)> {
    let id = row.get(0)?;
    let config: SlateConfig = serde_json::from_str(&row.get::<_, String>(2)?)
        .map_err(|error| StoreError::corrupt(format!("the configuration of a mix: {error}")))?;
    let mut shortlist = shortlist_from_bytes(connection, names, &row.get::<_, Vec<u8>>(3)?)?;
    factors_from_bytes(&row.get::<_, Option<Vec<u8>>>(4)?.unwrap_or_default(), &mut shortlist)?;
    let picks = read_picks(connection, names, id)?;
    let listener = ListenerId::new(row.get::<_, String>(5)?);
    let slate = Slate { listener, config, picks, shortlist };
    Ok((ImpressionId(id), Impression { at: from_micros(row.get(1)?)?, slate, enrolment: enrolment(row)? }))
}

fn enrolment(row: &Row<'_>) -> Result<Option<Enrolment>> {
    let Some(experiment) = row.get(6)? else { return Ok(None) };
    let exposure = if row.get(8)? { Exposure::Shadow } else { Exposure::Shown };
    let arm = row.get::<_, Option<String>>(7)?;
    let arm = arm.ok_or_else(|| StoreError::corrupt("a mix of an experiment names no arm"))?;
    Ok(Some(Enrolment { experiment, arm, exposure }))
}

fn read_picks(connection: &Connection, names: &mut TrackNames, impression: i64) -> Result<Vec<Pick>> {
    let sql = "SELECT track, drawn, propensity, likability, uncertainty, new_to_listener, reason, \
               propensity_error FROM picks \
               WHERE impression = ?1 ORDER BY position";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([impression])?;
    let mut picks = Vec::new();
    while let Some(row) = rows.next()? {
        let reason = serde_json::from_str(&row.get::<_, String>(6)?);
        picks.push(Pick {
            track: names.get(connection, key(row.get(0)?)?)?,
            drawn: row.get(1)?,
            propensity: real(row, 2)?,
            propensity_error: real(row, 7)?,
            likability: real(row, 3)? as f32,
            uncertainty: real(row, 4)? as f32,
            new_to_listener: row.get(5)?,
            reason: reason.map_err(|error| StoreError::corrupt(format!("a reason: {error}")))?,
        });
    }
    Ok(picks)
}

/// A number; SQLite keeps NaN as NULL.
fn real(row: &Row<'_>, column: usize) -> Result<f64> {
    Ok(row.get::<_, Option<f64>>(column)?.unwrap_or(f64::NAN))
}

/// Bytes of one track of a stored short-list: its key, its score, and flags: 1 it was new to the listener, 2 an arrival.
const SHORTLISTED_BYTES: usize = 9;

/// Keys, because a short-list names hundreds of tracks.
fn shortlist_to_bytes(connection: &Connection, shortlist: &[Shortlisted]) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(shortlist.len() * SHORTLISTED_BYTES);
    for offered in shortlist {
        bytes.extend(find_track(connection, &offered.track)?.to_le_bytes());
        bytes.extend(offered.score.to_le_bytes());
        bytes.push(u8::from(offered.new_to_listener) | u8::from(offered.arrival) << 1);
    }
    Ok(bytes)
}

/// The keys that a stored short-list names.
pub(crate) fn shortlist_keys(bytes: &[u8]) -> impl Iterator<Item = u32> {
    stored_shortlist(bytes).map(|(key, _, _)| key)
}

fn stored_shortlist(bytes: &[u8]) -> impl Iterator<Item = (u32, f32, u8)> {
    bytes.as_chunks::<SHORTLISTED_BYTES>().0.iter().map(|&[a, b, c, d, e, f, g, h, flags]| {
        (u32::from_le_bytes([a, b, c, d]), f32::from_le_bytes([e, f, g, h]), flags)
    })
}

fn shortlist_from_bytes(
    connection: &Connection,
    names: &mut TrackNames,
    bytes: &[u8],
) -> Result<Vec<Shortlisted>> {
    let offered = |(key, score, flags)| {
        Ok(Shortlisted {
            track: names.get(connection, key)?,
            score,
            new_to_listener: flags & 1 != 0,
            arrival: flags & 2 != 0,
            factors: Vec::new(),
        })
    };
    stored_shortlist(bytes).map(offered).collect()
}

/// The factors of every track after one another; nothing where there are none.
fn factors_to_bytes(shortlist: &[Shortlisted]) -> Option<Vec<u8>> {
    let factors = || shortlist.iter().flat_map(|listed| &listed.factors);
    factors().next().is_some().then(|| factors().flat_map(|factor| factor.to_le_bytes()).collect())
}

fn factors_from_bytes(bytes: &[u8], shortlist: &mut [Shortlisted]) -> Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let (values, rest) = bytes.as_chunks::<4>();
    let width = values.len().checked_div(shortlist.len()).unwrap_or(0);
    if !rest.is_empty() || width * shortlist.len() != values.len() {
        return Err(StoreError::corrupt("the factors of a mix do not fit its short-list".to_owned()));
    }
    for (listed, factors) in shortlist.iter_mut().zip(values.chunks_exact(width.max(1))) {
        listed.factors = factors.iter().map(|&factor| f32::from_le_bytes(factor)).collect();
    }
    Ok(())
}
