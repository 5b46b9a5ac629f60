//! Taking old mixes out of the log, with what only they said, and old names that clients gave to
//! events. Both grow with use and for ever; plays and feedback, which are the listener's, are never
//! pruned.
//!
//! A mix stays whatever its age
//! - while the experiment that it is part of is running;
//! - while a list holds it;
//! - if it is the last that its listener was shown, so that an answer knows what it answers: a list
//!   that nobody opened was not.
//!
//! What goes is gone for estimates from the log, for the readout of experiments that were stopped,
//! and for whoever asks for the mix by its number. The [`PruneReport`] says how much that is.

use std::thread;

use rusqlite::{Connection, OptionalExtension as _, params};
use segue_core::Timestamp;
use serde::Serialize;

use crate::codes::{from_micros, to_micros};
use crate::forget::remove_unsaid;
use crate::store::TURN;
use crate::{Result, Store, StoreError};

/// Mixes or names that are removed in one transaction: it takes some tens of milliseconds.
const BATCH: usize = 2_000;

/// What may go: `?1` is the moment up to which mixes are old.
const OLD: &str = "mix.at < ?1 \
     AND mix.id NOT IN (SELECT impression FROM lists) \
     AND mix.id NOT IN (SELECT MAX(id) FROM impressions WHERE shadow = 0 AND unopened = 0 \
     GROUP BY listener) \
     AND NOT EXISTS (SELECT 1 FROM experiments \
     WHERE experiments.id = mix.experiment AND stopped_at IS NULL)";

/// What is kept of what grows with use, as moments: whatever is older goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Mixes that were shown since are kept, and no others.
    pub mixes_since: Timestamp,
    /// Of these the latest that take so many bytes together; `None` for all.
    pub most_bytes: Option<u64>,
    /// Mixes that were shown since still count as fatigue, as the engine has it. It decides
    /// nothing but what [`PruneReport::tiring`] counts.
    pub tiring_since: Timestamp,
    /// Names that clients gave to events since are kept. An older event that is sent again counts
    /// as another one.
    pub client_ids_since: Timestamp,
}

/// What pruning removes and what it leaves, as counts of mixes where nothing else is said. Shadows
/// of experiments are counted as mixes: they go and stay with those that were shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PruneReport {
    /// How many there were.
    pub before: u64,
    /// How many of them go.
    pub removed: u64,
    /// How many of those that go still made what they showed less likely to be shown again.
    pub tiring: u64,
    /// How many are older and stay: a running experiment, a list or an answer needs them.
    pub needed: u64,
    /// When the oldest of those was shown that there were; `None` if there were none.
    pub oldest_before: Option<Timestamp>,
    /// When the oldest of those was shown that are left.
    pub oldest_after: Option<Timestamp>,
    /// Experiments whose readout loses mixes.
    pub experiments: Vec<PrunedExperiment>,
    /// How many names that clients gave to events go.
    pub client_ids: u64,
    /// Bytes of the database before, its write-ahead log included.
    pub bytes_before: u64,
    /// The same afterwards; as before as long as nothing was removed.
    pub bytes_after: u64,
}

/// What an experiment that was stopped loses by pruning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PrunedExperiment {
    /// Its name.
    pub name: String,
    /// How many of its mixes go, shadows included.
    pub removed: u64,
    /// How many stay.
    pub left: u64,
}

impl Store {
    /// What [`Self::prune`] would remove, which this leaves where it is.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn prunable(&self, retention: &Retention) -> Result<PruneReport> {
        let bytes = self.status()?.database_bytes;
        self.read(|connection| survey(connection, retention, bytes))
    }

    /// Removes what is older than `retention` allows, in many small transactions between which
    /// others write, and rewrites the database so that the disk gets the room back. Where that
    /// fails, since another process reads or the disk has no room for the copy, the room is used
    /// for what comes next.
    ///
    /// ```
    /// use segue_core::Timestamp;
    /// use segue_store::{Retention, Store};
    ///
    /// let mut store = Store::open_in_memory()?;
    /// let now = Timestamp::now();
    /// let retention = Retention {
    ///     mixes_since: now,
    ///     most_bytes: None,
    ///     tiring_since: now,
    ///     client_ids_since: now,
    /// };
    /// assert_eq!(store.prune(&retention)?.removed, 0);
    /// # Ok::<(), segue_store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], [`StoreError::Busy`] or [`StoreError::Database`]; what was removed
    /// until then stays removed.
    pub fn prune(&mut self, retention: &Retention) -> Result<PruneReport> {
        let report = self.prunable(retention)?;
        let old = self.read(|connection| moment_of_old(connection, retention))?;
        self.remove_mixes(old)?;
        self.remove_client_ids(day_of(retention.client_ids_since))?;
        if report.removed + report.client_ids > 0 {
            match self.erase() {
                Err(error) if !error.is_disk_full() => return Err(error),
                _ => {}
            }
        }
        Ok(PruneReport { bytes_after: self.status()?.database_bytes, ..report })
    }

    /// What may go is looked for once: it takes a look at every mix. Of that only what was made
    /// into a list since must stay, since the last mix of a listener and a running experiment are
    /// never older than they were.
    fn remove_mixes(&mut self, before: i64) -> Result<()> {
        let old = self.read(|connection| old_mixes(connection, before))?;
        let sql = "DELETE FROM impressions WHERE id IN (SELECT value FROM json_each(?1)) \
                   AND id NOT IN (SELECT impression FROM lists)";
        for batch in old.chunks(BATCH) {
            let batch = serde_json::json!(batch).to_string();
            self.write(|connection, _| Ok(connection.execute(sql, [batch])?))?;
            thread::sleep(TURN);
        }
        if old.is_empty() {
            return Ok(());
        }
        self.write(|connection, cache| {
            cache.texts.clear();
            remove_unsaid(connection)
        })
    }

    fn remove_client_ids(&mut self, before: i64) -> Result<()> {
        let sql = format!(
            "DELETE FROM client_ids WHERE (listener, id) IN (SELECT listener, id FROM client_ids \
             WHERE day < ?1 LIMIT {BATCH})"
        );
        while self.write(|connection, _| Ok(connection.execute(&sql, [before])?))? == BATCH {
            thread::sleep(TURN);
        }
        Ok(())
    }
}

