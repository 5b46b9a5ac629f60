//! Doors for the fuzz targets: any bytes, any format, without files.

use crate::events::{EventFormat, read_any};

/// Reads content as events in every format of text.
///
/// # Panics
/// When the account does not add up, or an error does not name the file.
pub fn read_events(content: &[u8]) {
    for format in EventFormat::ALL.into_iter().filter(|format| *format != EventFormat::Parquet) {
        if let Err(error) = read_any(format, content) {
            assert!(error.to_string().contains("fuzz"), "{error}");
        }
    }
}
