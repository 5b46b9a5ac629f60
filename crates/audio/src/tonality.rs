//! Tuning and key: which pitch classes are heard, and which scale they make.
//!
//! Peaks of long spectra become a histogram of pitch classes in steps of ten cents (after Gómez,
//! *Tonal description of polyphonic audio for music content processing*, 2006); the tuning is the
//! circular mean of how far peaks are from the nearest semitone. The key is that of the 24 whose
//! profile correlates best with the histogram in semitones (Krumhansl 1990).

use std::f64::consts::TAU;

use realfft::num_complex::Complex64;
use serde::{Deserialize, Serialize};

use crate::descriptors::{LONG, RATE_HZ};

/// Steps of an octave in the fine histogram.
const STEPS: usize = 120;
const STEPS_PER_SEMITONE: usize = STEPS / 12;
/// Pitches between these are heard.
const LOWEST_HZ: f64 = 60.0;
const HIGHEST_HZ: f64 = 2_000.0;
/// Peaks so far below the strongest of their frame (in magnitude) are left out.
const FAINTEST: f32 = 0.01;
/// Frames whose strongest peak is weaker than this (-60 dB of full scale) are silence.
const SILENT: f32 = 0.001 * LONG as f32 / 4.0;
/// A pitch sounds at its multiples too: what is found at a frequency may be the second, third or
/// fourth multiple of a pitch, which gets a share.
const OVERTONES: [f64; 4] = [1.0, 0.6, 0.36, 0.216];
/// A tuning of less confidence (vibrato, drums, voices) is not believed: the key is sought at
/// 440 Hz.
const TUNED: f64 = 0.35;
/// With fewer frames (two seconds) there is no key.
const FEWEST_FRAMES: u64 = 10;

/// One of the twelve, named by sharps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum PitchClass {
    C,
    CSharp,
    D,
    DSharp,
    E,
    F,
    FSharp,
    G,
    GSharp,
    A,
    ASharp,
    B,
}

impl PitchClass {
    /// All twelve, from C on.
    pub const ALL: [Self; 12] = [
        Self::C,
        Self::CSharp,
        Self::D,
        Self::DSharp,
        Self::E,
        Self::F,
        Self::FSharp,
        Self::G,
        Self::GSharp,
        Self::A,
        Self::ASharp,
        Self::B,
    ];

    /// As musicians write it: `C`, `C#`, `D`.
    pub fn name(self) -> &'static str {
        ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"][self as usize]
    }
}

/// The mode of a key. Other modes, such as Dorian, are told as whichever of the two is nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KeyMode {
    /// With a great third.
    Major,
    /// With a small third.
    Minor,
}

/// A key, such as A minor: the pitch class that its scale begins with, and the mode of the scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MusicalKey {
    /// The first note of its scale.
    pub tonic: PitchClass,
    /// Which scale that is.
    pub mode: KeyMode,
}

impl MusicalKey {
    /// 0 to 11 for major from C on in semitones, 12 to 23 for minor.
    pub fn number(self) -> usize {
        self.tonic as usize + if self.mode == KeyMode::Minor { 12 } else { 0 }
    }
}

impl std::fmt::Display for MusicalKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mode = match self.mode {
            KeyMode::Major => "major",
            KeyMode::Minor => "minor",
        };
        write!(formatter, "{} {mode}", self.tonic.name())
    }
}

/// What was measured of the tonality of a track: how it is tuned, how often each pitch class
/// sounds, and which key fits that best.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tonal {
    /// How far all notes are from 440 Hz for A, in cents: above 0 is sharp.
    pub tuning_cents: f64,
    /// From 0 to 1: how much the notes agree about that.
    pub tuning_confidence: f64,
    /// The key of the whole track; changes of key are not followed.
    pub key: MusicalKey,
    /// From 0 to 1: by how much it is ahead of the second best.
    pub key_confidence: f64,
    /// The second best.
    pub alternative_key: MusicalKey,
    /// How much of each pitch class is heard, from C on; they sum to 1.
    pub pitch_classes: [f64; 12],
}

/// Measures [`Tonal`] of long spectra.
pub(crate) struct TonalityMeter {
    fine: [f64; STEPS],
    /// Of how far peaks are from a semitone, as directions on a circle.
    deviations: Complex64,
    weights: f64,
    frames: u64,
}

/// A peak of a spectrum.
struct Peak {
    /// In semitones above 440 Hz.
    pitch: f64,
    weight: f64,
}

impl TonalityMeter {
    pub(crate) fn new() -> Self {
        Self { fine: [0.0; STEPS], deviations: Complex64::default(), weights: 0.0, frames: 0 }
    }

    /// Takes a frame: its power by frequency.
    pub(crate) fn push(&mut self, power: &[f32]) {
        let peaks = peaks(power);
        let total: f64 = peaks.iter().map(|peak| peak.weight).sum();
        if total <= 0.0 {
            return;
        }
        self.frames += 1;
        for peak in peaks {
            let weight = peak.weight / total;
            self.weights += weight;
            self.deviations += Complex64::from_polar(weight, TAU * peak.pitch.fract());
            for (i, share) in OVERTONES.iter().enumerate() {
                let pitch = peak.pitch - 12.0 * ((i + 1) as f64).log2();
                // From A to C are nine semitones.
                let step = ((pitch + 9.0) * STEPS_PER_SEMITONE as f64).round() as i64;
                self.fine[step.rem_euclid(STEPS as i64) as usize] += weight * share;
            }
        }
    }

