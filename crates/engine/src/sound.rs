//! How tracks sound, made comparable: nine audio features per track, standardised over the
//! catalogue.
//!
//! Tempo enters as its logarithm, because 60 to 120 bpm is as far as 120 to 240. Key and mode are
//! left out: they decide whether two tracks join well (see `mix::arrange`), not whether they sound
//! alike. So are duration and metre. Values are clipped at three standard deviations, so that one
//! odd measurement does not make a track unlike everything.

use segue_core::{AudioFeature, AudioFeatures};

use crate::{Catalogue, TrackIdx};

/// The audio features that make up the space of sound, in the order of its axes: element `i` of a
/// [`Position`] is feature `AXES[i]`.
pub const AXES: [AudioFeature; 9] = [
    AudioFeature::Danceability,
    AudioFeature::Energy,
    AudioFeature::Loudness,
    AudioFeature::Speechiness,
    AudioFeature::Acousticness,
    AudioFeature::Instrumentalness,
    AudioFeature::Liveness,
    AudioFeature::Valence,
    AudioFeature::Tempo,
];

/// A position in the space of sound, one number an axis in standard deviations of the catalogue, -3
/// to 3. What is not known is NaN.
pub type Position = [f32; AXES.len()];

/// Fewer axes in common than this say nothing about likeness.
const FEWEST_AXES: usize = 3;
const CLIP: f32 = 3.0;

/// The position of every track of a catalogue in the space of sound, which makes tracks comparable
/// by how they sound. An [`Index`](crate::Index) holds one.
#[derive(Clone, Debug, Default)]
pub struct SoundSpace {
    positions: Vec<Position>,
}

impl SoundSpace {
    /// Places every track: each axis is standardised to mean 0 and standard deviation 1 over the
    /// tracks for which it is known, and clipped at 3. An axis on which all tracks agree is 0.
    pub fn from_catalogue(catalogue: &Catalogue) -> Self {
        let mut positions: Vec<Position> =
            catalogue.rows().map(|idx| raw_position(&catalogue.track(idx).features)).collect();
        for axis in 0..AXES.len() {
            standardise(&mut positions, axis);
        }
        Self { positions }
    }

    /// Where a track lies. Axes whose feature the catalogue does not know are NaN; a track without
    /// any feature is NaN throughout.
    pub fn position(&self, track: TrackIdx) -> &Position {
        &self.positions[track.0 as usize]
    }

    /// Where all tracks lie, in the order of their rows.
    pub(crate) fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// Mean squared difference over the axes known for both, about 2 for two tracks taken at
    /// random; `None` where fewer than three axes are known for both.
    pub fn distance(&self, a: TrackIdx, b: TrackIdx) -> Option<f32> {
        distance(self.position(a), self.position(b))
    }
}

/// Mean squared difference of two positions over the axes known for both: 0 for the same sound,
/// about 2 at random. `None` where fewer than three axes are known for both.
pub fn distance(a: &Position, b: &Position) -> Option<f32> {
    let mut sum = 0.0;
    let mut axes = 0;
    for (a, b) in a.iter().zip(b) {
        let difference = a - b;
        // Selects instead of a branch, so that this vectorises: every mix runs it a million times.
        sum += if difference.is_nan() { 0.0 } else { difference * difference };
        axes += usize::from(!difference.is_nan());
    }
    (axes >= FEWEST_AXES).then(|| sum / axes as f32)
}

/// Positions that [`nearest`] compares at a time.
pub(crate) const LANES: usize = 16;

