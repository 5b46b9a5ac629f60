//! The first step of a mix: from the whole catalogue to the tracks worth asking the model about.
//!
//! Usually a few sources name tracks within [`Bounds`]: what the listener knows, songs by liked
//! `artists`, what sounds like something liked (`neighbours`), what many play. A request whose
//! filters leave too little of that looks wider, and one that asks for exactness gets every track.
//! [`Bounds`] has the numbers.
//!
//! An approximate index (HNSW) was left out: at this size a scan over nine numbers per track costs
//! less than scoring its result.

mod artists;
mod gathering;
mod limits;
mod neighbours;

pub(crate) use gathering::{best, cut, known, within_bounds};
pub(crate) use limits::{ASKED_OF_KNOWN, NOMINATED};
pub use limits::{Bounds, EXACT_LIMIT};

use crate::TrackIdx;
use crate::candidate::Sources;

/// How much of the catalogue is looked at for a mix, and so what it costs: one prediction per track
/// that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth<'a> {
    /// What the sources name first, cut to the best. What most mixes are made from.
    Bounded(Bounds),
    /// These tracks and no others, for a request that names what to choose from.
    Tracks(&'a [TrackIdx]),
    /// Every track of the catalogue. The cost grows with the catalogue.
    Exact,
}

/// A track that a source named, before the model is asked about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) track: TrackIdx,
    pub(crate) sources: Sources,
}

/// Names every track given, in row order and once each.
pub(crate) fn all_of(tracks: impl IntoIterator<Item = TrackIdx>) -> Vec<Named> {
    let mut tracks: Vec<TrackIdx> = tracks.into_iter().collect();
    tracks.sort_unstable();
    tracks.dedup();
    tracks.into_iter().map(|track| Named { track, sources: Sources::ALL }).collect()
}