    /// `None` of silence and of a blink of sound.
    pub(crate) fn finish(self) -> Option<Tonal> {
        if self.frames < FEWEST_FRAMES {
            return None;
        }
        let tuning_cents = 100.0 * self.deviations.arg() / TAU;
        let tuning_confidence = (self.deviations.norm() / self.weights).clamp(0.0, 1.0);
        let is_tuned = tuning_confidence >= TUNED;
        let pitch_classes = self.semitones(if is_tuned { tuning_cents } else { 0.0 });
        let [best, second] = best_keys(&pitch_classes);
        Some(Tonal {
            tuning_cents,
            tuning_confidence,
            key: best.key,
            key_confidence: ((best.fit - second.fit) / MARGIN).clamp(0.0, 1.0) * best.fit.max(0.0),
            alternative_key: second.key,
            pitch_classes,
        })
    }

    /// The fine histogram in semitones, each the steps around it once the tuning is taken away.
    fn semitones(&self, tuning_cents: f64) -> [f64; 12] {
        let shift = tuning_cents / 100.0 * STEPS_PER_SEMITONE as f64;
        let mut classes = [0.0; 12];
        for (step, weight) in self.fine.iter().enumerate() {
            let semitone = (step as f64 - shift) / STEPS_PER_SEMITONE as f64;
            let nearest = semitone.round();
            let nearness = (std::f64::consts::PI * (semitone - nearest)).cos().powi(2);
            classes[(nearest as i64).rem_euclid(12) as usize] += weight * nearness;
        }
        let total: f64 = classes.iter().sum();
        classes.map(|class| class / total.max(f64::MIN_POSITIVE))
    }
}

/// The local greatest of a frame, with the square root of their magnitude as weight.
fn peaks(power: &[f32]) -> Vec<Peak> {
    let bin = |hertz: f64| (hertz * LONG as f64 / f64::from(RATE_HZ)) as usize;
    let heard = bin(LOWEST_HZ)..=bin(HIGHEST_HZ);
    let strongest = power[heard.clone()].iter().fold(0.0_f32, |most, x| most.max(*x));
    if strongest < SILENT * SILENT {
        return Vec::new();
    }
    let faintest = strongest * FAINTEST * FAINTEST;
    let is_peak =
        |i: &usize| power[*i] > faintest && power[*i] > power[i - 1] && power[*i] >= power[i + 1];
    heard.filter(is_peak).map(|i| peak(power, i)).collect()
}

/// A parabola through the logarithms of a peak and its neighbours tells its frequency.
fn peak(power: &[f32], i: usize) -> Peak {
    let log = |i: usize| f64::from(power[i].max(f32::MIN_POSITIVE)).ln();
    let (left, middle, right) = (log(i - 1), log(i), log(i + 1));
    let bend = left - 2.0 * middle + right;
    let moved = if bend < 0.0 { (0.5 * (left - right) / bend).clamp(-0.5, 0.5) } else { 0.0 };
    let hertz = (i as f64 + moved) * f64::from(RATE_HZ) / LONG as f64;
    Peak { pitch: 12.0 * (hertz / 440.0).log2(), weight: f64::from(power[i]).powf(0.25) }
}

/// By how much the best key is ahead where there is no doubt.
const MARGIN: f64 = 0.15;

/// How much of each degree is heard in major and in minor: Albrecht and Shanahan, *The use of large
/// corpora to test a new type of key-finding algorithm*, Music Perception 2013.
const MAJOR: [f64; 12] =
    [0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081];
const MINOR: [f64; 12] =
    [0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052];

struct Fit {
    key: MusicalKey,
    fit: f64,
}

fn best_keys(classes: &[f64; 12]) -> [Fit; 2] {
    let fit = |(mode, profile): (KeyMode, &[f64; 12]), tonic: PitchClass| {
        let turned = std::array::from_fn(|degree| classes[(tonic as usize + degree) % 12]);
        Fit { key: MusicalKey { tonic, mode }, fit: correlation(&turned, profile) }
    };
    let of_mode = |mode| PitchClass::ALL.map(|tonic| fit(mode, tonic));
    let mut fits: Vec<Fit> = Vec::with_capacity(24);
    fits.extend(of_mode((KeyMode::Major, &MAJOR)));
    fits.extend(of_mode((KeyMode::Minor, &MINOR)));
    fits.sort_by(|a, b| b.fit.total_cmp(&a.fit));
    let mut best = fits.into_iter();
    std::array::from_fn(|_| best.next().expect("there are 24 keys"))
}

fn correlation(a: &[f64; 12], b: &[f64; 12]) -> f64 {
    let mean = |x: &[f64; 12]| x.iter().sum::<f64>() / 12.0;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        both += (a - mean_a) * (b - mean_b);
        of_a += (a - mean_a).powi(2);
        of_b += (b - mean_b).powi(2);
    }
    both / (of_a * of_b).sqrt().max(f64::MIN_POSITIVE)
}
