//! The files of registered models, one folder for each, beneath the registry in [`crate::models`].

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use crate::{Result, StoreError};

/// Where the folders of models are, within the library folder.
pub(crate) const FOLDER: &str = "models";
/// Where a model's files are while they are being written.
const INCOMING: &str = ".incoming";
/// The file of a model's weights.
pub(crate) const WEIGHTS: &str = "model.safetensors";
/// The file of a model's card.
pub(crate) const CARD: &str = "card.json";

/// The row of a model.
pub(crate) fn find(connection: &Connection, version: &str) -> Result<Option<i64>> {
    let sql = "SELECT id FROM models WHERE version = ?1";
    Ok(connection.query_row(sql, [version], |row| row.get(0)).optional()?)
}

/// Removes what a crash left behind in the folder of models: folders that have no row.
pub(crate) fn remove_orphans(connection: &Connection, folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(StoreError::io("read", folder))? {
        let entry = entry.map_err(StoreError::io("read", folder))?;
        let known = match entry.file_name().to_str() {
            Some(version) => find(connection, version)?.is_some(),
            None => false,
        };
        if !known && entry.path().is_dir() {
            remove_folder(&entry.path())?;
        }
    }
    Ok(())
}

/// Copies the files of every model that `copy`, a database, knows. A model that was removed since
/// is struck from it.
pub(crate) fn copy_files(from_library: &Path, to_library: &Path, copy: &Connection) -> Result<()> {
    let mut statement = copy.prepare("SELECT version FROM models")?;
    let versions =
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    for version in versions {
        let (from, to) =
            (from_library.join(FOLDER).join(&version), to_library.join(FOLDER).join(&version));
        fs::create_dir_all(&to).map_err(StoreError::io("create", &to))?;
        let copied =
            [WEIGHTS, CARD].iter().try_for_each(|name| copy_file(&from.join(name), &to.join(name)));
        match copied {
            Ok(()) => sync_folder(&to)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                copy.execute("DELETE FROM models WHERE version = ?1", [version])?;
                remove_folder(&to)?;
            }
            Err(error) => return Err(StoreError::io("copy", from)(error)),
        }
    }
    Ok(())
}

/// Removes the files of models whose rows are gone.
pub(crate) fn remove_files(library: &Path, versions: &[String]) -> Result<()> {
    versions.iter().try_for_each(|version| remove_folder(&library.join(FOLDER).join(version)))
}

/// Writes the files of a model that has no row yet, under another name until all are flushed.
pub(crate) fn write_files(folder: &Path, version: &str, weights: &[u8], card: &str) -> Result<()> {
    let (incoming, target) = (folder.join(INCOMING), folder.join(version));
    // Either may be left over from a crash; this runs under the write lock and neither has a row.
    remove_folder(&incoming)?;
    remove_folder(&target)?;
    fs::create_dir_all(&incoming).map_err(StoreError::io("create", &incoming))?;
    write_file(&incoming.join(WEIGHTS), weights)?;
    write_file(&incoming.join(CARD), card.as_bytes())?;
    sync_folder(&incoming)?;
    fs::rename(&incoming, &target).map_err(StoreError::io("create", &target))?;
    sync_folder(folder)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(StoreError::io("write", path))
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

/// Makes what was created or renamed in a folder outlive a power cut; where folders cannot be
/// flushed there is no need to.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        let sync = || File::open(folder)?.sync_all();
        sync().map_err(StoreError::io("flush", folder))?;
    }
    Ok(())
}

fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", folder)(error))
        }
        _ => Ok(()),
    }
}
