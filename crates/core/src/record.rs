//! What an importer hands on, row by row, and a store takes in.

use serde::{Deserialize, Serialize};

use crate::{Feedback, Listen, Track};

/// One row of an export, read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A play, with what the row says about the track.
    Listen {
        /// The play.
        listen: Listen,
        /// Its track, as far as the row describes it.
        track: Track,
    },
    /// An explicit signal, with the track where it is about one.
    Feedback {
        /// The signal.
        feedback: Feedback,
        /// Its track, as far as the row describes it.
        track: Option<Track>,
    },
    /// A row of a catalogue: a track and, mostly, how it sounds.
    Track(Track),
}
