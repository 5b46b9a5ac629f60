//! Tables in text whose cells are parted by commas, semicolons, tabs or bars.

use std::io::BufRead;

use csv::StringRecord;

use super::dates::{BEGINNING_BYTES, MOST_BYTES};
use super::records::{RecordError, Records, is_as_wide};
use super::{DateForm, Dates, TableLayout};
use crate::{Context, DropReason, IngestError};

/// Lines among which the header of a table is looked for; titles and comments stand before it.
const MOST_LINES_BEFORE_HEADER: usize = 32;

/// A table in delimited text, read record by record.
pub(crate) struct Delimited<'i> {
    records: Records<&'i mut dyn BufRead>,
    width: Option<usize>,
}

/// Where a table begins: how its cells are parted, and which lines stand before its first row.
struct Start {
    delimiter: u8,
    lines_before: usize,
}

impl Start {
    /// The start of a table that begins with its first line. Spreadsheets write a line such as
    /// `sep=;` before that.
    fn at_once<'l>(lines: impl Iterator<Item = &'l str>) -> Self {
        let mut stated = None;
        for (lines_before, line) in lines.enumerate() {
            match stated_delimiter(line) {
                _ if line.trim().is_empty() => {}
                Some(delimiter) if stated.is_none() => stated = Some(delimiter),
                _ => {
                    let delimiter = stated.unwrap_or_else(|| delimiter_of(line.as_bytes()));
                    return Self { delimiter, lines_before };
                }
            }
        }
        Self { delimiter: stated.unwrap_or(b','), lines_before: 0 }
    }

    /// The start of a table at its header: the first line with two columns or more that mean
    /// something, a track among them; else the first with any; else the first.
    fn at_header<'l>(lines: impl Iterator<Item = &'l str> + Clone, label: Option<&str>) -> Self {
        let first = Self::at_once(lines.clone());
        let is_stated = lines.clone().take(first.lines_before).any(|l| !l.trim().is_empty());
        let mut known = None;
        let header = |line: &str| {
            let delimiter = if is_stated { first.delimiter } else { delimiter_of(line.as_bytes()) };
            (delimiter, TableLayout::from_names(cells_of(line, delimiter).iter(), label))
        };
        for (lines_before, line) in lines.enumerate().skip(first.lines_before) {
            let (delimiter, layout) = header(line);
            if layout.names_tracks() && layout.known_columns() > 1 {
                return Self { delimiter, lines_before };
            }
            if layout.knows_anything() {
                known.get_or_insert(Self { delimiter, lines_before });
            }
            if lines_before >= first.lines_before + MOST_LINES_BEFORE_HEADER {
                break;
            }
        }
        known.unwrap_or(first)
    }
}

/// The delimiter in a line such as `sep=;`.
fn stated_delimiter(line: &str) -> Option<u8> {
    let line = line.trim_matches(['"', ' ']);
    let (key, delimiter) = line.split_at_checked(4)?;
    match delimiter.as_bytes() {
        [delimiter @ (b',' | b';' | b'\t' | b'|')] if key.eq_ignore_ascii_case("sep=") => {
            Some(*delimiter)
        }
        _ => None,
    }
}

fn cells_of(line: &str, delimiter: u8) -> StringRecord {
    let mut records = Records::new(line.as_bytes(), delimiter);
    // Reading from memory fails for lines without end only.
    records.read_next().ok().flatten().cloned().unwrap_or_default()
}

/// The layout of a table whose beginning is at hand.
pub(crate) fn header_layout(beginning: &str, label: Option<&str>) -> TableLayout {
    let start = Start::at_header(beginning.lines(), label);
    let header = beginning.lines().nth(start.lines_before).unwrap_or("");
    TableLayout::from_names(cells_of(header, start.delimiter).iter(), label)
}

/// The records in the beginning of a file, split at the delimiter that its first line suggests. The
/// last one may be cut off.
pub fn head_records(beginning: &str) -> impl Iterator<Item = StringRecord> {
    let start = Start::at_once(beginning.lines());
    let mut records = Records::new(beginning.as_bytes(), start.delimiter);
    let skipped = records.skip_lines(start.lines_before);
    std::iter::from_fn(move || records.read_next().ok().flatten().cloned())
        .take_while(move |_| skipped.is_ok())
}

/// The records of a table that begins in its first line, which tells the delimiter.
///
/// # Errors
/// [`RecordError`] where the beginning cannot be read.
pub fn open_records<R: BufRead>(input: R) -> Result<Records<R>, RecordError> {
    let mut records = Records::new(input, b',');
    let start = Start::at_once(records.lines_ahead(BEGINNING_BYTES)?);
    records.set_delimiter(start.delimiter);
    records.skip_lines(start.lines_before)?;
    Ok(records)
}

/// The text up to the first line break; empty for an empty text. It is the header of most tables.
pub(crate) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}

