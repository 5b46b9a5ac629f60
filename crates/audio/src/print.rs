//! An acoustic fingerprint: the same recording under other names and encodings.
//!
//! Chromaprint (Lalinsky; after Ke, Hoiem and Sukthankar, *Computer vision for music
//! identification*, CVPR 2005): 32 bits for each eighth of a second, of how energy moves among
//! pitch classes, over the first two minutes, as AcoustID takes them.

use rusty_chromaprint::{Configuration, Fingerprinter};
use serde::{Deserialize, Serialize};

/// The sample rate of what is printed, in Hz.
pub const RATE_HZ: u32 = 11_025;
/// So much of a track is printed, in seconds.
pub const SECONDS: usize = 120;

/// How far two prints may be moved against each other, in items of an eighth of a second: five
/// seconds.
const MOST_SHIFT: usize = 40;
/// Fewer items in common (some five seconds) say nothing.
const FEWEST_ITEMS: usize = 40;
/// Of two unrelated items half of the bits agree.
const CHANCE: f64 = 0.5;

/// A print of a track, 32 bits for each eighth of a second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioPrint {
    /// The items of Chromaprint's second algorithm, raw.
    pub items: Vec<u32>,
}

impl AudioPrint {
    /// How much two prints have in common: 0 of unrelated ones, 1 of equal ones, 0 where either is
    /// too short. Beyond [`AudioPrint::SAME`] it is the same recording.
    ///
    /// The prints are moved against each other by up to five seconds, as encoders and editions add
    /// silence at the beginning.
    pub fn likeness(&self, other: &Self) -> f64 {
        let shifts = -(MOST_SHIFT as isize)..=MOST_SHIFT as isize;
        shifts.map(|shift| self.likeness_at(other, shift)).fold(0.0, f64::max)
    }

    /// From here on two prints are of the same recording. `docs/audio.md` has how far apart the
    /// two kinds lie.
    pub const SAME: f64 = 0.5;

    /// Whether two prints are of the same recording.
    pub fn is_same_recording(&self, other: &Self) -> bool {
        self.likeness(other) >= Self::SAME
    }

    fn likeness_at(&self, other: &Self, shift: isize) -> f64 {
        let ours = self.items.get(shift.max(0) as usize..).unwrap_or_default();
        let theirs = other.items.get((-shift).max(0) as usize..).unwrap_or_default();
        let common = ours.len().min(theirs.len());
        if common < FEWEST_ITEMS {
            return 0.0;
        }
        let differing: u32 = ours.iter().zip(theirs).map(|(a, b)| (a ^ b).count_ones()).sum();
        let share = f64::from(differing) / (32.0 * common as f64);
        (1.0 - share / CHANCE).max(0.0)
    }
}

/// Makes the [`AudioPrint`] of a stream of [`RATE_HZ`] mono.
pub struct PrintMeter {
    printer: Fingerprinter,
    left: usize,
    rounded: Vec<i16>,
}

impl std::fmt::Debug for PrintMeter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PrintMeter").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Default for PrintMeter {
    fn default() -> Self {
        Self::new()
    }
}

impl PrintMeter {
    /// Waits for the first sample.
    pub fn new() -> Self {
        let mut printer = Fingerprinter::new(&Configuration::preset_test2());
        let started = printer.start(RATE_HZ, 1);
        Self {
            printer,
            // It takes mono of its own rate; if it ever did not, there would be no print.
            left: if started.is_ok() { SECONDS * RATE_HZ as usize } else { 0 },
            rounded: Vec::new(),
        }
    }

    /// Whether there is enough, so that nothing more has to be resampled for it.
    pub fn is_full(&self) -> bool {
        self.left == 0
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        let taken = samples.len().min(self.left);
        self.left -= taken;
        self.rounded.clear();
        self.rounded.extend(samples[..taken].iter().map(|sample| (sample * 32_767.0) as i16));
        self.printer.consume(&self.rounded);
    }

    /// The print; empty where there was less than some three seconds.
    pub fn finish(mut self) -> AudioPrint {
        self.printer.finish();
        AudioPrint { items: self.printer.fingerprint().to_vec() }
    }
}
