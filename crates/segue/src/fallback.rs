//! What mixes are made with when no model can be used: what everybody plays, what the listener
//! played, and what sounds like what they like. It was learned from nobody, so that it may serve
//! when the models had to go with somebody who was forgotten, or before anybody played anything, as
//! with a folder of music alone; and it needs no file, so that it serves when those are damaged.

use std::sync::Arc;

use segue_engine::{Catalogue, Index, Likability, Profile, Scorer, TrackIdx};

/// How sure it is of anything: hardly.
const UNCERTAINTY: f32 = 0.2;
/// What is expected of a work that the listener likes.
const LIKED: f32 = 0.8;
/// What is expected of a work that the listener does not like.
const DISLIKED: f32 = 0.1;
/// What is expected of a new work that nobody plays, and of one that all do.
const NEW: [f32; 2] = [0.3, 0.6];
/// So many of the nearest likes, and of the nearest dislikes, speak for and against a new work.
/// More would let the middle of a large history speak for everything.
const NEAREST: usize = 3;
/// What is expected of a new work without them counts as much as this much likeness: that of two
/// tracks of which one sounds quite like the other.
const PRIOR: f32 = 0.5;
/// At most so many of either are looked at, those that weigh most.
const MOST_COMPARED: usize = 200;

/// Scores by popularity, by what the listener said of a work, and by how alike a new one sounds to
/// what they like and do not like:
///
/// ```text
/// p = (Σ exp(-d²) of the 3 nearest likes + ½ p₀) / (Σ of both + ½)
/// ```
pub(crate) struct PopularityFallback {
    catalogue: Arc<Catalogue>,
    index: Arc<Index>,
}

/// What a listener likes and does not like, one track of each work.
struct Sides {
    liked: Vec<TrackIdx>,
    disliked: Vec<TrackIdx>,
}

impl Sides {
    fn of(profile: &Profile) -> Self {
        let side = |liked| {
            let of_side = profile.labelled().filter(|(_, label)| label.liked == liked);
            let mut of_side: Vec<(f32, TrackIdx)> =
                of_side.map(|(track, label)| (label.weight, track)).collect();
            of_side.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            of_side.into_iter().take(MOST_COMPARED).map(|(_, track)| track).collect()
        };
        Self { liked: side(true), disliked: side(false) }
    }
}

impl PopularityFallback {
    /// The version that impressions name.
    pub(crate) const VERSION: &str = "popularity";

    pub(crate) fn new(catalogue: &Arc<Catalogue>, index: &Arc<Index>) -> Self {
        Self { catalogue: Arc::clone(catalogue), index: Arc::clone(index) }
    }

    fn expected(&self, profile: &Profile, sides: &Sides, track: TrackIdx) -> f32 {
        let work = self.catalogue.work(track);
        match profile.interaction(work).and_then(|interaction| interaction.label) {
            Some(label) if label.liked => LIKED,
            Some(_) => DISLIKED,
            None => {
                let popularity = self.index.popularity.value(track);
                let expected = NEW[0] + (NEW[1] - NEW[0]) * popularity;
                let likes = self.likeness(track, &sides.liked);
                let dislikes = self.likeness(track, &sides.disliked);
                (likes + PRIOR * expected) / (likes + dislikes + PRIOR)
            }
        }
    }

    /// How alike a track sounds to the nearest of some, 0 to [`NEAREST`].
    fn likeness(&self, track: TrackIdx, others: &[TrackIdx]) -> f32 {
        let mut nearest = [0.0_f32; NEAREST];
        for &other in others {
            let Some(distance) = self.index.sound.distance(track, other) else { continue };
            let likeness = (-distance).exp();
            if likeness > nearest[NEAREST - 1] {
                nearest[NEAREST - 1] = likeness;
                nearest.sort_by(|a, b| b.total_cmp(a));
            }
        }
        nearest.iter().sum()
    }
}

impl Scorer for PopularityFallback {
    fn version(&self) -> &str {
        Self::VERSION
    }

    fn score(&self, profile: &Profile, tracks: &[TrackIdx]) -> Vec<Likability> {
        let sides = Sides::of(profile);
        let likability = |&track: &TrackIdx| Likability {
            mean: self.expected(profile, &sides, track),
            uncertainty: UNCERTAINTY,
        };
        tracks.iter().map(likability).collect()
    }
}
