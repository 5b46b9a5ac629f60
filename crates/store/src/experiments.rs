//! Experiments: what is tried on whom is a text to the store, as a model's card is. What it does
//! guard is that a name is never used twice, since a name decides who is in which arm, and that at
//! most one experiment runs at a time.

use rusqlite::{Connection, OptionalExtension, Row, params};
use segue_core::Timestamp;

use crate::codes::{from_micros, to_micros};
use crate::{Result, Store, StoreError};

/// An experiment as it was started. The slates that it made are read with
/// [`Store::experiment_impressions`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExperimentEntry {
    /// Its name, which no other experiment ever gets: it decides which listener is in which arm.
    pub name: String,
    /// What is tried, as text in the form that whoever started it chose. The store does not
    /// interpret it.
    pub design: String,
    /// When it was started, in UTC. Slates made before belong to no experiment.
    pub started_at: Timestamp,
    /// When it was stopped, in UTC; `None` while it is running.
    pub stopped_at: Option<Timestamp>,
}

impl Store {
    /// Starts an experiment at a moment. One runs at a time, and a name is used only once.
    ///
    /// # Errors
    /// [`StoreError::ExperimentExists`] for a name that was used before,
    /// [`StoreError::ExperimentRunning`] while another one runs, [`StoreError::Busy`] or
    /// [`StoreError::Database`].
    pub fn start_experiment(&mut self, name: &str, design: &str, at: Timestamp) -> Result<()> {
        self.write(|connection, _| {
            if find(connection, name)?.is_some() {
                return Err(StoreError::ExperimentExists(name.to_owned()));
            }
            if let Some(running) = running(connection)? {
                return Err(StoreError::ExperimentRunning(running.name));
            }
            let sql = "INSERT INTO experiments (name, design, started_at) VALUES (?1, ?2, ?3)";
            connection.execute(sql, params![name, design, to_micros(at)])?;
            Ok(())
        })
    }

    /// Stops a running experiment for good. What it showed stays in the log and can still be read
    /// out.
    ///
    /// # Errors
    /// [`StoreError::UnknownExperiment`] if none of that name is running, [`StoreError::Busy`] or
    /// [`StoreError::Database`].
    pub fn stop_experiment(&mut self, name: &str, at: Timestamp) -> Result<()> {
        self.write(|connection, _| {
            let sql =
                "UPDATE experiments SET stopped_at = ?2 WHERE name = ?1 AND stopped_at IS NULL";
            match connection.execute(sql, params![name, to_micros(at)])? {
                0 => Err(StoreError::UnknownExperiment(name.to_owned())),
                _ => Ok(()),
            }
        })
    }

    /// The experiment that is running now, or `None` while none is. There is at most one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn running_experiment(&self) -> Result<Option<ExperimentEntry>> {
        self.read(running)
    }

    /// All experiments ever started, oldest first, stopped ones included.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn experiments(&self) -> Result<Vec<ExperimentEntry>> {
        self.read(|connection| {
            let sql = "SELECT name, design, started_at, stopped_at FROM experiments ORDER BY id";
            let mut statement = connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                entries.push(entry(row)?);
            }
            Ok(entries)
        })
    }
}

fn running(connection: &Connection) -> Result<Option<ExperimentEntry>> {
    let sql =
        "SELECT name, design, started_at, stopped_at FROM experiments WHERE stopped_at IS NULL";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    rows.next()?.map(entry).transpose()
}

fn entry(row: &Row<'_>) -> Result<ExperimentEntry> {
    Ok(ExperimentEntry {
        name: row.get(0)?,
        design: row.get(1)?,
        started_at: from_micros(row.get(2)?)?,
        stopped_at: row.get::<_, Option<i64>>(3)?.map(from_micros).transpose()?,
    })
}

fn find(connection: &Connection, name: &str) -> Result<Option<i64>> {
    let sql = "SELECT id FROM experiments WHERE name = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([name], |row| row.get(0)).optional()?)
}

/// The key of an experiment.
pub(crate) fn require(connection: &Connection, name: &str) -> Result<i64> {
    find(connection, name)?.ok_or_else(|| StoreError::UnknownExperiment(name.to_owned()))
}
