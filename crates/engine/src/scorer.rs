//! The one thing that the rest of the engine knows of a model.

use crate::{Profile, TrackIdx};

/// A predicted likability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likability {
    /// Probability that the listener likes the track, 0 to 1.
    pub mean: f32,
    /// Standard deviation of that probability: how far the model trusts itself.
    pub uncertainty: f32,
}

/// Where the factors of a [`Belief`](crate::policy::Belief) come from. It tells the pipeline what to ask of the scorer
/// before a policy draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UncertaintySource {
    /// Nowhere: the policy takes scores at their word, and the scorer is not asked.
    None,
    /// What is not yet known of the listener: the posterior over the model's last layer.
    Posterior,
    /// What the members of an ensemble disagree on; a model without members has none.
    Members,
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

/// Tracks handed to a scorer at a time, which bounds its memory.
const BATCH: usize = 16_384;

/// A scorer gave another number of predictions than it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongCount {
    /// How many tracks it was given.
    pub expected: usize,
    /// How many predictions came back.
    pub found: usize,
}

/// What is predicted of tracks, one likability each, in batches that bound the scorer's memory.
///
/// # Errors
/// [`WrongCount`] if the scorer does not give one prediction per track.
pub fn predict(
    profile: &Profile,
    scorer: &dyn Scorer,
    tracks: &[TrackIdx],
) -> Result<Vec<Likability>, WrongCount> {
    let mut all = Vec::with_capacity(tracks.len());
    for batch in tracks.chunks(BATCH) {
        let predictions = scorer.score(profile, batch);
        if predictions.len() != batch.len() {
            return Err(WrongCount { expected: batch.len(), found: predictions.len() });
        }
        all.extend(predictions);
    }
    Ok(all)
}
