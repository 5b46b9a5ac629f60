//! All that one listener did with one work, folded into counts, and the label that follows from it.

use segue_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::play_memory::PlayMemory;
use crate::{TrackIdx, WorkIdx};

/// What a model learns of one work: the answer to "does this listener like it", and how sure it is.
/// [`labels::work_label`](super::labels::work_label) makes it; a work without a label teaches
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// True where the work counts as liked, false where it counts as disliked. It is the target of
    /// every likability model.
    pub liked: bool,
    /// How much the label counts in training, above 0: below 1 for plays, nearer to 1 the more they
    /// agree, and 2 for explicit feedback.
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

/// All that a listener did with one work, in any of its versions, folded into counts. A
/// [`Profile`](crate::Profile) holds at most one for each work.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// The version that stands for the work: the most played one among those whose sound is known,
    /// else the most played.
    pub track: TrackIdx,
    /// The work, which all its versions share: a live take that was played counts for the song.
    pub work: WorkIdx,
    /// How often it was played, whatever became of the play. Private and failed plays do not count;
    /// a row that sums up several plays counts as many.
    pub plays: u32,
    /// Plays that count as liked by the [label policy](super::labels): to the end or nearly so.
    pub finished: u32,
    /// Plays that count as disliked by the [label policy](super::labels): left so early that the
    /// work is the likely reason.
    pub skipped: u32,
    /// Sum of the weights of the plays that count as liked, where a play to the end weighs 1 and a
    /// mere scrobble 0.5.
    pub liked_weight: f32,
    /// Sum of the weights of the plays that count as disliked, where a skip within 30 s weighs 1
    /// and a later one 0.5.
    pub disliked_weight: f32,
    /// Start of the latest play; `None` if there was none or no play is dated. The no-repeat window
    /// and "back after" reasons go by it.
    pub last_played: Option<Timestamp>,
    /// The latest explicit feedback on the work; it overrides what plays say.
    pub stance: Stance,
    /// Whether it is in the listener's library or playlists: they know it, and it counts as one
    /// more liked play.
    pub saved: bool,
    /// Whether some of this is an answer to Segue: a play that Segue began, or feedback given to
    /// it. What listeners choose by themselves is no answer: it is no sample of what they would say
    /// to something put before them.
    pub answered: bool,
    /// How lately, how often and when in the week it was played, skips left out: what is asked when
    /// it might be played again.
    pub memory: PlayMemory,
    /// What models learn from this; `None` where likes and dislikes balance or nothing was said,
    /// which is not the same as disliked.
    pub label: Option<Label>,
}

impl Interaction {
    /// A work of which nothing is known yet, with the version that stands for it.
    pub fn new(track: TrackIdx, work: WorkIdx) -> Self {
        Self {
            track,
            work,
            plays: 0,
            finished: 0,
            skipped: 0,
            liked_weight: 0.0,
            disliked_weight: 0.0,
            last_played: None,
            stance: Stance::None,
            saved: false,
            answered: false,
            memory: PlayMemory::default(),
            label: None,
        }
    }

    /// Whether anything shows that the listener knows the work: a play, a word about it, or that it
    /// is in their library.
    pub fn is_known(&self) -> bool {
        self.plays > 0 || self.saved || self.stance != Stance::None
    }

    /// Whether the work speaks for what is like it: played, saved or liked, and not disliked.
    pub fn is_positive(&self) -> bool {
        let is_disliked = self.label.is_some_and(|label| !label.liked)
            || matches!(self.stance, Stance::Dislike | Stance::Ban);
        self.is_known() && !is_disliked
    }
}
