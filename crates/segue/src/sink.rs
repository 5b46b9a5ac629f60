//! From importers into the store, resuming files that were cut off.

use segue_core::{ListenerId, Record, Track, Version, WorkId};
use segue_ingest::identity::{self, IDENTITY, KnownArtists};
use segue_ingest::{Earlier, FileIdentity, FileReport, FileSink, ImportOptions, Sink, SinkError};
use segue_store::{FileImport, ImportCounts, Settling, Store, StoreError};

/// Keeps what importers read in the store.
///
/// A file that was read before is not read again, and one that was cut off goes on where it
/// stopped. Once somebody is forgotten while it is read, the import ends with an error and can be
/// run again: the rows read before may be of theirs. A file that an older parser read is read again
/// by the new one: the plays that it finds anew fold into those that are there.
pub struct StoreSink<'s> {
    store: &'s mut Store,
    /// How often somebody had been forgotten when the import began.
    forgotten: Option<i64>,
    listener: ListenerId,
    file: Option<segue_store::ImportedFile>,
    batch: Vec<(u64, Record)>,
    file_counts: ImportCounts,
    counts: ImportCounts,
}

impl<'s> StoreSink<'s> {
    /// Keeps what is read with these options; hand it to [`segue_ingest::import`].
    /// [`Library::import`](crate::Library::import) does both.
    pub fn new(store: &'s mut Store, options: &ImportOptions) -> Self {
        let (file_counts, counts) = Default::default();
        let listener = options.listener.clone();
        let forgotten = None;
        Self { store, forgotten, listener, file: None, batch: Vec::new(), file_counts, counts }
    }

    /// What became of everything handed in so far: new, known already, or a duplicate.
    pub fn counts(&self) -> ImportCounts {
        self.counts
    }

    /// Ends the import, whether all files could be read or not: now that the library has all of
    /// them, names that several artists share are parted. Returns the counts.
    ///
    /// # Errors
    /// When the store cannot be written. Then what was read stays, and the next import does it.
    pub fn finish(self) -> Result<ImportCounts, StoreError> {
        settle(self.store)?;
        Ok(self.counts)
    }

    fn write(&mut self, is_last: bool) -> Result<(), SinkError> {
        let file = self.file.as_ref().ok_or("a record came before its file")?;
        let import = self.store.import_file(file)?;
        let mut import = match self.forgotten {
            Some(forgotten) => import.unless_forgotten_since(forgotten),
            None => import,
        };
        import.accept_all(std::mem::take(&mut self.batch))?;
        let counts = if is_last { import.finish()? } else { import.suspend()? };
        self.file_counts.add(&counts);
        Ok(())
    }
}

impl Sink for StoreSink<'_> {
    fn accept(&mut self, row: u64, record: Record) -> Result<(), SinkError> {
        // A row may hold several records; they belong in one transaction.
        if self.batch.len() >= FileImport::BATCH_ROWS
            && self.batch.last().is_some_and(|(last, _)| *last != row)
        {
            self.write(false)?;
        }
        self.batch.push((row, record));
        Ok(())
    }
}

impl FileSink for StoreSink<'_> {
    fn begin_file(&mut self, file: &FileIdentity) -> Result<Earlier, SinkError> {
        let file = segue_store::ImportedFile {
            // The same bytes read by another parser, or with other options, are other rows.
            fingerprint: format!("{}/{}", file.fingerprint, file.parser),
            name: file.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            listener: Some(self.listener.clone()),
        };
        if self.forgotten.is_none() {
            self.forgotten = Some(self.store.marks()?.forgotten);
            settle(self.store)?;
        }
        let import = self.store.import_file(&file)?;
        let earlier = Earlier { rows: import.committed_rows(), complete: import.is_complete() };
        self.file = Some(file);
        self.file_counts = ImportCounts::default();
        Ok(earlier)
    }

    fn end_file(&mut self, report: &mut FileReport) -> Result<(), SinkError> {
        self.write(!report.incomplete)?;
        let counts = self.file_counts;
        report.duplicates = counts.exact_duplicates
            + counts.near_duplicates
            + counts.feedback_repeated
            + counts.friendships_known
            + counts.artist_tags_known;
        self.counts.add(&counts);
        Ok(())
    }
}

