//! Catalogues and interactions as Parquet: the same columns as in CSV, told by the schema's names.
//!
//! Parquet is read from its end, so it takes a file, or what of an archive fits in memory
//! ([`MAX_SPOOLED_BYTES`]); larger entries must be extracted first. Only columns that mean
//! something are decoded.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use csv::StringRecord;
use parquet::record::Field;
use parquet::schema::types::{Type, TypePtr};
use segue_core::Source;

use super::catalogue::CatalogueTable;
use super::interactions::InteractionTable;
use crate::parquet_file::{Input, ParquetFile, moment_of, written};
use crate::table::values::UNIT_SEPARATOR;
use crate::table::{DateForm, MAX_RECORD_BYTES, TableLayout, TableOptions, TableRow};
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
    file: ParquetFile,
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
    /// [`IngestError::Malformed`] where the file is no Parquet, or a damaged one;
    /// [`IngestError::TooLarge`] where its footer is.
    pub(crate) fn open(
        file: File,
        path: &Path,
        options: &TableOptions,
    ) -> Result<Option<Self>, IngestError> {
        Self::understand(ParquetFile::open(file, path)?, path, options)
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
        let file = ParquetFile::from_input(Input::Memory(Bytes::from(content)), path)?;
        Self::understand(file, path, options)
    }

    fn understand(
        file: ParquetFile,
        path: &Path,
        options: &TableOptions,
    ) -> Result<Option<Self>, IngestError> {
        let schema = file.schema();
        let label = options.label_column.as_deref();
        let known =
            |field: &&TypePtr| TableLayout::from_names([field.name()], label).knows_anything();
        let fields: Vec<TypePtr> = schema.get_fields().iter().filter(known).cloned().collect();
        let layout = TableLayout::from_names(fields.iter().map(|field| field.name()), label);
        let interactions = InteractionTable { options: options.clone() };
        let catalogue = CatalogueTable { options: options.clone() };
        let meaning = if interactions.understands(&layout) {
            Meaning::Interactions(interactions)
        } else if catalogue.understands(&layout) {
            Meaning::Catalogue(catalogue)
        } else {
            return Ok(None);
        };
        let projection = Type::group_type_builder(schema.name()).with_fields(fields).build();
        let projection = projection.map_err(|error| IngestError::Malformed {
            path: path.to_owned(),
            line: 0,
            problem: error.to_string(),
        })?;
        Ok(Some(Self { file, projection, layout, meaning }))
    }

    fn label(&self) -> Option<&str> {
        match &self.meaning {
            Meaning::Interactions(table) => table.label(),
            Meaning::Catalogue(_) => None,
        }
    }

    /// The source that its records bear.
    pub(crate) fn source(&self) -> Source {
        match self.meaning {
            Meaning::Interactions(_) => Source::Interactions,
            Meaning::Catalogue(_) => Source::Catalogue,
        }
    }

    /// Rows in the file, as it declares them.
    pub(crate) fn declared_rows(&self) -> u64 {
        self.file.declared_rows()
    }

    /// Reads to the end, announcing every row to the context exactly once. `row_read` is called
    /// after each row.
    ///
    /// # Errors
    /// [`IngestError::Malformed`] where the file is damaged: `line` is then the row reached;
    /// [`IngestError::TooLarge`] where it unpacks to more than memory should hold.
    pub(crate) fn read(
        &self,
        context: &mut Context<'_>,
        row_read: &mut dyn FnMut(),
    ) -> Result<(), IngestError> {
        let path = context.path().to_owned();
        let names = self.file.schema().get_fields().iter().map(|field| field.name());
        let all = TableLayout::from_names(names.clone(), self.label());
        context.columns(all.readings(names));
        let dates = self.date_form(context);
        self.file.read(&path, &self.projection, &mut |row| {
            let columns = self.projection.get_fields();
            let fields = row.get_column_iter().zip(columns);
            let cells: StringRecord =
                fields.map(|((_, field), column)| text_in(field, column)).collect();
            let cells = TableRow::new(&self.layout, dates, &cells);
            match &self.meaning {
                Meaning::Interactions(interactions) => interactions.take(cells, context)?,
                Meaning::Catalogue(catalogue) => catalogue.take(cells, context)?,
            }
            row_read();
            Ok(())
        })
    }
}

impl ParquetTable {
    /// How the dates are written, by reading their column alone. An error in it is left to the
    /// reading of the rows, which may come further.
    fn date_form(&self, context: &mut Context<'_>) -> DateForm {
        let is_needed = match &self.meaning {
            Meaning::Interactions(_) => true,
            Meaning::Catalogue(catalogue) => catalogue.has_use_of_dates(),
        };
        let Some(position) = self.layout.dates_position().filter(|_| is_needed) else {
            return DateForm::default();
        };
        let column = &self.projection.get_fields()[position];
        let alone = Type::group_type_builder(self.projection.name());
        let Ok(alone) = alone.with_fields(vec![column.clone()]).build() else {
            return DateForm::default();
        };
        let mut dates = self.layout.dates();
        let read = self.file.read(context.path(), &alone, &mut |row| {
            let untyped = row.get_column_iter().filter(|(_, f)| moment_of(f, column).is_none());
            untyped.for_each(|(_, field)| dates.add(&text_of(field)));
            Ok(())
        });
        read.ok();
        dates.settle(context)
    }
}

/// A value of a column as CSV would spell it; dates have no time of day.
fn text_in(field: &Field, column: &Type) -> String {
    match (field, moment_of(field, column)) {
        (Field::Date(_), Some(day)) => day.strftime("%Y-%m-%d").to_string(),
        (_, Some(moment)) => moment.to_string(),
        (Field::Date(_) | Field::TimestampMillis(_) | Field::TimestampMicros(_), None) => {
            String::new()
        }
        (_, None) => text_of(field),
    }
}

/// A value as CSV would spell it; a list as its items, each closed by a unit separator. What is
/// longer than a whole row of CSV may be is empty.
fn text_of(field: &Field) -> String {
    const LONGEST: usize = MAX_RECORD_BYTES as usize;
    match field {
        Field::Null | Field::Group(_) | Field::MapInternal(_) => String::new(),
        Field::Str(text) if text.len() > LONGEST => String::new(),
        Field::Bytes(bytes) if bytes.len() > LONGEST => String::new(),
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => std::str::from_utf8(bytes.data()).unwrap_or_default().to_owned(),
        Field::ListInternal(list) => {
            let mut items = String::new();
            for item in list.elements() {
                items.push_str(&text_of(item));
                items.push(UNIT_SEPARATOR);
                if items.len() > LONGEST {
                    return String::new();
                }
            }
            items
        }
        number => written(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::KeptRecords;
    use crate::{DropReason, FileReport};
    use proptest::prelude::*;
    use segue_core::{AudioFeature, FeedbackKind, ListenerId};

    fn bytes(name: &str) -> Vec<u8> {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name))
            .unwrap()
    }

    fn read_all(content: &[u8]) -> Result<(FileReport, KeptRecords), IngestError> {
        let path = Path::new("test.parquet");
        let mut records = KeptRecords::default();
        let table = ParquetTable::open_entry(&mut &content[..], path, &TableOptions::default())?;
        let Some(table) = table else {
            return Ok((FileReport::new(path.to_owned(), None), records));
        };
        let mut context = Context::new(path, table.source(), ListenerId::new("me"), &mut records);
        let result = table.read(&mut context, &mut || ());
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
        let mut records = KeptRecords::default();
        let mut context = Context::new(&path, table.source(), ListenerId::new("me"), &mut records);
        table.read(&mut context, &mut || ()).unwrap();
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
