//! Parquet within bounds: what a file would cost is known before any of it is unpacked.
//!
//! A file of 14 kB can hold a value of 400 MB, a list of a hundred million items or a dictionary
//! that declares two thousand million entries, and the Parquet reader takes memory for each as it
//! is declared. So the [headers](thrift) of all pages of a row group are walked first, and what
//! they declare must fit the limits below. Rows are read through the crate's own row interface,
//! not through Arrow, which would cost more to build than all else here, for imports that it would
//! not speed up.
//!
//! Text in one of the delta encodings is refused, since its decoders trust lengths that no header
//! tells. No common writer uses them unless told to.

mod batches;
mod moment;
mod pages;
mod part;
mod thrift;
mod written;

pub use batches::{Batch, CellKind};
pub use moment::moment_of;
pub use written::written;

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use parquet::record::Row;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;

use crate::IngestError;
use crate::input::LimitExceeded;
use batches::BatchReader;
use pages::{Allowance, BoundedGroup};
use part::FilePart;

/// Largest footer that is read. Its parts take some twenty times as much in memory. A thousand row
/// groups of twenty columns have 3 MB.
const LARGEST_FOOTER: u64 = 8 << 20;

/// More rows than any file has: sums of what a damaged one declares end here.
const MOST_ROWS: u64 = 1 << 60;

/// A Parquet file or the bytes of one.
pub struct ParquetFile {
    input: Arc<Input>,
    metadata: ParquetMetaData,
}

/// Where the bytes come from.
pub(crate) enum Input {
    /// A file on disk.
    File(File),
    /// A stretch of a file on disk.
    Part(FilePart),
    /// What is in memory already.
    Memory(Bytes),
}

impl ParquetFile {
    /// Reads the footer of a file; `path` names it in errors.
    ///
    /// # Errors
    /// [`IngestError::Malformed`] where it is no Parquet or a damaged one,
    /// [`IngestError::TooLarge`] where its footer is beyond measure.
    pub fn open(file: File, path: &Path) -> Result<Self, IngestError> {
        Self::from_input(Input::File(file), path)
    }

    /// Reads the footer of a file that lies within another, as a member of an archive that is not
    /// packed: `bytes` of it from `start` on. It is read in place.
    ///
    /// # Errors
    /// As [`open`](Self::open), and where the file ends before the part does.
    pub fn open_part(file: File, start: u64, bytes: u64, path: &Path) -> Result<Self, IngestError> {
        let part = FilePart::new(file, start, bytes);
        Self::from_input(Input::Part(part.map_err(|error| refused(path, 0, error))?), path)
    }

    pub(crate) fn from_input(input: Input, path: &Path) -> Result<Self, IngestError> {
        let metadata = guarded(|| {
            check_footer(&input)?;
            ParquetMetaDataReader::new().parse_and_finish(&input)
        });
        let metadata = metadata.map_err(|error| refused(path, 0, error))?;
        Ok(Self { input: Arc::new(input), metadata })
    }

    /// The columns, as the file names them.
    pub fn schema(&self) -> &Type {
        self.metadata.file_metadata().schema()
    }

    /// Rows in the file, as it declares them.
    pub fn declared_rows(&self) -> u64 {
        u64::try_from(self.metadata.file_metadata().num_rows()).unwrap_or(0)
    }

    /// Hands the columns of `projection` to `take`, row after row.
    ///
    /// # Errors
    /// [`IngestError::Malformed`] where the file is damaged, with the row reached in the place of a
    /// line, [`IngestError::TooLarge`] where it would unpack to more than memory should hold, and
    /// whatever `take` returns.
    pub fn read(
        &self,
        path: &Path,
        projection: &Type,
        take: &mut dyn FnMut(&Row) -> Result<(), IngestError>,
    ) -> Result<(), IngestError> {
        let mut row = 0;
        for group in 0..self.metadata.num_row_groups() {
            let allowance = Allowance::default();
            let group = self.group(group, &allowance, false);
            let rows = guarded(|| RowIter::from_row_group(Some(projection.clone()), &group));
            let mut rows = rows.map_err(|error| refused(path, row, error))?;
            loop {
                let next = guarded(|| rows.next().transpose());
                let Some(found) = next.map_err(|error| refused(path, row, error))? else { break };
                row += 1;
                allowance.renew();
                take(&found)?;
            }
        }
        Ok(())
    }

    /// Hands the wanted columns to `take`, some thousand rows at a time, in the order of `wanted`.
    /// A column that the file lacks is empty in every row: look at the [`schema`](Self::schema).
    /// Only columns of single values are read, not what lies in structures or lists.
    ///
    /// # Errors
    /// As [`read`](Self::read), and where a column is of another type than wanted; whatever `take`
    /// returns.
    pub fn read_batches<E: From<IngestError>>(
        &self,
        path: &Path,
        wanted: &[(&str, CellKind)],
        take: &mut dyn FnMut(&Batch) -> Result<(), E>,
    ) -> Result<(), E> {
        self.read_groups(path, 0..self.row_groups(), wanted, take)
    }

