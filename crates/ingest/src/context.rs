//! What an importer talks to while it reads: it announces rows, keeps or drops each, and the account is kept here, so that no
//! format can forget to count.

use std::path::Path;

use segue_core::{ListenerId, Record, Source};

use crate::{DropReason, FileReport, IngestError};

/// Whatever takes the records: a store, a counter, a test.
pub trait Sink {
    /// Takes one record; `row` counts the rows of the current file from 1.
    ///
    /// # Errors
    /// Anything that makes going on pointless, such as a full disk.
    fn accept(&mut self, row: u64, record: Record) -> Result<(), SinkError>;
}

/// What a sink says when it cannot go on.
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;

/// The state of reading one file or archive entry.
pub struct Context<'a> {
    listener: ListenerId,
    sink: &'a mut dyn Sink,
    report: FileReport,
}

impl<'a> Context<'a> {
    /// Starts the account of a file.
    pub fn new(path: &Path, source: Source, listener: ListenerId, sink: &'a mut dyn Sink) -> Self {
        Self { listener, sink, report: FileReport::new(path.to_owned(), Some(source)) }
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
        match &record {
            Record::Listen { .. } => self.report.listens += 1,
            Record::Feedback { .. } => self.report.feedback += 1,
            Record::Track(_) => self.report.tracks += 1,
        }
        let row = self.report.rows_read;
        self.sink
            .accept(row, record)
            .map_err(|source| IngestError::Sink { path: self.report.path.clone(), source })
    }

    /// Keeps what the row of the last record said besides; the row stays counted once, as that record.
    ///
    /// # Errors
    /// [`IngestError::Sink`] when the sink cannot go on.
    pub fn keep_beside(&mut self, record: Record) -> Result<(), IngestError> {
        self.report.beside += 1;
        self.sink
            .accept(self.report.rows_read, record)
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

    /// Ends the account.
    pub fn finish(self) -> FileReport {
        self.report
    }
}
