//! How tracks sound, made comparable.
//!
//! There are two spaces, and no distance mixes them: what services tell, as nine audio features
//! standardised over the catalogue, and the [`embedding`] of a file, as sixteen axes. Two tracks
//! are compared in the second where both have one, else in the first where services describe both,
//! else not at all. Two at random are 2 apart in either.
//!
//! Of the features, tempo enters as its logarithm, because 60 to 120 bpm is as far as 120 to 240.
//! Key and mode are left out: they decide whether two tracks join well (see `mix::arrange`), not
//! whether they sound alike. So are duration and metre. Values are clipped at three standard
//! deviations, so that one odd measurement does not make a track unlike everything. Features that
//! are [`estimates`] have places on these axes too, so that it can be said how a track sounds; they
//! are standardised among themselves and compared with nothing.

pub mod embedding;
pub mod estimates;
pub mod learned;
pub mod origin;

use segue_core::{AudioFeature, AudioFeatures};

use crate::{Catalogue, TrackIdx};
use embedding::EmbeddingPosition;

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

/// A position in the space of features, one number an axis in standard deviations of the catalogue,
/// -3 to 3. What is not known is NaN.
pub type Position = [f32; AXES.len()];

/// Fewer axes in common than this say nothing about likeness.
const FEWEST_AXES: usize = 3;
const CLIP: f32 = 3.0;
/// Of a track without an embedding.
const NOWHERE: EmbeddingPosition = [f32::NAN; embedding::EMBEDDING_AXES];

/// The position of every track of a catalogue, which makes tracks comparable by how they sound. An
/// [`Index`](crate::Index) holds one.
#[derive(Clone, Debug, Default)]
pub struct SoundSpace {
    positions: Vec<Position>,
    /// Whether each position is by features that services tell; empty where all are.
    is_told: Vec<bool>,
    /// Where each track's embedding lies, NaN where it has none; empty where none has.
    embeddings: Vec<EmbeddingPosition>,
}

/// Where a track lies, in the spaces in which it can be compared with others.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place<'a> {
    /// Its position by features that services tell.
    pub told: Option<&'a Position>,
    /// Where the embedding of its file lies.
    pub embedding: Option<&'a EmbeddingPosition>,
}

impl Place<'_> {
    /// Mean squared difference in the space in which both are compared: 0 for the same sound, about
    /// 2 for two tracks taken at random; `None` where they have no space, or fewer than three axes,
    /// in common.
    pub fn distance(&self, other: &Self) -> Option<f32> {
        if let (Some(a), Some(b)) = (self.embedding, other.embedding) {
            return Some(squared_difference(a, b));
        }
        distance(self.told?, other.told?)
    }
}

impl SoundSpace {
    /// Places every track. Each axis of features is standardised to mean 0 and standard deviation 1
    /// over the tracks for which it is known, told and estimated ones apart, and clipped at 3. An
    /// axis on which all tracks agree is 0.
    pub fn from_catalogue(catalogue: &Catalogue) -> Self {
        let mut positions: Vec<Position> =
            catalogue.rows().map(|idx| raw_position(&catalogue.track(idx).features)).collect();
        let embeddings = match catalogue.embedding_axes() {
            Some(axes) => {
                let place = |row| axes.place(catalogue.analysis(row)?);
                catalogue.rows().map(|row| place(row).unwrap_or(NOWHERE)).collect()
            }
            None => Vec::new(),
        };
        let is_told: Vec<bool> = catalogue.rows().map(|row| !catalogue.is_estimated(row)).collect();
        let all_told = is_told.iter().all(|told| *told);
        for axis in 0..AXES.len() {
            standardise(&mut positions, axis, |row| is_told[row]);
            if !all_told {
                standardise(&mut positions, axis, |row| !is_told[row]);
            }
        }
        Self { positions, is_told: if all_told { Vec::new() } else { is_told }, embeddings }
    }

    /// Where a track lies among the features, told or estimated: what can be said of its sound.
    /// Axes whose feature the catalogue does not know are NaN; a track without any feature is NaN
    /// throughout.
    pub fn position(&self, track: TrackIdx) -> &Position {
        &self.positions[track.0 as usize]
    }

