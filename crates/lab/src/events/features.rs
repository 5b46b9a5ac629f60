//! Audio features of items, beside a file of events: a table with the item and any of the usual
//! feature columns.

use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::Path;

use csv::StringRecord;
use segue_core::AudioFeature;

use super::{EventColumns, ITEM};
use segue_ingest::IngestError;
use segue_ingest::parts::{
    RecordError, TableLayout, Utf8Reader, open_records, plain_name, present, read_head,
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
    let ended = |error: RecordError| error.in_file(path);
    let mut records = open_records(Utf8Reader::new(&head, BufReader::new(file))).map_err(ended)?;
    let header = records.read_next().map_err(ended)?.cloned().unwrap_or_default();
    records.expect_width(header.len());
    let layout = TableLayout::from_names(header.iter(), None);
    let item = item_column(&header, columns).map_err(|problem| malformed(1, problem))?;
    if layout.feature_count() == 0 {
        return Err(malformed(1, "no column of an audio feature".to_owned()));
    }
    while let Some(record) = records.read_next().map_err(ended)? {
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
