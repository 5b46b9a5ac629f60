//! When a song came out.

use crate::{Date, TrackId};

/// A track of which it is known when people began to play it, which is about when it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The track.
    pub track: TrackId,
    /// The day on which somebody first played it, among many who were listened to long before.
    pub day: Date,
    /// Whether that was among the last weeks of which anything was known.
    pub is_late: bool,
}
