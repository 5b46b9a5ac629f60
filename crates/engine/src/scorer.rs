//! The one thing that the rest of the engine knows of a model.

use crate::policy::UncertaintySource;
use crate::{Profile, TrackIdx};

/// A predicted likability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likability {
    /// Probability that the listener likes the track, 0 to 1.
    pub mean: f32,
    /// Standard deviation of that probability: how far the model trusts itself.
    pub uncertainty: f32,
}

/// Predicts how likely a listener is to like tracks of the catalogue it was built for.
///
/// A listener it never saw is scored from the profile alone; an empty profile gets the prior.
pub trait Scorer: Send + Sync {
    /// Version of the model, written into every impression.
    fn version(&self) -> &str;

    /// One likability per track, in the order of `tracks`; the result depends on nothing but the
    /// arguments.
    fn score(&self, profile: &Profile, tracks: &[TrackIdx]) -> Vec<Likability>;

    /// How those likabilities vary together, for policies that explore by that kind of uncertainty: the
    /// factors of a [`crate::policy::Belief`]. Empty where the model cannot tell.
    ///
    /// # Shapes
    /// `[tracks, width]`, with any width above 0.
    fn factors(
        &self,
        profile: &Profile,
        tracks: &[TrackIdx],
        source: UncertaintySource,
    ) -> Vec<f32> {
        let _ = (profile, tracks, source);
        Vec::new()
    }
}
