//! What of an analysis is kept of a track: every descriptor with its confidence, the timbre, and
//! what the network heard.

use segue_core::{AudioAnalysis, Descriptor, Measurement};

use crate::Analysis;

/// A full confidence needs so much sound, in milliseconds.
const ENOUGH_MS: f64 = 30_000.0;

impl Analysis {
    /// All that is measured of a track, as a library keeps it: descriptors with their confidence,
    /// timbre, embedding and tags. The print, the tags of the file and what became of its packets
    /// are no part of it.
    pub fn summary(&self) -> AudioAnalysis {
        let mut summary = AudioAnalysis::new(self.version);
        let whole = self.wholeness();
        let measured = self.levels().into_iter().chain(self.colours());
        let plain = measured.map(|(descriptor, value)| (descriptor, value, 1.0));
        for (descriptor, value, confidence) in plain.chain(self.estimates()) {
            let confidence = (confidence * whole) as f32;
            if let Some(value) = value {
                summary.set(descriptor, Measurement { value: value as f32, confidence });
            }
        }
        if let Some(timbre) = &self.timbre {
            let numbers = timbre.mfcc_means.iter().chain(&timbre.mfcc_deviations);
            summary.set_timbre(&numbers.map(|&x| x as f32).collect::<Vec<_>>());
        }
        if let Some(heard) = &self.embedding {
            summary.set_embedding(&heard.numbers, &heard.tags);
        }
        summary
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

    fn levels(&self) -> [(Descriptor, Option<f64>); 7] {
        let rhythm = self.rhythm.as_ref();
        [
            (Descriptor::Loudness, self.level.integrated_lufs),
            (Descriptor::LoudnessRange, self.level.integrated_lufs.map(|_| self.level.range_lu)),
            (Descriptor::TruePeak, self.level.true_peak_dbtp),
            (Descriptor::SilenceBefore, Some(self.silence.leading_ms as f64)),
            (Descriptor::SilenceBehind, Some(self.silence.trailing_ms as f64)),
            (Descriptor::OnsetRate, rhythm.map(|rhythm| rhythm.onsets_per_s)),
            (Descriptor::PulseClarity, rhythm.map(|rhythm| rhythm.pulse_clarity)),
        ]
    }

    fn colours(&self) -> [(Descriptor, Option<f64>); 4] {
        let timbre = self.timbre.as_ref();
        [
            (Descriptor::SpectralCentroid, timbre.map(|timbre| timbre.centroid_hz)),
            (
                Descriptor::SpectralCentroidDeviation,
                timbre.map(|timbre| timbre.centroid_deviation_hz),
            ),
            (Descriptor::SpectralRolloff, timbre.map(|timbre| timbre.rolloff_hz)),
            (Descriptor::SpectralFlatness, timbre.map(|timbre| timbre.flatness)),
        ]
    }

    /// What says itself how sure it is.
    fn estimates(&self) -> Vec<(Descriptor, Option<f64>, f64)> {
        let mut estimates = Vec::new();
        if let Some(tempo) = self.rhythm.as_ref().and_then(|rhythm| rhythm.tempo) {
            estimates.push((Descriptor::Tempo, Some(tempo.bpm), tempo.confidence));
            let other = Some(tempo.alternative_bpm);
            estimates.push((Descriptor::TempoAlternative, other, 1.0 - tempo.confidence));
        }
        if let Some(tonality) = &self.tonality {
            let tuning = Some(tonality.tuning_cents);
            estimates.push((Descriptor::Tuning, tuning, tonality.tuning_confidence));
            let key = Some(tonality.key.number() as f64);
            estimates.push((Descriptor::Key, key, tonality.key_confidence));
        }
        estimates
    }
}
