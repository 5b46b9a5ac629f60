//! The registry of models: files in folders of their own, rows that say which of them is served and
//! whom each was trained on.
//!
//! A model is written to `.incoming`, flushed, renamed to its version and only then, in the same
//! write transaction, gets its row and becomes the active one. A crash leaves a folder without a
//! row, never a row without a folder; [`Store::remove_orphans`] removes such folders. All of it
//! happens under the write lock, so that no half-written model is taken for a left-over.

use std::path::PathBuf;

use rusqlite::{Connection, Row, params};
use segue_core::{ListenerId, Timestamp};
use serde::Serialize;

use crate::codes::{from_micros, to_micros};
use crate::forget::check_fence;
use crate::model_files::{CARD, FOLDER, WEIGHTS, find, remove_orphans, write_files};
use crate::names::Interner;
use crate::{Result, Store, StoreError};

const LONGEST_VERSION: usize = 128;

/// A model that was just trained and is to be registered with [`Store::register_model`].
#[derive(Clone, Copy, Debug)]
pub struct NewModel<'a> {
    /// Its name, which no other model has and which also names its folder. Letters, digits, `-`,
    /// `_` and inner `.` are allowed, 128 characters at most.
    pub version: &'a str,
    /// What kind of model it is, in the words of whoever trained it.
    pub kind: &'a str,
    /// When it was trained, in UTC. Models are listed in the order in which they were registered.
    pub created_at: Timestamp,
    /// Its card as JSON: what it is, what it was trained on, how well it does. The store keeps the
    /// text and does not interpret it.
    pub card: &'a str,
    /// Its weights, as the bytes of a safetensors file. They are written to `model.safetensors` in
    /// the model's folder.
    pub weights: &'a [u8],
    /// Every listener whose history it learnt from. Forgetting one of them removes the model.
    pub listeners: &'a [ListenerId],
    /// [How far the log had come](crate::Marks::log_end) before its data were read.
    pub log_end: u64,
    /// What [`Marks::forgotten`](crate::Marks::forgotten) was before its data were read: a model
    /// that may have learnt from somebody who was forgotten since is refused.
    pub forgotten: i64,
}

/// A model in the registry: what is known of it without opening its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelEntry {
    /// Its name, which no other model has; it also names the folder of its files.
    pub version: String,
    /// What kind of model it is, in the words of whoever trained it.
    pub kind: String,
    /// When it was trained, in UTC, as it was handed in.
    pub created_at: Timestamp,
    /// Whether it is the one to be used for serving; at most one is, whatever its kind.
    pub active: bool,
    /// How far the log had come when it was trained; `None` of models of earlier versions.
    pub log_end: Option<u64>,
    /// Its card, as the JSON text that was handed in.
    pub card: String,
}

const ENTRY: &str = "SELECT version, kind, created_at, active, log_end, card FROM models";

/// Where the files of a registered model are, for a loader that reads them itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFiles {
    /// Path of its weights, a safetensors file, exactly the bytes that were registered.
    pub weights: PathBuf,
    /// Path of its card, a JSON file: the same text as [`ModelEntry::card`].
    pub card: PathBuf,
}

impl Store {
    /// Registers a model and makes it the active one. Files and row are written
    /// together: all or nothing, also through a crash.
    ///
    /// # Errors
    /// [`StoreError::BadModelVersion`] and [`StoreError::ModelExists`] for a version that cannot be
    /// used, [`StoreError::ForgottenSince`] where a listener was forgotten since its data were
    /// read, [`StoreError::NeedsFolder`] in memory, [`StoreError::Io`] when the files cannot be
    /// written, [`StoreError::Busy`], [`StoreError::Database`].
    pub fn register_model(&mut self, model: &NewModel<'_>) -> Result<()> {
        check_version(model.version)?;
        self.remove_orphans()?;
        let folder = self.library("models")?.join(FOLDER);
        self.write(|connection, _| {
            check_fence(connection, model.forgotten)?;
            if find(connection, model.version)?.is_some() {
                return Err(StoreError::ModelExists(model.version.to_owned()));
            }
            insert(connection, model)?;
            write_files(&folder, model.version, model.weights, model.card)
        })
    }

    /// Removes the files of models that are not registered: what a crash left of a training or of a
    /// forgetting. For whoever is about to write; does nothing while another process writes.
    ///
    /// # Errors
    /// [`StoreError::Io`] or [`StoreError::Database`].
    pub fn remove_orphans(&self) -> Result<()> {
        let Some(library) = self.folder() else { return Ok(()) };
        let folder = library.join(FOLDER);
        if folder.exists() {
            self.write_if_free(|connection| remove_orphans(connection, &folder))?;
        }
        Ok(())
    }

    /// Every registered model, oldest first, active or not. Read their files with
    /// [`Self::model_files`].
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn models(&self) -> Result<Vec<ModelEntry>> {
        let mut statement = self.connection.prepare(&format!("{ENTRY} ORDER BY id"))?;
        let mut rows = statement.query([])?;
        let mut models = Vec::new();
        while let Some(row) = rows.next()? {
            models.push(entry_from_row(row)?);
        }
        Ok(models)
    }

