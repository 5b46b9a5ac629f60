//! What can go wrong with a world.

use std::io;
use std::path::{Path, PathBuf};

/// Why a dump cannot be read, or a world not be built or opened.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// A file cannot be read or written.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what it should be, or is damaged.
    #[error("`{}`: {reason}", path.display())]
    Malformed {
        /// The file, and the member of it where it is an archive: `dump.tar/3.parquet`.
        path: PathBuf,
        /// What is wrong, with the row or line if that is known.
        reason: String,
    },
}

impl WorldError {
    /// An error of the system about a file.
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// A file that is not what it should be.
    pub(crate) fn malformed(path: &Path, reason: impl Into<String>) -> Self {
        Self::Malformed { path: path.to_owned(), reason: reason.into() }
    }
}
