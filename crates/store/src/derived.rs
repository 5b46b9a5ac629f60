//! Files that are made from what the store holds, to be opened faster than they are made: nothing
//! is in them that is not in the store, whoever reads one checks it, and any may be removed at any
//! time. No backup has them.
//!
//! Names of tracks that only one listener brought may be in them. Forgetting removes all files once
//! its rows are gone, and a file whose content was read before that is removed by whoever wrote it:
//! one of the two comes last.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::store::create_private;
use crate::{Result, Store, StoreError, model_files};

/// Where the files are, within the library folder.
const FOLDER: &str = "derived";
/// How the name of a file ends that is not complete.
const PARTIAL: &str = ".partial";
/// One that nobody wrote into for so long was left by a crash.
const STALE_AFTER: Duration = Duration::from_secs(3600);

/// The folder of files that are made from a store, as seen by whoever read the store at a moment.
///
/// ```
/// use segue_store::Store;
///
/// let library = tempfile::tempdir()?;
/// let store = Store::open(library.path())?;
/// let derived = store.derived(store.marks()?.forgotten).expect("a store in a folder has one");
/// assert!(derived.keep("names", |file| file.write_all(b"made from the store"))?);
/// assert_eq!(std::fs::read(derived.path("names"))?, b"made from the store");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct DerivedFiles {
    library: PathBuf,
    /// What [`Marks::forgotten`](crate::Marks::forgotten) was before the store was read.
    forgotten: i64,
    is_to_read: bool,
}

impl Store {
    /// The folder of files that are made from this store; `None` for one in memory. `forgotten` is
    /// what [`Marks::forgotten`](crate::Marks::forgotten) was before anything was read that gets
    /// into a file.
    pub fn derived(&self, forgotten: i64) -> Option<DerivedFiles> {
        let library = self.folder()?.to_owned();
        Some(DerivedFiles { library, forgotten, is_to_read: self.is_to_read() })
    }
}

impl DerivedFiles {
    /// Where the file of a name is, whether there is one or not.
    pub fn path(&self, name: &str) -> PathBuf {
        self.library.join(FOLDER).join(name)
    }

    /// Keeps a file under a name, in the place of the one before, which whoever has it open goes on
    /// reading. It gets its name when it is complete and on the disk; two that are made at a time
    /// are written apart, and the later one stays. What crashes left half written an hour ago and
    /// before is removed. `false`, with nothing written, where the store was opened to read.
    ///
    /// # Errors
    /// [`StoreError::Io`], or [`StoreError::ForgottenSince`] where somebody was forgotten since the
    /// store was read. Nothing is kept then.
    pub fn keep(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<bool> {
        if self.is_to_read {
            return Ok(false);
        }
        let folder = self.library.join(FOLDER);
        create_private(&folder).map_err(StoreError::io("create", &folder))?;
        remove_stale(&folder);
        let path = self.path(name);
        let failed = StoreError::io("write", &path);
        let written = match write_whole(&folder, name, write) {
            Ok(written) => written,
            Err(error) => return Err(failed(error)),
        };
        // Before it has its name, so that it does not take the place of one made since, and after,
        // since somebody may be forgotten in between.
        self.check_fence()?;
        written.persist(&path).map_err(|error| failed(error.error))?;
        model_files::sync_folder(&folder)?;
        let checked = self.check_fence();
        if checked.is_err() {
            remove(&path)?;
        }
        checked.map(|()| true)
    }

    /// Removes the file of a name, if there is one and the store was not opened to read.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn remove(&self, name: &str) -> Result<()> {
        if self.is_to_read { Ok(()) } else { remove(&self.path(name)) }
    }

    fn check_fence(&self) -> Result<()> {
        let now = Store::open_to_read(&self.library)?.marks()?.forgotten;
        if now == self.forgotten { Ok(()) } else { Err(StoreError::ForgottenSince) }
    }
}

/// A file that is on the disk under a name that nobody else has, made at random. It goes when it is
/// dropped.
fn write_whole(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<NamedTempFile> {
    let prefix = format!("{name}.");
    let partial = tempfile::Builder::new().prefix(&prefix).suffix(PARTIAL).tempfile_in(folder)?;
    let mut file = BufWriter::with_capacity(1 << 20, partial);
    write(&mut file)?;
    let partial = file.into_inner().map_err(|error| error.into_error())?;
    partial.as_file().sync_all()?;
    Ok(partial)
}

/// Removes what crashes left half written. What cannot be removed is in nobody's way.
fn remove_stale(folder: &Path) {
    let is_stale = |path: &Path| {
        let written = fs::metadata(path).and_then(|about| about.modified());
        let age = written.ok().and_then(|written| written.elapsed().ok());
        path.to_string_lossy().ends_with(PARTIAL) && age.is_some_and(|age| age > STALE_AFTER)
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_stale(&entry.path()) {
            let _ = remove(&entry.path());
        }
    }
}

/// Removes all files, those included that a crash left half written. One that cannot be removed
/// keeps none of the others.
///
/// # Errors
/// [`StoreError::Io`] of the first that could not be.
pub(crate) fn remove_all(library: &Path) -> Result<()> {
    let folder = library.join(FOLDER);
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(StoreError::io("read", &folder))?,
    };
    let mut removed = Ok(());
    for entry in entries {
        let entry = entry.map_err(StoreError::io("read", &folder));
        removed = removed.and(entry.and_then(|entry| remove(&entry.path())));
    }
    removed
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}
