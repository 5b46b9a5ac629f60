//! Of whom other programs report plays as they happen. Plays that are told by whoever saw them are
//! held against those reports for these listeners only, so that others cost nothing more.

use rusqlite::{CachedStatement, Connection};

use crate::Result;
use crate::keys::Key;

/// Notes and finds such listeners, for the length of one transaction.
pub(crate) struct ReportedWriter<'c> {
    note: CachedStatement<'c>,
    is_known: CachedStatement<'c>,
}

impl<'c> ReportedWriter<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Result<Self> {
        let is_known = "SELECT EXISTS (SELECT 1 FROM reported WHERE listener = ?1)";
        Ok(Self {
            note: connection.prepare_cached("INSERT OR IGNORE INTO reported VALUES (?1)")?,
            is_known: connection.prepare_cached(is_known)?,
        })
    }

    /// A play of the listener was reported.
    pub(crate) fn note(&mut self, listener: Key) -> Result<()> {
        self.note.execute([listener])?;
        Ok(())
    }

    /// Whether any play of the listener was.
    pub(crate) fn is_known(&mut self, listener: Key) -> Result<bool> {
        Ok(self.is_known.query_row([listener], |row| row.get(0))?)
    }
}
