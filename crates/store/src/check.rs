//! Whether a store is sound: the shape of the database, what its indexes say of its tables, and
//! whether everything in it can be read.
//!
//! SQLite keeps no checksums of its own. A flipped bit in a page's structure, in an index or in
//! what one points to is found; one inside a title or a play time, which leaves a title and a play
//! time, is not.

use rusqlite::Connection;
use segue_core::ListenerId;

use crate::{Result, Store, StoreError};

/// Problems of one kind that are listed, at most.
const MOST_LISTED: usize = 20;

/// What a check of a store went through, and what it found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreCheck {
    /// Tracks that were read.
    pub tracks: usize,
    /// Listeners whose plays, feedback, exclusions, friends and mixes were read.
    pub listeners: usize,
    /// Plays that were read.
    pub listens: usize,
    /// What is wrong, a sentence each; empty where nothing is.
    pub problems: Vec<String>,
}

impl Store {
    /// Reads everything that is stored, and looks for damage. It takes as long as reading the whole
    /// database two or three times.
    ///
    /// ```
    /// use segue_store::Store;
    ///
    /// let folder = tempfile::tempdir()?;
    /// assert!(Store::open(folder.path())?.check().problems.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check(&self) -> StoreCheck {
        let mut check = StoreCheck::default();
        let of_database = self.read(|connection| Ok(damage(connection)));
        check.problems.extend(of_database.unwrap_or_else(|error| vec![error.to_string()]));
        match self.tracks() {
            Ok(tracks) => check.tracks = tracks.len(),
            Err(error) => check.problems.push(format!("tracks: {error}")),
        }
        match self.listeners() {
            Ok(listeners) => {
                listeners.iter().for_each(|one| self.check_listener(&one.id, &mut check));
            }
            Err(error) => check.problems.push(format!("listeners: {error}")),
        }
        let rest = [
            self.models().map(drop),
            self.experiments().map(drop),
            self.keys().map(drop),
            self.all_friends().map(drop),
        ];
        check.problems.extend(rest.into_iter().filter_map(Result::err).map(|e| e.to_string()));
        check
    }

    fn check_listener(&self, listener: &ListenerId, check: &mut StoreCheck) {
        check.listeners += 1;
        match self.all_listens(listener) {
            Ok(listens) => check.listens += listens.len(),
            Err(error) => check.problems.push(format!("plays of `{listener}`: {error}")),
        }
        let rest = [
            ("feedback", self.feedback(listener).map(drop)),
            ("exclusions", self.exclusions(listener).map(drop)),
            ("mixes", self.impressions(listener, usize::MAX).map(drop)),
        ];
        for (what, read) in rest {
            if let Err(error) = read {
                check.problems.push(format!("{what} of `{listener}`: {error}"));
            }
        }
    }
}

/// What SQLite finds wrong with a database: pages, indexes, and rows that point nowhere.
pub(crate) fn damage(connection: &Connection) -> Vec<String> {
    let mut problems = listed(connection, "integrity_check", |row| row.get(0));
    problems.retain(|line| line != "ok");
    problems.extend(listed(connection, "foreign_key_check", |row| {
        let (table, of): (String, String) = (row.get(0)?, row.get(2)?);
        Ok(format!("a row of `{table}` names one of `{of}` that is not there"))
    }));
    problems
}

fn listed(
    connection: &Connection,
    pragma: &str,
    line: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<String>,
) -> Vec<String> {
    let read = || -> Result<Vec<String>> {
        let mut statement = connection.prepare(&format!("PRAGMA {pragma}"))?;
        let lines = statement.query_map([], line)?.take(MOST_LISTED);
        lines.map(|line| line.map_err(StoreError::from)).collect()
    };
    read().unwrap_or_else(|error| vec![error.to_string()])
}
