//! Online backup: a copy of the database as it was at one moment, the models that it knew and the
//! uploads that wait, while others read and write. Passwords of servers are not in it. A copy of
//! what is damaged is no backup: the copy is checked before it gets its name.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::store::create_private;
use crate::{Result, Store, StoreError, check, model_files, uploads};

impl Store {
    /// Copies the store into a new folder. The copy can be opened as a library of its own, which is
    /// also how a backup is restored.
    ///
    /// All pages are copied in one step, from one snapshot: in smaller steps every commit of
    /// another writer would make the copy start over. Writers are not held up. The folder gets its
    /// name when it is complete.
    ///
    /// ```
    /// use segue_core::ListenerId;
    /// use segue_store::{Event, Store};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut store = Store::open(&folder.path().join("library"))?;
    /// store.append(&[Event::Listener(ListenerId::new("ann")).into()])?;
    /// store.backup(&folder.path().join("copy"))?;
    /// assert_eq!(Store::open(&folder.path().join("copy"))?.listeners()?.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::BackupExists`] if there is something at `to`, [`StoreError::NeedsFolder`] in
    /// memory, [`StoreError::Corrupt`] if the store is damaged,
    /// [`StoreError::Io`] or [`StoreError::Database`] if the copy cannot be written.
    pub fn backup(&self, to: &Path) -> Result<()> {
        let library = self.library("backups")?;
        if to.exists() {
            return Err(StoreError::BackupExists(to.to_owned()));
        }
        let mut name = to.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = to.with_file_name(name);
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(StoreError::io("remove", &partial))?;
        }
        let copied = self.copy_to(library, &partial, to);
        if copied.is_err() {
            // What there is of it is worth nothing, and may be what fills the disk.
            let _ = fs::remove_dir_all(&partial);
        }
        copied
    }

    fn copy_to(&self, library: &Path, partial: &Path, to: &Path) -> Result<()> {
        create_private(partial).map_err(StoreError::io("create", partial))?;
        let copy = self.copy_database(&partial.join(Self::DATABASE))?;
        if let Some(problem) = check::damage(&copy).into_iter().next() {
            return Err(StoreError::Corrupt { problem });
        }
        model_files::copy_files(library, partial, &copy)?;
        uploads::copy_files(library, partial)?;
        copy.close().map_err(|(_, error)| StoreError::from(error))?;
        model_files::sync_folder(partial)?;
        fs::rename(partial, to).map_err(StoreError::io("create", to))?;
        // A backup that was reported has its name after a power loss, too.
        match to.parent() {
            Some(parent) if parent != Path::new("") => model_files::sync_folder(parent),
            _ => model_files::sync_folder(Path::new(".")),
        }
    }

    fn copy_database(&self, to: &Path) -> Result<Connection> {
        let mut copy = Connection::open(to)?;
        // The copy is made of one huge step; its journal would only double the writing.
        copy.pragma_update(None, "synchronous", "FULL")?;
        let step = Backup::new(&self.connection, &mut copy)?.step(-1)?;
        if step != StepResult::Done {
            return Err(StoreError::Busy);
        }
        copy.pragma_update(None, "foreign_keys", true)?;
        Ok(copy)
    }
}
