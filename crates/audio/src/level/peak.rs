//! The true peak, sought only where it can be.
//!
//! ITU-R BS.1770-4, annex 2: the signal at four times the rate, by a filter of 48 taps, and the
//! greatest of it. A filter gives at most the greatest of what it covers times the sum of its
//! weights' magnitudes; where that is below the peak so far, there is nothing to find. Of music,
//! some hundredth is left.

use std::f64::consts::PI;

/// How many samples of the signal a sample between them is made of.
const TAPS: usize = 12;
/// Into how many parts the time between two samples is cut.
const PARTS: usize = 4;
/// How many moments are looked at together.
const STRETCH: usize = 32;

/// The greatest magnitude of a signal at four times its rate.
pub(super) struct TruePeak {
    channels: usize,
    /// One filter a part of the time between two samples, but the first, which changes nothing.
    filters: [[f32; TAPS]; PARTS - 1],
    /// How much louder a filter can make what it covers.
    most: f32,
    /// The last moments of the stream, which the next block goes on from.
    waiting: Vec<f32>,
    peak: f32,
}

impl TruePeak {
    pub(super) fn new(channels: usize) -> Self {
        let filters = std::array::from_fn(|part| filter((part + 1) as f64 / PARTS as f64));
        let gain = |taps: &[f32; TAPS]| taps.iter().map(|tap| tap.abs()).sum();
        Self {
            channels,
            most: filters.iter().map(gain).fold(1.0, f32::max),
            filters,
            waiting: vec![0.0; TAPS * channels],
            peak: 0.0,
        }
    }

    pub(super) fn push(&mut self, samples: &[f32]) {
        self.waiting.extend_from_slice(samples);
        let step = STRETCH * self.channels;
        let needed = (STRETCH + TAPS) * self.channels;
        let mut from = 0;
        while from + needed <= self.waiting.len() {
            self.look(from, STRETCH);
            from += step;
        }
        self.waiting.drain(..from);
    }

    pub(super) fn finish(&mut self) -> f32 {
        self.push(&vec![0.0; (STRETCH + TAPS) * self.channels]);
        self.peak
    }

    /// Looks between that many moments from `from` on, where a new peak can be.
    fn look(&mut self, from: usize, moments: usize) {
        let covered = &self.waiting[from..from + (moments + TAPS) * self.channels];
        let loudest = covered.iter().fold(0.0_f32, |loud, sample| loud.max(sample.abs()));
        self.peak = self.peak.max(loudest);
        if loudest * self.most <= self.peak {
            return;
        }
        for moment in 0..moments {
            for channel in 0..self.channels {
                let at = moment * self.channels + channel;
                for taps in &self.filters {
                    let samples = covered[at..].iter().step_by(self.channels);
                    let found: f32 = samples.zip(taps).map(|(x, tap)| x * tap).sum();
                    self.peak = self.peak.max(found.abs());
                }
            }
        }
    }
}

/// A sinc under a Hann window, shifted by a part of the time between two samples.
fn filter(shift: f64) -> [f32; TAPS] {
    let tap = |i: usize| {
        let x = i as f64 + 1.0 - TAPS as f64 / 2.0 - shift;
        let sinc = if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
        sinc * 0.5 * (1.0 + (PI * x / (TAPS as f64 / 2.0)).cos())
    };
    std::array::from_fn(|i| tap(i) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All of the signal at four times the rate, as `ebur128` looks at it.
    fn reference(samples: &[f32], channels: u32) -> f64 {
        let mut whole = ebur128::EbuR128::new(channels, 48_000, ebur128::Mode::TRUE_PEAK).unwrap();
        whole.add_frames_f32(samples).unwrap();
        (0..channels).map(|channel| whole.true_peak(channel).unwrap()).fold(0.0, f64::max)
    }

    fn found(samples: &[f32], channels: usize, block: usize) -> f64 {
        let mut peak = TruePeak::new(channels);
        for block in samples.chunks(block * channels) {
            peak.push(block);
        }
        f64::from(peak.finish())
    }

    #[test]
    fn the_peak_is_that_of_the_whole_signal_at_four_times_the_rate() {
        let noise = |i: usize| ((i * 7_919 + i * i * 31) % 1_000) as f32 / 1_000.0 - 0.5;
        let swell = |i: usize| (i as f32 * 0.002).sin() * (i as f32 * 1.9).sin() * noise(i);
        let samples: Vec<f32> = (0..20_000).map(swell).collect();
        for channels in [1, 2, 5] {
            let wanted = reference(&samples, channels as u32);
            for block in [1, 100, 20_000] {
                let decibels = 20.0 * (found(&samples, channels, block) / wanted).log10();
                assert!(decibels.abs() < 0.1, "{channels} channels: {decibels} dB");
            }
        }
    }

    #[test]
    fn a_peak_between_samples_is_found() {
        // A quarter of the rate, half way between: every sample is 3 dB below the peak.
        let samples: Vec<f32> =
            (0..1_000).map(|i| ((i as f32 + 0.5) * std::f32::consts::FRAC_PI_2).sin()).collect();
        let decibels = 20.0 * found(&samples, 1, 64).log10();
        assert!((-0.4..0.2).contains(&decibels), "{decibels} dB");
    }
}
