//! Events under a header.

use std::io::BufRead;

use csv::StringRecord;

use super::{Account, EventColumns, EventRow, Places, parse_second, parse_weight};
use segue_ingest::IngestError;
use segue_ingest::parts::{Records, open_records, present};

/// Reads a table; without a delimiter its first line tells. In files of a fixed delimiter quotes
/// mean nothing. In others a quote that is left open is text, as it is to importers, so that it
/// swallows no row.
pub(super) fn read(
    text: impl BufRead,
    delimiter: Option<u8>,
    columns: &EventColumns,
    account: &mut Account<'_>,
) -> Result<(), IngestError> {
    let path = account.path;
    let mut records = match delimiter {
        Some(delimiter) => Records::unquoted(text, delimiter),
        None => open_records(text).map_err(|error| error.in_file(path))?,
    };
    let Some(header) = records.read_next().map_err(|error| error.in_file(path))? else {
        return Ok(());
    };
    let (found, width) = (Places::find(header.iter(), columns), header.len());
    let places = found.map_err(|problem| IngestError::Malformed {
        path: path.to_owned(),
        line: records.line(),
        problem,
    })?;
    records.expect_width(width);
    while let Some(record) = records.read_next().map_err(|error| error.in_file(path))? {
        match event(record, &places) {
            Some(event) => account.accept_of(event, &places)?,
            None => account.drop_row(records.line()),
        }
    }
    Ok(())
}

/// A row with a listener, an item and, in a table of times, a time; a weight may be blank, and one
/// that is there must be a number.
fn event<'r>(record: &'r StringRecord, places: &Places) -> Option<EventRow<'r>> {
    let text = |place| record.get(place).map(str::trim).filter(|text| !text.is_empty());
    let (listener, item) = (text(places.listener)?, text(places.item)?);
    let second = match places.time {
        Some(place) => Some(parse_second(text(place)?)?),
        None => None,
    };
    let weight = match places.weight.and_then(text).and_then(present) {
        Some(weight) => Some(parse_weight(weight)?),
        None => None,
    };
    Some(EventRow { listener, item, second, weight })
}
