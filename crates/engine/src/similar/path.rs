//! A way through sound from one track to another.
//!
//! The straight line between both is cut into equal parts, and at each cut the nearest track is
//! taken that was not taken before. A song by the artist just heard is passed over, and one by the
//! artist at the end right before it, as long as there are others near.

use rustc_hash::FxHashSet;

use super::tree::{Point, Trees};
use crate::sound::{Place, SoundSpace};
use crate::{ArtistIdx, Catalogue, TrackIdx, WorkIdx};

/// Tracks looked at beyond those already taken, for one whose artist may follow.
const LOOK: usize = 24;

/// See [`super::SimilarIndex::path`].
pub(super) fn path(
    catalogue: &Catalogue,
    sound: &SoundSpace,
    trees: &Trees,
    [from, to]: [TrackIdx; 2],
    length: usize,
) -> Vec<TrackIdx> {
    let mut taken: FxHashSet<WorkIdx> =
        [from, to].map(|end| catalogue.work(end)).into_iter().collect();
    if length < 2 || taken.len() < 2 {
        return [from].into_iter().take(length).collect();
    }
    let steps = length - 1;
    let mut way = vec![from];
    for step in 1..steps {
        let share = step as f32 / steps as f32;
        let Some(cut) = between(sound.place(from), sound.place(to), share) else { break };
        let near = trees.near_point(&cut, LOOK, |track| !taken.contains(&catalogue.work(track)));
        let before = catalogue.artist(*way.last().expect("it has a start"));
        let after = catalogue.artist(to).filter(|_| step + 1 == steps);
        let is_apart =
            |artist: Option<ArtistIdx>| artist.is_none() || artist != before && artist != after;
        let apart = near.iter().find(|(_, track)| is_apart(catalogue.artist(*track)));
        let Some(&(_, next)) = apart.or(near.first()) else { break };
        taken.insert(catalogue.work(next));
        way.push(next);
    }
    way.push(to);
    way
}

/// The point at a share of the way, in the space in which both ends are compared; `None` if there
/// is none. An axis that is known of one end only stays there.
fn between(from: Place<'_>, to: Place<'_>, share: f32) -> Option<Point> {
    if let (Some(from), Some(to)) = (from.embedding, to.embedding) {
        return Some(Point::Embedding(mixed(from, to, share)));
    }
    Some(Point::Told(mixed(from.told?, to.told?, share)))
}

fn mixed<const N: usize>(from: &[f32; N], to: &[f32; N], share: f32) -> [f32; N] {
    std::array::from_fn(|axis| match (from[axis], to[axis]) {
        (from, to) if to.is_nan() => from,
        (from, to) if from.is_nan() => to,
        (from, to) => from + share * (to - from),
    })
}
