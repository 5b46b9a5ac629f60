//! A few named columns of a table, CSV or Parquet, cell by cell as text: for tables of which every
//! row counts.
//!
//! Importers drop the rows that they cannot use and count them. A log of choices with their
//! probabilities is no place for that: leaving out rows changes what the rest says. So the caller
//! reads each row, and the first one that it cannot use ends the reading with the file, the line
//! and the problem.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use parquet::record::Field;
use parquet::schema::types::{Type, TypePtr};

use crate::IngestError;
use crate::format::is_parquet;
use crate::input::{Utf8Reader, read_head};
use crate::parquet_file::{ParquetFile, written};
use crate::table::{RecordError, open_records, plain_name};

/// A column that the caller of [`read_columns`] wants, and how to find it in a header.
#[derive(Clone, Copy, Debug)]
pub struct WantedColumn<'a> {
    /// What it holds, in words for an error message, such as `the reward`.
    pub what: &'a str,
    /// The column's name, if a person gave it; letter case is ignored. `None` looks for one of the
    /// usual names instead.
    pub named: Option<&'a str>,
    /// Usual names, best first, in lower case without spaces and underscores. The first that the
    /// header has is taken.
    pub usual: &'a [&'a str],
    /// Whether the table is of no use without it. A column that is `named` is required in any case.
    pub presence: ColumnPresence,
}

/// Whether a wanted column must be there. A missing required column ends the reading with an error
/// before the first row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnPresence {
    /// Without it the table cannot be used: its absence is an error.
    Required,
    /// Where the table lacks it, all its cells are `None`.
    Optional,
}

/// Takes the cells of a row, in the order of the wanted columns, or returns what is wrong with
/// them, which ends the reading. Cells are trimmed. `None` stands for an empty cell and for a
/// column that is not there.
pub type RowSink<'a> = dyn FnMut(&[Option<&str>]) -> Result<(), String> + 'a;

/// Reads the wanted columns of a CSV or Parquet file, row after row, and hands them to `sink`. The
/// kind of file is recognised by its content. No row is skipped: the first bad one ends the
/// reading.
///
/// # Errors
/// [`IngestError::Malformed`] with the line where a column is missing, the file is damaged or the
/// sink refuses a row (of Parquet, the number of the row); [`IngestError::Io`] where it cannot be
/// read; [`IngestError::TooLarge`] for a record without end.
pub fn read_columns(
    path: &Path,
    wanted: &[WantedColumn<'_>],
    sink: &mut RowSink<'_>,
) -> Result<(), IngestError> {
    let failed = |source| IngestError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let head = read_head(&mut file).map_err(failed)?;
    file.rewind().map_err(failed)?;
    if is_parquet(&head) {
        return read_parquet(path, file, wanted, sink);
    }
    read_csv(path, &head, file, wanted, sink)
}

fn malformed(path: &Path, line: u64, problem: String) -> IngestError {
    IngestError::Malformed { path: path.to_owned(), line, problem }
}

/// Where each wanted column is.
fn places(names: &[&str], wanted: &[WantedColumn<'_>]) -> Result<Vec<Option<usize>>, String> {
    let listed = || names.join(", ");
    let place = |column: &WantedColumn<'_>| {
        if let Some(named) = column.named {
            let found = names.iter().position(|name| name.eq_ignore_ascii_case(named));
            return found
                .map(Some)
                .ok_or_else(|| format!("no column `{named}`, there are {}", listed()));
        }
        let known = |usual: &&str| names.iter().position(|name| plain_name(name) == *usual);
        match column.usual.iter().find_map(known) {
            None if column.presence == ColumnPresence::Required => {
                Err(format!("no column for {} among {}; name it", column.what, listed()))
            }
            found => Ok(found),
        }
    };
    wanted.iter().map(place).collect()
}

pub(crate) fn read_csv(
    path: &Path,
    head: &[u8],
    file: impl Read,
    wanted: &[WantedColumn<'_>],
    sink: &mut RowSink<'_>,
) -> Result<(), IngestError> {
    let input = Utf8Reader::new(head, BufReader::with_capacity(1 << 18, file));
    let ended = |error: RecordError| error.in_file(path);
    let mut records = open_records(input).map_err(ended)?;
    let Some(header) = records.read_next().map_err(ended)? else {
        return Err(malformed(path, 1, "the file is empty".to_owned()));
    };
    let names: Vec<&str> = header.iter().map(str::trim).collect();
    let (width, columns) = (names.len(), places(&names, wanted));
    let line = records.line();
    let columns = columns.map_err(|problem| malformed(path, line, problem))?;
    records.expect_width(width);
    while records.read_next().map_err(ended)?.is_some() {
        let (record, line) = (records.record(), records.line());
        if record.len() != width {
            let problem = format!("{} cells under a header of {width}", record.len());
            return Err(malformed(path, line, problem));
        }
        let text = |place: &Option<usize>| {
            record.get((*place)?).map(str::trim).filter(|text| !text.is_empty())
        };
        let cells: Vec<Option<&str>> = columns.iter().map(text).collect();
        sink(&cells).map_err(|problem| malformed(path, line, problem))?;
    }
    Ok(())
}

fn read_parquet(
    path: &Path,
    file: File,
    wanted: &[WantedColumn<'_>],
    sink: &mut RowSink<'_>,
) -> Result<(), IngestError> {
    let file = ParquetFile::open(file, path)?;
    let schema = file.schema();
    let names: Vec<&str> = schema.get_fields().iter().map(|field| field.name()).collect();
    let columns = places(&names, wanted).map_err(|problem| malformed(path, 0, problem))?;
    let mut kept: Vec<usize> = columns.iter().flatten().copied().collect();
    kept.sort_unstable();
    kept.dedup();
    let fields: Vec<TypePtr> =
        kept.iter().map(|&field| schema.get_fields()[field].clone()).collect();
    let projection = Type::group_type_builder(schema.name()).with_fields(fields).build();
    let projection = projection.map_err(|error| malformed(path, 0, error.to_string()))?;
    let mut row = 0;
    file.read(path, &projection, &mut |found| {
        row += 1;
        let texts: Vec<String> = found.get_column_iter().map(|(_, field)| text_of(field)).collect();
        let cell = |place: &Option<usize>| {
            let kept = kept.binary_search(&(*place)?).ok()?;
            Some(texts[kept].trim()).filter(|text| !text.is_empty())
        };
        let cells: Vec<Option<&str>> = columns.iter().map(cell).collect();
        sink(&cells).map_err(|problem| malformed(path, row, problem))
    })
}

/// A value in as many digits as give it back.
fn text_of(field: &Field) -> String {
    match field {
        Field::Null | Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => {
            String::new()
        }
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into_owned(),
        Field::Float(value) => value.to_string(),
        Field::Double(value) => value.to_string(),
        other => written(other),
    }
}
