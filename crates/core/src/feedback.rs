//! What a listener said outright, in an export or to Segue itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ListenerId, Source, TrackId};

/// What was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackKind {
    /// Liked, loved, starred.
    Like,
    /// Disliked, "not for me".
    Dislike,
    /// Never play it again.
    Ban,
    /// Kept in the listener's library or in a playlist of theirs: owned, and a mild sign of liking.
    Saved,
    /// Takes back what was said before.
    Cleared,
}

/// What it was said of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackTarget {
    /// One track, which stands for its work.
    Track(TrackId),
    /// Everything by an artist.
    Artist(String),
}

/// One explicit signal: a listener says what they think of a track or of an artist. Of several on
/// the same target the last one counts.
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
    /// Who says it.
    pub listener: ListenerId,
    /// Of which track or artist it is said.
    pub target: FeedbackTarget,
    /// What is said; [`FeedbackKind::Cleared`] takes back what was said before.
    pub kind: FeedbackKind,
    /// When; libraries and ban lists carry no date.
    pub at: Option<Timestamp>,
    /// Which export it came from.
    pub source: Source,
}
