//! Audio features of items, beside a file of events: a table with the item and any of the usual
//! feature columns.

use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use segue_core::AudioFeature;

use super::{EventColumns, ITEM};
use segue_ingest::IngestError;
use segue_ingest::parts::{
    TableLayout, Utf8Reader, delimiter_of, first_line, plain_name, present, read_head,
};

/// What is known of one item: a value per [`AudioFeature`], NaN where there is none.
pub type Features = [f32; AudioFeature::COUNT];

/// Reads a table of audio features; of several rows of an item the last is handed on last.
///
/// # Errors
/// [`IngestError::Malformed`] if the table lacks the item or any feature, or is damaged,
/// [`IngestError::Io`] where it cannot be read.
pub fn read_features(
    path: &Path,
    columns: &EventColumns,
    sink: &mut dyn FnMut(&str, Features),
) -> Result<(), IngestError> {
    let failed = |source| IngestError::Io { path: path.to_owned(), source };
    let malformed = |line, problem| IngestError::Malformed { path: path.to_owned(), line, problem };
    let mut file = File::open(path).map_err(failed)?;
    let head = read_head(&mut file).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter_of(first_line(&String::from_utf8_lossy(&head)).as_bytes()))
        .flexible(true)
        .from_reader(Utf8Reader::new(&head, BufReader::new(file)));
    let broken = |error: csv::Error| {
        let line = error.position().map_or(0, csv::Position::line);
        malformed(line, error.to_string())
    };
    let header = reader.headers().map_err(broken)?.clone();
    let layout = TableLayout::from_names(header.iter(), None);
    let item = item_column(&header, columns).map_err(|problem| malformed(1, problem))?;
    if layout.feature_count() == 0 {
        return Err(malformed(1, "no column of an audio feature".to_owned()));
    }
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(broken)? {
        let Some(name) = record.get(item).map(str::trim).filter(|name| !name.is_empty()) else {
            continue;
        };
        let value = |feature| present(record.get(layout.feature_position(feature)?)?)?.parse().ok();
        sink(name, AudioFeature::ALL.map(|feature| value(feature).unwrap_or(f32::NAN)));
    }
    Ok(())
}

fn item_column(header: &StringRecord, columns: &EventColumns) -> Result<usize, String> {
    let find =
        |wanted: &str| header.iter().position(|name| plain_name(name.trim()) == plain_name(wanted));
    let found = match &columns.item {
        Some(wanted) => find(wanted),
        None => ITEM.iter().find_map(|usual| find(usual)),
    };
    found.ok_or_else(|| {
        format!("no column for the item among {}", header.iter().collect::<Vec<_>>().join(", "))
    })
}
