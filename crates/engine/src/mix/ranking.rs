//! Scores candidates through the model and orders them.
//!
//! What is ranked by is an upper confidence bound with a prior: `utility = (1 - w) × (mean + β ×
//! uncertainty) + w × popularity`, with `β` from the [dial](super::dial) and `w = ½ × 4 / (4 + n)`
//! for a listener with `n` labelled works. With nothing known, half the word is the crowd's; with
//! forty labels a twentieth; so a model without a good prior still starts with something sensible.

use rustc_hash::FxHashSet;

use super::quota::Class;
use crate::pipeline::Surveyed;
use crate::retrieval::{Index, Sources};
use crate::{Catalogue, Interaction, Likability, Profile, Scorer, TrackIdx};

/// Candidates handed to the model at a time, which bounds its memory.
const BATCH: usize = 16_384;
const PRIOR_AT_NOTHING: f32 = 0.5;
const HALVED_AT: f32 = 4.0;

/// A candidate with all that a mix needs to know of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The track.
    pub track: TrackIdx,
    /// Who named it.
    pub sources: Sources,
    /// What the model says; a prediction that is not finite counts as 0.
    pub likability: Likability,
    /// Whether the prediction was finite.
    pub is_finite: bool,
    /// What it is ranked by.
    pub utility: f32,
    /// How often the listener played the work to its end, which breaks ties.
    pub finished: u32,
    /// Its popularity, which breaks those that are left.
    pub popularity: f32,
    /// What it is to the listener.
    pub class: Class,
}

/// The scorer gave another number of predictions than it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongCount {
    /// How many tracks were given.
    pub expected: usize,
    /// How many predictions came back.
    pub found: usize,
}

/// The weight of the model's word against the crowd's: `1 - w`.
pub fn trust(profile: &Profile) -> f32 {
    1.0 - PRIOR_AT_NOTHING * HALVED_AT / (HALVED_AT + profile.labelled().count() as f32)
}

/// What is predicted of tracks, one likability each.
///
/// # Errors
/// The scorer must give one prediction per track.
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

/// What candidates are ranked by, besides what the model says of them.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The weight of the model's word against the crowd's: see [`trust`].
    pub trust: f32,
    /// How many standard deviations are added to the predicted likability.
    pub bonus: f32,
    /// Tracks that came to the catalogue lately.
    pub arrivals: FxHashSet<TrackIdx>,
}

/// Orders scored candidates: by utility, then plays to the end, popularity and row; what is not
/// finite comes last.
pub fn rank(
    catalogue: &Catalogue,
    index: &Index,
    profile: &Profile,
    surveyed: &[Surveyed],
    terms: &Terms,
) -> Vec<Scored> {
    let prior_weight = 1.0 - terms.trust;
    let scored = |surveyed: &Surveyed| {
        let Surveyed { track, sources, likability } = *surveyed;
        let is_finite = likability.mean.is_finite() && likability.uncertainty.is_finite();
        let likability = if is_finite { within_bounds(likability) } else { NOT_FINITE };
        let popularity = index.popularity.value(track);
        let bound = likability.mean + terms.bonus * likability.uncertainty;
        let interaction = profile.interaction(catalogue.work(track));
        Scored {
            track,
            sources,
            likability,
            is_finite,
            utility: (1.0 - prior_weight) * bound + prior_weight * popularity,
            finished: interaction.map_or(0, |interaction| interaction.finished),
            popularity,
            class: match interaction.is_some_and(Interaction::is_known) {
                true => Class::Familiar,
                false if terms.arrivals.contains(&track) => Class::Arrival,
                false => Class::New,
            },
        }
    };
    let mut ranked: Vec<Scored> = surveyed.iter().map(scored).collect();
    ranked.sort_unstable_by(|a, b| {
        b.is_finite
            .cmp(&a.is_finite)
            .then(b.utility.total_cmp(&a.utility))
            .then(b.finished.cmp(&a.finished))
            .then(b.popularity.total_cmp(&a.popularity))
            .then(a.track.cmp(&b.track))
    });
    ranked
}

const NOT_FINITE: Likability = Likability { mean: 0.0, uncertainty: 0.0 };

fn within_bounds(prediction: Likability) -> Likability {
    Likability {
        mean: prediction.mean.clamp(0.0, 1.0),
        uncertainty: prediction.uncertainty.clamp(0.0, 1.0),
    }
}
