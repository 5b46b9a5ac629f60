//! The nearest positions by [how tracks sound](crate::sound), exactly, without looking at all of
//! them.
//!
//! A kd-tree (Bentley 1975) that splits the widest axis at its median, with the bounding box of
//! every node: a node is looked into only if its box is nearer than the worst that was found.
//! Leaves lie side by side in memory. Positions with unknown axes have no place in a box; they are
//! few and looked at one by one.

use std::collections::BinaryHeap;

use crate::TrackIdx;
use crate::sound::embedding::{EMBEDDING_AXES, EmbeddingPosition};
use crate::sound::{AXES, Place, Position, SoundSpace, distance};

const LEAF: usize = 32;

/// Tracks by where they lie, a tree for each space.
#[derive(Clone, Debug, Default)]
pub(super) struct Trees {
    told: Tree<{ AXES.len() }>,
    embeddings: Tree<EMBEDDING_AXES>,
    /// The tracks of that tree, in order.
    embedded: Vec<TrackIdx>,
}

/// A point that tracks may be near to, in the space in which it is a point.
#[derive(Clone, Copy, Debug)]
pub(super) enum Point {
    Told(Position),
    Embedding(EmbeddingPosition),
}

/// Positions of tracks in one space, by where they lie.
#[derive(Clone, Debug)]
struct Tree<const N: usize> {
    tracks: Vec<TrackIdx>,
    positions: Vec<[f32; N]>,
    nodes: Vec<Node<N>>,
    /// Tracks with some axes unknown.
    partial: Vec<(TrackIdx, [f32; N])>,
}

#[derive(Clone, Debug)]
struct Node<const N: usize> {
    low: [f32; N],
    high: [f32; N],
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The two nodes that it is split into; the first follows at once.
    Split { second: usize },
    /// Places of its tracks.
    Leaf { first: usize, end: usize },
}

/// A found track: the farthest first in a heap, of equals the last row.
#[derive(Clone, Copy, Debug)]
struct Near(f32, TrackIdx);

impl Ord for Near {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Near {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Near {}

impl Trees {
    /// Places tracks by where they lie; those of which nothing is known are left out.
    pub(super) fn build(sound: &SoundSpace, tracks: &[TrackIdx]) -> Self {
        let tracks = || tracks.iter().copied();
        let told = |track: TrackIdx| Some((track, *sound.place(track).told?));
        let embedding = |track: TrackIdx| Some((track, *sound.place(track).embedding?));
        let mut embedded: Vec<TrackIdx> =
            tracks().filter_map(embedding).map(|(track, _)| track).collect();
        embedded.sort_unstable();
        Self {
            told: Tree::build(tracks().filter_map(told)),
            embeddings: Tree::build(tracks().filter_map(embedding)),
            embedded,
        }
    }

    /// At most `most` tracks nearest to a place, the nearest first, ties by row, with their
    /// distances; of those that `accept` lets through. Of a place in both spaces those of either.
    pub(super) fn nearest(
        &self,
        place: Place<'_>,
        most: usize,
        accept: impl Fn(TrackIdx) -> bool,
    ) -> Vec<(f32, TrackIdx)> {
        let mut found = Vec::new();
        if let Some(position) = place.embedding {
            found = self.embeddings.nearest(position, most, &accept);
        }
        if let Some(position) = place.told {
            // Two tracks with embeddings are compared by that alone.
            let is_compared =
                |track| place.embedding.is_some() && self.embedded.binary_search(&track).is_ok();
            let accept = |track| !is_compared(track) && accept(track);
            found.extend(self.told.nearest(position, most, accept));
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found.truncate(most);
        found
    }

    /// The same of a point in one space.
    pub(super) fn near_point(
        &self,
        point: &Point,
        most: usize,
        accept: impl Fn(TrackIdx) -> bool,
    ) -> Vec<(f32, TrackIdx)> {
        match point {
            Point::Told(position) => self.told.nearest(position, most, accept),
            Point::Embedding(position) => self.embeddings.nearest(position, most, accept),
        }
    }
}

impl<const N: usize> Default for Tree<N> {
    fn default() -> Self {
        Self { tracks: Vec::new(), positions: Vec::new(), nodes: Vec::new(), partial: Vec::new() }
    }
}

impl<const N: usize> Tree<N> {
    fn build(tracks: impl Iterator<Item = (TrackIdx, [f32; N])>) -> Self {
        let mut tree = Self::default();
        let mut placed: Vec<(TrackIdx, [f32; N])> = Vec::new();
        for (track, position) in tracks {
            if position.iter().all(|value| !value.is_nan()) {
                placed.push((track, position));
            } else if distance(&position, &position).is_some() {
                tree.partial.push((track, position));
            }
        }
        if !placed.is_empty() {
            tree.split(&mut placed);
        }
        tree
    }

