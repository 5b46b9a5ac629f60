//! When something begins, how often, and how regularly.

mod onsets;
mod tempo;

use serde::{Deserialize, Serialize};

pub use tempo::Tempo;

use crate::descriptors::{BANDS, RATE_HZ, SHORT_HOP};
use onsets::OnsetCurve;
use tempo::TempoMeter;

/// How many short frames there are in a second.
const FRAMES_PER_S: f64 = RATE_HZ as f64 / SHORT_HOP as f64;

/// What was measured of the rhythm of a track: how often something begins, how clear the pulse is,
/// and how fast it goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rhythmic {
    /// Notes and beats that begin, a second.
    pub onsets_per_s: f64,
    /// How plainly a pulse is heard, from 0 to 1: the greatest autocorrelation of the onset curve
    /// between 40 and 200 beats a minute (Lartillot and others, ISMIR 2008). What one can dance to
    /// has more of it.
    pub pulse_clarity: f64,
    /// Beats a minute; `None` where nothing repeats.
    pub tempo: Option<Tempo>,
}

/// Measures [`Rhythmic`] of mel bands of short frames.
pub(crate) struct RhythmMeter {
    curve: OnsetCurve,
    tempo: TempoMeter,
}

impl RhythmMeter {
    pub(crate) fn new() -> Self {
        Self { curve: OnsetCurve::default(), tempo: TempoMeter::new() }
    }

    pub(crate) fn push(&mut self, bands: &[f32; BANDS]) {
        let strength = self.curve.push(bands);
        self.tempo.push(strength);
    }

    pub(crate) fn finish(self) -> Option<Rhythmic> {
        let onsets_per_s = self.curve.onsets_per_s()?;
        let (tempo, pulse_clarity) = self.tempo.finish();
        Some(Rhythmic { onsets_per_s, pulse_clarity, tempo })
    }
}
