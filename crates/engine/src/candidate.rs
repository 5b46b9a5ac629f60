//! A track on its way through a mix, from the candidate that retrieval named to the ranked one that
//! the short-list is cut from.
//!
//! ```text
//! TrackIdx ─retrieval, scorer─► Candidate ─ranking─► Ranked ─short-list─► Offer ─policy─► Pick
//! ```
//!
//! A [`Candidate`] depends on the listener and the model alone, so it can be kept between two
//! requests. A [`Ranked`] one depends on the request as well. The types stand here, below
//! retrieval, ranking and the pipeline, so that none of these needs to know another.

pub use segue_core::Sources;

use crate::ranker::Relevance;
use crate::{Likability, TrackIdx};

/// A track that may enter a mix, with what the model says of it for one listener.
///
/// Nothing in it depends on a request, so that a server keeps candidates and mixes from them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The track: a row of the catalogue that retrieval looked at.
    pub track: TrackIdx,
    /// Which sources named it, at least one; reports count what each gave to the mix.
    pub sources: Sources,
    /// What the model predicts for this listener. A faulty model may give values that are not
    /// finite; ranking puts those last.
    pub likability: Likability,
    /// What it is worth beside others by all models together; `None` where there is no
    /// [`Ranker`](crate::Ranker), and likability alone ranks.
    pub relevance: Option<Relevance>,
}

/// What a track is to the listener. It decides which of the mix's slots the track may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The listener knows the work: they played it, own it or gave feedback on it.
    Familiar,
    /// The listener does not know the work, but others by its main artist.
    NewTrack,
    /// The listener knows neither the work nor anything else by its main artist: what most people
    /// mean by something new. A track that names no artist is among these: were it of the other
    /// class, whoever knows few artists would get little but tracks that name none. Nothing is
    /// claimed of its artist all the same, in headlines or logs.
    NewArtist,
    /// The listener does not know the work, and neither does the model: it came to the catalogue
    /// after training, and few listeners have answered it so far. Its artist may be known or not.
    Arrival,
}

impl Class {
    /// All classes, in the order of their discriminants: the order of arrays with one entry per
    /// class.
    pub const ALL: [Self; Self::COUNT] =
        [Self::Familiar, Self::NewTrack, Self::NewArtist, Self::Arrival];
    /// How many classes there are: the length of arrays with one entry per class.
    pub const COUNT: usize = 4;

    /// Whether the work is new to the listener, whatever is known of its artist and whatever the
    /// model knows of it. The dial counts these.
    pub fn is_new(self) -> bool {
        self != Self::Familiar
    }
}

/// A candidate in the ranking of one request, with all that the short-list needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// The track: a row of the catalogue that the request is answered from.
    pub track: TrackIdx,
    /// Which sources named it, carried along from the [`Candidate`] for the report on the mix.
    pub sources: Sources,
    /// What the model predicts, within 0 and 1. A prediction that is not finite counts as 0.
    pub likability: Likability,
    /// Whether the prediction was finite. What is not finite ranks behind all that is, and a note
    /// tells the listener.
    pub is_finite: bool,
    /// What it is ranked by: the relevance where there is one, else likability and popularity, with
    /// a bonus for uncertainty, less the [fatigue](crate::mix::fatigue) of what was shown in vain.
    /// See [`utility`](crate::utility).
    pub utility: f32,
    /// The source that decided its relevance; none without a ranker.
    pub decided_by: Sources,
    /// How often the listener played the work to its end, 0 for a new one. It breaks ties in
    /// utility.
    pub finished: u32,
    /// Its popularity, from 0 for nobody to 1. It breaks the ties that are left after `finished`.
    pub popularity: f32,
    /// What it is to the listener, which decides the slots that it may take.
    pub class: Class,
}
