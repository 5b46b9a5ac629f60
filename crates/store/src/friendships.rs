//! Who is friends with whom.
//!
//! Friendships go by names: a friend may be imported later, or never, and is no listener until
//! then. They hold one way, as following does; friends of each other are two rows.

use rusqlite::{CachedStatement, Connection, params};
use rustc_hash::FxHashMap;
use segue_core::ListenerId;

use crate::keys::Key;
use crate::names::find_listener;
use crate::{Result, Store};

impl Store {
    /// Whose plays a listener is to hear of, in the order of their names: those included who are
    /// not in the store, or not yet. Empty for a listener without friends and for a stranger.
    ///
    /// ```
    /// use segue_core::{ListenerId, Record};
    /// use segue_store::{ImportedFile, Store};
    ///
    /// let (ann, bob) = (ListenerId::new("ann"), ListenerId::new("bob"));
    /// let file = ImportedFile::from_content(&b"rows"[..], "friends/1", "friends.csv", None)?;
    /// let mut store = Store::open_in_memory()?;
    /// let mut import = store.import_file(&file)?;
    /// import.accept(1, Record::Friendship { listener: ann.clone(), friend: bob.clone() })?;
    /// assert_eq!(import.finish()?.friendships_added, 1);
    /// assert_eq!(store.friends(&ann)?, [bob]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::StoreError::Database`].
    pub fn friends(&self, listener: &ListenerId) -> Result<Vec<ListenerId>> {
        let sql = "SELECT friend FROM friendships WHERE listener = ?1 ORDER BY friend";
        let mut statement = self.connection.prepare_cached(sql)?;
        let name = |row: &rusqlite::Row<'_>| row.get::<_, String>(0).map(ListenerId::new);
        Ok(statement.query_map([listener.as_str()], name)?.collect::<rusqlite::Result<_>>()?)
    }

    /// As [`Self::friends`], of everybody who has any.
    ///
    /// # Errors
    /// [`crate::StoreError::Database`].
    pub fn all_friends(&self) -> Result<FxHashMap<ListenerId, Vec<ListenerId>>> {
        let sql = "SELECT listener, friend FROM friendships ORDER BY listener, friend";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut friends: FxHashMap<ListenerId, Vec<ListenerId>> = FxHashMap::default();
        while let Some(row) = rows.next()? {
            let [listener, friend] = [row.get::<_, String>(0)?, row.get(1)?].map(ListenerId::new);
            friends.entry(listener).or_default().push(friend);
        }
        Ok(friends)
    }
}

/// Adds friendships, for the length of one transaction.
pub(crate) struct FriendshipWriter<'c> {
    connection: &'c Connection,
    insert: CachedStatement<'c>,
}

/// What became of a friendship.
pub(crate) struct Befriended {
    /// Whether it was new.
    pub(crate) is_new: bool,
    /// Those of the two who are listeners of the store.
    pub(crate) known: Vec<Key>,
}

impl<'c> FriendshipWriter<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Result<Self> {
        let insert =
            connection.prepare_cached("INSERT OR IGNORE INTO friendships VALUES (?1, ?2)")?;
        Ok(Self { connection, insert })
    }

    pub(crate) fn add(&mut self, listener: &ListenerId, friend: &ListenerId) -> Result<Befriended> {
        let is_new = self.insert.execute([listener.as_str(), friend.as_str()])? > 0;
        let found = [listener, friend].map(|name| find_listener(self.connection, name));
        let mut known = Vec::new();
        for key in found {
            known.extend(key?);
        }
        Ok(Befriended { is_new, known })
    }
}

/// Removes all friendships of a listener, both ways, and says how many.
pub(crate) fn remove(connection: &Connection, listener: &ListenerId) -> Result<u64> {
    let sql = "DELETE FROM friendships WHERE listener = ?1 OR friend = ?1";
    Ok(connection.execute(sql, params![listener.as_str()])? as u64)
}