/// The distance of each of up to [`LANES`] positions to the nearest of others: the least
/// [`distance`], to the last bit. Infinite where too little is known.
pub(crate) fn nearest(positions: &[Position], others: &[Position]) -> [f32; LANES] {
    // Axis by axis, so that one instruction serves several positions.
    let mut axes = [[f32::NAN; LANES]; AXES.len()];
    for (lane, position) in positions.iter().enumerate() {
        axes.iter_mut().zip(position).for_each(|(axis, &value)| axis[lane] = value);
    }
    let is_known = |position: &Position| !position.iter().any(|value| value.is_nan());
    let all_are_known = positions.len() == LANES && positions.iter().all(is_known);
    let mut least = [f32::INFINITY; LANES];
    for other in others {
        let distances = match all_are_known && is_known(other) {
            true => known_distances(&axes, other),
            false => distances(&axes, other),
        };
        least.iter_mut().zip(distances).for_each(|(least, distance)| *least = least.min(distance));
    }
    least
}

/// Distances where every axis is known.
fn known_distances(axes: &[[f32; LANES]; AXES.len()], other: &Position) -> [f32; LANES] {
    let mut sums = [0.0; LANES];
    for (axis, &value) in axes.iter().zip(other) {
        for (sum, &lane) in sums.iter_mut().zip(axis) {
            let difference = lane - value;
            *sum += difference * difference;
        }
    }
    sums.map(|sum| sum / AXES.len() as f32)
}

fn distances(axes: &[[f32; LANES]; AXES.len()], other: &Position) -> [f32; LANES] {
    let (mut sums, mut known) = ([0.0; LANES], [0.0_f32; LANES]);
    for (axis, &value) in axes.iter().zip(other) {
        for ((sum, known), &lane) in sums.iter_mut().zip(&mut known).zip(axis) {
            let difference = lane - value;
            *sum += if difference.is_nan() { 0.0 } else { difference * difference };
            *known += if difference.is_nan() { 0.0 } else { 1.0 };
        }
    }
    let distance = |lane: usize| match known[lane] >= FEWEST_AXES as f32 {
        true => sums[lane] / known[lane],
        false => f32::INFINITY,
    };
    std::array::from_fn(distance)
}

fn raw_position(features: &AudioFeatures) -> Position {
    AXES.map(|axis| match (axis, features.get(axis)) {
        (_, None) => f32::NAN,
        (AudioFeature::Tempo, Some(bpm)) => bpm.log2(),
        (_, Some(value)) => value,
    })
}

fn standardise(positions: &mut [Position], axis: usize) {
    let known = || positions.iter().map(|p| f64::from(p[axis])).filter(|value| !value.is_nan());
    let count = known().count().max(1) as f64;
    let mean = known().sum::<f64>() / count;
    let deviation = (known().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
    let scale = if deviation > 1e-9 { 1.0 / deviation } else { 0.0 };
    for position in positions {
        // NaN stays NaN: `clamp` keeps it.
        position[axis] = (((f64::from(position[axis]) - mean) * scale) as f32).clamp(-CLIP, CLIP);
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn positions(count: usize, known: f64, rng: &mut ChaCha8Rng) -> Vec<Position> {
        let mut value =
            || if rng.random_bool(known) { rng.random_range(-3.0..3.0) } else { f32::NAN };
        (0..count).map(|_| std::array::from_fn(|_| value())).collect()
    }

    #[test]
    fn the_nearest_of_a_block_is_what_comparing_one_by_one_finds() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for (count, known) in [(LANES, 1.0), (LANES, 0.9), (LANES, 0.3), (5, 1.0), (1, 0.5)] {
            let others = positions(7, (known + 1.0) / 2.0, &mut rng);
            let block = positions(count, known, &mut rng);
            let found = nearest(&block, &others);
            for (position, found) in block.iter().zip(found) {
                let distances = others.iter().filter_map(|other| distance(position, other));
                let expected = distances.fold(f32::INFINITY, f32::min);
                assert_eq!(found.to_bits(), expected.to_bits());
            }
        }
    }

    #[test]
    fn nothing_is_near_what_nobody_likes() {
        assert_eq!(nearest(&[[0.0; AXES.len()]], &[]), [f32::INFINITY; LANES]);
    }
}
