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

/// An explicit signal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// Who.
    pub listener: ListenerId,
    /// Of what.
    pub target: FeedbackTarget,
    /// What.
    pub kind: FeedbackKind,
    /// When; libraries and ban lists carry no date.
    pub at: Option<Timestamp>,
    /// Which export it came from.
    pub source: Source,
}