    /// How many groups of rows there are, each of which can be read by itself.
    pub fn row_groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// As [`read_batches`](Self::read_batches), but of some row groups alone, as one of several
    /// threads reads them. Rows in errors are counted from the beginning of the file.
    ///
    /// # Errors
    /// As [`read_batches`](Self::read_batches).
    ///
    /// # Panics
    /// Where there are not so many groups.
    pub fn read_groups<E: From<IngestError>>(
        &self,
        path: &Path,
        groups: Range<usize>,
        wanted: &[(&str, CellKind)],
        take: &mut dyn FnMut(&Batch) -> Result<(), E>,
    ) -> Result<(), E> {
        let rows_of = |group| u64::try_from(self.metadata.row_group(group).num_rows()).unwrap_or(0);
        // What a damaged file declares may be anything.
        let mut row =
            (0..groups.start).map(rows_of).fold(0, |sum, rows| (sum + rows).min(MOST_ROWS));
        for group in groups {
            let allowance = Allowance::default();
            let group = self.group(group, &allowance, true);
            let batches = guarded(|| BatchReader::new(&group, wanted));
            let mut batches = batches.map_err(|error| refused(path, row, error))?;
            loop {
                let next = guarded(|| batches.read_next());
                let Some(batch) = next.map_err(|error| refused(path, row, error))? else { break };
                row += batch.rows() as u64;
                allowance.renew();
                take(batch)?;
            }
        }
        Ok(())
    }

    /// A row group within an allowance.
    fn group(&self, group: usize, allowance: &Allowance, is_batched: bool) -> BoundedGroup<'_> {
        BoundedGroup {
            input: Arc::clone(&self.input),
            metadata: self.metadata.row_group(group),
            allowance: allowance.clone(),
            is_batched,
        }
    }
}

/// Looks at the end of a file before the reader does.
fn check_footer(input: &Input) -> Result<(), ParquetError> {
    let damaged = || ParquetError::EOF("it has no footer".to_owned());
    let end = input.len().checked_sub(8).ok_or_else(damaged)?;
    let end = input.get_bytes(end, 8)?;
    if !end.ends_with(b"PAR1") {
        return Err(damaged());
    }
    let length = u64::from(u32::from_le_bytes(end[..4].try_into().expect("four bytes")));
    if length > LARGEST_FOOTER {
        return Err(too_large("the footer", format!("{} MiB", LARGEST_FOOTER >> 20)));
    }
    let start = input.len().checked_sub(8 + length).ok_or_else(damaged)?;
    let footer = input.get_bytes(start, length as usize)?;
    thrift::check_schema(&footer).map_err(ParquetError::from)
}

/// Runs a step of the Parquet reader and turns its panics into errors.
///
/// The reader checks most of what a file declares of itself, but not all: version 60.1 panicked on
/// 40 of 2,000 files in which up to five bytes were changed. Such a file is reported as damaged,
/// and the rest of the import goes on. A build that aborts on panic loses this protection.
fn guarded<T>(step: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|_| {
        Err(ParquetError::General("the Parquet reader gave up on its content".to_owned()))
    })
}

fn too_large(what: &'static str, limit: String) -> ParquetError {
    ParquetError::External(Box::new(LimitExceeded { what, limit }))
}

/// What the reader reports, as an error of the import. `row` counts from 0.
fn refused(path: &Path, row: u64, error: ParquetError) -> IngestError {
    let (path, line) = (path.to_owned(), row + 1);
    if let ParquetError::External(inner) = &error
        && let Some(LimitExceeded { what, limit }) = inner.downcast_ref()
    {
        return IngestError::TooLarge { path, line, what, limit: limit.clone() };
    }
    let problem = match error {
        ParquetError::NYI(what) => {
            format!(
                "Parquet of a kind that is not read here ({what}); write it with snappy or zstd"
            )
        }
        error => format!("damaged Parquet: {error}"),
    };
    IngestError::Malformed { path, line, problem }
}

impl Length for Input {
    fn len(&self) -> u64 {
        match self {
            Self::File(file) => Length::len(file),
            Self::Part(part) => part.len(),
            Self::Memory(bytes) => Length::len(bytes),
        }
    }
}

impl ChunkReader for Input {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(match self {
            Self::File(file) => Box::new(file.get_read(start)?),
            Self::Part(part) => Box::new(part.get_read(start)?),
            Self::Memory(bytes) => Box::new(bytes.get_read(start)?),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        match self {
            Self::File(file) => file.get_bytes(start, length),
            Self::Part(part) => part.get_bytes(start, length),
            Self::Memory(bytes) => bytes.get_bytes(start, length),
        }
    }
}
