//! All that one listener did with one work, folded into counts, and the label that follows from it.

use segue_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{TrackIdx, WorkIdx};

/// What a model learns of one work: the answer to "does this listener like it", and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// True where the work counts as liked, false where it counts as disliked.
    pub liked: bool,
    /// How sure that is, above 0.
    pub weight: f32,
}

/// Explicit feedback of a listener on a work, as it stands after the latest of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stance {
    /// No feedback, or feedback that was taken back: plays decide the label.
    #[default]
    None,
    /// The listener pressed like, here or at the source of the import.
    Like,
    /// The listener pressed dislike; the track may come again, with a low score.
    Dislike,
    /// The listener banned the work: no mix holds it, whatever its score.
    Ban,
}

/// All that a listener did with one work.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// The version that stands for the work: the most played one among those whose sound is known,
    /// else the most played.
    pub track: TrackIdx,
    /// The work, which all its versions share: a live take counts for the song.
    pub work: WorkIdx,
    /// Plays that were neither private nor failed.
    pub plays: u32,
    /// Plays that count as liked.
    pub finished: u32,
    /// Plays that count as disliked.
    pub skipped: u32,
    /// Sum of the weights of plays that count as liked.
    pub liked_weight: f32,
    /// Sum of the weights of plays that count as disliked.
    pub disliked_weight: f32,
    /// Start of the latest play whose time is known.
    pub last_played: Option<Timestamp>,
    /// The latest explicit feedback on the work; it overrides what plays say.
    pub stance: Stance,
    /// Whether it is in the listener's library or playlists.
    pub saved: bool,
    /// Whether some of it answers Segue: a play that Segue began, or a word said to it. What
    /// listeners choose by themselves is no answer: it is no sample of what they would say to
    /// something put before them.
    pub answered: bool,
    /// What models learn from this, if anything.
    pub label: Option<Label>,
}

impl Interaction {
    /// Whether anything shows that the listener knows the work: a play, a word about it, or that it
    /// is in their library.
    pub fn is_known(&self) -> bool {
        self.plays > 0 || self.saved || self.stance != Stance::None
    }
}
