//! Streams the rows of JSON documents of any size through a bounded buffer.
//!
//! A row is deserialised straight from the buffer, borrowing its text; only where that fails is the
//! row looked at byte by byte, so that one broken row costs one row and not the file. Reading whole
//! documents into a tree was rejected: an export of 217 MB would need several times that in memory.

mod buffer;
mod fields;
mod lines;
mod loose;
mod repair;
mod scan;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use fields::{Flag, JsonText, Number, number};
pub(crate) use lines::read_lines;
pub(crate) use loose::{FromBareText, List, LooseObject};
pub(crate) use walk::{Step, read_document};

use serde::Deserialize;

use crate::{Context, DropReason, IngestError};

use scan::{Scan, ScanOutcome};

/// Longest row, in bytes. The longest seen in real exports is below 20 KB.
pub(crate) const MAX_ROW_BYTES: usize = 1 << 20;
/// Longest value that may be passed over between rows, in bytes.
const MAX_SKIPPED_BYTES: u64 = 64 << 20;
/// Deepest nesting. Real exports nest less than 10 deep.
const MAX_DEPTH: usize = 64;

/// Rows longer than this, in bytes, are searched for excessive nesting before they are used. The
/// deserialiser follows fields that it ignores however deep they are. Shorter rows cannot nest deep
/// enough to do harm, and scanning each row would cost a tenth of the speed.
const LONG_ROW_BYTES: usize = 8 << 10;

/// What a format does with its rows.
pub(crate) trait JsonRows {
    /// A row, borrowing from the buffer.
    type Row<'de>: Deserialize<'de>;

    /// Keeps or drops one row; `kind` is what the format called the place where it was found.
    fn row(
        &mut self,
        row: Self::Row<'_>,
        kind: u8,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError>;

    /// Drops a row that cannot be read.
    fn damaged(&mut self, context: &mut Context<'_>) {
        context.drop_row(DropReason::Malformed);
    }
}

/// Deserialises a row that lies complete in `bytes`, mending what can be mended.
fn read_whole_row<R: JsonRows>(
    rows: &mut R,
    bytes: &[u8],
    kind: u8,
    context: &mut Context<'_>,
) -> Result<bool, IngestError> {
    if is_too_deep(bytes) {
        return Ok(false);
    }
    if let Ok(row) = serde_json::from_slice::<R::Row<'_>>(bytes) {
        rows.row(row, kind, context)?;
        return Ok(true);
    }
    let repaired = repair::repair(bytes);
    match serde_json::from_slice::<R::Row<'_>>(&repaired) {
        Ok(row) => rows.row(row, kind, context).map(|()| true),
        Err(_) => Ok(false),
    }
}

fn is_too_deep(row: &[u8]) -> bool {
    row.len() > LONG_ROW_BYTES && matches!(Scan::default().feed(row), ScanOutcome::TooDeep(_))
}
