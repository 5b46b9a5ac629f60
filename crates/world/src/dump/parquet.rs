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
    let input = File::open(path).map_err(|error| WorldError::io(path, error))?;
    let opened = match part {
        Some((start, bytes)) => ParquetFile::open_part(input, start, bytes, path),
        None => ParquetFile::open(input, path),
    };
    let file = match opened {
        Ok(file) => file,
        Err(error) => return Ok(Some(reason(error))),
    };
    let columns = file.schema().get_fields();
    let has = |name: &str| columns.iter().any(|column| column.name() == name);
    if let Some((missing, _)) = COLUMNS[..REQUIRED].iter().find(|(name, _)| !has(name)) {
        return Ok(Some(format!("it has no column `{missing}`, so it holds no listens")));
    }
    match file.read_batches(path, &COLUMNS, &mut |batch| take_rows(batch, sink, report)) {
        Ok(()) => Ok(None),
        Err(Stop::Damage(error)) => Ok(Some(reason(error))),
        Err(Stop::Sink(error)) => Err(error),
    }
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
