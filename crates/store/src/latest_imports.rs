//! How far clients have copied what other services know of a listener. They ask where to go on, and
//! tell when they have come further; what they copied is in the log like everything else.

use rusqlite::{OptionalExtension, params};
use segue_core::{ListenerId, Timestamp};

use crate::codes::{from_micros, to_micros};
use crate::names::{NameWriter, find_listener};
use crate::{Result, Store};

impl Store {
    /// Up to which play, by its time in UTC, a client says that it has copied what a service such
    /// as `lastfm` knows of a listener; `None` if it never said so.
    ///
    /// # Errors
    /// [`crate::StoreError::Corrupt`] or [`crate::StoreError::Database`].
    pub fn latest_import(&self, listener: &ListenerId, service: &str) -> Result<Option<Timestamp>> {
        let Some(key) = find_listener(&self.connection, listener)? else { return Ok(None) };
        let sql = "SELECT at FROM latest_imports WHERE listener = ?1 AND service = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let at = statement.query_row(params![key, service], |row| row.get(0)).optional()?;
        at.map(from_micros).transpose()
    }

    /// Notes that a client has copied a service's plays of a listener up to a time. An earlier time
    /// than the one that is known changes nothing.
    ///
    /// # Errors
    /// [`crate::StoreError::Busy`] or [`crate::StoreError::Database`].
    pub fn raise_latest_import(
        &mut self,
        listener: &ListenerId,
        service: &str,
        at: Timestamp,
    ) -> Result<()> {
        self.write(|connection, cache| {
            let key = NameWriter::new(connection)?.listener(&mut cache.listeners, listener)?;
            let sql = "INSERT INTO latest_imports VALUES (?1, ?2, ?3) \
                       ON CONFLICT (listener, service) DO UPDATE SET at = MAX(at, ?3)";
            connection.execute(sql, params![key, service, to_micros(at)])?;
            Ok(())
        })
    }
}
