//! What an import would make of files, for their owner to look at before anything is kept.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use segue_core::Record;
use serde::Serialize;

use crate::import::import_beginnings;
use crate::{
    Earlier, FileIdentity, FileReport, FileSink, ImportOptions, IngestError, Sink, SinkError,
    import,
};

/// Rows that are shown of a file.
const ROWS: usize = 5;

/// How one file is understood.
#[derive(Clone, Debug, Serialize)]
pub struct FileExplanation {
    /// The account of reading it: the format that it was recognised as, what its columns
    /// are read as, and what would become of its rows.
    pub report: FileReport,
    /// The first records that its rows became, five at most.
    pub records: Vec<Record>,
    /// Whether more comes behind the beginning that was looked at, so that the account is of that
    /// beginning alone.
    pub goes_on: bool,
}

/// Explains files, all of a folder or of an archive, in the order in which an import reports them.
///
/// # Errors
/// As [`import`].
pub fn explain<P: AsRef<Path>>(
    paths: &[P],
    options: &ImportOptions,
) -> Result<Vec<FileExplanation>, IngestError> {
    let mut first = FirstRecords::default();
    let files = import(paths, options, &mut (), &mut first)?.files;
    Ok(files.into_iter().map(|report| first.explain(report, false)).collect())
}

/// As [`explain`], by the beginning of each file: a megabyte or two thousand rows of it. That takes
/// no longer for a large file than for a small one, for somebody who waits for it. What only the
/// rest of a file tells, such as which of day and month comes first, can turn out otherwise.
///
/// # Errors
/// As [`import`].
pub fn explain_beginnings<P: AsRef<Path>>(
    paths: &[P],
    options: &ImportOptions,
) -> Result<Vec<FileExplanation>, IngestError> {
    let mut first = FirstRecords::default();
    let (report, cut) = import_beginnings(paths, options, &mut first)?;
    let explain = |report: FileReport| {
        let goes_on = cut.contains(&report.path);
        first.explain(report, goes_on)
    };
    Ok(report.files.into_iter().map(explain).collect())
}

/// Keeps the first records of each file.
#[derive(Default)]
struct FirstRecords {
    file: PathBuf,
    records: HashMap<PathBuf, Vec<Record>>,
}

impl FirstRecords {
    fn explain(&mut self, report: FileReport, goes_on: bool) -> FileExplanation {
        let records = self.records.remove(&report.path).unwrap_or_default();
        FileExplanation { report, records, goes_on }
    }
}

impl Sink for FirstRecords {
    fn accept(&mut self, _: u64, record: Record) -> Result<(), SinkError> {
        if let Some(records) = self.records.get_mut(&self.file)
            && records.len() < ROWS
        {
            records.push(record);
        }
        Ok(())
    }
}

impl FileSink for FirstRecords {
    fn begin_file(&mut self, file: &FileIdentity) -> Result<Earlier, SinkError> {
        self.file.clone_from(&file.path);
        self.records.insert(file.path.clone(), Vec::new());
        Ok(Earlier::default())
    }

    fn end_file(&mut self, _: &mut FileReport) -> Result<(), SinkError> {
        Ok(())
    }
}
