//! What can be appended to the log, and what becomes of it.

use segue_core::{Feedback, Impression, Listen, ListenerId, Record, Track};

use crate::{ClientId, ImpressionId};

/// Something that happened and is to be appended to the log with
/// [`Store::append`](crate::Store::append).
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A play of a track that is in the catalogue, by whoever saw it happen. It is compared with
    /// nothing but what other programs reported ([`Self::Record`]): a scrobble of it may have come
    /// before.
    Listen(Listen),
    /// Feedback on a track that is in the catalogue, or on an artist.
    Feedback(Feedback),
    /// What another program reports as it happens, such as a scrobble. It is taken in as a row of
    /// an import is: tracks that it describes come with it, and a play that the log has already,
    /// from whichever source, is not counted again ([`crate::dedup`]). All such plays of a listener
    /// are rows of one file. It takes no client's name.
    Record(Record),
    /// A listener exists, though they have done nothing yet.
    Listener(ListenerId),
    /// A description of a track, as for [`Store::add_tracks`](crate::Store::add_tracks).
    Track(Track),
    /// Slates that belong together, such as one and its shadows, about to be shown: all of them are
    /// logged, or none.
    Impressions(Vec<Impression>),
}

/// An event together with the name that the client gave it, ready to be appended.
/// `Entry::from(event)` gives it no name.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What the client calls the event, so that it can safely be sent again. Only plays and
    /// feedback take a name; sending another kind of event again either changes nothing or adds a
    /// new one.
    pub client_id: Option<ClientId>,
    /// What happened. It is checked when it is appended: a track that is not in the catalogue
    /// refuses it.
    pub event: Event,
}

/// What became of an event that was not refused: written, known before, or logged under new names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// The event was written to the log.
    New,
    /// It was there already, and nothing was written: the same event under the same name, the same
    /// description of a track, or the same listener.
    Repeated,
    /// It was there already and lacked something that this told: a row of the log is more than it
    /// was. What was derived from that row has to be derived anew.
    Completed,
    /// The slates were logged under these names, in the same order.
    Impressions(Vec<ImpressionId>),
}

impl From<Event> for Entry {
    fn from(event: Event) -> Self {
        Self { client_id: None, event }
    }
}
