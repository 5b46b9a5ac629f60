//! The nearest positions in the [space of sound](crate::sound), exactly, without looking at all of
//! them.
//!
//! A kd-tree (Bentley 1975) that splits the widest axis at its median, with the bounding box of
//! every node: a node is looked into only if its box is nearer than the worst that was found.
//! Leaves lie side by side in memory. Positions with unknown axes have no place in a box; they are
//! few and looked at one by one.

use std::collections::BinaryHeap;

use crate::TrackIdx;
use crate::sound::{Position, SoundSpace, distance};

const LEAF: usize = 32;

/// Positions of tracks, by where they lie.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    tracks: Vec<TrackIdx>,
    positions: Vec<Position>,
    nodes: Vec<Node>,
    /// Tracks with some axes unknown.
    partial: Vec<(TrackIdx, Position)>,
}

#[derive(Clone, Debug)]
struct Node {
    low: Position,
    high: Position,
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

impl Tree {
    /// Places tracks by where they lie; those of which nothing is known are left out.
    pub(super) fn build(sound: &SoundSpace, tracks: impl IntoIterator<Item = TrackIdx>) -> Self {
        let mut tree = Self::default();
        let mut placed: Vec<(TrackIdx, Position)> = Vec::new();
        for track in tracks {
            let position = *sound.position(track);
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
    fn split(&mut self, placed: &mut [(TrackIdx, Position)]) {
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
        let widths: Position = std::array::from_fn(|axis| high[axis] - low[axis]);
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
    pub(super) fn nearest(
        &self,
        position: &Position,
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

struct Search<'a, F> {
    position: &'a Position,
    most: usize,
    accept: F,
    found: BinaryHeap<Near>,
}

impl<F: Fn(TrackIdx) -> bool> Search<'_, F> {
    fn visit(&mut self, tree: &Tree, node: usize, bound: f32) {
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

    fn look_at(&mut self, tracks: &[TrackIdx], positions: &[Position]) {
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
fn box_distance(node: &Node, position: &Position) -> f32 {
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
    use segue_core::{AudioFeature, Track, TrackId, WorkId};

    use super::*;
    use crate::Catalogue;

    fn space(tracks: u32, seed: u64) -> SoundSpace {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut track = |i: u32| {
            let mut track =
                Track::new(TrackId::new(format!("{i:05}")), WorkId::new(format!("{i}")), "");
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
            track
        };
        SoundSpace::from_catalogue(&Catalogue::from_tracks((0..tracks).map(&mut track).collect()))
    }

    #[test]
    fn the_tree_finds_what_looking_at_everything_finds() {
        for seed in 0..20 {
            let count = [1, 40, 900][seed as usize % 3];
            let sound = space(count, seed);
            let rows = || (0..count).map(TrackIdx);
            let tree = Tree::build(&sound, rows());
            let accept = |track: TrackIdx| !track.0.is_multiple_of(7);
            for query in rows().step_by(11) {
                let found = tree.nearest(sound.position(query), 25, accept);
                let mut all: Vec<(f32, TrackIdx)> = rows()
                    .filter(|&track| accept(track))
                    .filter_map(|track| Some((sound.distance(query, track)?, track)))
                    .collect();
                all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                all.truncate(25);
                assert_eq!(found, all, "seed {seed}, query {query:?}");
            }
        }
    }
}
