//! Catalogues and interactions as Parquet: the same columns as in CSV, told by the schema's names.
//!
//! Parquet is read from its end, so it takes a file, or what of an archive fits in memory
//! ([`MAX_SPOOLED_BYTES`]); larger entries must be extracted first. Rows are read through the
//! crate's own row interface, not through Arrow, which would cost more to build than all else here,
//! for imports that it would not speed up. Only columns that mean something are decoded.

use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bytes::Bytes;
use csv::StringRecord;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::{Type, TypePtr};
use segue_core::{Source, Timestamp};

use super::catalogue::{CatalogueTable, is_catalogue};
use super::interactions::InteractionTable;
use crate::table::{TableLayout, TableOptions, TableRow};
use crate::{Context, IngestError};

/// The largest Parquet file that is read from within an archive, which holds it in memory whole.
pub(crate) const MAX_SPOOLED_BYTES: u64 = 64 << 20;

/// Whether a file with this beginning is Parquet. Four bytes are enough to tell: the format's magic
/// number.
pub fn is_parquet(beginning: &[u8]) -> bool {
    beginning.starts_with(b"PAR1")
}

/// A Parquet file whose columns are understood.
pub(crate) struct ParquetTable {
    reader: Box<dyn FileReader>,
    projection: Type,
    layout: TableLayout,
    meaning: Meaning,
}

enum Meaning {
    Interactions(InteractionTable),
    Catalogue(CatalogueTable),
}

impl ParquetTable {
    /// Opens a file; `path` names it in errors. `None` where its columns mean nothing.
    ///
    /// # Errors
    /// [`IngestError::Malformed`] where the file is no Parquet, or a damaged one.
    pub(crate) fn open(
        file: File,
        path: &Path,
        options: &TableOptions,
    ) -> Result<Option<Self>, IngestError> {
        Self::open_chunks(file, path, options)
    }

    /// Opens an entry of an archive.
    ///
    /// # Errors
    /// As [`ParquetTable::open`], and [`IngestError::TooLarge`] for an entry that memory should not
    /// hold.
    pub(crate) fn open_entry(
        entry: &mut dyn Read,
        path: &Path,
        options: &TableOptions,
    ) -> Result<Option<Self>, IngestError> {
        let mut content = Vec::new();
        entry
            .take(MAX_SPOOLED_BYTES + 1)
            .read_to_end(&mut content)
            .map_err(|source| IngestError::Io { path: path.to_owned(), source })?;
        if content.len() as u64 > MAX_SPOOLED_BYTES {
            return Err(IngestError::TooLarge {
                path: path.to_owned(),
                line: 1,
                what: "a Parquet file inside an archive (extract it first)",
                limit: format!("{} MiB", MAX_SPOOLED_BYTES >> 20),
            });
        }
        Self::open_chunks(Bytes::from(content), path, options)
    }

    fn open_chunks<C: ChunkReader + 'static>(
        input: C,
        path: &Path,
        options: &TableOptions,
    ) -> Result<Option<Self>, IngestError> {
        let reader = guarded(|| SerializedFileReader::new(input))
            .map_err(|problem| damaged(path, 0, &problem))?;
        let schema = reader.metadata().file_metadata().schema();
        let label = options.label_column.as_deref();
        let known =
            |field: &&TypePtr| TableLayout::from_names([field.name()], label).knows_anything();
        let fields: Vec<TypePtr> = schema.get_fields().iter().filter(known).cloned().collect();
        let layout = TableLayout::from_names(fields.iter().map(|field| field.name()), label);
        let interactions = InteractionTable { options: options.clone() };
        let meaning = if interactions.understands(&layout) {
            Meaning::Interactions(interactions)
        } else if is_catalogue(&layout) {
            Meaning::Catalogue(CatalogueTable { options: options.clone() })
        } else {
            return Ok(None);
        };
        let projection = Type::group_type_builder(schema.name())
            .with_fields(fields)
            .build()
            .map_err(|error| damaged(path, 0, &error.to_string()))?;
        Ok(Some(Self { reader: Box::new(reader), projection, layout, meaning }))
    }

    /// The source that its records bear.
    pub(crate) fn source(&self) -> Source {
        match self.meaning {
            Meaning::Interactions(_) => Source::Interactions,
            Meaning::Catalogue(_) => Source::Catalogue,
        }
    }

    /// Reads to the end, announcing every row to the context exactly once.
    ///
    /// # Errors
    /// [`IngestError::Malformed`] where the file is damaged: `line` is then the row reached.
    pub(crate) fn read(&self, context: &mut Context<'_>) -> Result<(), IngestError> {
        let mut row = 0;
        for group in 0..self.reader.num_row_groups() {
            let group = guarded(|| self.reader.get_row_group(group))
                .map_err(|problem| damaged(context.path(), row, &problem))?;
            let mut rows =
                guarded(|| RowIter::from_row_group(Some(self.projection.clone()), group.as_ref()))
                    .map_err(|problem| damaged(context.path(), row, &problem))?;
            loop {
                let next = guarded(|| rows.next().transpose());
                let Some(found) = next.map_err(|problem| damaged(context.path(), row, &problem))?
                else {
                    break;
                };
                row += 1;
                let cells: StringRecord =
                    found.get_column_iter().map(|(_, field)| text_of(field)).collect();
                let cells = TableRow::new(&self.layout, &cells);
                match &self.meaning {
                    Meaning::Interactions(interactions) => interactions.take(cells, context)?,
                    Meaning::Catalogue(catalogue) => catalogue.take(cells, context)?,
                }
            }
        }
        Ok(())
    }
}

