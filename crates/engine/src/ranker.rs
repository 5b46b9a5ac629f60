//! What ranks tracks for a listener by all that is known of them, beside the probability of liking
//! that a [`Scorer`](crate::Scorer) states.
//!
//! A likability answers "would they like it, if it were played to them?" A ranking answers two
//! other questions. What would they play *again*, now: recency, frequency and habit. And what
//! should they *try*: what people with the same history play, what follows what they just played,
//! what sounds like it. The likability is one voice among these, and which voices count how much is
//! learned from what listeners turned to next.

use segue_core::Timestamp;

use crate::candidate::Sources;
use crate::{Likability, Profile, TrackIdx, UncertaintySource};

/// When, and going on from what, tracks are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MixContext<'a> {
    /// The moment: how long ago plays were is counted from it.
    pub now: Timestamp,
    /// Tracks that the listener goes on from, the last one played last, as if they had just been
    /// played; empty to go on from the history.
    pub after: &'a [TrackIdx],
}

impl MixContext<'_> {
    /// A moment, with nothing to go on from but the history.
    pub fn at(now: Timestamp) -> Self {
        Self { now, after: &[] }
    }
}

/// What a track is worth to a listener beside other tracks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relevance {
    /// The logarithm of how much likelier it is chosen than a track of score 0. Only differences
    /// mean something, and only within known or within new tracks.
    pub score: f32,
    /// Standard deviation of the score: how far its weights are known.
    pub uncertainty: f32,
    /// The one source that raised the score most; none for a track that no model but likability
    /// speaks for.
    pub decided_by: Sources,
}

/// A track that a model names for a listener, before the scorer is asked about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nomination {
    /// The track: the version that stands for its work.
    pub track: TrackIdx,
    /// Which models named it.
    pub sources: Sources,
}

/// Models that rank a catalogue together. [`Scorer::ranker`](crate::Scorer::ranker) gives the one
/// behind a scorer.
pub trait Ranker: Send + Sync {
    /// What every model says of the whole catalogue for a listener: milliseconds of work, done once
    /// for all tracks that are then asked about.
    fn read<'a>(&'a self, profile: &'a Profile, context: MixContext<'_>) -> Box<dyn Reading + 'a>;

    /// How much likelier each known track is played again at a moment, by when and how often it was
    /// played. It is added to the scores of [`Reading::relevance`], which hold for days, and is
    /// cheap enough to be asked at every mix.
    fn again(&self, profile: &Profile, now: Timestamp, tracks: &[TrackIdx]) -> Vec<f32>;

    /// How the scores of tracks may be wrong together, at the moment of `context`: the factors of a
    /// [`Belief`](crate::policy::Belief), in units of scores. Each track comes with the likability
    /// that it was scored with. Empty where the models cannot tell, and then policies that explore
    /// by that kind of uncertainty are refused.
    ///
    /// # Shapes
    /// `[tracks, width]`, with any width above 0.
    fn factors(
        &self,
        profile: &Profile,
        context: MixContext<'_>,
        tracks: &[(TrackIdx, Likability)],
        source: UncertaintySource,
    ) -> Vec<f32>;

    /// Tracks that many people elsewhere play along with a track, the version that stands for its
    /// work each, with how closely: 0 to 1, like the cosine over those who like both. None where no
    /// model was fitted elsewhere.
    fn played_along(&self, _track: TrackIdx) -> Vec<(TrackIdx, f32)> {
        Vec::new()
    }

    /// What of a listener's history speaks for a track, asked once for all tracks of a mix.
    fn evidence<'a>(&'a self, profile: &'a Profile) -> Box<dyn Evidence + 'a>;
}

/// What of a listener's history speaks for tracks, for reasons that they can check.
pub trait Evidence {
    /// Tracks that the listener knows and that speak for a track, as a model sees it: those whose
    /// listeners play it too ([`Sources::ITEM_KNN`]), or those played lately that it is played in
    /// one sitting with ([`Sources::SESSIONS`]). At most `most`, the strongest first; none where
    /// there is no such model, or it says nothing.
    fn because(&self, track: TrackIdx, by: Sources, most: usize) -> Vec<TrackIdx>;
}

/// What the models of a [`Ranker`] say of a catalogue for one listener.
pub trait Reading {
    /// The new tracks that the models name: the best of each and the best of all together, about
    /// `most`, each once, in any order.
    fn nominations(&self, most: usize) -> Vec<Nomination>;

    /// What a track is worth, given its likability, but for what [`Ranker::again`] adds to a known
    /// one.
    fn relevance(&self, track: TrackIdx, likability: Likability) -> Relevance;
}
