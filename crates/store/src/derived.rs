//! Files that are made from what the store holds, to be opened faster than they are made: nothing
//! is in them that is not in the store, whoever reads one checks it, and any may be removed at any
//! time. No backup has them.
//!
//! Names of tracks that only one listener brought may be in them. Forgetting removes all files once
//! its rows are gone, and a file whose content was read before that is removed by whoever wrote it:
//! one of the two comes last.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::store::create_private;
use crate::{Result, Store, StoreError, model_files};

/// Where the files are, within the library folder.
const FOLDER: &str = "derived";

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
    /// reading. It gets its name when it is complete and on the disk. `false`, with nothing
    /// written, where the store was opened to read.
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
        let (path, partial) = (self.path(name), self.partial(name));
        let written = write_whole(&partial, write).and_then(|()| fs::rename(&partial, &path));
        if let Err(error) = written {
            let _ = fs::remove_file(&partial);
            return Err(StoreError::io("write", &path)(error));
        }
        model_files::sync_folder(&folder)?;
        let checked = self.check_fence();
        if checked.is_err() {
            fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
        }
        checked.map(|()| true)
    }

    /// Two processes that make the same file at a time do not write into one.
    fn partial(&self, name: &str) -> PathBuf {
        self.path(&format!("{name}.{}.partial", std::process::id()))
    }

    fn check_fence(&self) -> Result<()> {
        let now = Store::open_to_read(&self.library)?.marks()?.forgotten;
        if now == self.forgotten { Ok(()) } else { Err(StoreError::ForgottenSince) }
    }
}

fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    write(&mut file)?;
    file.into_inner().map_err(|error| error.into_error())?.sync_all()
}

/// Removes all files, those included that a crash left half written.
pub(crate) fn remove_all(library: &Path) -> Result<()> {
    let folder = library.join(FOLDER);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", &folder)(error))
        }
        _ => Ok(()),
    }
}