fn old_mixes(connection: &Connection, before: i64) -> Result<Vec<i64>> {
    let sql = format!("SELECT mix.id FROM impressions AS mix WHERE {OLD} ORDER BY mix.id");
    let mut statement = connection.prepare(&sql)?;
    let ids = statement.query_map([before], |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

fn day_of(moment: Timestamp) -> i64 {
    moment.as_second().div_euclid(86_400)
}

/// The moment, in microseconds, up to which mixes are old by age or by size.
fn moment_of_old(connection: &Connection, retention: &Retention) -> Result<i64> {
    let by_age = to_micros(retention.mixes_since);
    let Some(most) = retention.most_bytes else { return Ok(by_age) };
    // The first, from the latest on, with which they are too many.
    let sql = "SELECT at FROM (SELECT at, SUM(length(slate)) OVER (ORDER BY at DESC, id DESC) AS \
               bytes FROM impressions) WHERE bytes > ?1 ORDER BY at DESC LIMIT 1";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let found: Option<i64> = connection.query_row(sql, [most], |row| row.get(0)).optional()?;
    Ok(found.map_or(by_age, |at| by_age.max(at.saturating_add(1))))
}

fn survey(connection: &Connection, retention: &Retention, bytes: u64) -> Result<PruneReport> {
    let old = moment_of_old(connection, retention)?;
    let count = |condition: &str, from: i64| -> Result<u64> {
        let sql =
            format!("SELECT COUNT(*) FROM impressions AS mix WHERE {condition} AND mix.at >= ?2");
        Ok(connection.query_row(&sql, params![old, from], |row| row.get(0))?)
    };
    let oldest = |condition: &str| -> Result<Option<Timestamp>> {
        let sql = format!("SELECT MIN(at) FROM impressions AS mix WHERE {condition}");
        let found: Option<i64> = connection.query_row(&sql, [old], |row| row.get(0))?;
        found.map(from_micros).transpose()
    };
    let removed = count(OLD, i64::MIN)?;
    let sql = "SELECT COUNT(*) FROM client_ids WHERE day < ?1";
    let days = [day_of(retention.client_ids_since)];
    Ok(PruneReport {
        before: connection.query_row("SELECT COUNT(*) FROM impressions", [], |row| row.get(0))?,
        removed,
        tiring: count(&format!("{OLD} AND shadow = 0"), to_micros(retention.tiring_since))?,
        needed: count("mix.at < ?1", i64::MIN)? - removed,
        oldest_before: oldest("?1 = ?1")?,
        oldest_after: oldest(&format!("NOT ({OLD})"))?,
        experiments: pruned_experiments(connection, old)?,
        client_ids: connection.query_row(sql, days, |row| row.get(0))?,
        bytes_before: bytes,
        bytes_after: bytes,
    })
}

fn pruned_experiments(connection: &Connection, old: i64) -> Result<Vec<PrunedExperiment>> {
    let sql = format!(
        "SELECT experiments.name, SUM({OLD}), COUNT(*) FROM impressions AS mix \
         JOIN experiments ON experiments.id = mix.experiment \
         GROUP BY experiments.id HAVING SUM({OLD}) > 0 ORDER BY experiments.id"
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([old], |row| {
        let (removed, all): (u64, u64) = (row.get(1)?, row.get(2)?);
        Ok(PrunedExperiment { name: row.get(0)?, removed, left: all - removed })
    })?;
    rows.map(|row| row.map_err(StoreError::from)).collect()
}
