//! What an import would make of one file, for its owner to look at before anything is kept.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use segue_core::{Record, Source};

use crate::format::is_parquet;
use crate::import::{GZIP, import};
use crate::input::{HEAD_BYTES, decode_head, read_head};
use crate::parquet_file::ParquetFile;
use crate::table::{TableLayout, header_cells};
use crate::{
    Earlier, FileIdentity, FileReport, FileSink, ImportOptions, IngestError, Sink, SinkError,
};

/// Rows that are shown.
const ROWS: usize = 5;

/// How one file is understood.
#[derive(Debug)]
pub struct Explanation {
    /// The account of reading all of it: the format that it was recognised as, and what would
    /// become of its rows. The note names columns that are not read though they sound useful.
    pub report: FileReport,
    /// The columns, where it is a table whose columns are told by their names.
    pub columns: Vec<ColumnReading>,
    /// The first rows as Segue understands them, five at most.
    pub records: Vec<Record>,
}

/// What a column of a table is taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnReading {
    /// Its name in the table.
    pub name: String,
    /// What it holds, in words; `None` for one that is not read.
    pub meaning: Option<&'static str>,
}

/// Explains a file: one that holds rows, and no folder or archive.
///
/// # Errors
/// As [`import`]; [`IngestError::UnknownFormat`] for a folder or an archive of several files.
pub fn explain(path: &Path, options: &ImportOptions) -> Result<Explanation, IngestError> {
    let mut first = FirstRows::default();
    let mut files = import(&[path], options, &mut (), &mut first)?.files;
    let (Some(report), true) = (files.pop(), files.is_empty()) else {
        let found = "it holds several files: name one of them".to_owned();
        return Err(IngestError::UnknownFormat { path: path.to_owned(), found });
    };
    let columns = match report.source {
        Some(Source::Interactions | Source::Catalogue) => columns_of(path, options)?,
        _ => Vec::new(),
    };
    Ok(Explanation { report, columns, records: first.0 })
}

/// The columns of a table; none for JSON, in which each row has its own.
fn columns_of(path: &Path, options: &ImportOptions) -> Result<Vec<ColumnReading>, IngestError> {
    let failed = |source| IngestError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut head = read_head(&mut file).map_err(failed)?;
    if head.starts_with(GZIP) {
        let mut unpacked = Vec::new();
        // What is cut off at the end of the beginning is no matter.
        let _ = MultiGzDecoder::new(&head[..]).take(HEAD_BYTES as u64).read_to_end(&mut unpacked);
        head = unpacked;
    }
    let label = options.tables.label_column.as_deref();
    let names: Vec<String> = if is_parquet(&head) {
        let table = ParquetFile::open(file, path)?;
        table.schema().get_fields().iter().map(|field| field.name().to_owned()).collect()
    } else {
        let text = decode_head(&head);
        if text.trim_start().starts_with(['[', '{']) {
            return Ok(Vec::new());
        }
        header_cells(&text, label).iter().map(|name| name.trim().to_owned()).collect()
    };
    let layout = TableLayout::from_names(names.iter().map(String::as_str), label);
    let columns = names.into_iter().enumerate();
    Ok(columns
        .map(|(position, name)| ColumnReading { name, meaning: layout.meaning(position) })
        .collect())
}

/// Keeps the first rows.
#[derive(Default)]
struct FirstRows(Vec<Record>);

impl Sink for FirstRows {
    fn accept(&mut self, _: u64, record: Record) -> Result<(), SinkError> {
        if self.0.len() < ROWS {
            self.0.push(record);
        }
        Ok(())
    }
}

impl FileSink for FirstRows {
    fn begin_file(&mut self, _: &FileIdentity) -> Result<Earlier, SinkError> {
        Ok(Earlier::default())
    }

    fn end_file(&mut self, _: &mut FileReport) -> Result<(), SinkError> {
        Ok(())
    }
}
