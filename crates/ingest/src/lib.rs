//! Foreign formats into Segue's types, with a report that adds up.
//!
//! Importers are total: dirty data is no error. Each row read is either kept as a
//! [`segue_core::Record`] or dropped for a [`DropReason`], and the [`ImportReport`] counts both.
//! Only what cannot be read at all ends in an [`IngestError`], which names the file and the line.
//!
//! [`import`] takes files, folders and zip archives. A file that breaks off is no reason to lose
//! the others: what was read of it stays, and its [`FileReport`] is marked `incomplete` and says in
//! which line it broke. Nothing is unpacked to disk, and entries of an archive whose names say that
//! they are private are never opened.

pub mod columns;
mod context;
mod error;
mod explain;
mod format;
#[doc(hidden)]
pub mod fuzzing;
pub mod identity;
mod import;
mod input;
mod json;
mod keeps;
mod namer;
mod parquet_file;
pub mod parts;
mod report;
mod spotify;
mod table;
mod time;

pub use context::{
    Context, Earlier, FileIdentity, FileSink, LONGEST_NAME, MOST_ARTISTS, Sink, UNREAD_COLUMNS,
};
pub use error::{IngestError, SinkError};
pub use explain::{FileExplanation, explain, explain_beginnings};
pub use format::read_listenbrainz;
pub use import::{ImportLimits, ImportOptions, ImportProgress, Observer, import};
pub use keeps::Keeps;
pub use report::{ColumnReading, DropReason, FileReport, ImportReport};
pub use table::{PlaylistUse, TableOptions};
