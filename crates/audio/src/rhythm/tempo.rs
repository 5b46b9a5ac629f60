//! Beats a minute, with what else they might be.
//!
//! After Percival and Tzanetakis, *Streamlined tempo estimation based on autocorrelation and
//! cross-correlation with pulses*, IEEE/ACM TASLP 2014: windows of twelve seconds of the onset
//! curve, their compressed autocorrelation, of whose peaks each is tried as a train of pulses, and
//! a histogram over all windows. New here is what decides among octaves: a train of pulses loses
//! what lies half way between its pulses, and a wide preference for what people tap to
//! (Parncutt 1994). Windows are folded into sums as they pass, so that memory does not grow.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use serde::{Deserialize, Serialize};

use super::FRAMES_PER_S;

/// Frames of a window: 11.9 seconds, and of the step to the next one.
const WINDOW: usize = 1_024;
const STEP: usize = 256;
const FFT: usize = 2 * WINDOW;
/// With fewer frames (three seconds) there is no tempo.
const FEWEST: usize = 258;

/// The tempi that are looked for.
const SLOWEST_BPM: f64 = 35.0;
const FASTEST_BPM: f64 = 240.0;
/// How fine the histogram is.
const BINS_PER_OCTAVE: f64 = 120.0;
const BINS: usize = 360;
/// How many peaks of the autocorrelation are tried.
const CANDIDATES: usize = 10;
/// The power to which the spectrum is raised: 2 would be the plain autocorrelation, less takes
/// strong onsets less seriously.
const COMPRESSION: f32 = 1.0;
/// How much of what lies between the pulses counts against them.
const BETWEEN: f32 = 0.4;
/// What is further from a pulse than this share of the time between two lies between.
const ELSEWHERE: f64 = 0.2;
/// The middle and the width, in octaves, of the preference for a tempo.
const PREFERRED_BPM: f64 = 120.0;
const PREFERENCE_OCTAVES: f64 = 0.9;
/// Two tempi closer than this are the same.
const SAME: f64 = 0.04;
/// Pulse clarity is sought between these.
const CLARITY_BPM: (f64, f64) = (40.0, 200.0);

/// The tempo of a track in beats a minute, with the half or the double that a person might tap
/// instead, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tempo {
    /// Beats a minute.
    pub bpm: f64,
    /// From 0 to 1: in how many windows of twelve seconds this tempo is the best one.
    pub confidence: f64,
    /// Half or twice of it, whichever is likelier: what somebody else may tap.
    pub alternative_bpm: f64,
}

/// Strengths of onsets in, [`Tempo`] and pulse clarity out.
pub(super) struct TempoMeter {
    transforms: Transforms,
    waiting: Vec<f32>,
    seen: usize,
    sums: Sums,
}

/// What is kept of all windows.
struct Sums {
    /// How well each tempo did.
    histogram: Vec<f64>,
    /// The plain autocorrelation, each window's divided by its power.
    autocorrelation: Vec<f64>,
    /// How many windows each tempo won.
    wins: Vec<u32>,
    windows: u32,
}

impl TempoMeter {
    pub(super) fn new() -> Self {
        Self {
            transforms: Transforms::new(),
            waiting: Vec::new(),
            seen: 0,
            sums: Sums {
                histogram: vec![0.0; BINS],
                autocorrelation: vec![0.0; WINDOW],
                wins: vec![0; BINS],
                windows: 0,
            },
        }
    }

    pub(super) fn push(&mut self, strength: f32) {
        self.waiting.push(strength);
        self.seen += 1;
        if self.waiting.len() == WINDOW {
            self.sums.add(&mut self.transforms, &self.waiting);
            self.waiting.drain(..STEP);
        }
    }

    /// The tempo, and how clear the pulse is.
    pub(super) fn finish(mut self) -> (Option<Tempo>, f64) {
        // The rest of a track is heard with what was before it; a short one is a window.
        let is_new = self.seen < WINDOW || self.waiting.len() > WINDOW - STEP / 2;
        if is_new && self.waiting.len() >= FEWEST {
            self.sums.add(&mut self.transforms, &self.waiting);
        }
        (self.sums.tempo(), self.sums.clarity())
    }
}

impl Sums {
    fn add(&mut self, transforms: &mut Transforms, strengths: &[f32]) {
        let pulses = above_surroundings(strengths);
        let Some((plain, compressed)) = transforms.autocorrelations(&pulses) else { return };
        self.windows += 1;
        for (sum, value) in self.autocorrelation.iter_mut().zip(&plain) {
            *sum += f64::from(value / plain[0]);
        }
        let spread = spread(&pulses);
        let mut scored: Vec<(f64, f64)> = peaks(&compressed)
            .into_iter()
            .map(|lag| best_near(&spread, lag))
            .map(|Scored { lag, score }| (60.0 * FRAMES_PER_S / lag, f64::from(score)))
            .map(|(bpm, score)| (bpm, score * preference(bpm)))
            .collect();
        scored.sort_by(|a, b| b.1.total_cmp(&a.1));
        let Some(&(winner, best)) = scored.first().filter(|(_, best)| *best > 0.0) else { return };
        self.wins[bin_of(winner)] += 1;
        for (bpm, score) in scored {
            self.spread_over_histogram(bpm, (score / best).max(0.0).powi(2));
        }
    }

