//! What can be appended to the log, and what becomes of it.

use segue_core::{Feedback, Impression, Listen, ListenerId, Track};

use crate::{ClientId, ImpressionId};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A play of a track that is in the catalogue. It is not compared with other plays: the caller
    /// saw it happen.
    Listen(Listen),
    /// A word about a track that is in the catalogue, or about an artist.
    Feedback(Feedback),
    /// Somebody is there, though they did nothing yet.
    Listener(ListenerId),
    /// A description of a track, as for [`Store::add_tracks`](crate::Store::add_tracks).
    Track(Track),
    /// Slates that belong together, such as one and its shadows, about to be shown: all of them are
    /// logged, or none.
    Impressions(Vec<Impression>),
}

/// An event to append.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What the client calls it, so that it can be told again. Only plays and words are named;
    /// telling another event again changes nothing, or is a new one.
    pub client_id: Option<ClientId>,
    /// What happened.
    pub event: Event,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It was written.
    New,
    /// The same event, under the same name, or the same description of a track, or the same
    /// listener, was there already.
    Repeated,
    /// The slates were logged under these names, in the same order.
    Impressions(Vec<ImpressionId>),
}

impl From<Event> for Entry {
    fn from(event: Event) -> Self {
        Self { client_id: None, event }
    }
}
