//! Sending an event twice. A client that got no answer sends its event again. The name that it gave
//! the event shows that the second one is a repetition and not another event.
//!
//! Two digests are kept for each event, 24 bytes together: one of its name, which may be long, and
//! one of its content. The row that the event became cannot stand in for the content: an import may
//! complete the row later, and the repeated event would then look like a different one.

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use segue_core::{Feedback, Listen, Timestamp};
use serde::Serialize;

use crate::keys::Key;
use crate::{Result, StoreError};

const INSERT: &str = "INSERT INTO client_ids (listener, id, content, day) \
     VALUES (?1, ?2, ?3, unixepoch() / 86400)";

/// What a client calls an event, so that sending the event again does not count it twice. A name is
/// unique for the listener and the kind of event, a play or feedback.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientId {
    name: String,
    dated: bool,
}

impl ClientId {
    /// The name of an event whose time the client gave. The same name with another time is a
    /// mistake, and is refused with [`StoreError::ClientIdReused`].
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), dated: true }
    }

    /// The name of an event that was stamped on arrival. Sent again it bears another stamp and
    /// still counts as the same event.
    pub fn of_undated(name: impl Into<String>) -> Self {
        Self { name: name.into(), dated: false }
    }

    /// The name as the client gave it. The store itself keeps only a digest of it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl From<String> for ClientId {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl From<&str> for ClientId {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

/// An event under its client's name, as it is kept.
pub(crate) struct NamedEvent<'i> {
    client_id: &'i ClientId,
    id: [u8; 16],
    content: i64,
}

impl<'i> NamedEvent<'i> {
    /// A play.
    pub(crate) fn listen(client_id: &'i ClientId, listen: &Listen) -> Self {
        let at = if client_id.dated { listen.at } else { Some(Timestamp::UNIX_EPOCH) };
        Self::of(client_id, "listen", &Listen { at, ..listen.clone() })
    }

    /// Feedback.
    pub(crate) fn feedback(client_id: &'i ClientId, feedback: &Feedback) -> Self {
        let at = if client_id.dated { feedback.at } else { None };
        Self::of(client_id, "feedback", &Feedback { at, ..feedback.clone() })
    }

    fn of(client_id: &'i ClientId, kind: &str, content: &impl Serialize) -> Self {
        let mut id = blake3::Hasher::new_derive_key("segue client id 1");
        id.update(kind.as_bytes()).update(&[0]).update(client_id.name.as_bytes());
        let content = serde_json::to_vec(content).expect("an event always serialises");
        let content = first_bytes(&blake3::hash(&content));
        Self { client_id, id: first_bytes(&id.finalize()), content: i64::from_le_bytes(content) }
    }
}

fn first_bytes<const BYTES: usize>(digest: &blake3::Hash) -> [u8; BYTES] {
    *digest.as_bytes().first_chunk().expect("a digest has 32 bytes")
}

/// Finds and notes names of events, for the length of one transaction.
pub(crate) struct ClientIdWriter<'c> {
    find: CachedStatement<'c>,
    insert: CachedStatement<'c>,
}

impl<'c> ClientIdWriter<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Result<Self> {
        Ok(Self {
            find: connection
                .prepare_cached("SELECT content FROM client_ids WHERE listener = ?1 AND id = ?2")?,
            insert: connection.prepare_cached(INSERT)?,
        })
    }

    /// Whether the event was sent before.
    ///
    /// # Errors
    /// [`StoreError::ClientIdReused`] if its name was given to another.
    pub(crate) fn is_repeated(&mut self, listener: Key, event: &NamedEvent<'_>) -> Result<bool> {
        let found: Option<i64> =
            self.find.query_row(params![listener, event.id], |row| row.get(0)).optional()?;
        match found {
            None => Ok(false),
            Some(content) if content == event.content => Ok(true),
            Some(_) => Err(StoreError::ClientIdReused(event.client_id.name.clone())),
        }
    }

    /// Notes that the event was sent.
    pub(crate) fn note(&mut self, listener: Key, event: &NamedEvent<'_>) -> Result<()> {
        self.insert.execute(params![listener, event.id, event.content])?;
        Ok(())
    }
}
