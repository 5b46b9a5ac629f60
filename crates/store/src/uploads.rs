//! Files that were received and not read yet, in the folder beside the database: they hold rows of
//! somebody, so that forgetting has to reach them.
//!
//! The server puts them there, and what their names mean is its business, but for this much: beside
//! every upload lies a label `<id>.json` that names its listener, and all that belongs to it begins
//! with its id. What ends in `.quarantine` was set aside for a person to look at.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use segue_core::ListenerId;
use serde::Deserialize;

use crate::store::create_private;
use crate::{Result, StoreError};

/// Where they lie, within the library folder.
pub(crate) const FOLDER: &str = "uploads";

#[derive(Deserialize)]
struct Label {
    listener: String,
}

/// Removes the uploads of a listener, and whatever was set aside, which may be of anybody. Returns
/// how many were the listener's.
pub(crate) fn remove_of(library: &Path, listener: &ListenerId) -> Result<u64> {
    let folder = library.join(FOLDER);
    let mut removed = 0;
    for path in entries(&folder)? {
        if path.extension().is_some_and(|extension| extension == "quarantine") {
            remove(&path)?;
            remove(&path.with_extension("json"))?;
        }
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let Ok(content) = fs::read(&path) else { continue };
        if serde_json::from_slice::<Label>(&content)
            .is_ok_and(|label| label.listener == listener.as_str())
        {
            remove_all(&folder, &path)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Copies what waits to be read, for a backup: nobody has those rows but this folder. One that is
/// read and removed meanwhile is in the database by the next backup.
pub(crate) fn copy_files(from_library: &Path, to_library: &Path) -> Result<()> {
    copy_folder(&from_library.join(FOLDER), &to_library.join(FOLDER))
}

/// Copies the files of a folder, and those of the folders in it. An upload is a folder of files.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    let waiting = entries(from)?;
    if !waiting.is_empty() {
        create_private(to).map_err(StoreError::io("create", to))?;
    }
    for path in waiting {
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy_folder(&path, &to.join(name))?;
            continue;
        }
        match fs::copy(&path, to.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("copy", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes an upload with all that belongs to it; the label goes last, since without it the rest
/// could not be found.
fn remove_all(folder: &Path, label: &Path) -> Result<()> {
    let beside = |path: &PathBuf| path.file_stem() == label.file_stem() && path != label;
    entries(folder)?.iter().filter(|path| beside(path)).try_for_each(|path| remove(path))?;
    remove(label)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let names = || -> io::Result<Vec<OsString>> {
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
    };
    match names() {
        Ok(names) => Ok(names.into_iter().map(|name| folder.join(name)).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(StoreError::io("read", folder)(error)),
    }
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}
