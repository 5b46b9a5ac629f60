//! How tracks sound, made comparable: nine audio features per track, standardised over the catalogue.
//!
//! Tempo enters as its logarithm, because 60 to 120 bpm is as far as 120 to 240. Key and mode are left out: they decide
//! whether two tracks join well (see `mix::arrange`), not whether they sound alike. So are duration and metre. Values are
//! clipped at three standard deviations, so that one odd measurement does not make a track unlike everything.

use segue_core::{AudioFeature, AudioFeatures};

use crate::{Catalogue, TrackIdx};

/// The features that make up the space, in the order of its axes.
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

/// A position in the space; what is not known is NaN.
pub type Position = [f32; AXES.len()];

/// Fewer axes in common than this say nothing about likeness.
const FEWEST_AXES: usize = 3;
const CLIP: f32 = 3.0;

/// The position of every track of a catalogue.
#[derive(Clone, Debug, Default)]
pub struct SoundSpace {
    positions: Vec<Position>,
}

impl SoundSpace {
    /// Standardises every axis to mean 0 and standard deviation 1 over the tracks for which it is known.
    pub fn from_catalogue(catalogue: &Catalogue) -> Self {
        let mut positions: Vec<Position> =
            catalogue.rows().map(|idx| raw_position(&catalogue.track(idx).features)).collect();
        for axis in 0..AXES.len() {
            standardise(&mut positions, axis);
        }
        Self { positions }
    }

    /// Where a track lies.
    pub fn position(&self, track: TrackIdx) -> &Position {
        &self.positions[track.0 as usize]
    }

    /// Mean squared difference over the axes known for both, about 2 for two tracks taken at random; `None` where fewer
    /// than three axes are known for both.
    pub fn distance(&self, a: TrackIdx, b: TrackIdx) -> Option<f32> {
        distance(self.position(a), self.position(b))
    }
}

/// Mean squared difference of two positions, as in [`SoundSpace::distance`].
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
