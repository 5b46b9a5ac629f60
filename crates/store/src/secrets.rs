//! Passwords and keys of servers that the library is connected to, in a file beside the database
//! that only its owner can read. Backups leave it out: a copy of a library may go places where a
//! password should not.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use segue_core::{ListenerId, Secret};
use serde::{Deserialize, Serialize};

use crate::{Result, StoreError, model_files};

/// The file, within the library folder.
pub(crate) const FILE: &str = "secrets.json";

/// Of each connection, by its name, whose it is and what opens it.
type Secrets = BTreeMap<String, KeptSecret>;

#[derive(Serialize, Deserialize)]
struct KeptSecret {
    /// So that forgetting finds it whatever the database holds.
    listener: ListenerId,
    secret: String,
}

/// The secret of a connection.
pub(crate) fn find(library: &Path, name: &str) -> Result<Option<Secret>> {
    Ok(load(library)?.remove(name).map(|entry| Secret::new(entry.secret)))
}

/// Keeps the secret of a connection in place of the one that it had.
pub(crate) fn keep(
    library: &Path,
    name: &str,
    listener: &ListenerId,
    secret: &Secret,
) -> Result<()> {
    let mut secrets = load(library)?;
    let entry = KeptSecret { listener: listener.clone(), secret: secret.reveal().to_owned() };
    secrets.insert(name.to_owned(), entry);
    save(library, &secrets)
}

/// Removes the secret of a connection.
pub(crate) fn remove(library: &Path, name: &str) -> Result<()> {
    remove_where(library, |found, _| found == name)
}

/// Removes the secrets of a listener.
pub(crate) fn remove_of(library: &Path, listener: &ListenerId) -> Result<()> {
    remove_where(library, |_, entry| entry.listener == *listener)
}

fn remove_where(library: &Path, is_to_go: impl Fn(&str, &KeptSecret) -> bool) -> Result<()> {
    let mut secrets = load(library)?;
    let before = secrets.len();
    secrets.retain(|name, entry| !is_to_go(name, entry));
    if secrets.len() == before {
        return Ok(());
    }
    match secrets.is_empty() {
        true => {
            let path = library.join(FILE);
            fs::remove_file(&path).map_err(StoreError::io("remove", path))?;
            model_files::sync_folder(library)
        }
        false => save(library, &secrets),
    }
}

fn load(library: &Path) -> Result<Secrets> {
    let path = library.join(FILE);
    match fs::read(&path) {
        // What serde says of the place of an error would quote the file.
        Ok(content) => serde_json::from_slice(&content)
            .map_err(|_| StoreError::corrupt(format!("`{}` cannot be read", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Secrets::new()),
        Err(error) => Err(StoreError::io("read", path)(error)),
    }
}

/// Writes the file under another name first: a crash leaves the old one or the new one.
fn save(library: &Path, secrets: &Secrets) -> Result<()> {
    let path = library.join(FILE);
    let partial = library.join(format!("{FILE}.partial"));
    write_private(&partial, secrets).map_err(StoreError::io("write", &partial))?;
    fs::rename(&partial, &path).map_err(StoreError::io("write", &path))?;
    model_files::sync_folder(library)
}

fn write_private(path: &Path, secrets: &Secrets) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    serde_json::to_writer_pretty(&mut file, secrets)?;
    file.write_all(b"\n")?;
    file.sync_all()
}
