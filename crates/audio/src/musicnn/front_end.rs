//! What the network listens to: 96 mel bands of 16 kHz mono, 62.5 times a second.
//!
//! Frames of 512 samples, 256 apart, under a Hann window; `log10(10,000 x + 1)` of the power in
//! each band, as the package `musicnn` computes it with librosa.

use crate::spectra::{MelBank, Spectra};

/// The sample rate, in Hz.
pub const RATE_HZ: u32 = 16_000;
/// How many mel bands a frame has.
pub const BANDS: usize = 96;
/// How many frames the network hears at once: 2.99 seconds.
pub const PATCH_FRAMES: usize = 187;

const SIZE: usize = 512;
const HOP: usize = 256;

/// Samples of 16 kHz mono to frames of [`BANDS`] numbers, in blocks of any size.
pub struct MelFrames {
    spectra: Spectra,
    bank: MelBank,
    frame: [f32; BANDS],
}

impl std::fmt::Debug for MelFrames {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MelFrames").finish_non_exhaustive()
    }
}

impl Default for MelFrames {
    fn default() -> Self {
        Self::new()
    }
}

impl MelFrames {
    /// Waits for the first sample.
    pub fn new() -> Self {
        Self {
            spectra: Spectra::new(SIZE, HOP),
            bank: MelBank::new(BANDS, RATE_HZ, SIZE),
            frame: [0.0; BANDS],
        }
    }

    /// Takes samples, and gives every frame that they complete.
    pub fn push(&mut self, samples: &[f32], mut each: impl FnMut(&[f32; BANDS])) {
        let Self { spectra, bank, frame } = self;
        spectra.push(samples, |power| each(logarithms(bank, power, frame)));
    }

    /// The last frames, which reach beyond the last sample.
    pub fn finish(&mut self, mut each: impl FnMut(&[f32; BANDS])) {
        let Self { spectra, bank, frame } = self;
        spectra.finish(|power| each(logarithms(bank, power, frame)));
    }
}

fn logarithms<'a>(bank: &MelBank, power: &[f32], frame: &'a mut [f32; BANDS]) -> &'a [f32; BANDS] {
    for (to, sum) in frame.iter_mut().zip(bank.sums(power)) {
        *to = (10_000.0 * sum + 1.0).log10();
    }
    frame
}
