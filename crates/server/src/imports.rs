//! Imports by upload: files are received into `uploads/` of the library, read into the store and
//! removed; then a model is trained.
//!
//! ```text
//! uploads/<id>.part/      files being received, or received and held; a crash leaves it, and the
//!                         next start removes it
//! uploads/<id>.upload/    files received, to be read; a crash leaves it, and the next start reads
//!                         on where it stopped
//! uploads/<id>.json       whose they are
//! uploads/<id>.begun      it is being read or trained from; a crash leaves it, and the next start
//!                         sets the upload aside, since it may have been the cause
//! uploads/<id>.quarantine files that were set aside, for a person to look at
//! ```
//!
//! One is read at a time. What became of each is remembered until the server stops, or
//! [`REMEMBERED_IMPORTS`](limits::REMEMBERED_IMPORTS) others came after it.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use segue::OnlyPlayed;
use segue_core::{ListenerId, Record};
use segue_ingest::{FileExplanation, ImportReport};
use segue_store::ImportCounts;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::access::Access;
use crate::limits;
use crate::worlds::{FoundWorld, KeptWorld};

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ImportState {
    /// It is looked at, and read if that is said.
    Held,
    /// Another one is being read.
    Waiting,
    /// It is being read.
    Reading,
    /// Everything was read; a model is being trained.
    Training,
    /// Done.
    Done,
    /// It could not be read.
    Failed,
}

/// What is known of an import.
#[derive(Clone, Debug)]
pub(crate) struct ImportStatus {
    pub(crate) id: String,
    /// Whose history it is, where the files do not say.
    listener: ListenerId,
    /// The one listener whose key sent it: only their rows are kept, and they may look.
    sender: Option<ListenerId>,
    pub(crate) state: ImportState,
    pub(crate) file: String,
    pub(crate) bytes_read: u64,
    pub(crate) bytes_total: u64,
    /// Share of the training that is done, 0 to 1.
    pub(crate) trained: f32,
    /// How its files are understood, while it is held.
    pub(crate) explanation: Option<Arc<Vec<FileExplanation>>>,
    /// The world among its files, while it is held.
    pub(crate) found_world: Option<FoundWorld>,
    /// The world that was taken into use.
    pub(crate) kept_world: Option<KeptWorld>,
    pub(crate) report: Option<Arc<ImportReport>>,
    pub(crate) counts: Option<ImportCounts>,
    /// Why it failed, or why no model was trained.
    pub(crate) problem: Option<String>,
    /// That nothing in the library is new to its only listener, if that was so at the end.
    pub(crate) only_played: Option<OnlyPlayed>,
}

/// The file beside an upload that says what it is.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct UploadLabel {
    pub(crate) listener: String,
    pub(crate) name: String,
    /// How often somebody had been forgotten when it was received. Who was forgotten later may be
    /// in it, unless they are its listener: their uploads go with them.
    #[serde(default)]
    pub(crate) forgotten: i64,
    /// The one listener for whom the key was with which it was sent. Of such an upload nothing else
    /// is kept than what is theirs.
    #[serde(default)]
    pub(crate) sender: Option<String>,
}

/// All imports of this process.
pub(crate) struct Imports {
    folder: PathBuf,
    statuses: Mutex<VecDeque<ImportStatus>>,
    turn: Semaphore,
}

impl ImportStatus {
    /// Whether somebody may know of it: whoever has a key for everybody, and the one who sent it.
    pub(crate) fn is_shown_to(&self, access: &Access) -> bool {
        access.listener.is_none() || self.sender == access.listener
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, ImportState::Done | ImportState::Failed)
    }
}

impl Imports {
    pub(crate) fn open(library: &Path) -> io::Result<Self> {
        let folder = library.join("uploads");
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, statuses: Mutex::default(), turn: Semaphore::new(1) })
    }

    /// The folder of all uploads.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The turn to read or train: one at a time.
    pub(crate) fn turn(&self) -> &Semaphore {
        &self.turn
    }

    /// The folder that the files of a new upload go to.
    pub(crate) fn part(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.part"))
    }

    /// The mark of an upload that is being read.
    pub(crate) fn begun(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.begun"))
    }

    pub(crate) fn status(&self, id: &str) -> Option<ImportStatus> {
        self.lock().iter().find(|status| status.id == id).cloned()
    }

    /// Latest first.
    pub(crate) fn statuses(&self) -> Vec<ImportStatus> {
        self.lock().iter().rev().cloned().collect()
    }

    /// Changes what is known of an import, if it is remembered.
    pub(crate) fn update(&self, id: &str, change: impl FnOnce(&mut ImportStatus)) {
        if let Some(status) = self.lock().iter_mut().find(|status| status.id == id) {
            change(status);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<ImportStatus>> {
        self.statuses.lock().expect("nothing that holds the lock can panic")
    }

    /// How many are not over.
    pub(crate) fn under_way(&self) -> usize {
        self.lock().iter().filter(|status| !status.is_over()).count()
    }

    /// How many that somebody sent with a key of their own are not over.
    pub(crate) fn under_way_of(&self, sender: &ListenerId) -> usize {
        let is_theirs = |status: &&ImportStatus| status.sender.as_ref() == Some(sender);
        self.lock().iter().filter(|status| !status.is_over()).filter(is_theirs).count()
    }

    /// Lets go of what is remembered of somebody's imports. One that is under way ends by itself:
    /// its files are gone.
    pub(crate) fn forget(&self, listener: &ListenerId) {
        let mut statuses = self.lock();
        statuses.retain(|status| status.listener != *listener);
        for explained in statuses.iter_mut().filter_map(|status| status.explanation.as_mut()) {
            for file in Arc::make_mut(explained) {
                file.records.retain(|record| !names(record, listener));
            }
        }
    }

    /// Ends that an import is held, whoever comes first; says whether it was held.
    pub(crate) fn release(&self, id: &str, next: ImportState) -> bool {
        let mut statuses = self.lock();
        let mut held = statuses.iter_mut().filter(|status| status.state == ImportState::Held);
        let Some(status) = held.find(|status| status.id == id) else { return false };
        (status.state, status.explanation, status.found_world) = (next, None, None);
        true
    }

    /// Puts an import on the list. The oldest that is over makes room.
    pub(crate) fn remember(&self, id: &str, label: &UploadLabel, state: ImportState) {
        let mut statuses = self.lock();
        if statuses.len() >= limits::REMEMBERED_IMPORTS
            && let Some(oldest) = statuses.iter().position(ImportStatus::is_over)
        {
            statuses.remove(oldest);
        }
        statuses.push_back(ImportStatus {
            id: id.to_owned(),
            listener: ListenerId::new(label.listener.as_str()),
            sender: label.sender.as_deref().map(ListenerId::new),
            state,
            file: label.name.clone(),
            bytes_read: 0,
            bytes_total: 0,
            trained: 0.0,
            explanation: None,
            found_world: None,
            kept_world: None,
            report: None,
            counts: None,
            problem: None,
            only_played: None,
        });
    }
}

/// Whether a record is of somebody.
fn names(record: &Record, listener: &ListenerId) -> bool {
    match record {
        Record::Listen { listen, .. } => listen.listener == *listener,
        Record::Feedback { feedback, .. } => feedback.listener == *listener,
        Record::Friendship { listener: one, friend } => one == listener || friend == listener,
        Record::Track(_) | Record::ArtistTag(_) => false,
    }
}
