//! What sounds like the listener's likes: the tracks nearest to any of them in the [space of sound](crate::sound).
//!
//! A scan over the catalogue for at most [`MOST_ANCHORS`] likes. The distance to the nearest like is used, not that to
//! their mean: who likes two kinds of music does not like what lies between.

use rayon::prelude::*;

use super::{CandidateSet, Index, Sources};
use crate::sound::distance;
use crate::{Catalogue, Profile, TrackIdx};

/// At most this many likes are looked around, those that weigh most.
const MOST_ANCHORS: usize = 32;
/// At most this many tracks.
const MOST: usize = 10_000;

/// Adds the tracks nearest to what the listener likes.
pub fn add(catalogue: &Catalogue, index: &Index, profile: &Profile, candidates: &mut CandidateSet) {
    nearest(catalogue, index, profile, MOST)
        .into_iter()
        .for_each(|track| candidates.add(track, Sources::NEIGHBOURS));
}

/// At most `most` tracks nearest to what the listener likes, the nearest first, ties by row.
pub(crate) fn nearest(catalogue: &Catalogue, index: &Index, profile: &Profile, most: usize) -> Vec<TrackIdx> {
    let anchors = anchors(profile);
    let nearest = |track: TrackIdx| {
        let position = index.sound.position(track);
        let distances = anchors.iter().filter_map(|&anchor| distance(position, index.sound.position(anchor)));
        distances.min_by(f32::total_cmp)
    };
    let mut by_distance: Vec<(f32, TrackIdx)> = (0..catalogue.len() as u32)
        .into_par_iter()
        .filter_map(|row| Some((nearest(TrackIdx(row))?, TrackIdx(row))))
        .collect();
    let order = |a: &(f32, TrackIdx), b: &(f32, TrackIdx)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if by_distance.len() > most {
        by_distance.select_nth_unstable_by(most, order);
        by_distance.truncate(most);
    }
    by_distance.sort_unstable_by(order);
    by_distance.into_iter().map(|(_, track)| track).collect()
}

fn anchors(profile: &Profile) -> Vec<TrackIdx> {
    let mut liked: Vec<(f32, TrackIdx)> = profile
        .labelled()
        .filter(|(_, label)| label.liked)
        .map(|(track, label)| (label.weight, track))
        .collect();
    liked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    liked.into_iter().take(MOST_ANCHORS).map(|(_, track)| track).collect()
}
