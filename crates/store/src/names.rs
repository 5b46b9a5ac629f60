//! Dictionaries of listeners, contexts, tracks and texts: a name is stored once, and rows refer to
//! it by an integer.

use std::sync::Arc;

use rusqlite::{CachedStatement, Connection, OptionalExtension};
use rustc_hash::FxHashMap;
use segue_core::{Listen, ListenerId, TrackId, WorkId};

use crate::keys::{Key, key};
use crate::{Result, StoreError};

/// Most names that are kept in memory, at about 100 bytes each. At one more, all are dropped.
pub(crate) const MOST_NAMES: usize = 500_000;

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
    text: Interner<'c>,
}

impl<'c> NameWriter<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Result<Self> {
        Ok(Self {
            listener: Interner::new(connection, "listeners")?,
            context: Interner::new(connection, "contexts")?,
            text: Interner::new(connection, "texts")?,
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

    /// The key of what mixes say again and again, new if never said.
    pub(crate) fn text(&mut self, cache: &mut FxHashMap<String, Key>, text: &str) -> Result<Key> {
        if let Some(&key) = cache.get(text) {
            return Ok(key);
        }
        let key = self.text.intern(text)?;
        cache.insert(text.to_owned(), key);
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

/// The reader's memory: names of tracks, shared by all listens of them, and texts of mixes. A key
/// is never given twice, so this stays true.
#[derive(Default)]
pub(crate) struct KnownNames {
    names: FxHashMap<Key, TrackId>,
    texts: FxHashMap<Key, Arc<str>>,
}

impl KnownNames {
    /// The name of a track.
    pub(crate) fn get(&mut self, connection: &Connection, track: Key) -> Result<TrackId> {
        if let Some(name) = self.names.get(&track) {
            return Ok(name.clone());
        }
        let name: Option<String> = connection
            .prepare_cached("SELECT name FROM tracks WHERE id = ?1")?
            .query_row([track], |row| row.get(0))
            .optional()?;
        let name = name.ok_or_else(|| StoreError::corrupt(format!("track {track} is missing")))?;
        if self.names.len() >= MOST_NAMES {
            self.names.clear();
        }
        let id = TrackId::new(name);
        self.names.insert(track, id.clone());
        Ok(id)
    }

    /// A text of mixes.
    pub(crate) fn text(&mut self, connection: &Connection, text: Key) -> Result<Arc<str>> {
        if let Some(known) = self.texts.get(&text) {
            return Ok(known.clone());
        }
        let found: Option<String> = connection
            .prepare_cached("SELECT name FROM texts WHERE id = ?1")?
            .query_row([text], |row| row.get(0))
            .optional()?;
        let found = found.ok_or_else(|| StoreError::corrupt(format!("text {text} is missing")))?;
        if self.texts.len() >= MOST_NAMES {
            self.texts.clear();
        }
        let found: Arc<str> = found.into();
        self.texts.insert(text, found.clone());
        Ok(found)
    }

    /// Drops everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Which works are of one song: the works to the keys of their songs. It can be dropped at any
/// time.
#[derive(Default)]
pub(crate) struct Songs {
    keys: FxHashMap<Key, SongKeys>,
}

/// The numbers of a song.
#[derive(Clone, Copy)]
struct SongKeys {
    /// By [`WorkId::song`].
    exact: Key,
    /// By the title and the first word of the artist.
    lead: Key,
}

impl Songs {
    /// The key under which a play of a work in the catalogue is looked for. Sources credit a song
    /// to "A", "A, B" or "A feat. B", so that plays which a date tells apart are looked for by the
    /// first word of the artist.
    pub(crate) fn of(
        &mut self,
        connection: &Connection,
        work: Key,
        listen: &Listen,
    ) -> Result<Key> {
        let keys = match self.keys.get(&work) {
            Some(keys) => *keys,
            None => self.load(connection, work)?,
        };
        Ok(if listen.at.is_some() { keys.lead } else { keys.exact })
    }

    fn load(&mut self, connection: &Connection, work: Key) -> Result<SongKeys> {
        let sql = "SELECT name FROM works WHERE id = ?1";
        let name = connection
            .prepare_cached(sql)?
            .query_row([work], |row| row.get::<_, String>(0))
            .optional()?
            .ok_or_else(|| StoreError::corrupt(format!("work {work} is missing")))?;
        if self.keys.len() >= MOST_NAMES {
            self.keys.clear();
        }
        let keys = SongKeys::of(&WorkId::new(name));
        self.keys.insert(work, keys);
        Ok(keys)
    }
}

impl SongKeys {
    fn of(work: &WorkId) -> Self {
        let song = work.song();
        let lead = match song.split_once(WorkId::SEPARATOR) {
            Some((artist, title)) => {
                let word = artist.split(' ').next().unwrap_or_default();
                song_key(&[word, title].join("\u{241f}"))
            }
            None => song_key(song),
        };
        Self { exact: song_key(song), lead }
    }
}

/// A number for a song, never 0. That two songs have the same one is as good as impossible within
/// what one listener plays in a minute, which is all that it is used for.
fn song_key(song: &str) -> Key {
    let digest = blake3::hash(song.as_bytes());
    let [a, b, c, d, ..] = *digest.as_bytes();
    Key::from_le_bytes([a, b, c, d]).max(1)
}
