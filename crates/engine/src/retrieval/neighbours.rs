//! What sounds like the listener's likes: the tracks nearest to any of them by [how they
//! sound](crate::sound).
//!
//! A scan over the catalogue for at most `ANCHORS` likes. The distance to the nearest like
//! is used, not that to their mean: who likes two kinds of music does not like what lies between.

use rayon::prelude::*;

use super::limits::ANCHORS;
use crate::sound::embedding::EmbeddingPosition;
use crate::sound::{self, Place, Position};
use crate::{Index, Profile, TrackIdx};

/// Tracks that one thread compares at a time.
const SMOOTHED_OVER: usize = 8_192;

/// At most `most` tracks nearest to what the listener likes, the nearest first, ties by row.
pub(crate) fn nearest(index: &Index, profile: &Profile, most: usize) -> Vec<TrackIdx> {
    let sound = &index.sound;
    let anchors: Vec<Place<'_>> =
        anchors(profile).into_iter().map(|anchor| sound.place(anchor)).collect();
    let told: Vec<Position> = anchors.iter().filter_map(|anchor| anchor.told.copied()).collect();
    let embedded: Vec<EmbeddingPosition> =
        anchors.iter().filter_map(|anchor| anchor.embedding.copied()).collect();
    let mut by_distance = in_space(sound.positions(), &told);
    let is_told = |track: TrackIdx| sound.place(track).told.is_some();
    if embedded.is_empty() {
        by_distance.retain(|(_, track)| is_told(*track));
    } else {
        // Two tracks with embeddings are compared by that alone.
        let is_embedded = |track: TrackIdx| sound.place(track).embedding.is_some();
        by_distance.retain(|(_, track)| is_told(*track) && !is_embedded(*track));
        let without: Vec<Position> = anchors
            .iter()
            .filter(|anchor| anchor.embedding.is_none())
            .filter_map(|anchor| anchor.told.copied())
            .collect();
        let by_others = in_space(sound.positions(), &without).into_iter();
        by_distance.extend(by_others.filter(|(_, track)| is_told(*track) && is_embedded(*track)));
    }
    by_distance.extend(in_space(sound.embeddings(), &embedded));
    let order = |a: &(f32, TrackIdx), b: &(f32, TrackIdx)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if !embedded.is_empty() {
        // A track that lies in both spaces is as near as the nearest that it is compared with.
        by_distance.sort_unstable_by(|a, b| a.1.cmp(&b.1).then(order(a, b)));
        by_distance.dedup_by_key(|(_, track)| *track);
    }
    if by_distance.len() > most {
        by_distance.select_nth_unstable_by(most, order);
        by_distance.truncate(most);
    }
    by_distance.sort_unstable_by(order);
    by_distance.into_iter().map(|(_, track)| track).collect()
}

/// Every track that lies in one space, with its distance to the nearest anchor there.
fn in_space<const N: usize>(positions: &[[f32; N]], anchors: &[[f32; N]]) -> Vec<(f32, TrackIdx)> {
    let in_part = |(part, tracks): (usize, &[[f32; N]])| -> Vec<(f32, TrackIdx)> {
        let near = sound::nearest(tracks, anchors).into_iter().enumerate();
        near.filter(|(_, distance)| distance.is_finite())
            .map(|(row, distance)| (distance, TrackIdx((part * SMOOTHED_OVER + row) as u32)))
            .collect()
    };
    let parts: Vec<_> = positions.par_chunks(SMOOTHED_OVER).enumerate().map(in_part).collect();
    parts.concat()
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
