//! Keys to a server: their names, what they may do, and digests. What a scope allows and how a key
//! is digested is the server's business; the key itself never gets here. Of a key that was revoked
//! the MD5 digest goes, since it could still answer a challenge.

use rusqlite::{Connection, params};
use segue_core::{ListenerId, Timestamp};

use crate::codes::{from_micros, to_micros};
use crate::{Result, Store, StoreError};

/// A key to the server's interface, as the store keeps it. The key itself is never stored, only its
/// digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// What its owner calls it, such as the program that uses it. A name is given once, so old logs
    /// stay clear.
    pub name: String,
    /// What the key may do, in the words of the server that made it. The store does not interpret
    /// it.
    pub scope: String,
    /// The one listener whom the key is for, in whose name its bearer speaks; `None` for a key that
    /// is for everybody. They need not have done anything yet.
    pub listener: Option<ListenerId>,
    /// Digest of the key, 32 bytes. The server computes the same digest of a key that it is shown
    /// and looks for it here.
    pub hash: [u8; 32],
    /// MD5 digest of the key, where its bearer may prove to have it by a protocol that is built on
    /// that digest. Whoever reads it can answer for the key in such a protocol, and nowhere else.
    /// `None` for a key that is not for one listener, and after it was revoked.
    pub md5: Option<[u8; 16]>,
    /// When the key was made, in UTC; lists of keys are in this order.
    pub created_at: Timestamp,
    /// When the key was revoked, in UTC; `None` while it still opens something.
    pub revoked_at: Option<Timestamp>,
}

impl Store {
    /// Keeps a key by its digest. A name is given once, even if its key was revoked, so that a name
    /// in an old log always means the same key.
    ///
    /// # Errors
    /// [`StoreError::KeyExists`] for a name or digest that is taken, [`StoreError::Busy`] or
    /// [`StoreError::Database`].
    pub fn add_key(&mut self, key: &KeyEntry) -> Result<()> {
        self.write(|connection, _| {
            let sql = "INSERT INTO api_keys (name, scope, listener, hash, md5, created_at, \
                       revoked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
            let (created, revoked) = (to_micros(key.created_at), key.revoked_at.map(to_micros));
            let listener = key.listener.as_ref().map(ListenerId::as_str);
            let values =
                params![key.name, key.scope, listener, key.hash, key.md5, created, revoked];
            match connection.execute(sql, values)? {
                0 => Err(StoreError::KeyExists(key.name.clone())),
                _ => Ok(()),
            }
        })
    }

    /// All keys, oldest first. Revoked ones are among them, so that a list can show since when a
    /// key is void.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn keys(&self) -> Result<Vec<KeyEntry>> {
        let sql = "SELECT name, scope, hash, created_at, revoked_at, listener, md5 FROM api_keys \
                   ORDER BY created_at, name";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut keys = Vec::new();
        while let Some(row) = rows.next()? {
            keys.push(KeyEntry {
                name: row.get(0)?,
                scope: row.get(1)?,
                listener: row.get::<_, Option<String>>(5)?.map(ListenerId::new),
                hash: row.get(2)?,
                md5: row.get(6)?,
                created_at: from_micros(row.get(3)?)?,
                revoked_at: row.get::<_, Option<i64>>(4)?.map(from_micros).transpose()?,
            });
        }
        Ok(keys)
    }

    /// Revokes a key from a moment on, and returns whether there was one to revoke: `false` for an
    /// unknown name or a key that was revoked before.
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::Database`].
    pub fn revoke_key(&mut self, name: &str, at: Timestamp) -> Result<bool> {
        self.write(|connection, _| {
            let sql = "UPDATE api_keys SET revoked_at = ?2, md5 = NULL \
                       WHERE name = ?1 AND revoked_at IS NULL";
            Ok(connection.execute(sql, params![name, to_micros(at)])? == 1)
        })
    }
}

/// Takes the keys away that were for a listener, and what names them. That there were keys has to
/// be remembered: a server that had some never serves without.
pub(crate) fn void_of(connection: &Connection, listener: &ListenerId) -> Result<u64> {
    let sql = "UPDATE api_keys SET name = 'forgotten ' || lower(hex(randomblob(8))), \
               listener = NULL, md5 = NULL, revoked_at = COALESCE(revoked_at, \
               CAST(unixepoch('subsec') * 1000000 AS INTEGER)) WHERE listener = ?1";
    Ok(connection.execute(sql, [listener.as_str()])? as u64)
}
