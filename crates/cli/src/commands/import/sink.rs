//! Where importers put what they read with `--dry-run`: nowhere.

use segue_core::Record;
use segue_ingest::{Earlier, FileIdentity, FileReport, FileSink, Sink, SinkError};

/// Reads everything and keeps nothing.
pub(crate) struct DrySink;

impl Sink for DrySink {
    fn accept(&mut self, _row: u64, _record: Record) -> Result<(), SinkError> {
        Ok(())
    }
}

impl FileSink for DrySink {
    fn begin_file(&mut self, _file: &FileIdentity) -> Result<Earlier, SinkError> {
        Ok(Earlier::default())
    }

    fn end_file(&mut self, _report: &mut FileReport) -> Result<(), SinkError> {
        Ok(())
    }
}
