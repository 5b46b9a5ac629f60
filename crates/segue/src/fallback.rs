//! What mixes are made with when no model can be used: what everybody plays, and what the listener
//! played. It was learned from nobody, so that it may serve when the models had to go with somebody
//! who was forgotten, and it needs no file, so that it serves when those are damaged.

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

/// Scores by popularity and by what the listener said of a work.
pub(crate) struct PopularityFallback {
    catalogue: Arc<Catalogue>,
    index: Arc<Index>,
}

impl PopularityFallback {
    /// The version that impressions name.
    pub(crate) const VERSION: &str = "popularity";

    pub(crate) fn new(catalogue: &Arc<Catalogue>, index: &Arc<Index>) -> Self {
        Self { catalogue: Arc::clone(catalogue), index: Arc::clone(index) }
    }

    fn expected(&self, profile: &Profile, track: TrackIdx) -> f32 {
        let work = self.catalogue.work(track);
        match profile.interaction(work).and_then(|interaction| interaction.label) {
            Some(label) if label.liked => LIKED,
            Some(_) => DISLIKED,
            None => NEW[0] + (NEW[1] - NEW[0]) * self.index.popularity.value(track),
        }
    }
}

impl Scorer for PopularityFallback {
    fn version(&self) -> &str {
        Self::VERSION
    }

    fn score(&self, profile: &Profile, tracks: &[TrackIdx]) -> Vec<Likability> {
        let likability = |&track: &TrackIdx| Likability {
            mean: self.expected(profile, track),
            uncertainty: UNCERTAINTY,
        };
        tracks.iter().map(likability).collect()
    }
}
