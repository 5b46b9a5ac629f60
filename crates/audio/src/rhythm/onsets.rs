//! How much begins at each moment, and which of it is an onset.
//!
//! The rise of each mel band against two frames before, logarithms compared, where vibrato is
//! forgiven by taking the greatest of neighbouring bands (SuperFlux: Böck and Widmer, *Maximum
//! filter vibrato suppression for onset detection*, DAFx 2013). Onsets are picked as there: the
//! greatest of its surroundings, and clearly above their mean.

use std::collections::VecDeque;

use super::FRAMES_PER_S;
use crate::descriptors::BANDS;

/// How far back a band is compared, in frames: 23 ms.
const LAG: usize = 2;
/// How loud something has to be for its logarithm to count.
const COMPRESSION: f32 = 10.0;

/// An onset is the greatest of so many frames before and behind it: 35 ms.
const GREATEST_WITHIN: usize = 3;
/// It is above the mean of so many frames before (100 ms), and as many behind as above.
const MEAN_OF: usize = 9;
/// By so much, in nepers averaged over the bands.
const CLEARLY: f32 = 0.05;
/// Two onsets are so many frames apart: 58 ms.
const APART: u64 = 5;

const HELD: usize = MEAN_OF + 1 + GREATEST_WITHIN;

/// Mel bands in, strength of onset out; onsets are counted on the way.
#[derive(Default)]
pub(super) struct OnsetCurve {
    /// The last logarithms, oldest first.
    before: VecDeque<[f32; BANDS]>,
    /// The last strengths, oldest first.
    held: VecDeque<f32>,
    frames: u64,
    onsets: u64,
    last_onset: Option<u64>,
}

impl OnsetCurve {
    /// How much begins in this frame.
    pub(super) fn push(&mut self, bands: &[f32; BANDS]) -> f32 {
        let logarithms = bands.map(|power| (COMPRESSION * power.sqrt()).ln_1p());
        let strength = match self.before.front() {
            Some(before) if self.before.len() == LAG => rise(before, &logarithms),
            _ => 0.0,
        };
        self.before.push_back(logarithms);
        if self.before.len() > LAG {
            self.before.pop_front();
        }
        self.frames += 1;
        self.pick(strength);
        strength
    }

    fn pick(&mut self, strength: f32) {
        self.held.push_back(strength);
        if self.held.len() < HELD {
            return;
        }
        let middle = self.held[MEAN_OF];
        let mean = self.held.iter().sum::<f32>() / HELD as f32;
        let mut near = self.held.iter().skip(MEAN_OF - GREATEST_WITHIN);
        let is_far = self.last_onset.is_none_or(|last| self.frames - last >= APART);
        if is_far && middle > mean + CLEARLY && near.all(|strength| *strength <= middle) {
            self.onsets += 1;
            self.last_onset = Some(self.frames);
        }
        self.held.pop_front();
    }

    /// `None` before the first frame.
    pub(super) fn onsets_per_s(&self) -> Option<f64> {
        (self.frames > 0).then(|| self.onsets as f64 * FRAMES_PER_S / self.frames as f64)
    }
}

/// The mean rise over the bands, each against the greatest of its neighbours before.
fn rise(before: &[f32; BANDS], now: &[f32; BANDS]) -> f32 {
    let against = |band: usize| {
        let near = &before[band.saturating_sub(1)..(band + 2).min(BANDS)];
        near.iter().fold(0.0_f32, |most, x| most.max(*x))
    };
    let rises = now.iter().enumerate().map(|(band, x)| (x - against(band)).max(0.0));
    rises.sum::<f32>() / BANDS as f32
}
