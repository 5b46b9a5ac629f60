//! The files of a folder, in the order in which people count.

use std::cmp::Ordering;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Result, WorldError};

/// Deepest folder that is looked into: links may lead in a circle.
const DEEPEST_FOLDER: usize = 8;

/// A file that was asked for, or one in a folder that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DumpFile {
    pub(super) path: PathBuf,
    /// The path from the folder on, with `/`; of a single file its name.
    pub(super) name: String,
}

/// The file itself, or all files of a folder and those within: `2.parquet` before `10.parquet`.
pub(super) fn files_of(path: &Path) -> Result<Vec<DumpFile>> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let is_folder = fs::metadata(path).map_err(|error| WorldError::io(path, error))?.is_dir();
    if !is_folder {
        return Ok(vec![DumpFile { path: path.to_owned(), name }]);
    }
    let mut files = Vec::new();
    collect(path, "", DEEPEST_FOLDER, &mut files)?;
    Ok(files)
}

fn collect(folder: &Path, prefix: &str, levels: usize, files: &mut Vec<DumpFile>) -> Result<()> {
    let failed = |error| WorldError::io(folder, error);
    let entries = fs::read_dir(folder).map_err(failed)?.map(|entry| {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, path))
    });
    let mut entries: Vec<(String, PathBuf)> = entries.collect::<Result<_>>()?;
    entries.sort_by(|a, b| counted(&a.0, &b.0));
    for (name, path) in entries {
        let name = format!("{prefix}{name}");
        let is_folder = fs::metadata(&path).map_err(|error| WorldError::io(&path, error))?.is_dir();
        match (is_folder, levels) {
            (false, _) => files.push(DumpFile { path, name }),
            (true, 0) => return Err(WorldError::malformed(&path, "folders lie too deep")),
            (true, _) => collect(&path, &format!("{name}/"), levels - 1, files)?,
        }
    }
    Ok(())
}

/// By the number that names begin with, and then as text.
fn counted(a: &str, b: &str) -> Ordering {
    let number = |name: &str| {
        let digits = name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len());
        name[..digits].parse::<u64>().unwrap_or(u64::MAX)
    };
    number(a).cmp(&number(b)).then_with(|| a.cmp(b))
}