/// The delimiter of a line: the one of comma, semicolon, tab and bar that occurs most often outside
/// quotes. A comma where there is none.
fn delimiter_of(line: &[u8]) -> u8 {
    let mut counts = [(b',', 0u32), (b';', 0), (b'\t', 0), (b'|', 0)];
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
    /// Opens a table that begins in its first line, which tells the delimiter.
    ///
    /// # Errors
    /// [`IngestError::TooLarge`] for a first line without end, [`IngestError::Io`] where it cannot
    /// be read.
    pub(crate) fn open(
        input: &'i mut dyn BufRead,
        context: &Context<'_>,
    ) -> Result<Self, IngestError> {
        let records = open_records(input).map_err(|error| error.in_file(context.path()))?;
        Ok(Self { records, width: None })
    }

    /// Opens a table at its header, which need not stand in the first line, and says what the
    /// columns mean. Every record must be as wide as the header. `None` for an empty table.
    ///
    /// # Errors
    /// As [`Delimited::open`].
    pub(crate) fn open_at_header(
        input: &'i mut dyn BufRead,
        label: Option<&str>,
        context: &mut Context<'_>,
    ) -> Result<Option<(Self, TableLayout)>, IngestError> {
        let mut records = Records::new(input, b',');
        let ahead: Vec<&str> = records
            .lines_ahead(BEGINNING_BYTES)
            .map_err(|error| error.in_file(context.path()))?
            .collect();
        let start = Start::at_header(ahead.iter().copied(), label);
        let is_titled = ahead.iter().take(start.lines_before).any(|line| !line.trim().is_empty());
        records.set_delimiter(start.delimiter);
        records.skip_lines(start.lines_before).map_err(|error| error.in_file(context.path()))?;
        let mut table = Self { records, width: None };
        let Some(header) = table.next(context)? else { return Ok(None) };
        let layout = TableLayout::from_names(header.iter(), label);
        context.columns(layout.readings(header.iter()));
        table.expect_width(layout.width());
        if is_titled {
            context.note(format!("the header is in line {}", table.line()));
        }
        Ok(Some((table, layout)))
    }

    /// This many records that lie ahead, each taken from one line. They stay to be read.
    ///
    /// # Errors
    /// As [`Delimited::next`].
    pub(crate) fn records_ahead(
        &mut self,
        count: usize,
        context: &Context<'_>,
    ) -> Result<Vec<StringRecord>, IngestError> {
        let mut found = Vec::new();
        self.records
            .records_ahead(BEGINNING_BYTES, |record| {
                if found.len() < count && record.iter().any(|cell| !cell.is_empty()) {
                    found.push(record.clone());
                }
            })
            .map_err(|error| error.in_file(context.path()))?;
        Ok(found)
    }

    /// How the dates of a table with this header are written. What decides is noted.
    ///
    /// # Errors
    /// As [`Delimited::next`].
    pub(crate) fn date_form(
        &mut self,
        layout: &TableLayout,
        context: &mut Context<'_>,
    ) -> Result<DateForm, IngestError> {
        match layout.dates_position() {
            Some(column) => self.form_of_dates(column, || layout.dates(), context),
            None => Ok(DateForm::default()),
        }
    }

    /// How the dates of a column are written, by what lies ahead of it: the whole column in all but
    /// huge tables. `known` is what the header tells.
    ///
    /// # Errors
    /// As [`Delimited::next`].
    pub(crate) fn form_of_dates(
        &mut self,
        column: usize,
        known: impl Fn() -> Dates,
        context: &mut Context<'_>,
    ) -> Result<DateForm, IngestError> {
        let mut look_ahead = |bytes| {
            let mut dates = known();
            let look = |record: &StringRecord| dates.add(record.get(column).unwrap_or(""));
            let looked = self.records.records_ahead(bytes, look);
            looked.map(|()| dates).map_err(|error| error.in_file(context.path()))
        };
        let mut dates = look_ahead(BEGINNING_BYTES)?;
        if dates.leave_it_open() {
            dates = look_ahead(MOST_BYTES)?;
        }
        Ok(dates.settle(context))
    }

    /// Opens a table with a known delimiter in which quotes mean nothing.
    pub(crate) fn unquoted(input: &'i mut dyn BufRead, delimiter: u8) -> Self {
        Self { records: Records::unquoted(input, delimiter), width: None }
    }

    /// From here on records must have this many cells; empty ones at the end may be too many.
    pub(crate) fn expect_width(&mut self, width: usize) {
        self.width = Some(width);
        self.records.expect_width(width);
    }

    /// The next record, whatever it holds, or `None` at the end. Records that are not as wide as
    /// expected are dropped here.
    ///
    /// # Errors
    /// [`IngestError::TooLarge`] for a line without end, [`IngestError::Io`] where the input cannot
    /// be read.
    pub(crate) fn next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Option<&StringRecord>, IngestError> {
        loop {
            let found = self.records.read_next().map_err(|error| error.in_file(context.path()))?;
            let Some(record) = found else {
                self.note_open_quotes(context);
                return Ok(None);
            };
            if self.width.is_none_or(|width| is_as_wide(record, width)) {
                break;
            }
            context.drop_row(DropReason::Malformed);
        }
        Ok(Some(self.records.record()))
    }

    /// Line on which the last record began.
    pub(crate) fn line(&self) -> u64 {
        self.records.line().max(1)
    }

    fn note_open_quotes(&self, context: &mut Context<'_>) {
        if let Some((count, line)) = self.records.open_quotes() {
            context.note(format!(
                "line {line} opens a quote and does not close it ({count} such in all): read as \
                 part of the text"
            ));
        }
    }
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
