//! What an importer hands on, row by row, and a store takes in.

use serde::{Deserialize, Serialize};

use crate::{Feedback, Listen, ListenerId, Track};

/// One row of an export, once an importer has read it. Stores and counters take these in; the row's
/// number travels beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A play, with what the row says about the track.
    Listen {
        /// The play itself, which refers to its track by id.
        listen: Listen,
        /// The track, as far as the row describes it; the store merges it with what it knows.
        track: Track,
    },
    /// An explicit signal, with the track where it is about one.
    Feedback {
        /// The signal itself: who says what of which track or artist.
        feedback: Feedback,
        /// The track that it is about, as far as the row describes it; `None` for feedback on an
        /// artist.
        track: Option<Track>,
    },
    /// A row of a catalogue: a track and, mostly, how it sounds.
    Track(Track),
    /// A listener follows another, or is their friend. It holds one way: of two who are friends of
    /// each other there are two of these. Neither has to be known to whoever takes it in.
    Friendship {
        /// The one who is to hear of what the other plays.
        listener: ListenerId,
        /// The one who plays it.
        friend: ListenerId,
    },
    /// How many people gave a tag to an artist. Who they are is no part of any record.
    ArtistTag(ArtistTag),
}

/// What people call an artist: "shoegaze", "female vocalists", "seen live". It says of all songs by
/// that artist what was said of the artist, and is as good as those who said it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtistTag {
    /// The artist, as the source spells them.
    pub artist: String,
    /// The tag, in lower case.
    pub tag: String,
    /// How many people gave it, two or more: of one it would tell who. Tags of one artist are
    /// compared by their shares of the sum.
    pub people: u32,
}
