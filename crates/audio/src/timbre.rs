//! The colour of sound, whatever is played: statistics over short spectra.
//!
//! Peeters, *A large set of audio features for sound description*, 2004, has the definitions;
//! frames of 46 ms, 11.6 ms apart, of 22,050 Hz mono, those of silence left out.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::descriptors::{BANDS, RATE_HZ, SHORT};
use crate::moments::RunningMoments;

/// How many cepstral coefficients there are.
pub const MFCCS: usize = 13;
/// The share of the power that lies below the rolloff.
const ROLLOFF: f32 = 0.85;
/// Frames whose power is below -60 dB of full scale are silence: a sine of full scale has a quarter
/// of the squared window sum in its strongest frequency.
const SILENT_POWER: f32 = 1e-6 * (SHORT as f32 / 4.0) * (SHORT as f32 / 4.0);

/// Statistics of the short-time spectrum over a track: mean and deviation of its cepstral
/// coefficients, which tell colour apart from loudness and pitch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timbre {
    /// The middle of the spectrum in Hz, weighted by magnitude: how bright the sound is.
    pub centroid_hz: f64,
    /// How much that changes, in Hz (standard deviation).
    pub centroid_deviation_hz: f64,
    /// Below this, in Hz, lie 85 % of the power.
    pub rolloff_hz: f64,
    /// Geometric over arithmetic mean of the power: 0 of a tone, 1 of white noise.
    pub flatness: f64,
    /// Means of the mel-frequency cepstral coefficients, the first of which is loudness.
    pub mfcc_means: [f64; MFCCS],
    /// Their standard deviations.
    pub mfcc_deviations: [f64; MFCCS],
}

/// Measures [`Timbre`] of short spectra.
pub(crate) struct TimbreMeter {
    cosines: Vec<[f32; BANDS]>,
    centroid: RunningMoments,
    rolloff: RunningMoments,
    flatness: RunningMoments,
    mfccs: [RunningMoments; MFCCS],
}

impl TimbreMeter {
    pub(crate) fn new() -> Self {
        // An orthonormal cosine transform of the second kind.
        let cosine = |k: usize, band: usize| {
            let norm = if k == 0 { 1.0 } else { 2.0_f64 };
            let angle = PI * k as f64 * (band as f64 + 0.5) / BANDS as f64;
            ((norm / BANDS as f64).sqrt() * angle.cos()) as f32
        };
        Self {
            cosines: (0..MFCCS).map(|k| std::array::from_fn(|band| cosine(k, band))).collect(),
            centroid: RunningMoments::default(),
            rolloff: RunningMoments::default(),
            flatness: RunningMoments::default(),
            mfccs: [RunningMoments::default(); MFCCS],
        }
    }

    /// Takes a frame: its power by frequency, and by mel band.
    pub(crate) fn push(&mut self, power: &[f32], bands: &[f32; BANDS]) {
        let total: f32 = power.iter().sum();
        if total < SILENT_POWER {
            return;
        }
        let hertz = f64::from(RATE_HZ) / SHORT as f64;
        self.centroid.push(hertz * centroid(power));
        self.rolloff.push(hertz * rolloff(power, total) as f64);
        self.flatness.push(flatness(bands));
        let decibels: [f32; BANDS] = std::array::from_fn(|i| 10.0 * bands[i].max(1e-10).log10());
        for (cosines, mfcc) in self.cosines.iter().zip(&mut self.mfccs) {
            let sum: f32 = decibels.iter().zip(cosines).map(|(x, cosine)| x * cosine).sum();
            mfcc.push(f64::from(sum));
        }
    }

    /// `None` of silence.
    pub(crate) fn finish(self) -> Option<Timbre> {
        (self.centroid.count() > 0).then(|| Timbre {
            centroid_hz: self.centroid.mean(),
            centroid_deviation_hz: self.centroid.deviation(),
            rolloff_hz: self.rolloff.mean(),
            flatness: self.flatness.mean(),
            mfcc_means: self.mfccs.map(|mfcc| mfcc.mean()),
            mfcc_deviations: self.mfccs.map(|mfcc| mfcc.deviation()),
        })
    }
}

/// In steps of the transform.
fn centroid(power: &[f32]) -> f64 {
    let (mut sum, mut weighted) = (0.0_f32, 0.0_f32);
    for (bin, power) in power.iter().enumerate() {
        let magnitude = power.sqrt();
        sum += magnitude;
        weighted += magnitude * bin as f32;
    }
    f64::from(weighted / sum.max(f32::MIN_POSITIVE))
}

fn rolloff(power: &[f32], total: f32) -> usize {
    let mut left = ROLLOFF * total;
    let crossing = power.iter().position(|power| {
        left -= power;
        left <= 0.0
    });
    crossing.unwrap_or(power.len() - 1)
}

/// Of mel bands: of single frequencies a codec that leaves out the highest would decide it.
fn flatness(bands: &[f32; BANDS]) -> f64 {
    let logarithms: f32 = bands.iter().map(|power| power.max(1e-10).ln()).sum();
    let mean: f32 = bands.iter().sum::<f32>() / BANDS as f32;
    f64::from((logarithms / BANDS as f32).exp() / mean.max(1e-10))
}
