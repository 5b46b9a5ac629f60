//! The formats, one file each, and how content tells them apart.

mod catalogue;
mod interactions;
#[cfg(test)]
mod testing;

pub use interactions::UNDATED;

use std::io::BufRead;

use segue_core::Source;

use crate::{Context, IngestError};

/// The beginning of a file, which decides its format; the name only breaks ties.
pub(crate) struct Head<'a> {
    /// The first bytes (64 KiB at most), decoded to UTF-8, byte-order mark removed.
    pub(crate) text: &'a str,
    /// File name without folders, lower case.
    pub(crate) name: &'a str,
}

/// One foreign format. Input arrives as UTF-8 without a byte-order mark; Parquet is the exception and reads files itself.
pub(crate) trait Format: Sync {
    /// What its records are marked with.
    fn source(&self) -> Source;

    /// Whether this content is of this format. Formats are asked in order and the first to say yes reads.
    fn recognises(&self, head: &Head<'_>) -> bool;

    /// Reads to the end, announcing every row to the context exactly once.
    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError>;
}
