//! Events under a header.

use std::io::{BufRead, Cursor, Read};

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::{Account, EventColumns, EventRow, Places, parse_second, parse_weight};
use segue_ingest::IngestError;
use segue_ingest::parts::{Allowance, MAX_RECORD_BYTES, delimiter_of, present, read_error};

/// Reads a table; without a delimiter its first line tells. In files of a fixed delimiter quotes
/// mean nothing.
pub(super) fn read(
    mut text: impl BufRead,
    delimiter: Option<u8>,
    columns: &EventColumns,
    account: &mut Account<'_>,
) -> Result<(), IngestError> {
    let mut first = Vec::new();
    (&mut text)
        .take(MAX_RECORD_BYTES)
        .read_until(b'\n', &mut first)
        .map_err(|error| read_error(error, account.path, 1))?;
    let allowance = Allowance::default();
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or_else(|| delimiter_of(&first)))
        .quoting(delimiter.is_none())
        .flexible(true)
        .has_headers(false)
        .from_reader(allowance.limit(Cursor::new(first).chain(text)));
    let mut record = StringRecord::new();
    let mut places: Option<Places> = None;
    loop {
        let result = reader.read_record(&mut record);
        let line = record.position().map_or(1, csv::Position::line);
        match (result, &places) {
            (Ok(false), _) => return Ok(()),
            (Ok(true), None) => {
                let found = Places::find(record.iter(), columns);
                let malformed = |problem| IngestError::Malformed {
                    path: account.path.to_owned(),
                    line,
                    problem,
                };
                places = Some(found.map_err(malformed)?);
            }
            (Ok(true), Some(places)) => match event(&record, places) {
                Some(event) => account.accept_of(event, places)?,
                None => account.drop_row(line),
            },
            (Err(error), _) => {
                let line = reader.position().line();
                match error.into_kind() {
                    ErrorKind::Io(error) if !allowance.is_spent() => {
                        return Err(read_error(error, account.path, line));
                    }
                    ErrorKind::Io(_) => {
                        return Err(IngestError::TooLarge {
                            path: account.path.to_owned(),
                            line,
                            what: "one record (is a quote left open?)",
                            limit: format!("{} KiB", MAX_RECORD_BYTES >> 10),
                        });
                    }
                    _ => account.drop_row(line),
                }
            }
        }
        allowance.renew();
    }
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
