//! The distinct names that Spark found, with Segue's own tokens.

use std::path::PathBuf;

use segue_ingest::parts::{Batch, CellKind};

use super::super::parts::{Named, token_of};
use super::super::piece::token_of_names;
use super::super::recordings::Names;
use super::tables::{Tables, incomplete, read_file};
use crate::Result;
use crate::dump::Mbid;

const COLUMNS: [(&str, CellKind); 6] = [
    ("token", CellKind::Integer),
    ("mbid", CellKind::Text),
    ("artist", CellKind::Text),
    ("title", CellKind::Text),
    ("listens", CellKind::Integer),
    ("is_shared", CellKind::Integer),
];

/// The files with the names.
pub(super) struct NameFiles {
    files: Vec<PathBuf>,
}

/// A name, and the number by which Spark's listens name it.
pub(super) struct SparkName<'a> {
    pub(super) spark_token: i64,
    pub(super) named: Named<'a>,
}

impl NameFiles {
    pub(super) fn of(tables: &Tables) -> Result<Self> {
        let names = Self { files: tables.files("names")? };
        Ok(names)
    }

    pub(super) fn for_each(&self, take: &mut dyn FnMut(SparkName<'_>) -> Result<()>) -> Result<()> {
        self.files.iter().try_for_each(|file| names_in(file, take))
    }
}

impl Names for NameFiles {
    fn files(&self) -> usize {
        self.files.len()
    }

    fn names_of(&self, file: usize, take: &mut dyn FnMut(Named<'_>)) -> Result<()> {
        names_in(&self.files[file], &mut |name| {
            take(name.named);
            Ok(())
        })
    }
}

fn names_in(
    file: &std::path::Path,
    take: &mut dyn FnMut(SparkName<'_>) -> Result<()>,
) -> Result<()> {
    let mut buffer = Vec::new();
    read_file(file, &COLUMNS, &mut |batch, row| {
        if batch.number(5, row) != Some(0) {
            return Err(incomplete(file, "two names share a number, so that Spark mixed them up"));
        }
        let name = name_of(batch, row, &mut buffer);
        take(name.ok_or_else(|| incomplete(file, "a name is not whole"))?)
    })
}

fn name_of<'b>(batch: &'b Batch, row: usize, buffer: &mut Vec<u8>) -> Option<SparkName<'b>> {
    let text = |column| std::str::from_utf8(batch.text(column, row)?).ok();
    let (artist, title) = (text(2)?, text(3)?);
    let recording = match batch.text(1, row) {
        Some(mbid) => Some(Mbid::from_text(mbid)?),
        None => None,
    };
    let token = match recording {
        Some(recording) => token_of(recording),
        None => token_of_names(artist, title, buffer),
    };
    let listens = batch.number(4, row)?.try_into().ok()?;
    let named = Named { token, recording, listens, artist, title };
    Some(SparkName { spark_token: batch.number(0, row)?, named })
}