    fn spread_over_histogram(&mut self, bpm: f64, weight: f64) {
        let middle = bin_of(bpm);
        for bin in middle.saturating_sub(8)..(middle + 9).min(BINS) {
            let away = (bin as f64 - middle as f64) / 3.0;
            self.histogram[bin] += weight * (-0.5 * away * away).exp();
        }
    }

    fn tempo(&self) -> Option<Tempo> {
        let best = (0..BINS).max_by(|a, b| self.histogram[*a].total_cmp(&self.histogram[*b]))?;
        if self.histogram[best] <= 0.0 {
            return None;
        }
        let bpm = self.refined(bpm_of(best));
        let near = |bin: usize| (bpm_of(bin) / bpm - 1.0).abs() < SAME;
        let agreeing: u32 = (0..BINS).filter(|bin| near(*bin)).map(|bin| self.wins[bin]).sum();
        let weight = |bpm: f64| self.weight(bpm) + 1e-3 * preference(bpm);
        let (half, twice) = (bpm / 2.0, bpm * 2.0);
        Some(Tempo {
            bpm,
            confidence: f64::from(agreeing) / f64::from(self.windows.max(1)),
            alternative_bpm: if weight(half) > weight(twice) { half } else { twice },
        })
    }

    fn weight(&self, bpm: f64) -> f64 {
        if !(SLOWEST_BPM..FASTEST_BPM).contains(&bpm) {
            return 0.0;
        }
        let middle = bin_of(bpm);
        let near = middle.saturating_sub(3)..(middle + 4).min(BINS);
        near.map(|bin| self.histogram[bin]).fold(0.0, f64::max)
    }

    /// The tempo near this one whose multiples meet the autocorrelation best: eight beats tell a
    /// period eight times as finely as one.
    fn refined(&self, bpm: f64) -> f64 {
        let middle = 60.0 * FRAMES_PER_S / bpm;
        let met = |lag: f64| -> f64 {
            let beats = (1..=8).map(|beat| lag * f64::from(beat));
            let inside: Vec<f64> = beats.filter(|at| *at < (WINDOW - 2) as f64).collect();
            inside.iter().map(|at| between(&self.autocorrelation, *at)).sum()
        };
        let steps = (-60..=60).map(|step| middle * (1.0 + f64::from(step) * 0.0005));
        let best = steps.max_by(|a, b| met(*a).total_cmp(&met(*b))).unwrap_or(middle);
        60.0 * FRAMES_PER_S / best
    }

    fn clarity(&self) -> f64 {
        let lag = |bpm: f64| (60.0 * FRAMES_PER_S / bpm).round() as usize;
        let lags = lag(CLARITY_BPM.1)..=lag(CLARITY_BPM.0);
        let greatest = lags
            .map(|lag| {
                let overlap = (WINDOW - lag) as f64 / WINDOW as f64;
                self.autocorrelation[lag] / overlap
            })
            .fold(0.0, f64::max);
        (greatest / f64::from(self.windows.max(1))).clamp(0.0, 1.0)
    }
}

fn bin_of(bpm: f64) -> usize {
    let bin = ((bpm / SLOWEST_BPM).log2() * BINS_PER_OCTAVE).round();
    (bin.max(0.0) as usize).min(BINS - 1)
}

fn bpm_of(bin: usize) -> f64 {
    SLOWEST_BPM * (bin as f64 / BINS_PER_OCTAVE).exp2()
}

fn preference(bpm: f64) -> f64 {
    let away = (bpm / PREFERRED_BPM).log2() / PREFERENCE_OCTAVES;
    (-0.5 * away * away).exp()
}

/// How far each strength is above the mean of the second around it.
fn above_surroundings(strengths: &[f32]) -> Vec<f32> {
    let reach = FRAMES_PER_S as usize / 2;
    let mut sums = vec![0.0_f64];
    for strength in strengths {
        sums.push(sums[sums.len() - 1] + f64::from(*strength));
    }
    let at = |i: usize| {
        let (from, to) = (i.saturating_sub(reach), (i + reach + 1).min(strengths.len()));
        let mean = (sums[to] - sums[from]) / (to - from) as f64;
        (strengths[i] - mean as f32).max(0.0)
    };
    (0..strengths.len()).map(at).collect()
}

/// The greatest of each frame and its neighbours: a beat may be a frame early or late.
fn spread(pulses: &[f32]) -> Vec<f32> {
    let at = |i: usize| {
        let near = &pulses[i.saturating_sub(1)..(i + 2).min(pulses.len())];
        near.iter().fold(0.0_f32, |most, pulse| most.max(*pulse))
    };
    (0..pulses.len()).map(at).collect()
}