    /// The model that is to be used for serving. `None` if none was registered, or the active one
    /// was removed with a listener it had learnt from.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn active_model(&self) -> Result<Option<ModelEntry>> {
        let mut statement = self.connection.prepare(&format!("{ENTRY} WHERE active = 1"))?;
        let mut rows = statement.query([])?;
        rows.next()?.map(entry_from_row).transpose()
    }

    /// Makes a registered model the active one, in place of the one that was, whatever their kinds:
    /// to roll back or forward.
    ///
    /// # Errors
    /// [`StoreError::UnknownModel`], [`StoreError::Busy`] or [`StoreError::Database`].
    pub fn activate(&mut self, version: &str) -> Result<()> {
        self.write(|connection, _| {
            let model = find(connection, version)?;
            activate(connection, model.ok_or_else(|| StoreError::UnknownModel(version.to_owned()))?)
        })
    }

    /// Notes that a training made a registered model once more, from what the log holds by now, and
    /// makes it the active one: it is as new as any then.
    ///
    /// # Errors
    /// [`StoreError::UnknownModel`], [`StoreError::ForgottenSince`] where a listener was forgotten
    /// since its data were read, [`StoreError::Busy`] or [`StoreError::Database`].
    pub fn register_again(&mut self, model: &NewModel<'_>) -> Result<()> {
        self.write(|connection, _| {
            check_fence(connection, model.forgotten)?;
            let unknown = || StoreError::UnknownModel(model.version.to_owned());
            let id = find(connection, model.version)?.ok_or_else(unknown)?;
            let sql = "UPDATE models SET created_at = ?2, log_end = ?3 WHERE id = ?1";
            let (created_at, log_end) = (to_micros(model.created_at), model.log_end as i64);
            connection.execute(sql, params![id, created_at, log_end])?;
            activate(connection, id)
        })
    }

    /// Removes models, the oldest first, so that only the `keep` that were trained last are left,
    /// and the active one wherever it stands. Returns the versions that went. Files that cannot be
    /// removed now are [orphans](Self::remove_orphans).
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Database`] or [`StoreError::Io`].
    pub fn keep_newest_models(&mut self, keep: u32) -> Result<Vec<String>> {
        let removed = self.write(|connection, _| {
            let sql = "DELETE FROM models WHERE active = 0 \
                       AND id NOT IN (SELECT id FROM models \
                       ORDER BY created_at DESC, id DESC LIMIT ?1) \
                       RETURNING version";
            let mut statement = connection.prepare(sql)?;
            let versions = statement.query_map([keep], |row| row.get(0))?;
            Ok(versions.collect::<rusqlite::Result<Vec<String>>>()?)
        })?;
        self.remove_orphans()?;
        Ok(removed)
    }

    /// Where the files of a registered model are. They exist as long as the model is registered.
    ///
    /// # Errors
    /// [`StoreError::UnknownModel`], [`StoreError::NeedsFolder`] in memory,
    /// [`StoreError::Database`].
    pub fn model_files(&self, version: &str) -> Result<ModelFiles> {
        let library = self.library("models")?;
        find(&self.connection, version)?
            .ok_or_else(|| StoreError::UnknownModel(version.to_owned()))?;
        let folder = library.join(FOLDER).join(version);
        Ok(ModelFiles { weights: folder.join(WEIGHTS), card: folder.join(CARD) })
    }
}

fn check_version(version: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let usable = !version.is_empty()
        && version.len() <= LONGEST_VERSION
        && version.chars().all(plain)
        && !version.starts_with('.')
        && !version.ends_with('.');
    if usable { Ok(()) } else { Err(StoreError::BadModelVersion(version.to_owned())) }
}

fn activate(connection: &Connection, model: i64) -> Result<()> {
    connection.execute("UPDATE models SET active = 0 WHERE active = 1", [])?;
    connection.execute("UPDATE models SET active = 1 WHERE id = ?1", [model])?;
    Ok(())
}

fn insert(connection: &Connection, model: &NewModel<'_>) -> Result<()> {
    let sql = "INSERT INTO models (version, kind, created_at, active, log_end, card) \
               VALUES (?1, ?2, ?3, 0, ?4, ?5)";
    let (created_at, log_end) = (to_micros(model.created_at), model.log_end as i64);
    connection.execute(sql, params![model.version, model.kind, created_at, log_end, model.card])?;
    let id = connection.last_insert_rowid();
    let mut listeners = Interner::new(connection, "listeners")?;
    let mut link = connection.prepare("INSERT OR IGNORE INTO model_listeners VALUES (?1, ?2)")?;
    for listener in model.listeners {
        link.execute(params![id, listeners.intern(listener.as_str())?])?;
    }
    activate(connection, id)
}

fn entry_from_row(row: &Row<'_>) -> Result<ModelEntry> {
    Ok(ModelEntry {
        version: row.get(0)?,
        kind: row.get(1)?,
        created_at: from_micros(row.get(2)?)?,
        active: row.get(3)?,
        log_end: row.get::<_, Option<i64>>(4)?.map(|end| u64::try_from(end).unwrap_or(0)),
        card: row.get(5)?,
    })
}
