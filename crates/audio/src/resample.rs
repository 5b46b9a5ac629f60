//! Blocks of any rate to one rate, mono.

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler};

use crate::AudioError;
use crate::decode::SampleBlock;

/// How many samples go through the resampler at once, before it rounds that up to what it needs.
const BLOCK: usize = 4_096;

/// The mean of all channels, for each moment of a block.
pub fn downmix(block: SampleBlock<'_>, mono: &mut Vec<f32>) {
    mono.clear();
    let share = 1.0 / block.channels as f32;
    match block.channels {
        1 => mono.extend_from_slice(block.samples),
        2 => {
            let (pairs, _) = block.samples.as_chunks::<2>();
            mono.extend(pairs.iter().map(|[left, right]| 0.5 * (left + right)));
        }
        channels => {
            let moments = block.samples.chunks_exact(channels);
            mono.extend(moments.map(|moment| share * moment.iter().sum::<f32>()));
        }
    }
}

/// Mono of one rate to mono of another, in blocks of any size, delayed by
/// less than half a sample.
///
/// As many samples leave as the duration asks for, to one sample.
pub struct MonoResampler {
    /// `None` where both rates are the same.
    fft: Option<Fft<f32>>,
    waiting: Vec<f32>,
    out: Vec<f32>,
    /// Output that is still to be dropped: the delay of the filter.
    to_skip: usize,
    taken: u64,
    given: u64,
    ratio: f64,
}

impl std::fmt::Debug for MonoResampler {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MonoResampler").field("ratio", &self.ratio).finish_non_exhaustive()
    }
}

impl MonoResampler {
    /// From one rate to another, both in Hz.
    ///
    /// # Errors
    /// If a rate is 0.
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, AudioError> {
        let fft = if from_hz == to_hz {
            None
        } else {
            let made = Fft::new(from_hz as usize, to_hz as usize, BLOCK, 1, FixedSync::Input);
            Some(made.map_err(|_| AudioError::OutOfRange {
                rate_hz: from_hz,
                channels: 1,
                limits: "a rate above 0 Hz is",
            })?)
        };
        let out = vec![0.0; fft.as_ref().map_or(0, |fft| fft.output_frames_max())];
        let to_skip = fft.as_ref().map_or(0, |fft| fft.output_delay());
        let ratio = f64::from(to_hz) / f64::from(from_hz);
        Ok(Self { fft, waiting: Vec::new(), out, to_skip, taken: 0, given: 0, ratio })
    }

    /// Takes samples, and gives those of the other rate that they complete.
    pub fn push(&mut self, samples: &[f32], mut each: impl FnMut(&[f32])) {
        self.taken += samples.len() as u64;
        if self.fft.is_none() {
            self.given += samples.len() as u64;
            return each(samples);
        }
        self.waiting.extend_from_slice(samples);
        let mut from = 0;
        while let Some(made) = self.transform(from) {
            each(&self.out[made.skipped..made.frames]);
            from += made.taken;
        }
        self.waiting.drain(..from);
    }

    /// The samples that were still on their way.
    pub fn finish(&mut self, mut each: impl FnMut(&[f32])) {
        let wanted = (self.taken as f64 * self.ratio).ceil() as u64;
        let silence = vec![0.0; self.fft.as_ref().map_or(0, |fft| fft.input_frames_next())];
        while self.given < wanted {
            self.waiting.extend_from_slice(&silence);
            let missing = wanted - self.given;
            let Some(made) = self.transform(0) else { return };
            let end = made.frames.min(made.skipped + missing as usize);
            each(&self.out[made.skipped..end]);
            self.waiting.drain(..made.taken);
        }
    }

    /// One transform of what waits from `from` on, if that is enough.
    fn transform(&mut self, from: usize) -> Option<Transformed> {
        let fft = self.fft.as_mut()?;
        let needed = fft.input_frames_next();
        let input = self.waiting.get(from..from + needed)?;
        let room = self.out.len();
        let input = SequentialSlice::new(input, 1, needed).ok()?;
        let mut output = SequentialSlice::new_mut(&mut self.out, 1, room).ok()?;
        let (taken, frames) =
            fft.process_into_buffer(&input, &mut output, None::<&Indexing>).ok()?;
        let skipped = self.to_skip.min(frames);
        self.to_skip -= skipped;
        self.given += (frames - skipped) as u64;
        Some(Transformed { taken, frames, skipped })
    }
}

/// What one transform did.
struct Transformed {
    taken: usize,
    frames: usize,
    skipped: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resampled(from_hz: u32, to_hz: u32, samples: &[f32], block: usize) -> Vec<f32> {
        let mut resampler = MonoResampler::new(from_hz, to_hz).unwrap();
        let mut out = Vec::new();
        for block in samples.chunks(block) {
            resampler.push(block, |made| out.extend_from_slice(made));
        }
        resampler.finish(|made| out.extend_from_slice(made));
        out
    }

    fn tone(rate_hz: u32, hertz: f32, count: usize) -> Vec<f32> {
        let turn = std::f32::consts::TAU * hertz / rate_hz as f32;
        (0..count).map(|i| (turn * i as f32).sin()).collect()
    }

    #[test]
    fn a_tone_stays_the_tone_without_delay() {
        for (from, to) in [(44_100, 16_000), (48_000, 22_050), (8_000, 16_000), (16_000, 16_000)] {
            let made = resampled(from, to, &tone(from, 440.0, from as usize), 1_000);
            assert_eq!(made.len(), to as usize);
            let wanted = tone(to, 440.0, to as usize);
            let middle = 2_000..to as usize - 2_000;
            let worst = middle.map(|i| (made[i] - wanted[i]).abs()).fold(0.0, f32::max);
            // Half a sample of the other rate.
            assert!(worst < 0.6 * std::f32::consts::TAU * 440.0 / to as f32, "{from}: {worst}");
        }
    }

    #[test]
    fn blocks_of_any_size_give_the_same() {
        let samples = tone(44_100, 1_000.0, 10_000);
        let whole = resampled(44_100, 16_000, &samples, 10_000);
        assert_eq!(resampled(44_100, 16_000, &samples, 7), whole);
        assert!(resampled(44_100, 16_000, &[], 7).is_empty());
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_gone() {
        let made = resampled(44_100, 16_000, &tone(44_100, 12_000.0, 44_100), 512);
        let loudest = made[1_000..15_000].iter().fold(0.0_f32, |loud, x| loud.max(x.abs()));
        assert!(loudest < 3e-3, "{loudest}");
    }
}