/// The lags at which the autocorrelation, with its double and fourfold added, has its highest
/// peaks.
fn peaks(autocorrelation: &[f32]) -> Vec<f64> {
    let lag = |bpm: f64| 60.0 * FRAMES_PER_S / bpm;
    let (least, most) = (lag(FASTEST_BPM) as usize, lag(SLOWEST_BPM) as usize + 1);
    let enhanced: Vec<f32> = (0..=most + 1)
        .map(|i| [i, 2 * i, 4 * i].iter().filter_map(|at| autocorrelation.get(*at)).sum())
        .collect();
    let is_peak = |i: &usize| {
        enhanced[*i] > enhanced[i - 1] && enhanced[*i] >= enhanced[i + 1] && enhanced[*i] > 0.0
    };
    let mut found: Vec<usize> = (least.max(1)..=most).filter(is_peak).collect();
    found.sort_by(|a, b| enhanced[*b].total_cmp(&enhanced[*a]));
    found.truncate(CANDIDATES);
    found.into_iter().map(|i| vertex(&enhanced, i)).collect()
}

/// Where the parabola through a peak and its neighbours has its top.
fn vertex(values: &[f32], i: usize) -> f64 {
    let (left, middle, right) =
        (f64::from(values[i - 1]), f64::from(values[i]), f64::from(values[i + 1]));
    let bend = left - 2.0 * middle + right;
    if bend == 0.0 { i as f64 } else { i as f64 + 0.5 * (left - right) / bend }
}

fn between(values: &[f64], at: f64) -> f64 {
    let (low, share) = (at as usize, at.fract());
    values[low] * (1.0 - share) + values[low + 1] * share
}

/// A lag, and how well a train of pulses that far apart does.
#[derive(Clone, Copy)]
struct Scored {
    lag: f64,
    score: f32,
}

/// The best lag near this one: dozens of beats tell it more finely than one peak does.
fn best_near(spread: &[f32], lag: f64) -> Scored {
    let lags = (-12..=12).map(|step| lag + 0.05 * f64::from(step));
    let scored = lags.map(|lag| Scored { lag, score: score(spread, lag) });
    scored.max_by(|a, b| a.score.total_cmp(&b.score)).unwrap_or(Scored { lag, score: 0.0 })
}

/// How much a train of pulses meets, at its best phase: the mean of what it meets, less what lies
/// between, where a faster train would have its pulses.
fn score(spread: &[f32], lag: f64) -> f32 {
    let phases = (lag.ceil() as usize).min(spread.len() / 2);
    let folded = folded(spread, lag, phases);
    let best = (0..phases).max_by(|a, b| folded[*a].total_cmp(&folded[*b]));
    best.map_or(0.0, |best| {
        let reach = (lag * ELSEWHERE).max(3.0);
        let is_elsewhere = |phase: &usize| {
            let away = (*phase as f64 - best as f64).abs();
            away.min(lag - away) >= reach
        };
        let elsewhere = (0..phases).filter(is_elsewhere).map(|phase| folded[phase]);
        let between = elsewhere.fold(0.0, f32::max);
        folded[best] - BETWEEN * between
    })
}

/// The mean of each phase over all beats.
fn folded(spread: &[f32], lag: f64, phases: usize) -> Vec<f32> {
    let mut folded = vec![0.0; phases];
    let beats = ((spread.len() - phases) as f64 / lag) as usize;
    for beat in 0..=beats {
        let from = (beat as f64 * lag).round() as usize;
        for (sum, strength) in folded.iter_mut().zip(&spread[from..]) {
            *sum += strength;
        }
    }
    folded.iter().map(|sum| sum / (beats + 1) as f32).collect()
}

/// Fourier transforms of a window that is followed by as much silence.
struct Transforms {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
}

impl Transforms {
    fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        Self { forward: planner.plan_fft_forward(FFT), inverse: planner.plan_fft_inverse(FFT) }
    }

    /// The plain and the compressed autocorrelation; `None` of silence.
    fn autocorrelations(&self, pulses: &[f32]) -> Option<(Vec<f32>, Vec<f32>)> {
        let mean = pulses.iter().sum::<f32>() / pulses.len() as f32;
        let mut padded = vec![0.0; FFT];
        for (to, pulse) in padded.iter_mut().zip(pulses) {
            *to = pulse - mean;
        }
        let mut spectrum = self.forward.make_output_vec();
        self.forward.process(&mut padded, &mut spectrum).ok()?;
        let plain = self.of_powers(spectrum.iter().map(|x| x.norm_sqr()))?;
        let compressed = self.of_powers(spectrum.iter().map(|x| x.norm().powf(COMPRESSION)))?;
        (plain[0] > 0.0).then_some((plain, compressed))
    }

    fn of_powers(&self, powers: impl Iterator<Item = f32>) -> Option<Vec<f32>> {
        let mut spectrum: Vec<Complex<f32>> = powers.map(|x| Complex::new(x, 0.0)).collect();
        let mut out = vec![0.0; FFT];
        self.inverse.process(&mut spectrum, &mut out).ok()?;
        out.truncate(WINDOW);
        Some(out)
    }
}
