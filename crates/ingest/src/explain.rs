//! What an import would make of files, for their owner to look at before anything is kept.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use segue_core::Record;
use serde::Serialize;

use crate::{
    Earlier, FileIdentity, FileReport, FileSink, ImportOptions, IngestError, Sink, SinkError,
    import,
};

/// Rows that are shown of a file.
const ROWS: usize = 5;

/// How one file is understood.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// The account of reading all of it: the format that it was recognised as, what its columns
    /// are read as, and what would become of its rows.
    pub report: FileReport,
    /// The first records that its rows became, five at most.
    pub records: Vec<Record>,
}

/// Explains files, all of a folder or of an archive, in the order in which an import reports them.
///
/// # Errors
/// As [`import`].
pub fn explain<P: AsRef<Path>>(
    paths: &[P],
    options: &ImportOptions,
) -> Result<Vec<Explanation>, IngestError> {
    let mut first = FirstRecords::default();
    let files = import(paths, options, &mut (), &mut first)?.files;
    let explained = files.into_iter().map(|report| {
        let records = first.records.remove(&report.path).unwrap_or_default();
        Explanation { report, records }
    });
    Ok(explained.collect())
}

/// Keeps the first records of each file.
#[derive(Default)]
struct FirstRecords {
    file: PathBuf,
    records: HashMap<PathBuf, Vec<Record>>,
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