    /// Adds a node for the tracks, and those below it.
    fn split(&mut self, placed: &mut [(TrackIdx, [f32; N])]) {
        let bound = |pick: fn(f32, f32) -> f32| {
            let start = placed[0].1;
            placed.iter().fold(start, |bound, (_, position)| {
                std::array::from_fn(|axis| pick(bound[axis], position[axis]))
            })
        };
        let (low, high) = (bound(f32::min), bound(f32::max));
        let node = self.nodes.len();
        if placed.len() <= LEAF {
            let first = self.tracks.len();
            self.tracks.extend(placed.iter().map(|(track, _)| *track));
            self.positions.extend(placed.iter().map(|(_, position)| *position));
            self.nodes.push(Node { low, high, kind: Kind::Leaf { first, end: self.tracks.len() } });
            return;
        }
        let widths: [f32; N] = std::array::from_fn(|axis| high[axis] - low[axis]);
        let widest =
            (0..widths.len()).max_by(|&a, &b| widths[a].total_cmp(&widths[b])).unwrap_or(0);
        let middle = placed.len() / 2;
        placed.select_nth_unstable_by(middle, |a, b| {
            a.1[widest].total_cmp(&b.1[widest]).then(a.0.cmp(&b.0))
        });
        let (below, above) = placed.split_at_mut(middle);
        self.nodes.push(Node { low, high, kind: Kind::Split { second: 0 } });
        self.split(below);
        self.nodes[node].kind = Kind::Split { second: self.nodes.len() };
        self.split(above);
    }

    /// At most `most` tracks nearest to a position, the nearest first, ties by row, with their
    /// distances; of those that `accept` lets through.
    fn nearest(
        &self,
        position: &[f32; N],
        most: usize,
        accept: impl Fn(TrackIdx) -> bool,
    ) -> Vec<(f32, TrackIdx)> {
        if distance(position, position).is_none() {
            return Vec::new();
        }
        let mut search = Search { position, most, accept, found: BinaryHeap::new() };
        if most > 0 && !self.nodes.is_empty() {
            if position.iter().any(|value| value.is_nan()) {
                search.look_at(&self.tracks, &self.positions);
            } else {
                search.visit(self, 0, box_distance(&self.nodes[0], position));
            }
        }
        for (track, other) in &self.partial {
            search.look_at(&[*track], &[*other]);
        }
        search
            .found
            .into_sorted_vec()
            .into_iter()
            .map(|Near(distance, track)| (distance, track))
            .collect()
    }
}

struct Search<'a, F, const N: usize> {
    position: &'a [f32; N],
    most: usize,
    accept: F,
    found: BinaryHeap<Near>,
}

impl<F: Fn(TrackIdx) -> bool, const N: usize> Search<'_, F, N> {
    fn visit(&mut self, tree: &Tree<N>, node: usize, bound: f32) {
        if !self.has_room_for(bound) {
            return;
        }
        match tree.nodes[node].kind {
            Kind::Leaf { first, end } => {
                self.look_at(&tree.tracks[first..end], &tree.positions[first..end])
            }
            Kind::Split { second } => {
                let of = |node: usize| (node, box_distance(&tree.nodes[node], self.position));
                let (first, second) = (of(node + 1), of(second));
                let [near, far] =
                    if first.1 <= second.1 { [first, second] } else { [second, first] };
                self.visit(tree, near.0, near.1);
                self.visit(tree, far.0, far.1);
            }
        }
    }