/// Settles which works the tracks of a library are versions of and whom they credit, by all that
/// it holds, where something has changed since that was last done.
pub(crate) fn settle(store: &mut Store) -> segue_store::Result<u64> {
    store.settle(&mut ByNames::default())
}

/// The rule of importers, for the store.
#[derive(Default)]
struct ByNames {
    artists: KnownArtists,
}

impl Settling for ByNames {
    fn version(&self) -> u32 {
        IDENTITY
    }

    fn work(&self, track: &Track) -> Option<(WorkId, Version)> {
        identity::settle(track)
    }

    fn observe(&mut self, credited: &[String], work: &WorkId) -> bool {
        self.artists.observe(credited, work)
    }

    fn part(&self, credited: &[String], work: &WorkId) -> Option<Vec<String>> {
        self.artists.part(credited, work)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use segue_core::{EndReason, Listen, Source, Timestamp, Track, TrackId, WorkId};

    use super::*;

    fn row(minute: i64, end_reason: EndReason) -> Record {
        let track = Track::new(TrackId::new("song"), WorkId::new("song"), "Song");
        let at = Timestamp::from_second(1_700_000_000 + 300 * minute).unwrap();
        let play = Listen::new(ListenerId::new("ann"), track.id.clone(), at, Source::Maloja);
        Record::Listen { listen: Listen { end_reason, ..play }, track }
    }

    /// Reads a file as an import does, and gives how many of its rows were read for that.
    fn read(store: &mut Store, parser: &str, rows: &[Record]) -> (usize, ImportCounts) {
        let options = ImportOptions::new(ListenerId::new("ann"));
        let mut sink = StoreSink::new(store, &options);
        let file = FileIdentity {
            path: PathBuf::from("maloja.json"),
            size: 1,
            fingerprint: "the same content".to_owned(),
            source: Source::Maloja,
            parser: parser.to_owned(),
        };
        let earlier = sink.begin_file(&file).unwrap();
        let unread = if earlier.complete { rows.len() } else { earlier.rows as usize };
        for (row, record) in (1..).zip(rows).skip(unread) {
            sink.accept(row, record.clone()).unwrap();
        }
        sink.end_file(&mut FileReport::new(file.path, Some(file.source))).unwrap();
        (rows.len() - unread, sink.counts())
    }

    #[test]
    fn a_better_parser_reads_a_finished_file_again_and_doubles_nothing() {
        use EndReason::{Finished, Unknown};
        let mut store = Store::open_in_memory().unwrap();
        let old = [row(0, Unknown), row(1, Unknown)];
        assert_eq!(read(&mut store, "Maloja/1", &old).0, 2);
        assert_eq!(read(&mut store, "Maloja/1", &old).0, 0, "it was finished");

        // It reads one more row, in between, and one more field.
        let new = [row(0, Finished), row(2, Finished), row(1, Finished)];
        let (rows_read, counts) = read(&mut store, "Maloja/2", &new);
        assert_eq!((rows_read, counts.rows()), (3, 3));
        assert_eq!((counts.listens_added, counts.exact_duplicates, counts.completed), (1, 2, 2));
        assert_eq!(read(&mut store, "Maloja/2", &new).0, 0);

        let mut plays = store.listens(&ListenerId::new("ann")).unwrap();
        plays.sort_by_key(|listen| listen.at);
        let starts: Vec<_> = plays.iter().map(|listen| listen.at.unwrap().as_second()).collect();
        assert_eq!(starts, [1_700_000_000, 1_700_000_300, 1_700_000_600], "each play once");
        assert!(plays.iter().all(|listen| listen.end_reason == Finished));
    }
}
