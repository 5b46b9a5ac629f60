//! Members of Parquet that lie in files by themselves, by what their footers say.

use std::path::{Path, PathBuf};

use super::super::files::files_of;
use super::super::parquet::{ParquetPlace, has_identifiers};
use super::super::unpack::{self, Content};
use super::{Member, NO_LISTENS, NOT_AS_NAMED, claims_listens};
use crate::build::spark::SparkError;
use crate::{Result, WorldError};

/// A file of listens.
pub(crate) struct ParquetMember {
    pub(crate) path: PathBuf,
    pub(crate) member: Member,
    /// Or why it is broken.
    pub(crate) footer: std::result::Result<Footer, String>,
}

/// What the end of a file says of it.
pub(crate) struct Footer {
    pub(crate) rows: u64,
    /// Whether it has a column of identifiers.
    pub(crate) has_identifiers: bool,
}

/// The members that [`read_listens`](super::read_listens) would read, in the same order. No row is
/// looked at.
///
/// # Errors
/// As [`read_listens`](super::read_listens), and [`SparkError::NotParquet`] where there is an
/// archive or JSON.
pub(crate) fn parquet_members(path: &Path) -> Result<Vec<ParquetMember>> {
    let mut members = Vec::new();
    for file in files_of(path)? {
        let (input, content) = unpack::open(&file.path)?;
        let failed = |error| WorldError::io(&file.path, error);
        let member =
            Member { name: file.name.clone(), bytes: input.metadata().map_err(failed)?.len() };
        let footer = match content {
            Content::Parquet => {
                let place = ParquetPlace { file: file.path.clone(), part: None };
                place.open()?.map(|file| Footer {
                    rows: file.declared_rows(),
                    has_identifiers: has_identifiers(&file),
                })
            }
            Content::Other if file.name.ends_with(".parquet") => Err(NOT_AS_NAMED.to_owned()),
            Content::Other if !claims_archive(&file.name) && !claims_listens(&file.name) => {
                continue;
            }
            _ => return Err(SparkError::NotParquet { path: file.path }.into()),
        };
        members.push(ParquetMember { path: file.path, member, footer });
    }
    match members.is_empty() {
        false => Ok(members),
        true => Err(WorldError::malformed(path, NO_LISTENS)),
    }
}

/// Whether a name promises an archive.
fn claims_archive(name: &str) -> bool {
    name.ends_with(".tar") || name.ends_with(".zst")
}
