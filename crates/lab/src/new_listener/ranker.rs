//! What can be asked to rank tracks for a new listener: any scorer, and baselines that know no
//! probabilities.

use segue_engine::{Profile, Scorer, TrackIdx};

/// Ranks tracks for a listener it never saw.
pub trait NewListenerRanker: Sync {
    /// One score per track, in the order of `tracks`; higher ranks first.
    fn rank(&self, profile: &Profile, tracks: &[TrackIdx]) -> Vec<f64>;
}

impl<S: Scorer + ?Sized> NewListenerRanker for S {
    fn rank(&self, profile: &Profile, tracks: &[TrackIdx]) -> Vec<f64> {
        self.score(profile, tracks)
            .into_iter()
            .map(|likability| f64::from(likability.mean))
            .collect()
    }
}
