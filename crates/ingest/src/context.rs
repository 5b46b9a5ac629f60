//! What an importer talks to while it reads: it announces rows, keeps or drops each, and the
//! account is kept here, so that no format can forget to count.

use std::path::{Path, PathBuf};

use segue_core::{ListenerId, Record, Source};

use crate::{DropReason, FileReport, IngestError, SinkError};

/// Whatever takes the records: a store, a counter, a test.
pub trait Sink {
    /// Takes one record; `row` counts the rows of the current file from 1.
    ///
    /// # Errors
    /// Anything that makes going on pointless, such as a full disk.
    fn accept(&mut self, row: u64, record: Record) -> Result<(), SinkError>;
}

/// A sink that is told where files begin and end, so that an import that was cut off can go on
/// where it stopped.
pub trait FileSink: Sink {
    /// A file begins; returns how far an earlier import of the same content came. Rows that it kept
    /// are counted and not handed on again, and a file that it finished is not read at all.
    ///
    /// Records of one row follow each other and carry the same row number: keep all of them for
    /// good, or none.
    ///
    /// # Errors
    /// Anything that makes going on pointless.
    fn begin_file(&mut self, file: &FileIdentity) -> Result<Earlier, SinkError>;

    /// The file that began last is read, or as much of it as can be: `report.incomplete` tells. The
    /// sink may add what it knows, such as `duplicates`.
    ///
    /// # Errors
    /// Anything that makes going on pointless.
    fn end_file(&mut self, report: &mut FileReport) -> Result<(), SinkError>;
}

/// How far an earlier import of a file came, by the same parser with the same options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// The last of its rows that were kept for good; 0 where there was no such import.
    pub rows: u64,
    /// Whether it came to the end of the file.
    pub complete: bool,
}

/// A file as it is known again in a later import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    /// The file, with its entry inside an archive where there is one. Files move: compare the
    /// fingerprint.
    pub path: PathBuf,
    /// Bytes, before any compression.
    pub size: u64,
    /// Stands for the content alone: the same bytes have the same fingerprint wherever they lie.
    pub fingerprint: String,
    /// The format it is read as.
    pub source: Source,
    /// What decides which rows come out of the content besides the content itself: the parser, its
    /// version, its options. Rows that were kept through another parser are other rows.
    pub parser: String,
}

/// The state of reading one file or archive entry.
pub struct Context<'a> {
    listener: ListenerId,
    sink: &'a mut dyn Sink,
    committed_rows: u64,
    report: FileReport,
}

impl<'a> Context<'a> {
    /// Starts the account of a file.
    pub fn new(path: &Path, source: Source, listener: ListenerId, sink: &'a mut dyn Sink) -> Self {
        Self {
            listener,
            sink,
            committed_rows: 0,
            report: FileReport::new(path.to_owned(), Some(source)),
        }
    }

    /// Rows up to this one are counted but not handed on: an import that was cut off had kept them.
    pub(crate) fn resume_after(&mut self, committed_rows: u64) {
        self.committed_rows = committed_rows;
    }

    /// Whose history is being read.
    pub fn listener(&self) -> &ListenerId {
        &self.listener
    }

    /// The file being read, for errors.
    pub fn path(&self) -> &Path {
        &self.report.path
    }

    /// Counts a row as read and keeps what it held.
    ///
    /// # Errors
    /// [`IngestError::Sink`] when the sink cannot go on.
    pub fn keep(&mut self, record: Record) -> Result<(), IngestError> {
        self.report.rows_read += 1;
        if self.report.rows_read <= self.committed_rows {
            self.report.already_imported += 1;
            return Ok(());
        }
        match &record {
            Record::Listen { .. } => self.report.listens += 1,
            Record::Feedback { .. } => self.report.feedback += 1,
            Record::Track(_) => self.report.tracks += 1,
        }
        self.hand_on(record)
    }

    /// Keeps what the row of the last record said besides; the row stays counted once, as that
    /// record.
    ///
    /// # Errors
    /// [`IngestError::Sink`] when the sink cannot go on.
    pub fn keep_beside(&mut self, record: Record) -> Result<(), IngestError> {
        if self.report.rows_read <= self.committed_rows {
            return Ok(());
        }
        self.report.beside += 1;
        self.hand_on(record)
    }

    fn hand_on(&mut self, record: Record) -> Result<(), IngestError> {
        let row = self.report.rows_read;
        self.sink
            .accept(row, record)
            .map_err(|source| IngestError::Sink { path: self.report.path.clone(), source })
    }

    /// Counts a row as read and drops it.
    pub fn drop_row(&mut self, reason: DropReason) {
        self.report.rows_read += 1;
        *self.report.dropped.entry(reason).or_default() += 1;
    }

    /// Counts a value that could not be used in a row that is kept all the same.
    pub fn unusable(&mut self, field: &'static str) {
        *self.report.unusable_values.entry(field).or_default() += 1;
    }

    /// The content breaks its format at `line`.
    pub fn malformed(&self, line: u64, problem: impl Into<String>) -> IngestError {
        IngestError::Malformed { path: self.report.path.clone(), line, problem: problem.into() }
    }

    /// Something at `line` exceeds a limit.
    pub(crate) fn too_large(&self, line: u64, what: &'static str, limit: String) -> IngestError {
        IngestError::TooLarge { path: self.report.path.clone(), line, what, limit }
    }

    /// Ends the account.
    pub fn finish(self) -> FileReport {
        self.report
    }
}
