//! JSON lines: a row a line, so that a broken one never hides the next.

use std::io::BufRead;

use memchr::memchr;

use super::buffer::Buffer;
use super::{JsonRows, MAX_ROW_BYTES, read_whole_row};
use crate::{Context, IngestError};

/// Reads every line as a row; blank lines are no rows.
pub(crate) fn read_lines<R: JsonRows>(
    input: &mut dyn BufRead,
    context: &mut Context<'_>,
    rows: &mut R,
) -> Result<(), IngestError> {
    let mut buffer = Buffer::new(input);
    loop {
        if let Some(end) = memchr(b'\n', buffer.ahead()) {
            if !read_line(&buffer.ahead()[..end], context, rows)? {
                rows.damaged(context);
            }
            buffer.advance(end + 1);
        } else if buffer.ahead().len() > MAX_ROW_BYTES {
            return Err(context.too_large(
                buffer.line(),
                "a line",
                format!("{MAX_ROW_BYTES} bytes"),
            ));
        } else if !buffer.fill(context)? {
            return read_last(&buffer, context, rows);
        }
    }
}

/// The last line, which has no line break; if it is broken, the file was cut off.
fn read_last<R: JsonRows>(
    buffer: &Buffer<'_>,
    context: &mut Context<'_>,
    rows: &mut R,
) -> Result<(), IngestError> {
    match read_line(buffer.ahead(), context, rows)? {
        true => Ok(()),
        false => Err(context.malformed(buffer.line(), "the file ends in the middle of a row")),
    }
}

fn read_line<R: JsonRows>(
    line: &[u8],
    context: &mut Context<'_>,
    rows: &mut R,
) -> Result<bool, IngestError> {
    match line.trim_ascii() {
        [] => Ok(true),
        row => read_whole_row(rows, row, 0, context),
    }
}
