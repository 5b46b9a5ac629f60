//! What can go wrong with a world.

use std::io;
use std::path::{Path, PathBuf};

/// Why a dump cannot be read, or a world not be built or opened.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// A file cannot be read or written.
    #[error("cannot read or write `{}`", path.display())]
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
    /// A world was to be built where a file is already.
    #[error("`{}` exists already: name another file, or remove it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Work in progress is of another build.
    #[error(
        "`{}` holds a build from other files or with other settings: remove the folder to build \
         anew, or build with the same to go on",
        path.display()
    )]
    OtherBuild {
        /// The folder with the work in progress.
        path: PathBuf,
    },
    /// A world cannot be updated.
    #[error(
        "`{}` was built without `--keep`: nothing that was read is there to add to; build it again \
         from all dumps",
        path.display()
    )]
    NoParts {
        /// The world.
        path: PathBuf,
    },
    /// Somebody else builds the same world at this moment.
    #[error("`{}` is in use: another build of this world is running", path.display())]
    BeingBuilt {
        /// The folder with the work in progress.
        path: PathBuf,
    },
    /// A world of nothing.
    #[error("no recording was played by {fewest} people or more: the dumps hold too few listens")]
    NothingKept {
        /// The fewest people who make a recording known.
        fewest: u32,
    },
    /// A build that does not fit in the memory that it may take.
    #[error("the build needs {needed_mb} MB and may take {allowed_mb} MB: allow more memory")]
    NeedsMemory {
        /// What it needs, about.
        needed_mb: usize,
        /// What it may take.
        allowed_mb: usize,
    },
    /// A file that a newer version wrote.
    #[error(
        "`{}` is a world of version {found}, and this version of Segue reads {supported}: update \
         Segue, or build the world again",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version that is read.
        supported: u32,
    },
    /// A build on a cluster came to nothing.
    #[cfg(feature = "spark")]
    #[error(transparent)]
    Spark(#[from] crate::build::spark::SparkError),
    /// A model could not be fitted to what people heard.
    #[error("factors cannot be fitted: {reason}")]
    Factors {
        /// Why.
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
