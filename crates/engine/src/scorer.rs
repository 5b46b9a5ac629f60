//! The one thing that the rest of the engine knows of a model.

use crate::{Profile, Ranker, TrackIdx};

/// A predicted likability: how probably the listener likes a track, and how sure the model is of
/// that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likability {
    /// Probability that the listener likes the track, from 0 to 1. What is outside is clamped when
    /// a mix is ranked.
    pub mean: f32,
    /// Standard deviation of that probability: how far the model trusts itself. It is 0 for a model
    /// that states none, and then the dial adds nothing for it.
    pub uncertainty: f32,
}

/// Where the factors of a [`Belief`](crate::policy::Belief) come from. It tells the pipeline what
/// to ask of the scorer before a policy draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UncertaintySource {
    /// Nowhere: the policy takes scores at their word, and the scorer is not asked.
    None,
    /// What is not yet known of the listener: the posterior over the model's last layer.
    Posterior,
    /// What the members of an ensemble disagree on; a model without members has none.
    Members,
}

/// Predicts how likely a listener is to like tracks of the catalogue it was built for. It is all
/// that a mix knows of a model, so implement it to put one of your own behind the mix.
///
/// A listener it never saw is scored from the profile alone; an empty profile gets the prior.
///
/// # Examples
/// ```
/// use segue_core::{ListenerId, Timestamp, Track, TrackId, WorkId};
/// use segue_engine::pipeline::{MixRequest, Mixer};
/// use segue_engine::{Catalogue, Index, Likability, Profile, Scorer, TrackIdx};
///
/// /// Likes songs with a short title.
/// struct ShortTitles<'a>(&'a Catalogue);
///
/// impl Scorer for ShortTitles<'_> {
///     fn version(&self) -> &str {
///         "short-titles-1"
///     }
///
///     fn score(&self, _: &Profile, tracks: &[TrackIdx]) -> Vec<Likability> {
///         let length = |&track: &TrackIdx| self.0.track(track).title.len() as f32;
///         let likability =
///             |track| Likability { mean: 1.0 / (1.0 + length(track)), uncertainty: 0.0 };
///         tracks.iter().map(likability).collect()
///     }
/// }
///
/// let track = |title: &str| Track::new(TrackId::new(title), WorkId::new(title), title);
/// let catalogue = Catalogue::from_tracks(["Io", "Europa", "Ganymede"].map(track).to_vec());
/// let profile = Profile::empty(ListenerId::new("ann"));
/// let index = Index::build(&catalogue, [&profile]);
/// let scorer = ShortTitles(&catalogue);
///
/// let mixer = Mixer { catalogue: &catalogue, index: &index, profile: &profile, scorer: &scorer };
/// let request = MixRequest { length: 2, ..MixRequest::new(Timestamp::UNIX_EPOCH) };
/// let mix = mixer.mix(&request)?;
/// assert_eq!(mix.slate.picks.len(), 2);
/// assert_eq!(mix.slate.config.model, "short-titles-1");
/// # Ok::<(), segue_engine::pipeline::MixError>(())
/// ```
pub trait Scorer: Send + Sync {
    /// Version of the model, written into every impression: change it whenever predictions change,
    /// or logs of two models read as one.
    fn version(&self) -> &str;

    /// One likability per track, in the order of `tracks`. The result depends on nothing but the
    /// arguments, not on what else is in the batch, so that callers may cut lists into batches;
    /// [`predict`] does.
    fn score(&self, profile: &Profile, tracks: &[TrackIdx]) -> Vec<Likability>;

    /// How those likabilities vary together, for policies that explore by that kind of uncertainty:
    /// the factors of a [`crate::policy::Belief`]. Empty where the model cannot tell, and then such
    /// policies are refused for it.
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

    /// What ranks tracks beside this scorer; `None`, the default, for a scorer whose likabilities
    /// rank by themselves.
    fn ranker(&self) -> Option<&dyn Ranker> {
        None
    }
}

/// Tracks handed to a scorer at a time, which bounds its memory.
const BATCH: usize = 16_384;

/// A scorer gave another number of predictions than it was asked for: a fault of the model, never
/// of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongCount {
    /// How many tracks it was given, in the batch in which it happened.
    pub expected: usize,
    /// How many predictions came back for that batch.
    pub found: usize,
}

/// What is predicted of tracks, one likability each, in their order, asked for in batches that
/// bound the scorer's memory.
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
