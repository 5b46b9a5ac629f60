//! From importers into the store, resuming files that were cut off.

use segue_core::{ListenerId, Record};
use segue_ingest::{FileIdentity, FileReport, FileSink, ImportOptions, Sink, SinkError};
use segue_store::{ImportCounts, Store};

/// Records handed to the store at once.
const BATCH: usize = 10_000;

/// Keeps what importers read in the store.
///
/// A file that was read before adds nothing, and one that was cut off goes on where it stopped.
pub struct StoreSink<'s> {
    store: &'s mut Store,
    listener: ListenerId,
    reading: String,
    file: Option<segue_store::FileIdentity>,
    batch: Vec<(u64, Record)>,
    file_counts: ImportCounts,
    counts: ImportCounts,
}

impl<'s> StoreSink<'s> {
    /// Keeps what is read with these options.
    pub fn new(store: &'s mut Store, options: &ImportOptions) -> Self {
        let (file_counts, counts) = Default::default();
        // the same bytes read with other options are other rows
        let reading = format!("{:?}", options.tables);
        let listener = options.listener.clone();
        Self { store, listener, reading, file: None, batch: Vec::new(), file_counts, counts }
    }

    /// What became of everything handed in.
    pub fn counts(&self) -> ImportCounts {
        self.counts
    }

    fn write(&mut self, is_last: bool) -> Result<(), SinkError> {
        let file = self.file.as_ref().ok_or("a record came before its file")?;
        let mut import = self.store.import_file(file)?;
        for (row, record) in self.batch.drain(..) {
            import.accept(row, record)?;
        }
        let counts = if is_last { import.finish()? } else { import.suspend()? };
        self.file_counts.add(&counts);
        Ok(())
    }
}

impl Sink for StoreSink<'_> {
    fn accept(&mut self, row: u64, record: Record) -> Result<(), SinkError> {
        // A row may hold several records; they belong in one transaction.
        if self.batch.len() >= BATCH && self.batch.last().is_some_and(|(last, _)| *last != row) {
            self.write(false)?;
        }
        self.batch.push((row, record));
        Ok(())
    }
}

impl FileSink for StoreSink<'_> {
    fn begin_file(&mut self, file: &FileIdentity) -> Result<u64, SinkError> {
        let file = segue_store::FileIdentity {
            fingerprint: format!("{}/{:?}/{}", file.fingerprint, file.source, self.reading),
            name: file.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            listener: Some(self.listener.clone()),
        };
        let committed = self.store.import_file(&file)?.committed_rows();
        self.file = Some(file);
        self.file_counts = ImportCounts::default();
        Ok(committed)
    }

    fn end_file(&mut self, report: &mut FileReport) -> Result<(), SinkError> {
        self.write(!report.incomplete)?;
        let counts = self.file_counts;
        report.duplicates =
            counts.exact_duplicates + counts.near_duplicates + counts.feedback_repeated;
        self.counts.add(&counts);
        Ok(())
    }
}
