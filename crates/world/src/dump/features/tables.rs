//! The three tables of what was measured: loudness, rhythm and key.

use std::io::Read;
use std::path::Path;

use csv::ByteRecord;

use super::super::mbid::Mbid;
use super::super::report::{DumpDropReason, TableReport};
use super::super::table::{Table, Taken, text};
use super::{FeatureRow, TakeFeatures};
use crate::Result;

/// Where a number belongs.
type Set = fn(&mut FeatureRow<'_>, f32);

/// The columns of numbers.
const NUMBERS: [(&str, Set); 12] = [
    ("average_loudness", |row, value| row.average_loudness = Some(value)),
    ("dynamic_complexity", |row, value| row.dynamic_complexity = Some(value)),
    ("mfcc_zero_mean", |row, value| row.mfcc_zero_mean = Some(value)),
    ("bpm", |row, value| row.bpm = Some(value)),
    ("bpm_histogram_first_peak_bpm_mean", |row, value| {
        row.bpm_histogram_first_peak_bpm_mean = Some(value);
    }),
    ("bpm_histogram_first_peak_bpm_median", |row, value| {
        row.bpm_histogram_first_peak_bpm_median = Some(value);
    }),
    ("bpm_histogram_second_peak_bpm_mean", |row, value| {
        row.bpm_histogram_second_peak_bpm_mean = Some(value);
    }),
    ("bpm_histogram_second_peak_bpm_median", |row, value| {
        row.bpm_histogram_second_peak_bpm_median = Some(value);
    }),
    ("danceability", |row, value| row.danceability = Some(value)),
    ("onset_rate", |row, value| row.onset_rate = Some(value)),
    ("tuning_frequency", |row, value| row.tuning_frequency = Some(value)),
    ("tuning_equal_tempered_deviation", |row, value| {
        row.tuning_equal_tempered_deviation = Some(value);
    }),
];

/// Where in a table its columns are.
struct Places {
    recording: usize,
    numbers: Vec<(usize, Set)>,
    key: Option<usize>,
    scale: Option<usize>,
}

impl Places {
    /// `None` where it is no table of features.
    fn find(table: &Table<'_>) -> Option<Self> {
        let numbers = NUMBERS.iter().filter_map(|(name, set)| Some((table.column(name)?, *set)));
        let places = Self {
            recording: table.column("mbid")?,
            numbers: numbers.collect(),
            key: table.column("key_key"),
            scale: table.column("key_scale"),
        };
        (!places.numbers.is_empty() || places.key.is_some()).then_some(places)
    }

    fn row<'a>(
        &self,
        cells: &'a ByteRecord,
    ) -> std::result::Result<(Mbid, FeatureRow<'a>), DumpDropReason> {
        let recording =
            Mbid::from_text(&cells[self.recording]).ok_or(DumpDropReason::NoIdentifier)?;
        let mut row = FeatureRow::default();
        for (at, set) in &self.numbers {
            if let Some(value) = number(&cells[*at])? {
                set(&mut row, value);
            }
        }
        row.key = self.key.map(|at| word(&cells[at])).transpose()?.flatten();
        row.scale = self.scale.map(|at| word(&cells[at])).transpose()?.flatten();
        if row == FeatureRow::default() {
            return Err(DumpDropReason::NoValue);
        }
        Ok((recording, row))
    }
}

/// Reads a table; `false` where its columns are no features.
pub(super) fn read(
    path: &Path,
    input: &mut dyn Read,
    report: &mut TableReport,
    take: &mut TakeFeatures<'_>,
) -> Result<bool> {
    let table = Table::open(path, input)?;
    let Some(places) = Places::find(&table) else { return Ok(false) };
    table.for_each(report, &mut |cells| -> Result<Taken> {
        match places.row(cells) {
            Ok((recording, row)) => take(recording, row).map(Ok),
            Err(reason) => Ok(Err(reason)),
        }
    })?;
    Ok(true)
}

/// A number; none where the cell is empty or holds what is no number by its own account.
fn number(cell: &[u8]) -> std::result::Result<Option<f32>, DumpDropReason> {
    let Some(word) = word(cell)? else { return Ok(None) };
    let value: f32 = word.parse().map_err(|_| DumpDropReason::Unreadable)?;
    Ok(Some(value).filter(|value| value.is_finite()))
}

fn word(cell: &[u8]) -> std::result::Result<Option<&str>, DumpDropReason> {
    Ok(Some(text(cell)?.trim()).filter(|word| !word.is_empty()))
}
