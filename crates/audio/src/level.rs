//! How loud a track is: EBU R 128, and how long it is silent at its ends.
//!
//! Loudness follows ITU-R BS.1770-4 and EBU Tech 3341, its range EBU Tech 3342, as the crate
//! `ebur128` computes them, with histograms of tenths of a loudness unit, so that memory does not
//! grow with length. The true peak is of a signal at four times the rate. That oversampling is
//! most of the cost, and most of a track is nowhere near its peak: `peak` looks only where a
//! peak can be.

mod peak;

use ebur128::{EbuR128, Mode};
use serde::{Deserialize, Serialize};

use crate::AudioError;
use crate::decode::SampleBlock;
use peak::TruePeak;

/// Below this, sound is taken for silence: -60 dB of full scale.
pub const SILENCE: f32 = 0.001;

/// How loud a track is, by the definitions of EBU R 128. Differences between tracks are what a
/// player evens out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// Integrated loudness in LUFS; `None` where nothing is loud enough for the gate (-70 LUFS).
    pub integrated_lufs: Option<f64>,
    /// Loudness range in LU: between the soft and the loud parts. It means little below a minute.
    pub range_lu: f64,
    /// The highest level that a player's filters meet, in dB of full scale; `None` of silence.
    pub true_peak_dbtp: Option<f64>,
}

/// Measures the [`Level`] of a stream block by block, in memory that does not grow with its length.
pub struct LevelMeter {
    loudness: EbuR128,
    peak: TruePeak,
}

impl std::fmt::Debug for LevelMeter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LevelMeter").finish_non_exhaustive()
    }
}

impl LevelMeter {
    /// For a stream of that many channels at that rate.
    ///
    /// # Errors
    /// If the measurement is not defined for them.
    pub fn new(channels: usize, rate_hz: u32) -> Result<Self, AudioError> {
        let mode = Mode::I | Mode::LRA | Mode::HISTOGRAM;
        let loudness = EbuR128::new(channels as u32, rate_hz, mode).map_err(|_| {
            let limits = "rates and channels that EBU R 128 is defined for are";
            AudioError::OutOfRange { rate_hz, channels, limits }
        })?;
        Ok(Self { loudness, peak: TruePeak::new(channels) })
    }

    /// Takes the next samples of all channels.
    pub fn push(&mut self, block: SampleBlock<'_>) {
        // It refuses only what does not divide by the channels, which blocks always do.
        let _ = self.loudness.add_frames_f32(block.samples);
        self.peak.push(block.samples);
    }

    /// What was measured.
    pub fn finish(mut self) -> Level {
        let peak = self.peak.finish();
        let finite = |value: f64| value.is_finite().then_some(value);
        Level {
            integrated_lufs: self.loudness.loudness_global().ok().and_then(finite),
            range_lu: self.loudness.loudness_range().ok().and_then(finite).unwrap_or(0.0),
            true_peak_dbtp: (peak > 0.0).then(|| 20.0 * f64::from(peak).log10()),
        }
    }
}

/// How long a track is silent before its first and behind its last sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndSilence {
    /// Milliseconds before the first sample above [`SILENCE`]; all of a silent track.
    pub leading_ms: u64,
    /// Milliseconds behind the last one.
    pub trailing_ms: u64,
}

/// Measures the [`EndSilence`] of a stream block by block: what players skip between two tracks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SilenceMeter {
    frames: u64,
    first_sound: Option<u64>,
    behind_last_sound: u64,
}

impl SilenceMeter {
    /// Takes the next samples of all channels.
    pub fn push(&mut self, block: SampleBlock<'_>) {
        let is_sound = |sample: &f32| sample.abs() > SILENCE;
        if let Some(last) = block.samples.iter().rposition(is_sound) {
            self.behind_last_sound = self.frames + (last / block.channels) as u64 + 1;
            if self.first_sound.is_none() {
                let first = block.samples.iter().position(is_sound).unwrap_or(last);
                self.first_sound = Some(self.frames + (first / block.channels) as u64);
            }
        }
        self.frames += (block.samples.len() / block.channels) as u64;
    }

    /// What was measured, of a stream of that rate.
    pub fn finish(self, rate_hz: u32) -> EndSilence {
        let ms = |frames: u64| frames.saturating_mul(1_000) / u64::from(rate_hz.max(1));
        let Some(first) = self.first_sound else {
            return EndSilence { leading_ms: ms(self.frames), trailing_ms: 0 };
        };
        EndSilence { leading_ms: ms(first), trailing_ms: ms(self.frames - self.behind_last_sound) }
    }
}
