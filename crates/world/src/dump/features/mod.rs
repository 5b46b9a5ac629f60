//! How recordings sound, as AcousticBrainz measured it until 2022.
//!
//! Anybody could submit a recording, so most were measured several times, and each is a row. What
//! is in a row depends on the dump: three tables hold what was measured, each a part, and documents
//! what models made of it. Medians over rows are the business of who builds on them, and so is to
//! know that the models' probabilities are no measurements.

mod document;
mod tables;

use std::io::{BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::mbid::Mbid;
use super::report::TableReport;
use super::table::{damage, for_each_file};
use super::unpack::{Content, head_of};
use crate::{Result, WorldError};

/// One measurement of a recording, as far as a dump tells of it. Probabilities are from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FeatureRow<'a> {
    /// Loudness on average, from 0 to 1.
    pub average_loudness: Option<f32>,
    /// How much the loudness changes, in decibels.
    pub dynamic_complexity: Option<f32>,
    /// The mean of the zeroth cepstral coefficient: a loudness too.
    pub mfcc_zero_mean: Option<f32>,
    /// Beats a minute.
    pub bpm: Option<f32>,
    /// The tempo that most intervals between beats have, on average.
    pub bpm_histogram_first_peak_bpm_mean: Option<f32>,
    /// The same tempo, its median.
    pub bpm_histogram_first_peak_bpm_median: Option<f32>,
    /// The tempo that the second most have, on average.
    pub bpm_histogram_second_peak_bpm_mean: Option<f32>,
    /// The same tempo, its median.
    pub bpm_histogram_second_peak_bpm_median: Option<f32>,
    /// How danceable the rhythm is, from 0 to about 3.
    pub danceability: Option<f32>,
    /// Onsets of notes a second.
    pub onset_rate: Option<f32>,
    /// The key, as `C#`.
    pub key: Option<&'a str>,
    /// Its mode: `major` or `minor`.
    pub scale: Option<&'a str>,
    /// What A is tuned to, in Hertz.
    pub tuning_frequency: Option<f32>,
    /// How far the tuning is from equal temperament.
    pub tuning_equal_tempered_deviation: Option<f32>,
    /// How likely one would dance to it, by a model.
    pub probability_danceable: Option<f32>,
    /// How likely it is acoustic.
    pub probability_acoustic: Option<f32>,
    /// How likely it is aggressive.
    pub probability_aggressive: Option<f32>,
    /// How likely it is electronic.
    pub probability_electronic: Option<f32>,
    /// How likely it is happy.
    pub probability_happy: Option<f32>,
    /// How likely it is for a party.
    pub probability_party: Option<f32>,
    /// How likely it is relaxed.
    pub probability_relaxed: Option<f32>,
    /// How likely it is sad.
    pub probability_sad: Option<f32>,
    /// How likely nobody sings.
    pub probability_instrumental: Option<f32>,
    /// How likely it is tonal.
    pub probability_tonal: Option<f32>,
    /// How likely its timbre is bright.
    pub probability_bright: Option<f32>,
}

/// Who takes features: of which recording, and what.
type TakeFeatures<'t> = dyn FnMut(Mbid, FeatureRow<'_>) -> Result<()> + 't;

/// Reads features from an archive of AcousticBrainz, or a file of one: a table or a document. Which
/// of them it is, is told from its content. What is read of the file is added to `bytes`, so that
/// another thread can say how far it is.
///
/// # Errors
/// Where the dump is damaged, cut off or holds no features, and whatever `take` returns.
pub fn read_features(
    path: &Path,
    bytes: &Arc<AtomicU64>,
    take: &mut TakeFeatures<'_>,
) -> Result<TableReport> {
    let mut report = TableReport::default();
    let mut is_found = false;
    for_each_file(path, bytes, &mut |path, input| {
        let head = head_of(input).map_err(damage(path))?;
        let content = Content::of(&head);
        let mut input = BufReader::new(Cursor::new(head).chain(input));
        is_found |= match content {
            Content::Json => document::read(path, &mut input, &mut report, take)?,
            _ => tables::read(path, &mut input, &mut report, take)?,
        };
        Ok(())
    })?;
    let reason = "it holds no features; expected is a dump of AcousticBrainz: a table that begins \
                  with `mbid`, or documents named by their recording";
    if is_found { Ok(report) } else { Err(WorldError::malformed(path, reason)) }
}
