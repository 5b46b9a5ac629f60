//! Short-time spectra of a stream of samples, and their sums over mel bands.
//!
//! Samples come in blocks of any size and leave as frames; no more than one frame is kept.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// The power of each frequency, frame by frame, centred: the first frame has its middle on the
/// first sample, and what lies before and behind the stream is silence.
pub(crate) struct Spectra {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    hop: usize,
    waiting: Vec<f32>,
    windowed: Vec<f32>,
    complex: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    power: Vec<f32>,
}

impl Spectra {
    /// Frames of `size` samples under a periodic Hann window, `hop` samples apart.
    pub(crate) fn new(size: usize, hop: usize) -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(size);
        let turn = std::f64::consts::TAU / size as f64;
        Self {
            window: (0..size).map(|i| (0.5 - 0.5 * (turn * i as f64).cos()) as f32).collect(),
            hop,
            waiting: vec![0.0; size / 2],
            windowed: fft.make_input_vec(),
            complex: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            power: vec![0.0; size / 2 + 1],
            fft,
        }
    }

    /// Takes samples, and gives every frame that they complete.
    pub(crate) fn push(&mut self, samples: &[f32], mut each: impl FnMut(&[f32])) {
        self.waiting.extend_from_slice(samples);
        let size = self.window.len();
        let mut from = 0;
        while let Some(frame) = self.waiting.get(from..from + size) {
            for ((to, x), w) in self.windowed.iter_mut().zip(frame).zip(&self.window) {
                *to = x * w;
            }
            self.transform();
            each(&self.power);
            from += self.hop;
        }
        self.waiting.drain(..from.min(self.waiting.len()));
    }

    /// The frames that reach beyond the last sample.
    pub(crate) fn finish(&mut self, each: impl FnMut(&[f32])) {
        self.push(&vec![0.0; self.window.len() / 2], each);
    }

    fn transform(&mut self) {
        self.fft
            .process_with_scratch(&mut self.windowed, &mut self.complex, &mut self.scratch)
            .expect("the buffers are those that the transform asked for");
        for (power, complex) in self.power.iter_mut().zip(&self.complex) {
            *power = complex.norm_sqr();
        }
    }
}

/// Triangles over frequency, as wide as pitch is heard: Slaney's mel scale, each of area 1, as
/// librosa has them by default.
pub(crate) struct MelBank {
    bands: Vec<MelBand>,
}

/// The weights of one band from its first frequency on.
struct MelBand {
    first: usize,
    weights: Vec<f32>,
}

impl MelBank {
    /// `count` bands from 0 Hz to half of `rate_hz`, for spectra of frames of `size` samples.
    pub(crate) fn new(count: usize, rate_hz: u32, size: usize) -> Self {
        let rate = f64::from(rate_hz);
        let top = mel_of(rate / 2.0);
        let edges: Vec<f64> =
            (0..count + 2).map(|i| hertz_of(top * i as f64 / (count + 1) as f64)).collect();
        let bands = edges.windows(3).map(|edges| MelBand::new(edges, rate, size)).collect();
        Self { bands }
    }

    /// The power within each band.
    pub(crate) fn sums<'a>(&'a self, power: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        self.bands.iter().map(|band| {
            let pairs = power[band.first..].iter().zip(&band.weights);
            pairs.map(|(power, weight)| power * weight).sum()
        })
    }
}

impl MelBand {
    fn new(edges: &[f64], rate: f64, size: usize) -> Self {
        let (low, middle, high) = (edges[0], edges[1], edges[2]);
        let weight = |bin: usize| {
            let hertz = rate * bin as f64 / size as f64;
            let rising = (hertz - low) / (middle - low);
            let falling = (high - hertz) / (high - middle);
            (rising.min(falling).max(0.0) * 2.0 / (high - low)) as f32
        };
        let inside = |bin: &usize| weight(*bin) > 0.0;
        let first = (0..=size / 2).find(inside).unwrap_or(0);
        Self { first, weights: (first..=size / 2).map(weight).take_while(|w| *w > 0.0).collect() }
    }
}

/// Below 1 kHz the scale is linear, above logarithmic.
const LINEAR_HZ: f64 = 200.0 / 3.0;
const BREAK_HZ: f64 = 1_000.0;

fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

fn mel_of(hertz: f64) -> f64 {
    if hertz < BREAK_HZ {
        hertz / LINEAR_HZ
    } else {
        BREAK_HZ / LINEAR_HZ + (hertz / BREAK_HZ).ln() / log_step()
    }
}

fn hertz_of(mel: f64) -> f64 {
    let at_break = BREAK_HZ / LINEAR_HZ;
    if mel < at_break { mel * LINEAR_HZ } else { BREAK_HZ * ((mel - at_break) * log_step()).exp() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(blocks: usize) -> Vec<Vec<f32>> {
        let samples: Vec<f32> = (0..1_000).map(|i| (i as f32 * 0.3).sin()).collect();
        let mut spectra = Spectra::new(64, 16);
        let mut found = Vec::new();
        for block in samples.chunks(blocks) {
            spectra.push(block, |power| found.push(power.to_vec()));
        }
        spectra.finish(|power| found.push(power.to_vec()));
        found
    }

    #[test]
    fn frames_do_not_depend_on_the_blocks_that_samples_come_in() {
        assert_eq!(frames(1), frames(1_000));
        assert_eq!(frames(33), frames(1_000));
        assert_eq!(frames(1_000).len(), 1 + 1_000 / 16);
    }

    #[test]
    fn a_tone_is_loudest_at_its_frequency() {
        let strongest = |power: &[f32]| (0..33).max_by(|a, b| power[*a].total_cmp(&power[*b]));
        let bin = (0.3 * 64.0 / std::f64::consts::TAU).round() as usize;
        assert_eq!(strongest(&frames(100)[20]), Some(bin));
    }

    #[test]
    fn mel_and_hertz_are_each_others_inverse() {
        for hertz in [0.0, 440.0, 999.0, 1_000.0, 7_999.0] {
            assert!((hertz_of(mel_of(hertz)) - hertz).abs() < 1e-9);
        }
    }
}