    fn look_at(&mut self, tracks: &[TrackIdx], positions: &[[f32; N]]) {
        for (&track, position) in tracks.iter().zip(positions) {
            let Some(distance) = distance(self.position, position) else { continue };
            let near = Near(distance, track);
            let is_full = self.found.len() >= self.most;
            if is_full && self.found.peek().is_some_and(|worst| near >= *worst)
                || !(self.accept)(track)
            {
                continue;
            }
            if is_full {
                self.found.pop();
            }
            self.found.push(near);
        }
    }

    /// Whether something at that distance, as far as rounding goes, may be among the nearest.
    fn has_room_for(&self, bound: f32) -> bool {
        const ROUNDING: f32 = 1e-5;
        self.found.len() < self.most
            || self.found.peek().is_some_and(|worst| bound <= worst.0 * (1.0 + ROUNDING) + ROUNDING)
    }
}

/// Distance of a position to the nearest point of a node's box, in the terms of [`distance`].
fn box_distance<const N: usize>(node: &Node<N>, position: &[f32; N]) -> f32 {
    let mut sum = 0.0;
    for ((x, low), high) in position.iter().zip(&node.low).zip(&node.high) {
        let outside = (low - x).max(x - high).max(0.0);
        sum += outside * outside;
    }
    sum / position.len() as f32
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use segue_core::{
        AudioAnalysis, AudioFeature, AudioFeatures, EMBEDDING, SOUND_TAGS, Track, TrackId, WorkId,
    };

    use super::*;
    use crate::Catalogue;

    /// Tracks of which services describe some, some have embeddings, some both.
    fn space(tracks: u32, seed: u64) -> SoundSpace {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let ids: Vec<TrackId> = (0..tracks).map(|i| TrackId::new(format!("{i:05}"))).collect();
        let mut track = |id: &TrackId| {
            let mut track = Track::new(id.clone(), WorkId::new(id.as_str()), "");
            for feature in AudioFeature::ALL {
                let value = match feature {
                    AudioFeature::Tempo => 60.0 + 10.0 * rng.random_range(0..12) as f32,
                    // coarse, so that there are ties
                    _ => rng.random_range(0..5) as f32 / 5.0,
                };
                if rng.random_bool(0.97) {
                    track.features.set(feature, value);
                }
            }
            if seed % 4 == 1 && rng.random_bool(0.3) {
                track.features = AudioFeatures::MISSING;
            }
            track
        };
        let catalogue = Catalogue::from_tracks(ids.iter().map(&mut track).collect());
        let mut analysis = |id: &TrackId| {
            let embedding: Vec<f32> =
                (0..EMBEDDING).map(|_| rng.random_range(0..3) as f32).collect();
            let mut analysis = AudioAnalysis::new(1);
            analysis.set_embedding(&embedding, &[0.1; SOUND_TAGS.len()]);
            (id.clone(), analysis)
        };
        let of_embedded = if seed.is_multiple_of(4) { 0 } else { ids.len() / 2 };
        SoundSpace::from_catalogue(
            &catalogue.with_analyses(ids[..of_embedded].iter().map(&mut analysis).collect()),
        )
    }

    #[test]
    fn the_trees_find_what_looking_at_everything_finds() {
        for seed in 0..20 {
            let count = [1, 40, 900][seed as usize % 3];
            let sound = space(count, seed);
            let rows: Vec<TrackIdx> = (0..count).map(TrackIdx).collect();
            let trees = Trees::build(&sound, &rows);
            let accept = |track: TrackIdx| !track.0.is_multiple_of(7);
            for &query in rows.iter().step_by(11) {
                let found = trees.nearest(sound.place(query), 25, accept);
                let mut all: Vec<(f32, TrackIdx)> = rows
                    .iter()
                    .filter(|&&track| accept(track))
                    .filter_map(|&track| Some((sound.distance(query, track)?, track)))
                    .collect();
                all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                all.truncate(25);
                assert_eq!(found, all, "seed {seed}, query {query:?}");
            }
        }
    }
}