    /// Where a track can be compared with others.
    pub fn place(&self, track: TrackIdx) -> Place<'_> {
        let row = track.0 as usize;
        let is_told = self.is_told.get(row).copied().unwrap_or(true);
        let embedding = self.embeddings.get(row).filter(|position| !position[0].is_nan());
        Place { told: is_told.then(|| &self.positions[row]), embedding }
    }

    /// Whether the features of more of some tracks are told than estimated; tracks without any do
    /// not count. What is compared by features goes by the one or the other, never by both: their
    /// numbers do not compare.
    pub(crate) fn is_mostly_told(&self, tracks: impl Iterator<Item = TrackIdx>) -> bool {
        let (mut told, mut estimated) = (0, 0);
        for track in tracks {
            if self.position(track).iter().any(|value| !value.is_nan()) {
                let is_told = self.place(track).told.is_some();
                told += usize::from(is_told);
                estimated += usize::from(!is_told);
            }
        }
        told >= estimated
    }

    /// The positions of all tracks by features, in the order of their rows, estimates among them.
    pub(crate) fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// Where all embeddings lie, in the order of rows, NaN of tracks without; empty where none has
    /// one.
    pub(crate) fn embeddings(&self) -> &[EmbeddingPosition] {
        &self.embeddings
    }

    /// See [`Place::distance`].
    pub fn distance(&self, a: TrackIdx, b: TrackIdx) -> Option<f32> {
        self.place(a).distance(&self.place(b))
    }
}

/// Mean squared difference of two positions over the axes known for both: 0 for the same sound,
/// about 2 at random. `None` where fewer than three axes are known for both.
pub fn distance<const N: usize>(a: &[f32; N], b: &[f32; N]) -> Option<f32> {
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

/// Mean squared difference of two positions that are known in full.
pub(crate) fn squared_difference<const N: usize>(a: &[f32; N], b: &[f32; N]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>() / N as f32
}

/// Positions that are compared at a time.
const LANES: usize = 16;

/// The distance of each position to the nearest of others: the least [`distance`], to the last bit.
/// Infinite where too little is known.
///
/// A catalogue is gone through for each listener, so this is compiled for several instruction sets,
/// of which the widest that the machine has is taken.
pub(crate) fn nearest<const N: usize>(positions: &[[f32; N]], others: &[[f32; N]]) -> Vec<f32> {
    let mut least = vec![f32::INFINITY; positions.len()];
    pulp::Arch::new().dispatch(Nearest { positions, others, least: &mut least });
    least
}

/// The arguments of [`nearest`], for the dispatcher.
struct Nearest<'a, const N: usize> {
    positions: &'a [[f32; N]],
    others: &'a [[f32; N]],
    least: &'a mut [f32],
}

impl<const N: usize> pulp::WithSimd for Nearest<'_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let blocks = self.positions.chunks(LANES).zip(self.least.chunks_mut(LANES));
        for (positions, least) in blocks {
            least.copy_from_slice(&nearest_of_block(positions, self.others)[..positions.len()]);
        }
    }
}

#[inline(always)]
fn nearest_of_block<const N: usize>(positions: &[[f32; N]], others: &[[f32; N]]) -> [f32; LANES] {
    // Axis by axis, so that one instruction serves several positions.
    let mut axes = [[f32::NAN; LANES]; N];
    for (lane, position) in positions.iter().enumerate() {
        axes.iter_mut().zip(position).for_each(|(axis, &value)| axis[lane] = value);
    }
    let is_known = |position: &[f32; N]| !position.iter().any(|value| value.is_nan());
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
#[inline(always)]
fn known_distances<const N: usize>(axes: &[[f32; LANES]; N], other: &[f32; N]) -> [f32; LANES] {
    let mut sums = [0.0; LANES];
    for (axis, &value) in axes.iter().zip(other) {
        for (sum, &lane) in sums.iter_mut().zip(axis) {
            let difference = lane - value;
            *sum += difference * difference;
        }
    }
    sums.map(|sum| sum / N as f32)
}

#[inline(always)]
fn distances<const N: usize>(axes: &[[f32; LANES]; N], other: &[f32; N]) -> [f32; LANES] {
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

/// Standardises one axis of the rows that `is_among` names, among themselves.
fn standardise(positions: &mut [Position], axis: usize, is_among: impl Fn(usize) -> bool) {
    let known = || {
        let among = positions.iter().enumerate().filter(|(row, _)| is_among(*row));
        among.map(|(_, position)| f64::from(position[axis])).filter(|value| !value.is_nan())
    };
    let count = known().count().max(1) as f64;
    let mean = known().sum::<f64>() / count;
    let deviation = (known().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
    let scale = if deviation > 1e-9 { 1.0 / deviation } else { 0.0 };
    for (_, position) in positions.iter_mut().enumerate().filter(|(row, _)| is_among(*row)) {
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
    fn the_nearest_is_what_comparing_one_by_one_finds() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for (count, known) in
            [(LANES, 1.0), (LANES, 0.9), (LANES, 0.3), (5, 1.0), (1, 0.5), (99, 0.9)]
        {
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
        assert_eq!(nearest(&[[0.0; AXES.len()]], &[]), [f32::INFINITY]);
    }
}
