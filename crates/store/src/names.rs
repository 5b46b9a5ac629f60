//! Dictionaries of listeners and contexts: a name is stored once and stands as an integer in every
//! row.

use rusqlite::{CachedStatement, Connection, OptionalExtension};
use rustc_hash::FxHashMap;
use segue_core::ListenerId;

use crate::cache::Key;
use crate::{Result, StoreError};

/// The integer of a row, which fits a [`Key`] unless the store has outgrown what it was made for.
pub(crate) fn key(row: i64) -> Result<Key> {
    Key::try_from(row)
        .map_err(|_| StoreError::corrupt(format!("`{row}` is no key of a dictionary")))
}

/// Finds a listener without adding one.
pub(crate) fn find_listener(connection: &Connection, listener: &ListenerId) -> Result<Option<Key>> {
    let sql = "SELECT id FROM listeners WHERE name = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let row = statement.query_row([listener.as_str()], |row| row.get(0)).optional()?;
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

    /// The key of a listener who is there.
    pub(crate) fn find_listener(
        &mut self,
        cache: &mut FxHashMap<ListenerId, Key>,
        listener: &ListenerId,
    ) -> Result<Option<Key>> {
        if let Some(&key) = cache.get(listener) {
            return Ok(Some(key));
        }
        let found = self.listener.find(listener.as_str())?;
        cache.extend(found.map(|key| (listener.clone(), key)));
        Ok(found)
    }

    /// The key of a listener, new if never seen.
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

    pub(crate) fn context(
        &mut self,
        cache: &mut FxHashMap<String, Key>,
        context: &str,
    ) -> Result<Key> {
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
    find: CachedStatement<'c>,
    insert: CachedStatement<'c>,
}

impl<'c> Interner<'c> {
    pub(crate) fn new(connection: &'c Connection, table: &str) -> Result<Self> {
        Ok(Self {
            find: connection.prepare_cached(&format!("SELECT id FROM {table} WHERE name = ?1"))?,
            insert: connection
                .prepare_cached(&format!("INSERT INTO {table} (name) VALUES (?1)"))?,
        })
    }

    /// The key of a name, new if it was never seen.
    pub(crate) fn intern(&mut self, name: &str) -> Result<Key> {
        match self.find(name)? {
            Some(found) => Ok(found),
            None => key(self.insert.insert([name])?),
        }
    }

    fn find(&mut self, name: &str) -> Result<Option<Key>> {
        self.find.query_row([name], |row| row.get(0)).optional()?.map(key).transpose()
    }
}
