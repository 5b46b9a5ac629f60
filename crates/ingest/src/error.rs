//! What ends an import.

use std::path::PathBuf;

use crate::SinkError;

/// Why a file could not be read on. Rows handed to the sink before the error stay with the sink.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The file or folder could not be opened or read.
    #[error("cannot read `{path}`")]
    Io {
        /// The file, with its entry inside an archive where there is one: `export.zip/listens/2025/1.jsonl`.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The content breaks its own format.
    #[error("`{path}`, line {line}: {problem}")]
    Malformed {
        /// The file, with its entry inside an archive where there is one.
        path: PathBuf,
        /// Line of the problem, from 1.
        line: u64,
        /// What is wrong, expected and found.
        problem: String,
    },
    /// A limit that bounds memory or time was exceeded.
    #[error("`{path}`, line {line}: {what} exceeds the limit of {limit}")]
    TooLarge {
        /// The file, with its entry inside an archive where there is one.
        path: PathBuf,
        /// Line reached, from 1.
        line: u64,
        /// What was too large.
        what: &'static str,
        /// The limit, with its unit.
        limit: String,
    },
    /// No importer knows the content.
    #[error("`{path}` is in no format that segue knows; it begins with `{beginning}`")]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// Its first characters, made printable.
        beginning: String,
    },
    /// The sink refused a record.
    #[error("cannot keep what was read from `{path}`")]
    Sink {
        /// The file being read.
        path: PathBuf,
        /// What the sink said.
        source: SinkError,
    },
}
