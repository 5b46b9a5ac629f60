//! What many listeners play: the only source that knows something for a listener of whom nothing is
//! known.

use super::{CandidateSet, Index, Sources};

/// At most this many tracks.
const MOST: usize = 10_000;

/// Adds the most popular tracks.
pub fn add(index: &Index, candidates: &mut CandidateSet) {
    for &track in index.popularity.most_popular().iter().take(MOST) {
        candidates.add(track, Sources::POPULAR);
    }
}
