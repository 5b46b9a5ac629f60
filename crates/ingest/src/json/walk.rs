//! Walks through a document to its rows.

use std::io::BufRead;

use serde_json::Deserializer;

use super::buffer::Buffer;
use super::scan::{Scan, ScanOutcome};
use super::{JsonRows, MAX_DEPTH, MAX_ROW_BYTES, MAX_SKIPPED_BYTES, is_too_deep, read_whole_row};
use crate::{Context, IngestError};

/// What to do with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Look into the object or array.
    Enter,
    /// It is an array of rows, or a single row.
    Rows(u8),
    /// Pass over it: nothing in it is used.
    Skip,
}

/// What came of reading a row straight from the buffer.
enum Attempt {
    /// A row was read; it had this many bytes.
    Read(usize),
    /// The row goes on beyond the bytes that were read so far.
    CutOff,
    /// The bytes are no JSON, or no row of this format.
    Refused,
}

/// Longest key of an object, in bytes. A longer one ends the reading of the file: no export has
/// such keys, and the buffer must stay bounded.
const MAX_KEY_BYTES: usize = 4 << 10;

/// Reads one document. `step` decides by the path of a value, which is `""` for the document,
/// `/key` for a member and `/*` for an element: `/recenttracks/track`.
pub(crate) fn read_document<R: JsonRows>(
    input: &mut dyn BufRead,
    context: &mut Context<'_>,
    rows: &mut R,
    step: impl Fn(&str) -> Step,
) -> Result<(), IngestError> {
    let mut walk = Walk { buffer: Buffer::new(input), context, rows, step, path: String::new() };
    if walk.peek()?.is_none() {
        return Ok(());
    }
    walk.value()?;
    match walk.peek()? {
        None => Ok(()),
        Some(byte) => Err(walk.unexpected(byte, "the end of the document")),
    }
}

struct Walk<'a, 'b, 's, R, S> {
    buffer: Buffer<'a>,
    context: &'b mut Context<'s>,
    rows: &'b mut R,
    step: S,
    path: String,
}

