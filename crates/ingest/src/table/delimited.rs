//! Rows of comma-, semicolon- and tab-separated text.

use std::io::{BufRead, Cursor, Read};

use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};

use super::limit::Limited;
use super::{Allowance, MAX_RECORD_BYTES, TableLayout};
use crate::input::read_error;
use crate::{Context, DropReason, IngestError};

/// Bytes that the parser reads ahead: a small part of a record's limit, which lags by as much.
const BUFFER_BYTES: usize = 64 * 1024;

type Input<'i> = std::io::Chain<Cursor<Vec<u8>>, &'i mut dyn BufRead>;

/// A table in delimited text, read record by record.
pub(crate) struct Delimited<'i> {
    reader: Reader<Limited<Input<'i>>>,
    allowance: Allowance,
    record: StringRecord,
    width: Option<usize>,
}

/// The layout of a table whose beginning is at hand, tried with the delimiter that its first line
/// suggests.
pub(crate) fn header_layout(beginning: &str, label: Option<&str>) -> TableLayout {
    let header = head_records(first_line(beginning)).next().unwrap_or_default();
    TableLayout::from_names(header.iter(), label)
}

/// The records in the beginning of a file, split at the delimiter that its first line suggests. The
/// last one may be cut off.
pub fn head_records(beginning: &str) -> impl Iterator<Item = StringRecord> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter_of(first_line(beginning).as_bytes()))
        .from_reader(beginning.as_bytes())
        .into_records()
        .map_while(Result::ok)
}

/// The text up to the first line break; empty for an empty text. It is the header of most tables.
pub fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}

/// The delimiter of a line: the one of comma, semicolon and tab that occurs most often outside
/// quotes. A comma where there is none.
pub fn delimiter_of(line: &[u8]) -> u8 {
    let mut counts = [(b',', 0u32), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for &byte in line {
        quoted ^= byte == b'"';
        if !quoted
            && let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| *delimiter == byte)
        {
            *count += 1;
        }
    }
    // The first of equals wins: `max_by_key` would take the last.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| *delimiter)
}

impl<'i> Delimited<'i> {
    /// Opens a table whose delimiter its first line tells.
    ///
    /// # Errors
    /// [`IngestError::TooLarge`] for a first line without end, [`IngestError::Io`] where it cannot
    /// be read.
    pub(crate) fn open(
        input: &'i mut dyn BufRead,
        context: &Context<'_>,
    ) -> Result<Self, IngestError> {
        let mut line = Vec::new();
        let mut beginning = (&mut *input).take(MAX_RECORD_BYTES);
        beginning
            .read_until(b'\n', &mut line)
            .map_err(|error| read_error(error, context.path(), 1))?;
        if line.len() as u64 == MAX_RECORD_BYTES {
            return Err(too_large(context, 1));
        }
        let delimiter = delimiter_of(&line);
        Ok(Self::chained(line, input, ReaderBuilder::new().delimiter(delimiter)))
    }

    /// Opens a table with a known delimiter in which quotes mean nothing.
    pub(crate) fn unquoted(input: &'i mut dyn BufRead, delimiter: u8) -> Self {
        Self::chained(Vec::new(), input, ReaderBuilder::new().delimiter(delimiter).quoting(false))
    }

    fn chained(
        read_already: Vec<u8>,
        input: &'i mut dyn BufRead,
        builder: &mut ReaderBuilder,
    ) -> Self {
        let allowance = Allowance::default();
        let reader = builder
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(allowance.limit(Cursor::new(read_already).chain(input)));
        Self { reader, allowance, record: StringRecord::new(), width: None }
    }

    /// Reads the header, after which every record must be as wide. `None` where there is no header.
    ///
    /// # Errors
    /// As [`Delimited::next`].
    pub(crate) fn read_header(
        &mut self,
        label: Option<&str>,
        context: &mut Context<'_>,
    ) -> Result<Option<TableLayout>, IngestError> {
        let Some(header) = self.next(context)? else { return Ok(None) };
        let layout = TableLayout::from_names(header.iter(), label);
        self.expect_width(layout.width());
        Ok(Some(layout))
    }

    /// From here on records must have this many cells; empty ones at the end may be missing or too
    /// many.
    pub(crate) fn expect_width(&mut self, width: usize) {
        self.width = Some(width);
    }

    /// The next record, whatever it holds, or `None` at the end. Records that are not as wide as
    /// expected, or no text, are dropped here.
    ///
    /// # Errors
    /// [`IngestError::TooLarge`] for a record without end, [`IngestError::Io`] where the input
    /// cannot be read.
    pub(crate) fn next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Option<&StringRecord>, IngestError> {
        loop {
            match self.reader.read_record(&mut self.record) {
                Ok(false) => return Ok(None),
                Ok(true) if self.is_as_wide_as_expected() => {
                    self.allowance.renew();
                    return Ok(Some(&self.record));
                }
                Ok(true) => context.drop_row(DropReason::Malformed),
                Err(error) => self.survive(error, context)?,
            }
            self.allowance.renew();
        }
    }

    /// Line on which the last record began.
    pub(crate) fn line(&self) -> u64 {
        self.record.position().map_or(1, csv::Position::line)
    }

    fn is_as_wide_as_expected(&self) -> bool {
        let Some(width) = self.width else { return true };
        match self.record.len() {
            found if found > width => self.record.iter().skip(width).all(str::is_empty),
            found => found == width,
        }
    }

    fn survive(&self, error: csv::Error, context: &mut Context<'_>) -> Result<(), IngestError> {
        let line = self.reader.position().line();
        match error.into_kind() {
            ErrorKind::Io(_) if self.allowance.is_spent() => Err(too_large(context, line)),
            ErrorKind::Io(error) => Err(read_error(error, context.path(), line)),
            _ => {
                context.drop_row(DropReason::Malformed);
                Ok(())
            }
        }
    }
}

fn too_large(context: &Context<'_>, line: u64) -> IngestError {
    context.too_large(
        line,
        "one record (is a quote left open?)",
        format!("{} KiB", MAX_RECORD_BYTES / 1024),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_counted_outside_quotes() {
        assert_eq!(delimiter_of(b"a,b;c,d"), b',');
        assert_eq!(delimiter_of(b"\"a,b,c\";b;c"), b';');
        assert_eq!(delimiter_of(b"a\tb\tc"), b'\t');
        assert_eq!(delimiter_of(b"alone"), b',');
    }
}