/// Runs a step of the Parquet reader and turns its panics into errors.
///
/// The reader checks most of what a file declares of itself, but not all: version 60.1 panicked on
/// 40 of 2,000 files in which up to five bytes were changed. Such a file is reported as damaged,
/// and the rest of the import goes on. A build that aborts on panic loses this protection.
pub fn guarded<T>(step: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("the Parquet reader gave up on its content".to_owned()),
    }
}

/// The error for damage at a row of a Parquet file. `row` counts from 0; the message gives it from
/// 1, in the place of a line.
pub fn damaged(path: &Path, row: u64, problem: &str) -> IngestError {
    IngestError::Malformed {
        path: path.to_owned(),
        line: row + 1,
        problem: format!("damaged Parquet: {problem}"),
    }
}

/// A value as CSV would spell it; a list as its items, each closed by a unit separator.
fn text_of(field: &Field) -> String {
    match field {
        Field::Null | Field::Group(_) | Field::MapInternal(_) => String::new(),
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => std::str::from_utf8(bytes.data()).unwrap_or_default().to_owned(),
        Field::Date(days) => spelt(Timestamp::from_second(i64::from(*days) * 86_400)),
        Field::TimestampMillis(epoch) => spelt(Timestamp::from_millisecond(*epoch)),
        Field::TimestampMicros(epoch) => spelt(Timestamp::from_microsecond(*epoch)),
        Field::ListInternal(list) => {
            list.elements().iter().map(|item| text_of(item) + "\u{1f}").collect()
        }
        number => number.to_string(),
    }
}

fn spelt(moment: Result<Timestamp, jiff::Error>) -> String {
    moment.map(|moment| moment.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::Records;
    use crate::{DropReason, FileReport};
    use proptest::prelude::*;
    use segue_core::{AudioFeature, FeedbackKind, ListenerId};

    fn bytes(name: &str) -> Vec<u8> {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name))
            .unwrap()
    }

    fn read_all(content: &[u8]) -> Result<(FileReport, Records), IngestError> {
        let path = Path::new("test.parquet");
        let mut records = Records::default();
        let table = ParquetTable::open_entry(&mut &content[..], path, &TableOptions::default())?;
        let Some(table) = table else {
            return Ok((FileReport::new(path.to_owned(), None), records));
        };
        let mut context = Context::new(path, table.source(), ListenerId::new("me"), &mut records);
        let result = table.read(&mut context);
        let report = context.finish();
        assert!(report.adds_up());
        result.map(|()| (report, records))
    }

    #[test]
    fn interactions_are_read_like_their_csv() {
        let (report, records) = read_all(&bytes("interactions.parquet")).unwrap();
        assert_eq!((report.source, report.rows_read), (Some(Source::Interactions), 3));
        assert_eq!((report.listens, report.beside), (3, 2));
        let listen = records.listens()[0];
        assert_eq!((listen.listener.as_str(), listen.ms_played), ("u1", Some(201_000)));
        assert_eq!(listen.at.unwrap().to_string(), "2024-01-01T00:00:00Z");
        assert_eq!(records.tracks()[0].artists, ["Anna Ash", "Ben; Birch"]);
        let kinds: Vec<_> = records.feedback().iter().map(|said| said.kind).collect();
        assert_eq!(kinds, [FeedbackKind::Dislike, FeedbackKind::Like]);
    }

    #[test]
    fn a_catalogue_is_read_like_its_csv() {
        let (report, records) = read_all(&bytes("catalogue.parquet")).unwrap();
        assert_eq!((report.source, report.tracks), (Some(Source::Catalogue), 2));
        let [first, second] = records.tracks()[..] else { panic!("{:?}", records.0) };
        assert_eq!((first.year, first.popularity), (Some(2019), Some(0.66)));
        assert_eq!(first.features.get(AudioFeature::Tempo), Some(120.5));
        assert_eq!(first.duration_ms(), Some(201_000));
        assert_eq!(second.features.get(AudioFeature::Energy), None);
        assert_eq!(
            (second.features.get(AudioFeature::Tempo), second.features.get(AudioFeature::Key)),
            (None, None)
        );
        assert_eq!(report.unusable_values["tempo"], 1);
        assert_eq!(report.dropped.get(&DropReason::Empty), None);
    }

    #[test]
    fn a_file_is_read_as_an_entry_is() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/catalogue.parquet");
        let table = ParquetTable::open(File::open(&path).unwrap(), &path, &TableOptions::default())
            .unwrap()
            .unwrap();
        let mut records = Records::default();
        let mut context = Context::new(&path, table.source(), ListenerId::new("me"), &mut records);
        table.read(&mut context).unwrap();
        assert_eq!(context.finish().tracks, 2);
    }

    #[test]
    fn an_entry_that_memory_should_not_hold_is_refused() {
        let mut endless = std::io::repeat(b'P');
        let result =
            ParquetTable::open_entry(&mut endless, Path::new("x"), &TableOptions::default());
        assert!(matches!(result, Err(IngestError::TooLarge { .. })));
    }

    #[test]
    fn truncated_files_are_errors() {
        let whole = bytes("interactions.parquet");
        for length in [0, 3, 4, 8, whole.len() / 2, whole.len() - 1] {
            assert!(
                matches!(read_all(&whole[..length]), Err(IngestError::Malformed { .. })),
                "{length}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn damaged_bytes_end_in_an_error_or_in_rows(
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        ) {
            let mut content = bytes("interactions.parquet");
            for (position, byte) in damage {
                let position = position.index(content.len());
                content[position] = byte;
            }
            let _ = read_all(&content);
        }
    }
}
