//! The beginning of a text, for a look at how it would be read.

use std::io::{self, BufRead, Read};

/// Bytes after which the line that is being read is the last one, and longest that it may be.
const BYTES: usize = 1 << 20;
/// Rows that are looked at of a file.
pub(super) const ROWS: u64 = 2_000;

/// A text that ends at the end of a line, a megabyte on: formats of a row a line lose no half row
/// by it. What is one document breaks off there.
pub(super) struct Beginning<'r> {
    input: &'r mut dyn BufRead,
    passed: usize,
    /// Length of what was offered last, and whether it ends the last line.
    offered: (usize, bool),
    is_over: bool,
    is_cut: bool,
}

impl<'r> Beginning<'r> {
    pub(super) fn of(input: &'r mut dyn BufRead) -> Self {
        Self { input, passed: 0, offered: (0, false), is_over: false, is_cut: false }
    }

    /// Whether there was more behind it, as far as it was read.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }
}

impl BufRead for Beginning<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let ahead = self.input.fill_buf()?;
        if self.is_over {
            self.is_cut |= !ahead.is_empty();
            return Ok(&[]);
        }
        let line_end = memchr::memchr(b'\n', ahead).filter(|_| self.passed >= BYTES);
        let most = if self.passed < BYTES { BYTES } else { 2 * BYTES } - self.passed;
        let length = line_end.map_or(ahead.len(), |at| at + 1).min(most);
        self.offered = (length, line_end.is_some_and(|at| at + 1 == length));
        Ok(&ahead[..length])
    }

    fn consume(&mut self, count: usize) {
        self.input.consume(count);
        self.passed += count;
        let (length, ends_line) = std::mem::take(&mut self.offered);
        self.is_over |= count > 0 && count == length && ends_line || self.passed >= 2 * BYTES;
        self.offered = (length - count.min(length), ends_line);
    }
}

impl Read for Beginning<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(target)?;
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn a_beginning_ends_with_a_line_and_within_a_bound() {
        let line = format!("{}\n", "x".repeat(999));
        for (text, expected, is_cut) in [
            (line.repeat(9), 9_000, false),
            (line.repeat(2_000), 1_049_000, true),
            ("x".repeat(3 << 20), 2 << 20, true),
            ("x".repeat(3 << 19), 3 << 19, false),
        ] {
            for capacity in [7, 1_000, 1 << 16] {
                let mut input = BufReader::with_capacity(capacity, text.as_bytes());
                let mut beginning = Beginning::of(&mut input);
                let mut read = String::new();
                beginning.read_to_string(&mut read).unwrap();
                assert_eq!((read.len(), beginning.is_cut()), (expected, is_cut));
                assert!(text.starts_with(&read));
            }
        }
    }
}
