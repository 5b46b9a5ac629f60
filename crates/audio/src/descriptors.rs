//! Everything that is measured on spectra of 22,050 Hz mono: rhythm, tonality, timbre.
//!
//! Two transforms serve all of it: short frames (46 ms) for what changes fast, long ones (372 ms)
//! for pitch.

use crate::rhythm::{RhythmMeter, Rhythmic};
use crate::spectra::{MelBank, Spectra};
use crate::timbre::{Timbre, TimbreMeter};
use crate::tonality::{Tonal, TonalityMeter};

/// The sample rate of what is measured, in Hz.
pub const RATE_HZ: u32 = 22_050;
/// Samples of a short frame.
pub(crate) const SHORT: usize = 1_024;
/// Samples between two short frames: 86.1 frames a second.
pub(crate) const SHORT_HOP: usize = 256;
/// Mel bands of a short frame.
pub(crate) const BANDS: usize = 40;
/// Samples of a long frame.
pub(crate) const LONG: usize = 8_192;
const LONG_HOP: usize = 4_096;

/// What is measured on spectra; `None` where there is nothing to measure it on.
#[derive(Clone, Debug, PartialEq)]
pub struct SpectralDescriptors {
    /// Onsets, tempo and pulse.
    pub rhythm: Option<Rhythmic>,
    /// Tuning and key.
    pub tonality: Option<Tonal>,
    /// The colour of the sound.
    pub timbre: Option<Timbre>,
}

/// Measures [`SpectralDescriptors`] of a stream of [`RATE_HZ`] mono.
pub struct SpectralMeter {
    short: Spectra,
    long: Spectra,
    bank: MelBank,
    short_meters: ShortMeters,
    tonality: TonalityMeter,
}

struct ShortMeters {
    rhythm: RhythmMeter,
    timbre: TimbreMeter,
}

impl std::fmt::Debug for SpectralMeter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SpectralMeter").finish_non_exhaustive()
    }
}

impl Default for SpectralMeter {
    fn default() -> Self {
        Self::new()
    }
}

impl SpectralMeter {
    /// Waits for the first sample.
    pub fn new() -> Self {
        Self {
            short: Spectra::new(SHORT, SHORT_HOP),
            long: Spectra::new(LONG, LONG_HOP),
            bank: MelBank::new(BANDS, RATE_HZ, SHORT),
            short_meters: ShortMeters { rhythm: RhythmMeter::new(), timbre: TimbreMeter::new() },
            tonality: TonalityMeter::new(),
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        let Self { short, long, bank, short_meters, tonality } = self;
        short.push(samples, |power| short_meters.push(bank, power));
        long.push(samples, |power| tonality.push(power));
    }

    /// What was measured.
    pub fn finish(mut self) -> SpectralDescriptors {
        let Self { short, long, bank, short_meters, tonality } = &mut self;
        short.finish(|power| short_meters.push(bank, power));
        long.finish(|power| tonality.push(power));
        SpectralDescriptors {
            rhythm: self.short_meters.rhythm.finish(),
            tonality: self.tonality.finish(),
            timbre: self.short_meters.timbre.finish(),
        }
    }
}

impl ShortMeters {
    fn push(&mut self, bank: &MelBank, power: &[f32]) {
        let mut bands = [0.0; BANDS];
        for (band, sum) in bands.iter_mut().zip(bank.sums(power)) {
            *band = sum;
        }
        self.rhythm.push(&bands);
        self.timbre.push(power, &bands);
    }
}
