//! Tables in the folder that this program and the cluster share: one folder each, with files of
//! Parquet in it.
//!
//! A table that Spark wrote is read only where the `_SUCCESS` lies in it that Spark puts there
//! last, and nothing that is still being written. That no file is missing since is for the
//! [sums](super) to tell.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::data_type::Int64Type;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use segue_ingest::IngestError;
use segue_ingest::parts::{Batch, CellKind, ParquetFile};

use super::SparkError;
use super::members::spark_path;
use crate::{Result, WorldError};

/// Rows of a group of a table that is written here.
const ROWS_A_GROUP: usize = 1 << 18;
const NOT_THERE: &str = "it is not there; a folder is needed that the cluster sees under the same \
                         path, and `--spark-folder` names it";

/// The folder of a run.
pub(super) struct Tables {
    folder: PathBuf,
    /// The same as Spark is told.
    path: String,
}

impl Tables {
    /// An empty folder that no other run writes to, also none that a server goes on with though
    /// nobody waits for it.
    pub(super) fn create(folder: PathBuf) -> Result<Self> {
        let path = spark_path(&folder)?;
        fs::create_dir_all(&folder).map_err(|error| WorldError::io(&folder, error))?;
        Ok(Self { folder, path })
    }

    /// A table as SQL names it.
    pub(super) fn sql(&self, table: &str) -> String {
        format!("parquet.`file://{}/{table}`", self.path)
    }

    /// A statement that writes what a query finds as a table.
    pub(super) fn insert(&self, table: &str, query: &str) -> String {
        format!("INSERT OVERWRITE DIRECTORY 'file://{}/{table}' USING parquet {query}", self.path)
    }

    /// The files of a table that Spark wrote, in the order in which it numbers them.
    pub(super) fn files(&self, table: &str) -> Result<Vec<PathBuf>> {
        let folder = self.folder.join(table);
        let incomplete = |reason: &str| incomplete(&folder, reason);
        let failed = |error| WorldError::io(&folder, error);
        let (mut files, mut is_done) = (Vec::new(), false);
        for entry in fs::read_dir(&folder).map_err(|_| incomplete(NOT_THERE))? {
            let path = entry.map_err(failed)?.path();
            match path.file_name().unwrap_or_default().to_string_lossy().as_ref() {
                "_SUCCESS" => is_done = true,
                name if name.starts_with('.') => {}
                name if name.starts_with("part-") && name.ends_with(".parquet") => files.push(path),
                name => return Err(incomplete(&format!("`{name}` does not belong there"))),
            }
        }
        files.sort();
        if is_done { Ok(files) } else { Err(incomplete("the file `_SUCCESS` is not there")) }
    }

    /// Hands on the rows of a table of numbers, none of which is below 0 or missing, in the order
    /// in which they lie there.
    pub(super) fn numbers<const N: usize>(
        &self,
        table: &str,
        columns: [&str; N],
        mut take: impl FnMut([u64; N]) -> Result<()>,
    ) -> Result<()> {
        let wanted = columns.map(|name| (name, CellKind::Integer));
        for file in self.files(table)? {
            read_file(&file, &wanted, &mut |batch, row| {
                let mut numbers = [0; N];
                for (column, number) in numbers.iter_mut().enumerate() {
                    let found = batch.number(column, row).and_then(|found| found.try_into().ok());
                    *number = found.ok_or_else(|| {
                        incomplete(&file, &format!("a row has no `{}`", columns[column]))
                    })?;
                }
                take(numbers)
            })?;
        }
        Ok(())
    }

    /// The row of a table that has only one.
    pub(super) fn one<const N: usize>(&self, table: &str, columns: [&str; N]) -> Result<[u64; N]> {
        let mut rows = Vec::new();
        self.numbers(table, columns, |row| {
            rows.push(row);
            Ok(())
        })?;
        let [row] = rows[..] else {
            return Err(incomplete(&self.folder.join(table), "it should have one row"));
        };
        Ok(row)
    }

    /// Begins a table of numbers that Spark is to read.
    pub(super) fn write(&self, table: &str, columns: &[&str]) -> Result<TableWriter> {
        let folder = self.folder.join(table);
        fs::create_dir_all(&folder).map_err(|error| WorldError::io(&folder, error))?;
        TableWriter::create(folder.join("part-0.parquet"), columns)
    }
}

pub(super) fn incomplete(path: &Path, reason: &str) -> WorldError {
    SparkError::Incomplete { path: path.to_owned(), reason: reason.to_owned() }.into()
}

/// Hands on the rows of a file.
pub(super) fn read_file(
    path: &Path,
    columns: &[(&str, CellKind)],
    take: &mut dyn FnMut(&Batch, usize) -> Result<()>,
) -> Result<()> {
    let damaged = |error: IngestError| incomplete(path, &error.to_string());
    let input = File::open(path).map_err(|error| WorldError::io(path, error))?;
    let file = ParquetFile::open(input, path).map_err(damaged)?;
    let read = file.read_batches(path, columns, &mut |batch: &Batch| {
        (0..batch.rows()).try_for_each(|row| take(batch, row)).map_err(Stop::Taker)
    });
    match read {
        Ok(()) => Ok(()),
        Err(Stop::Damage(error)) => Err(damaged(error)),
        Err(Stop::Taker(error)) => Err(error),
    }
}

/// What ends the reading of a file.
enum Stop {
    Damage(IngestError),
    Taker(WorldError),
}

impl From<IngestError> for Stop {
    fn from(error: IngestError) -> Self {
        Self::Damage(error)
    }
}

/// A table of numbers that is being written.
pub(super) struct TableWriter {
    path: PathBuf,
    file: SerializedFileWriter<File>,
    columns: Vec<Vec<i64>>,
}

impl TableWriter {
    fn create(path: PathBuf, columns: &[&str]) -> Result<Self> {
        let fields: String =
            columns.iter().map(|name| format!("required int64 {name}; ")).collect();
        let schema = parse_message_type(&format!("message schema {{ {fields} }}"));
        let schema = Arc::new(schema.expect("columns have simple names"));
        let file = File::create(&path).map_err(|error| WorldError::io(&path, error))?;
        let properties = Arc::new(WriterProperties::builder().build());
        let file = SerializedFileWriter::new(file, schema, properties);
        let file = file.map_err(|error| failed(&path, error))?;
        Ok(Self { path, file, columns: vec![Vec::new(); columns.len()] })
    }

    pub(super) fn push<const N: usize>(&mut self, row: [i64; N]) -> Result<()> {
        self.columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        if self.columns[0].len() < ROWS_A_GROUP { Ok(()) } else { self.write_group() }
    }

    /// Ends the file, which is on disk when this returns.
    pub(super) fn finish(mut self) -> Result<()> {
        self.write_group()?;
        let Self { path, file, .. } = self;
        let file = file.into_inner().map_err(|error| failed(&path, error))?;
        file.sync_all().map_err(|error| WorldError::io(&path, error))
    }

    fn write_group(&mut self) -> Result<()> {
        let Self { path, file, columns } = self;
        let mut write = || {
            let mut group = file.next_row_group()?;
            for values in &mut *columns {
                let mut column = group.next_column()?.expect("the schema has this column");
                column.typed::<Int64Type>().write_batch(values, None, None)?;
                column.close()?;
                values.clear();
            }
            group.close().map(drop)
        };
        write().map_err(|error| failed(path, error))
    }
}

fn failed(path: &Path, error: ParquetError) -> WorldError {
    WorldError::io(path, std::io::Error::other(error))
}
