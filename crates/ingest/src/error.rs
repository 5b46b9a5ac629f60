//! What ends an import.

use std::path::PathBuf;

/// The error with which a sink ends an import. It is kept as the source of [`IngestError::Sink`],
/// so that callers can get it back.
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;

/// Why a file could not be read on. Records handed to the sink before the error stay with the sink.
/// Dirty rows are no error: a [`FileReport`](crate::FileReport) counts them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The file or folder could not be opened or read.
    #[error("cannot read `{path}`")]
    Io {
        /// The file, with its entry inside an archive where there is one:
        /// `export.zip/listens/2025/1.jsonl`.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The content breaks its own format.
    #[error("`{path}`{}: {problem}", at_line(*line))]
    Malformed {
        /// The file, with its entry inside an archive where there is one.
        path: PathBuf,
        /// Line of the problem, from 1; 0 where there are no lines.
        line: u64,
        /// What is wrong, expected and found.
        problem: String,
    },
    /// A limit that bounds memory or time was exceeded.
    #[error("`{path}`{}: {what} exceeds the limit of {limit}", at_line(*line))]
    TooLarge {
        /// The file, with its entry inside an archive where there is one.
        path: PathBuf,
        /// Line reached, from 1; 0 for a folder or an archive.
        line: u64,
        /// What was too large.
        what: &'static str,
        /// The limit, with its unit.
        limit: String,
    },
    /// The archive cannot be opened.
    #[error("`{path}` is no archive that can be read: {problem}")]
    BadArchive {
        /// The archive, with the one around it where there is one.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// No importer knows the content.
    #[error("`{path}` is in no format that segue knows; {found}")]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// What was found in it instead: its first characters, made printable, and which columns
        /// were understood if it looks like a table.
        found: String,
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

impl IngestError {
    /// Whether the system is at fault and not the content: later it may go well.
    pub(crate) fn is_of_the_system(&self) -> bool {
        matches!(self, Self::Io { .. })
    }

    /// The error with what caused it, in a line.
    pub(crate) fn in_a_line(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

fn at_line(line: u64) -> String {
    if line == 0 { String::new() } else { format!(", line {line}") }
}
