//! What sounds like the listener's likes: the tracks nearest to any of them in the [space of
//! sound](crate::sound).
//!
//! A scan over the catalogue for at most `ANCHORS` likes. The distance to the nearest like
//! is used, not that to their mean: who likes two kinds of music does not like what lies between.

use rayon::prelude::*;

use super::limits::ANCHORS;
use crate::sound::{self, LANES, Position};
use crate::{Index, Profile, TrackIdx};

/// At most `most` tracks nearest to what the listener likes, the nearest first, ties by row.
pub(crate) fn nearest(index: &Index, profile: &Profile, most: usize) -> Vec<TrackIdx> {
    let positions = index.sound.positions();
    let anchors: Vec<Position> =
        anchors(profile).into_iter().map(|anchor| *index.sound.position(anchor)).collect();
    let in_block = |(block, tracks): (usize, &[Position])| {
        let first = block * LANES;
        let distances = sound::nearest(tracks, &anchors).into_iter().take(tracks.len());
        let near = distances.enumerate().filter(|(_, distance)| distance.is_finite());
        near.map(move |(lane, distance)| (distance, TrackIdx((first + lane) as u32)))
    };
    let mut by_distance: Vec<(f32, TrackIdx)> =
        positions.par_chunks(LANES).enumerate().flat_map_iter(in_block).collect();
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
    liked.into_iter().take(ANCHORS).map(|(_, track)| track).collect()
}
