//! Keys to a server: their names, what they may do, and digests. What a scope allows and how a key
//! is digested is the server's business; the key itself never gets here.

use rusqlite::params;
use segue_core::Timestamp;

use crate::codes::{from_micros, to_micros};
use crate::{Result, Store, StoreError};

/// A key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// What its owner calls it.
    pub name: String,
    /// What it may do, as it was handed in.
    pub scope: String,
    /// Digest of the key.
    pub hash: [u8; 32],
    /// Since when there is one.
    pub created_at: Timestamp,
    /// Since when it opens nothing any more; `None` while it does.
    pub revoked_at: Option<Timestamp>,
}

impl Store {
    /// Keeps a key's digest. A name is given once, even if its key was revoked, so that a name in
    /// an old log stays one key.
    ///
    /// # Errors
    /// [`StoreError::KeyExists`] for a name or digest that is taken, [`StoreError::Busy`] or
    /// [`StoreError::Database`].
    pub fn add_key(
        &mut self,
        name: &str,
        scope: &str,
        hash: [u8; 32],
        at: Timestamp,
    ) -> Result<()> {
        self.write(|connection, _| {
            let sql = "INSERT INTO api_keys (name, scope, hash, created_at) VALUES (?1, ?2, ?3, ?4) \
                       ON CONFLICT DO NOTHING";
            match connection.execute(sql, params![name, scope, hash, to_micros(at)])? {
                0 => Err(StoreError::KeyExists(name.to_owned())),
                _ => Ok(()),
            }
        })
    }

    /// All keys, revoked ones too, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn keys(&self) -> Result<Vec<KeyEntry>> {
        let sql = "SELECT name, scope, hash, created_at, revoked_at FROM api_keys ORDER BY created_at, name";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut keys = Vec::new();
        while let Some(row) = rows.next()? {
            keys.push(KeyEntry {
                name: row.get(0)?,
                scope: row.get(1)?,
                hash: row.get(2)?,
                created_at: from_micros(row.get(3)?)?,
                revoked_at: row.get::<_, Option<i64>>(4)?.map(from_micros).transpose()?,
            });
        }
        Ok(keys)
    }

    /// Revokes a key and says whether there was one to revoke.
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::Database`].
    pub fn revoke_key(&mut self, name: &str, at: Timestamp) -> Result<bool> {
        self.write(|connection, _| {
            let sql = "UPDATE api_keys SET revoked_at = ?2 WHERE name = ?1 AND revoked_at IS NULL";
            Ok(connection.execute(sql, params![name, to_micros(at)])? == 1)
        })
    }
}
