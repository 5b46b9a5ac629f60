//! Documents of JSON, one a submission, named by their recording: `<mbid>-<number>.json`.
//!
//! High-level ones hold what models made of a recording, low-level ones what was measured.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::super::mbid::{Mbid, TEXT_LENGTH};
use super::super::report::{DumpDropReason, TableReport};
use super::super::table::damage;
use super::{FeatureRow, TakeFeatures};
use crate::Result;

/// Longest document. Low-level ones have some 90 kB.
const LONGEST_DOCUMENT: u64 = 4 << 20;

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    highlevel: BTreeMap<String, Model>,
    #[serde(default)]
    lowlevel: Loudness,
    #[serde(default)]
    rhythm: Rhythm,
    #[serde(default)]
    tonal: Tonality,
}

/// What a model says of each of its classes.
#[derive(Deserialize)]
struct Model {
    #[serde(default)]
    all: BTreeMap<String, f32>,
}

#[derive(Default, Deserialize)]
struct Loudness {
    average_loudness: Option<f32>,
    dynamic_complexity: Option<f32>,
}

#[derive(Default, Deserialize)]
struct Rhythm {
    bpm: Option<f32>,
    danceability: Option<f32>,
    onset_rate: Option<f32>,
}

#[derive(Default, Deserialize)]
struct Tonality {
    key_key: Option<String>,
    key_scale: Option<String>,
    tuning_frequency: Option<f32>,
    tuning_equal_tempered_deviation: Option<f32>,
}

/// Reads a document as a row; `false` where it is not named by a recording.
pub(super) fn read(
    path: &Path,
    input: &mut dyn Read,
    report: &mut TableReport,
    take: &mut TakeFeatures<'_>,
) -> Result<bool> {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let Some(recording) = name.get(..TEXT_LENGTH).and_then(Mbid::from_text) else {
        return Ok(false);
    };
    let mut text = Vec::new();
    input.take(LONGEST_DOCUMENT + 1).read_to_end(&mut text).map_err(damage(path))?;
    if text.len() as u64 > LONGEST_DOCUMENT {
        report.count(Err(DumpDropReason::TooLong));
        return Ok(true);
    }
    let Ok(document) = serde_json::from_slice::<Document>(&text) else {
        report.count(Err(DumpDropReason::Unreadable));
        return Ok(true);
    };
    let row = document.row();
    if row == FeatureRow::default() {
        report.count(Err(DumpDropReason::NoValue));
        return Ok(true);
    }
    report.count(Ok(()));
    take(recording, row)?;
    Ok(true)
}

impl Document {
    fn row(&self) -> FeatureRow<'_> {
        let probability = |model: &str, class: &str| {
            self.highlevel.get(model)?.all.get(class).copied().filter(|p| (0.0..=1.0).contains(p))
        };
        FeatureRow {
            average_loudness: self.lowlevel.average_loudness,
            dynamic_complexity: self.lowlevel.dynamic_complexity,
            bpm: self.rhythm.bpm,
            danceability: self.rhythm.danceability,
            onset_rate: self.rhythm.onset_rate,
            key: self.tonal.key_key.as_deref(),
            scale: self.tonal.key_scale.as_deref(),
            tuning_frequency: self.tonal.tuning_frequency,
            tuning_equal_tempered_deviation: self.tonal.tuning_equal_tempered_deviation,
            probability_danceable: probability("danceability", "danceable"),
            probability_acoustic: probability("mood_acoustic", "acoustic"),
            probability_aggressive: probability("mood_aggressive", "aggressive"),
            probability_electronic: probability("mood_electronic", "electronic"),
            probability_happy: probability("mood_happy", "happy"),
            probability_party: probability("mood_party", "party"),
            probability_relaxed: probability("mood_relaxed", "relaxed"),
            probability_sad: probability("mood_sad", "sad"),
            probability_instrumental: probability("voice_instrumental", "instrumental"),
            probability_tonal: probability("tonal_atonal", "tonal"),
            probability_bright: probability("timbre", "bright"),
            ..FeatureRow::default()
        }
    }
}
