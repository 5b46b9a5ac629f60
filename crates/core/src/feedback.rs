//! Explicit feedback: what a listener thinks of a track or an artist, from an export or given to
//! Segue itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ListenerId, Source, TrackId};

/// What a listener said of a track or an artist. How much each kind weighs in a taste profile is
/// decided by the engine, not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackKind {
    /// The listener likes it: a heart, a star, a thumb up.
    Like,
    /// The listener does not like it: a thumb down, "not for me". It may still be played.
    Dislike,
    /// The listener never wants to hear it again; a mix must leave it out.
    Ban,
    /// The listener keeps it in their library or in a playlist of theirs: they own it, which is a
    /// mild sign of liking.
    Saved,
    /// Takes back what was said before: afterwards the listener has said nothing of the target.
    Cleared,
}

/// The track or the artist that a piece of feedback is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackTarget {
    /// One track. It stands for its whole work: a like of the remaster counts for the original too.
    Track(TrackId),
    /// Everything by an artist, under the name that the source gives.
    Artist(String),
}

/// One explicit signal: a listener says what they think of a track or of an artist. If they spoke
/// of the same target several times, the last one counts.
///
/// ```
/// use segue_core::{Feedback, FeedbackKind, FeedbackTarget, ListenerId, Source};
///
/// let never_again = Feedback {
///     listener: ListenerId::new("ann"),
///     target: FeedbackTarget::Artist("Somebody".to_owned()),
///     kind: FeedbackKind::Ban,
///     at: None, // a ban list carries no date
///     source: Source::SpotifyAccount,
/// };
/// assert_eq!(serde_json::to_value(&never_again)?["kind"], "ban");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// The listener who gave it, and into whose taste profile it goes.
    pub listener: ListenerId,
    /// The track or artist that it is about. A track must be in the catalogue before the store
    /// accepts feedback on it.
    pub target: FeedbackTarget,
    /// What the listener said; [`FeedbackKind::Cleared`] takes back what they said before.
    pub kind: FeedbackKind,
    /// When it was said, in UTC. `None` where the source does not tell: libraries and ban lists
    /// carry no date.
    pub at: Option<Timestamp>,
    /// The export it came from, or [`Source::Segue`] if it was said to Segue itself.
    pub source: Source,
}
