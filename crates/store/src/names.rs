//! Dictionaries of listeners and contexts: a name is stored once and stands as an integer in every row.

use rusqlite::{Connection, OptionalExtension, Statement};
use rustc_hash::FxHashMap;
use segue_core::ListenerId;

use crate::cache::Key;
use crate::{Result, StoreError};

/// The integer of a row, which fits a [`Key`] unless the store has outgrown what it was made for.
pub(crate) fn key(row: i64) -> Result<Key> {
    Key::try_from(row).map_err(|_| StoreError::corrupt(format!("`{row}` is no key of a dictionary")))
}

/// Finds a listener without adding one.
pub(crate) fn find_listener(connection: &Connection, listener: &ListenerId) -> Result<Option<Key>> {
    let sql = "SELECT id FROM listeners WHERE name = ?1";
    let row = connection.query_row(sql, [listener.as_str()], |row| row.get(0)).optional()?;
    row.map(key).transpose()
}

/// Adds names to the dictionaries, for the length of one transaction.
pub(crate) struct NameWriter<'c> {
    listener: Interner<'c>,
    context: Interner<'c>,
}

impl<'c> NameWriter<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Result<Self> {
        Ok(Self {
            listener: Interner::new(connection, "listeners")?,
            context: Interner::new(connection, "contexts")?,
        })
    }

    pub(crate) fn listener(
        &mut self,
        cache: &mut FxHashMap<ListenerId, Key>,
        listener: &ListenerId,
    ) -> Result<Key> {
        if let Some(&key) = cache.get(listener) {
            return Ok(key);
        }
        let key = self.listener.intern(listener.as_str())?;
        cache.insert(listener.clone(), key);
        Ok(key)
    }

    pub(crate) fn context(&mut self, cache: &mut FxHashMap<String, Key>, context: &str) -> Result<Key> {
        if let Some(&key) = cache.get(context) {
            return Ok(key);
        }
        let key = self.context.intern(context)?;
        cache.insert(context.to_owned(), key);
        Ok(key)
    }
}

/// One dictionary table with columns `id` and `name`.
pub(crate) struct Interner<'c> {
    find: Statement<'c>,
    insert: Statement<'c>,
}

impl<'c> Interner<'c> {
    pub(crate) fn new(connection: &'c Connection, table: &str) -> Result<Self> {
        Ok(Self {
            find: connection.prepare(&format!("SELECT id FROM {table} WHERE name = ?1"))?,
            insert: connection.prepare(&format!("INSERT INTO {table} (name) VALUES (?1)"))?,
        })
    }

    /// The key of a name, new if it was never seen.
    pub(crate) fn intern(&mut self, name: &str) -> Result<Key> {
        let found = self.find.query_row([name], |row| row.get(0)).optional()?;
        match found {
            Some(row) => key(row),
            None => key(self.insert.insert([name])?),
        }
    }
}
