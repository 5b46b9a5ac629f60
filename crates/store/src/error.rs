//! What can go wrong with a store, split by what the caller can do about it.

use std::path::PathBuf;

use rusqlite::ErrorCode;
use segue_core::TrackId;

use crate::ImpressionId;

/// The result of every fallible function of this crate: its error is always a [`StoreError`].
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why the store could not do what was asked. What was committed before stays committed.
/// [`Self::is_refusal`] splits what the caller can mend from what they cannot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or folder of the store could not be read or written.
    #[error("cannot {action} `{path}`")]
    Io {
        /// What was being done, as a verb: `read`, `write`, `create`.
        action: &'static str,
        /// The file or folder that it was done to.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Another process holds the store for writing and did not let go in time.
    #[error("the store is being written by another process; try again when it has finished")]
    Busy,
    /// The store was written by a newer Segue.
    #[error(
        "`{path}` has schema {found}, this version of segue knows up to {supported}; \
         use a newer segue"
    )]
    NewerSchema {
        /// Path of the database.
        path: PathBuf,
        /// The version of its schema.
        found: u32,
        /// The newest schema that this code knows.
        supported: u32,
    },
    /// The file is a database of some other program.
    #[error("`{path}` is a database, but not one of segue")]
    ForeignDatabase {
        /// Path of the database.
        path: PathBuf,
    },
    /// The database is gone while what belongs to it is there.
    #[error(
        "`{path}` is missing or empty, and `{beside}` beside it is not; put the database back from \
         a backup, or move `{beside}` away to begin anew"
    )]
    MissingDatabase {
        /// Path of the database.
        path: PathBuf,
        /// The folder beside it that holds something.
        beside: &'static str,
    },
    /// The database is damaged or no database at all.
    #[error("the store is damaged ({problem}); restore a backup or import again into a new folder")]
    Corrupt {
        /// What is damaged, as far as that is known.
        problem: String,
    },
    /// A listen, feedback or impression names a track that was never described.
    #[error("track `{0}` is not in the catalogue; describe it first")]
    UnknownTrack(TrackId),
    /// A client gave two events the same name. The first was kept.
    #[error("`{0}` named another event before; each needs a name of its own")]
    ClientIdReused(String),
    /// There is a key of that name, or one with the same digest.
    #[error("there was a key `{0}` already; each needs a name of its own")]
    KeyExists(String),
    /// A listener was forgotten after what is to be written was read, and may be in it.
    #[error(
        "somebody was forgotten in the meantime, and what was read before is out of date; try again"
    )]
    ForgottenSince,
    /// No model of that version is registered.
    #[error("no model `{0}` is registered")]
    UnknownModel(String),
    /// A model of that version is registered already.
    #[error("a model `{0}` is registered already")]
    ModelExists(String),
    /// The version cannot name a folder.
    #[error("`{0}` cannot name a model: use letters, digits, `-`, `_` and inner `.`, 128 at most")]
    BadModelVersion(String),
    /// An experiment of that name ran or is running: the name decides who is in which arm, so it is
    /// used once.
    #[error("there was an experiment `{0}` already; each needs a name of its own")]
    ExperimentExists(String),
    /// Another experiment is running: two at a time would have to be told apart in every mix.
    #[error("experiment `{0}` is running, and one runs at a time; stop it first")]
    ExperimentRunning(String),
    /// No experiment has that name, or it was stopped before.
    #[error("there is no experiment `{0}`, or it is not running")]
    UnknownExperiment(String),
    /// No mix was logged under that number, or it was forgotten.
    #[error("there is no mix {}", .0.0)]
    UnknownImpression(ImpressionId),
    /// No connection has that name.
    #[error("there is no connection `{0}`")]
    UnknownConnection(String),
    /// The name cannot be that of a connection.
    #[error("`{0}` cannot name a connection: use letters, digits, `-`, `_` and `.`, 64 at most")]
    BadConnectionName(String),
    /// A store in memory has no folder to keep files in.
    #[error("a store in memory keeps no {0}")]
    NeedsFolder(&'static str),
    /// The target of a backup exists already.
    #[error("`{0}` exists already; a backup needs a new folder")]
    BackupExists(PathBuf),
    /// Anything else the database reported: full disk, read-only folder, a defect of ours.
    #[error("the database failed")]
    Database(#[source] rusqlite::Error),
}

impl StoreError {
    /// Whether the request is at fault and not the store. The same request will be refused again,
    /// while another one may well succeed. A server answers refusals with 4xx and everything else
    /// with 500.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::UnknownTrack(_)
            | Self::ClientIdReused(_)
            | Self::KeyExists(_)
            | Self::UnknownModel(_)
            | Self::ModelExists(_)
            | Self::BadModelVersion(_)
            | Self::ExperimentExists(_)
            | Self::ExperimentRunning(_)
            | Self::UnknownExperiment(_)
            | Self::UnknownImpression(_)
            | Self::UnknownConnection(_)
            | Self::BadConnectionName(_)
            | Self::ForgottenSince
            | Self::NeedsFolder(_)
            | Self::BackupExists(_) => true,
            Self::Io { .. }
            | Self::Busy
            | Self::NewerSchema { .. }
            | Self::MissingDatabase { .. }
            | Self::ForeignDatabase { .. }
            | Self::Corrupt { .. }
            | Self::Database(_) => false,
        }
    }

    /// Whether there is no room on the disk. The same request succeeds once there is.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Io { source, .. } => source.kind() == std::io::ErrorKind::StorageFull,
            Self::Database(error) => error.sqlite_error_code() == Some(ErrorCode::DiskFull),
            _ => false,
        }
    }

    /// Whether the store may be read and not be written.
    pub fn is_read_only(&self) -> bool {
        match self {
            Self::Io { source, .. } => source.kind() == std::io::ErrorKind::ReadOnlyFilesystem,
            Self::Database(error) => error.sqlite_error_code() == Some(ErrorCode::ReadOnly),
            _ => false,
        }
    }

    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn corrupt(problem: impl Into<String>) -> Self {
        Self::Corrupt { problem: problem.into() }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::corrupt(error.to_string())
            }
            _ => Self::Database(error),
        }
    }
}