impl<R: JsonRows, S: Fn(&str) -> Step> Walk<'_, '_, '_, R, S> {
    fn value(&mut self) -> Result<(), IngestError> {
        let first = self.peek_some("a value")?;
        match ((self.step)(&self.path), first) {
            (Step::Enter, b'{') => self.object(),
            (Step::Enter, b'[') => self.array(|walk| walk.inside("*", Self::value)),
            (Step::Rows(kind), b'[') => self.array(|walk| walk.row(kind)),
            (Step::Rows(kind), b'{') => self.row(kind),
            _ => self.skip(),
        }
    }

    fn inside(
        &mut self,
        name: &str,
        read: fn(&mut Self) -> Result<(), IngestError>,
    ) -> Result<(), IngestError> {
        let length = self.path.len();
        self.path.push('/');
        self.path.push_str(name);
        read(self)?;
        self.path.truncate(length);
        Ok(())
    }

    fn object(&mut self) -> Result<(), IngestError> {
        self.buffer.advance(1);
        if self.peek_some("a key or `}`")? == b'}' {
            self.buffer.advance(1);
            return Ok(());
        }
        loop {
            let key = self.key()?;
            match self.peek_some("`:`")? {
                b':' => self.buffer.advance(1),
                byte => return Err(self.unexpected(byte, "`:`")),
            }
            self.inside(&key, Self::value)?;
            match self.peek_some("`,` or `}`")? {
                b',' => self.buffer.advance(1),
                b'}' => break,
                byte => return Err(self.unexpected(byte, "`,` or `}`")),
            }
        }
        self.buffer.advance(1);
        Ok(())
    }

    fn array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), IngestError>,
    ) -> Result<(), IngestError> {
        self.buffer.advance(1);
        if self.peek_some("a value or `]`")? == b']' {
            self.buffer.advance(1);
            return Ok(());
        }
        loop {
            element(self)?;
            match self.peek_some("`,` or `]`")? {
                b',' => self.buffer.advance(1),
                b']' => break,
                byte => return Err(self.unexpected(byte, "`,` or `]`")),
            }
            // A comma before the bracket is wrong and harmless.
            if self.peek_some("a value")? == b']' {
                break;
            }
        }
        self.buffer.advance(1);
        Ok(())
    }

    fn key(&mut self) -> Result<String, IngestError> {
        match self.peek_some("a key")? {
            b'"' => {}
            byte => return Err(self.unexpected(byte, "a key")),
        }
        loop {
            match Scan::default().feed(self.buffer.ahead()) {
                ScanOutcome::Ended(end) => {
                    let key =
                        serde_json::from_slice(&self.buffer.ahead()[..end]).unwrap_or_default();
                    self.buffer.advance(end);
                    return Ok(key);
                }
                _ if self.buffer.ahead().len() > MAX_KEY_BYTES => {
                    return Err(self.too_large("a key", format!("{MAX_KEY_BYTES} bytes")));
                }
                _ if self.buffer.fill(self.context)? => {}
                _ => return Err(self.ends_early("a key")),
            }
        }
    }

    /// Reads the value ahead as a row.
    fn row(&mut self, kind: u8) -> Result<(), IngestError> {
        if self.peek_some("a row")? != b'{' {
            self.rows.damaged(self.context);
            return self.skip();
        }
        loop {
            match self.row_within_buffer(kind)? {
                Attempt::Read(length) => {
                    self.buffer.advance(length);
                    return Ok(());
                }
                Attempt::CutOff if self.buffer.ahead().len() < MAX_ROW_BYTES => {
                    if !self.buffer.fill(self.context)? {
                        return Err(self.ends_early("a row"));
                    }
                }
                Attempt::CutOff | Attempt::Refused => return self.difficult_row(kind),
            }
        }
    }

    fn row_within_buffer(&mut self, kind: u8) -> Result<Attempt, IngestError> {
        let mut parser = Deserializer::from_slice(self.buffer.ahead()).into_iter::<R::Row<'_>>();
        let parsed = parser.next();
        let length = parser.byte_offset();
        if is_too_deep(&self.buffer.ahead()[..length]) {
            return Ok(Attempt::Refused);
        }
        match parsed {
            Some(Ok(row)) => self.rows.row(row, kind, self.context).map(|()| Attempt::Read(length)),
            Some(Err(error)) if !error.is_eof() => Ok(Attempt::Refused),
            Some(Err(_)) | None => Ok(Attempt::CutOff),
        }
    }

    /// Reads a row that the fast way refused: finds its end, mends it, and drops it where that does
    /// not help.
    fn difficult_row(&mut self, kind: u8) -> Result<(), IngestError> {
        loop {
            match Scan::default().feed(self.buffer.ahead()) {
                ScanOutcome::Ended(end) if end <= MAX_ROW_BYTES => {
                    if !read_whole_row(self.rows, &self.buffer.ahead()[..end], kind, self.context)?
                    {
                        self.rows.damaged(self.context);
                    }
                    self.buffer.advance(end);
                    return Ok(());
                }
                ScanOutcome::TooDeep(at) => {
                    self.buffer.advance(at);
                    return Err(self.too_large("nesting", format!("{MAX_DEPTH} levels")));
                }
                _ if self.buffer.ahead().len() >= MAX_ROW_BYTES => {
                    return Err(self.too_large("a row", format!("{MAX_ROW_BYTES} bytes")));
                }
                _ if self.buffer.fill(self.context)? => {}
                _ => return Err(self.ends_early("a row")),
            }
        }
    }

    /// Passes over the value ahead, whatever its length, in bounded memory.
    fn skip(&mut self) -> Result<(), IngestError> {
        let (mut scan, mut skipped) = (Scan::default(), 0);
        loop {
            let length = self.buffer.ahead().len();
            match scan.feed(self.buffer.ahead()) {
                ScanOutcome::Ended(0) if skipped == 0 => {
                    let byte = self.buffer.ahead()[0];
                    return Err(self.unexpected(byte, "a value"));
                }
                ScanOutcome::Ended(end) => {
                    self.buffer.advance(end);
                    return Ok(());
                }
                ScanOutcome::TooDeep(at) => {
                    self.buffer.advance(at);
                    return Err(self.too_large("nesting", format!("{MAX_DEPTH} levels")));
                }
                ScanOutcome::More => self.buffer.advance(length),
            }
            skipped += length as u64;
            if skipped > MAX_SKIPPED_BYTES {
                return Err(self.too_large("a value", format!("{MAX_SKIPPED_BYTES} bytes")));
            }
            if !self.buffer.fill(self.context)? {
                return Err(self.ends_early("a value"));
            }
        }
    }

    /// The next byte that is not white space, or `None` at the end.
    fn peek(&mut self) -> Result<Option<u8>, IngestError> {
        let mut blank = 0;
        loop {
            let ahead = self.buffer.ahead();
            let spaces = ahead.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let next = ahead.get(spaces).copied();
            self.buffer.advance(spaces);
            blank += spaces;
            if next.is_some() {
                return Ok(next);
            }
            if blank > MAX_ROW_BYTES {
                return Err(self.too_large("white space", format!("{MAX_ROW_BYTES} bytes")));
            }
            if !self.buffer.fill(self.context)? {
                return Ok(None);
            }
        }
    }

    fn peek_some(&mut self, expected: &str) -> Result<u8, IngestError> {
        match self.peek()? {
            Some(byte) => Ok(byte),
            None => Err(self.context.malformed(
                self.buffer.line(),
                format!("the file ends where {expected} should follow"),
            )),
        }
    }

    fn unexpected(&self, byte: u8, expected: &str) -> IngestError {
        let found = byte.escape_ascii();
        self.context.malformed(self.buffer.line(), format!("expected {expected}, found `{found}`"))
    }

    fn ends_early(&self, what: &str) -> IngestError {
        self.context.malformed(self.buffer.line(), format!("the file ends in the middle of {what}"))
    }

    fn too_large(&self, what: &'static str, limit: String) -> IngestError {
        self.context.too_large(self.buffer.line(), what, limit)
    }
}
