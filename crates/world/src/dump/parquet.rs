//! Listens in Parquet, five of its columns.

use std::fs::File;
use std::path::PathBuf;

use segue_ingest::IngestError;
use segue_ingest::parts::{Batch, CellKind, ParquetFile};

use super::listens::{ListenPiece, Row};
use super::report::DumpMemberReport;
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

/// A Parquet file by itself, or as a member of an archive: so many bytes from a place on.
#[derive(Clone, Debug)]
pub(super) struct ParquetPlace {
    pub(super) file: PathBuf,
    pub(super) part: Option<(u64, u64)>,
}

impl ParquetPlace {
    /// How many groups of rows it has: one where that cannot be told.
    pub(super) fn row_groups(&self) -> usize {
        let opened = self.open().ok().and_then(std::result::Result::ok);
        opened.map_or(1, |file| file.row_groups().max(1))
    }

    /// Opens it where it has the columns of listens, or says why it is broken.
    pub(super) fn open(&self) -> Result<std::result::Result<ParquetFile, String>> {
        let input = File::open(&self.file).map_err(|error| WorldError::io(&self.file, error))?;
        let opened = match self.part {
            Some((start, bytes)) => ParquetFile::open_part(input, start, bytes, &self.file),
            None => ParquetFile::open(input, &self.file),
        };
        let file = match opened {
            Ok(file) => file,
            Err(error) => return Ok(Err(reason(error))),
        };
        let missing = COLUMNS[..REQUIRED].iter().find(|(name, _)| !has_column(&file, name));
        Ok(match missing {
            Some((name, _)) => Err(format!("it has no column `{name}`, so it holds no listens")),
            None => Ok(file),
        })
    }

    /// Reads its listens, or those of one of several equal shares of its row groups. Returns why it
    /// is broken, if it is.
    pub(super) fn read(
        &self,
        [share, shares]: [usize; 2],
        piece: &mut dyn ListenPiece,
        report: &mut DumpMemberReport,
    ) -> Result<Option<String>> {
        let file = match self.open()? {
            Ok(file) => file,
            Err(why) => return Ok(Some(why)),
        };
        let [from, to] = [share, share + 1].map(|share| file.row_groups() * share / shares);
        let take = &mut |batch: &Batch| take_rows(batch, piece, report);
        match file.read_groups(&self.file, from..to, &COLUMNS, take) {
            Ok(()) => Ok(None),
            Err(Stop::Damage(error)) => Ok(Some(reason(error))),
            Err(Stop::Sink(error)) => Err(error),
        }
    }
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
    piece: &mut dyn ListenPiece,
    report: &mut DumpMemberReport,
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
        listen.take(piece, report).map_err(Stop::Sink)?;
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
