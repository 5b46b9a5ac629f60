//! The bounded window through which a document is read.

use std::io::BufRead;

use memchr::memchr_iter;

use crate::input::read_error;
use crate::{Context, IngestError};

/// How much is read at a time. Large enough that few rows are cut by its end and have to be read
/// twice.
const CHUNK_BYTES: usize = 256 << 10;

/// Bytes read and not yet used, and the line that they begin at.
pub(super) struct Buffer<'i> {
    input: &'i mut dyn BufRead,
    bytes: Vec<u8>,
    at: usize,
    line: u64,
    ended: bool,
}

impl<'i> Buffer<'i> {
    pub(super) fn new(input: &'i mut dyn BufRead) -> Self {
        Self { input, bytes: Vec::with_capacity(CHUNK_BYTES), at: 0, line: 1, ended: false }
    }

    /// The bytes that were read and not yet used.
    pub(super) fn ahead(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    /// Marks the next `count` bytes as used.
    pub(super) fn advance(&mut self, count: usize) {
        self.at += count;
    }

    /// The line of the next byte, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line + memchr_iter(b'\n', &self.bytes[..self.at]).count() as u64
    }

    /// Reads more bytes; `false` at the end of the input.
    pub(super) fn fill(&mut self, context: &Context<'_>) -> Result<bool, IngestError> {
        if self.ended {
            return Ok(false);
        }
        self.line = self.line();
        self.bytes.drain(..self.at);
        self.at = 0;
        let wanted = self.bytes.len() + CHUNK_BYTES;
        let before = self.bytes.len();
        while self.bytes.len() < wanted {
            let piece = match self.input.fill_buf() {
                Ok(piece) => piece,
                Err(error) => return Err(read_error(error, context.path(), self.line)),
            };
            if piece.is_empty() {
                self.ended = true;
                break;
            }
            let count = piece.len().min(wanted - self.bytes.len());
            self.bytes.extend_from_slice(&piece[..count]);
            self.input.consume(count);
        }
        Ok(self.bytes.len() > before)
    }
}
