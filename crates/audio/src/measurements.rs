//! Every descriptor by name: what it is, in which unit, whose definition, and what it came to.

use serde::Serialize;

use crate::Analysis;

/// What a descriptor is, whatever the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Descriptor {
    /// Its name, in the form in which it is stored.
    pub name: &'static str,
    /// Its unit; empty where it has none.
    pub unit: &'static str,
    /// What it says.
    pub definition: &'static str,
    /// Whose definition that is.
    pub source: &'static str,
}

/// What a descriptor came to on one track.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measurement {
    /// What was measured.
    pub descriptor: Descriptor,
    /// How much.
    pub value: f64,
    /// From 0 to 1. What follows from its definition is 1; of an estimate it is what the estimate
    /// says of itself; of a short or damaged file both are less.
    pub confidence: f64,
}

const fn descriptor(
    name: &'static str,
    unit: &'static str,
    definition: &'static str,
    source: &'static str,
) -> Descriptor {
    Descriptor { name, unit, definition, source }
}

const EBU: &str = "EBU R 128; ITU-R BS.1770-4, EBU Tech 3341";
const PEETERS: &str = "Peeters 2004, A large set of audio features";

const LOUDNESS: Descriptor = descriptor("loudness", "LUFS", "integrated loudness, gated", EBU);
const RANGE: Descriptor =
    descriptor("loudness_range", "LU", "between soft and loud parts", "EBU Tech 3342");
const PEAK: Descriptor = descriptor(
    "true_peak",
    "dBTP",
    "greatest level at four times the rate",
    "ITU-R BS.1770-4, annex 2",
);
const LEADING: Descriptor =
    descriptor("silence_before", "ms", "until the first sample above -60 dBFS", "Segue");
const TRAILING: Descriptor =
    descriptor("silence_behind", "ms", "from the last sample above -60 dBFS", "Segue");
const ONSETS: Descriptor = descriptor(
    "onset_rate",
    "1/s",
    "notes and beats that begin",
    "Böck and Widmer 2013, SuperFlux",
);
const CLARITY: Descriptor = descriptor(
    "pulse_clarity",
    "",
    "greatest autocorrelation of the onset curve, 0 to 1",
    "Lartillot and others 2008",
);
const TEMPO: Descriptor =
    descriptor("tempo", "bpm", "beats a minute", "after Percival and Tzanetakis 2014");
const OTHER_TEMPO: Descriptor = descriptor(
    "tempo_alternative",
    "bpm",
    "half or twice the tempo, whichever is likelier",
    "after Percival and Tzanetakis 2014",
);
const TUNING: Descriptor = descriptor(
    "tuning",
    "cents",
    "how far all notes are from 440 Hz for A",
    "Gómez 2006, Tonal description",
);
const KEY: Descriptor = descriptor(
    "key",
    "",
    "0 to 11: major from C on in semitones; 12 to 23: minor",
    "Krumhansl 1990; profiles of Albrecht and Shanahan 2013",
);
const CENTROID: Descriptor =
    descriptor("spectral_centroid", "Hz", "mean middle of the spectrum", PEETERS);
const CENTROID_DEVIATION: Descriptor =
    descriptor("spectral_centroid_deviation", "Hz", "how much that changes", PEETERS);
const ROLLOFF: Descriptor = descriptor(
    "spectral_rolloff",
    "Hz",
    "mean frequency below which 85 % of the power is",
    PEETERS,
);
const FLATNESS: Descriptor =
    descriptor("spectral_flatness", "", "0 of a tone to 1 of noise, over mel bands", PEETERS);

/// A full confidence needs so much sound, in milliseconds.
const ENOUGH_MS: f64 = 30_000.0;

impl Analysis {
    /// Every single number that was measured, with what it means. The print, the embedding, the
    /// cepstral coefficients and the histogram of pitch classes are fields of their own.
    pub fn measurements(&self) -> Vec<Measurement> {
        let plain = |(descriptor, value): (Descriptor, Option<f64>)| {
            let confidence = self.wholeness();
            value.map(|value| Measurement { descriptor, value, confidence })
        };
        let mut all: Vec<Measurement> =
            self.levels().into_iter().chain(self.colours()).filter_map(plain).collect();
        all.extend(self.estimates());
        all
    }

    /// How much of what a track should be was there to be measured: less than 1 of a file that is
    /// short, or of which packets were broken.
    pub fn wholeness(&self) -> f64 {
        let length = (self.decoded.duration_ms() as f64 / ENOUGH_MS).min(1.0);
        // A packet of most codecs is some 20 to 30 ms long.
        let packets = (self.decoded.duration_ms() / 25).max(1) as f64;
        let whole = packets / (packets + self.decoded.broken_packets as f64);
        length * whole * if self.decoded.is_cut_short { 0.5 } else { 1.0 }
    }

    fn levels(&self) -> Vec<(Descriptor, Option<f64>)> {
        let rhythm = self.rhythm.as_ref();
        vec![
            (LOUDNESS, self.level.integrated_lufs),
            (RANGE, self.level.integrated_lufs.map(|_| self.level.range_lu)),
            (PEAK, self.level.true_peak_dbtp),
            (LEADING, Some(self.silence.leading_ms as f64)),
            (TRAILING, Some(self.silence.trailing_ms as f64)),
            (ONSETS, rhythm.map(|rhythm| rhythm.onsets_per_s)),
            (CLARITY, rhythm.map(|rhythm| rhythm.pulse_clarity)),
        ]
    }

    fn colours(&self) -> Vec<(Descriptor, Option<f64>)> {
        let timbre = self.timbre.as_ref();
        vec![
            (CENTROID, timbre.map(|timbre| timbre.centroid_hz)),
            (CENTROID_DEVIATION, timbre.map(|timbre| timbre.centroid_deviation_hz)),
            (ROLLOFF, timbre.map(|timbre| timbre.rolloff_hz)),
            (FLATNESS, timbre.map(|timbre| timbre.flatness)),
        ]
    }

    fn estimates(&self) -> Vec<Measurement> {
        let whole = self.wholeness();
        let measured = |descriptor, value, confidence| Measurement {
            descriptor,
            value,
            confidence: confidence * whole,
        };
        let mut estimates = Vec::new();
        if let Some(tempo) = self.rhythm.as_ref().and_then(|rhythm| rhythm.tempo) {
            estimates.push(measured(TEMPO, tempo.bpm, tempo.confidence));
            estimates.push(measured(OTHER_TEMPO, tempo.alternative_bpm, 1.0 - tempo.confidence));
        }
        if let Some(tonality) = &self.tonality {
            estimates.push(measured(TUNING, tonality.tuning_cents, tonality.tuning_confidence));
            let key = tonality.key.number() as f64;
            estimates.push(measured(KEY, key, tonality.key_confidence));
        }
        estimates
    }
}
