//! Foreign formats into Segue's types, with a report that adds up.
//!
//! Importers are total: dirty data is no error. Each row read is either kept as a [`segue_core::Record`] or dropped for a
//! [`DropReason`], and the [`Report`] counts both. Only what cannot be read at all ends in an [`IngestError`], which names the
//! file and the line.

mod context;
mod error;
mod format;
pub mod identity;
mod report;
mod table;

pub use context::{Context, Sink, SinkError};
pub use error::IngestError;
pub use format::UNDATED;
pub use report::{DropReason, FileReport, Report};
pub use table::{PlaylistUse, TableOptions};
