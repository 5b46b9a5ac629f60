//! Listens in Parquet, five of its columns.

use std::fs::File;
use std::path::Path;

use segue_ingest::IngestError;
use segue_ingest::parts::{Batch, CellKind, ParquetFile};

use super::listens::{ListenSink, Row};
use super::report::MemberReport;
use crate::{Result, WorldError};

/// The columns that are read, in the order in which [`take_rows`] takes them.
const COLUMNS: [(&str, CellKind); 5] = [
    ("user_id", CellKind::Integer),
    ("listened_at", CellKind::Second),
    ("artist_name", CellKind::Text),
    ("recording_name", CellKind::Text),
    ("recording_mbid", CellKind::Text),
];
/// How many of them a file must have. The last came later than the format.
const REQUIRED: usize = 4;

/// Reads a file, or a part of one: so many bytes from a place on. Returns why it is broken, if it
/// is.
pub(super) fn read_parquet(
    path: &Path,
    part: Option<(u64, u64)>,
    sink: &mut dyn ListenSink,
    report: &mut MemberReport,
) -> Result<Option<String>> {
    let file = match open_listens(path, part)? {
        Ok(file) => file,
        Err(why) => return Ok(Some(why)),
    };
    match file.read_batches(path, &COLUMNS, &mut |batch| take_rows(batch, sink, report)) {
        Ok(()) => Ok(None),
        Err(Stop::Damage(error)) => Ok(Some(reason(error))),
        Err(Stop::Sink(error)) => Err(error),
    }
}

/// Opens a file, or a part of one, that has the columns of listens, or says why it is broken.
pub(super) fn open_listens(
    path: &Path,
    part: Option<(u64, u64)>,
) -> Result<std::result::Result<ParquetFile, String>> {
    let input = File::open(path).map_err(|error| WorldError::io(path, error))?;
    let opened = match part {
        Some((start, bytes)) => ParquetFile::open_part(input, start, bytes, path),
        None => ParquetFile::open(input, path),
    };
    let file = match opened {
        Ok(file) => file,
        Err(error) => return Ok(Err(reason(error))),
    };
    Ok(match COLUMNS[..REQUIRED].iter().find(|(name, _)| !has_column(&file, name)) {
        Some((missing, _)) => Err(format!("it has no column `{missing}`, so it holds no listens")),
        None => Ok(file),
    })
}

fn has_column(file: &ParquetFile, name: &str) -> bool {
    file.schema().get_fields().iter().any(|column| column.name() == name)
}

/// Whether a file has the column of identifiers, which came later than the format.
#[cfg(feature = "spark")]
pub(super) fn has_identifiers(file: &ParquetFile) -> bool {
    has_column(file, COLUMNS[REQUIRED].0)
}

fn take_rows(
    batch: &Batch,
    sink: &mut dyn ListenSink,
    report: &mut MemberReport,
) -> std::result::Result<(), Stop> {
    for row in 0..batch.rows() {
        let listen = Row {
            user: batch.number(0, row),
            at_s: batch.number(1, row),
            artist: batch.text(2, row),
            title: batch.text(3, row),
            recording: batch.text(4, row),
            duration_ms: None,
        };
        listen.take(sink, report).map_err(Stop::Sink)?;
    }
    Ok(())
}

/// What ends the reading: the file, or who takes its listens.
enum Stop {
    Damage(IngestError),
    Sink(WorldError),
}

impl From<IngestError> for Stop {
    fn from(error: IngestError) -> Self {
        Self::Damage(error)
    }
}

/// What is wrong, without the file: the member that is reported has its name.
fn reason(error: IngestError) -> String {
    match error {
        IngestError::Malformed { line, problem, .. } => format!("row {line}: {problem}"),
        IngestError::TooLarge { line, what, limit, .. } => {
            format!("row {line}: {what} exceeds the limit of {limit}")
        }
        error => error.to_string(),
    }
}
