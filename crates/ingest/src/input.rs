//! Bytes of a file or archive entry as UTF-8 text, counted, limited and decoded on the way.

use std::io::{self, BufRead, Read};
use std::path::Path;

use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::IngestError;

/// How much of a file is looked at to tell its format.
pub(crate) const HEAD_BYTES: usize = 64 << 10;

/// A limit that reading ran into; travels inside an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("{what} exceeds the limit of {limit}")]
pub(crate) struct LimitExceeded {
    pub(crate) what: &'static str,
    pub(crate) limit: String,
}

/// Turns an error of reading into one of the import. An error that the operating system reported is
/// [`IngestError::Io`]; an exceeded limit is [`IngestError::TooLarge`]; anything else means that
/// the content is damaged at `line`.
pub fn read_error(error: io::Error, path: &Path, line: u64) -> IngestError {
    let path = path.to_owned();
    if error.raw_os_error().is_some() {
        return IngestError::Io { path, source: error };
    }
    match error.get_ref().and_then(|inner| inner.downcast_ref::<LimitExceeded>()) {
        Some(limit) => {
            IngestError::TooLarge { path, line, what: limit.what, limit: limit.limit.clone() }
        }
        None => {
            IngestError::Malformed { path, line, problem: format!("the data is damaged: {error}") }
        }
    }
}

/// Reads the beginning of a file, up to 64 KiB, which is enough to recognise its format.
pub fn read_head(input: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    input.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// The beginning of a file as text, whatever its encoding. A character that is cut off at the end
/// is replaced.
pub fn decode_head(head: &[u8]) -> String {
    let mut text = Vec::with_capacity(head.len());
    // Reading from memory cannot fail, and a decoder yields valid text only.
    let _ = Utf8Reader::new(head, head).read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

enum Encoding {
    Utf8,
    Utf16(Box<Decoder>),
}

/// Decodes text to UTF-8 without a byte-order mark. UTF-16 is recognised by its mark or by the
/// zeros between its letters. A byte that is not UTF-8 is read as Windows-1252, one by one, so that
/// even files of mixed origin come out readable.
pub struct Utf8Reader<R> {
    input: R,
    encoding: Encoding,
    raw: Vec<u8>,
    raw_len: usize,
    mark_length: usize,
    ended: bool,
    text: Vec<u8>,
    at: usize,
    foreign_bytes: u64,
}

impl<R: Read> Utf8Reader<R> {
    /// Decodes `input` from its beginning. `head` is a copy of that beginning, from which the
    /// encoding is recognised.
    pub fn new(head: &[u8], input: R) -> Self {
        let (encoding, mark_length) = sniff(head);
        Self {
            input,
            encoding,
            raw: vec![0; HEAD_BYTES],
            raw_len: 0,
            mark_length,
            ended: false,
            text: Vec::with_capacity(HEAD_BYTES),
            at: 0,
            foreign_bytes: 0,
        }
    }

    /// What about the encoding is worth telling, after reading.
    pub(crate) fn note(&self) -> Option<String> {
        match self.encoding {
            Encoding::Utf16(_) => Some("read as UTF-16".to_owned()),
            Encoding::Utf8 if self.foreign_bytes > 0 => Some(format!(
                "{} bytes are not UTF-8 and were read as Windows-1252",
                self.foreign_bytes
            )),
            Encoding::Utf8 => None,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.at = 0;
        while self.text.is_empty() && !(self.ended && self.raw_len == 0) {
            let count = match self.input.read(&mut self.raw[self.raw_len..]) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.ended |= count == 0;
            self.raw_len += count;
            if self.raw_len < self.mark_length && !self.ended {
                continue;
            }
            let mark = std::mem::take(&mut self.mark_length).min(self.raw_len);
            self.raw.copy_within(mark..self.raw_len, 0);
            self.raw_len -= mark;
            let used = self.decode();
            self.raw.copy_within(used..self.raw_len, 0);
            self.raw_len -= used;
        }
        Ok(())
    }

    /// Decodes what it can and says how many raw bytes that took.
    fn decode(&mut self) -> usize {
        let raw = &self.raw[..self.raw_len];
        match &mut self.encoding {
            Encoding::Utf8 => decode_utf8(raw, self.ended, &mut self.text, &mut self.foreign_bytes),
            Encoding::Utf16(decoder) => {
                self.text.resize(
                    decoder.max_utf8_buffer_length(raw.len()).unwrap_or(raw.len() * 3 + 16),
                    0,
                );
                let (result, read, written, _) =
                    decoder.decode_to_utf8(raw, &mut self.text, self.ended);
                debug_assert_eq!(result, CoderResult::InputEmpty);
                self.text.truncate(written);
                read
            }
        }
    }
}

fn decode_utf8(raw: &[u8], ended: bool, text: &mut Vec<u8>, foreign_bytes: &mut u64) -> usize {
    let mut at = 0;
    while at < raw.len() {
        let Err(error) = std::str::from_utf8(&raw[at..]) else {
            text.extend_from_slice(&raw[at..]);
            return raw.len();
        };
        let valid = at + error.valid_up_to();
        text.extend_from_slice(&raw[at..valid]);
        at = valid;
        if error.error_len().is_none() && !ended {
            break;
        }
        let (letter, _) = WINDOWS_1252.decode_without_bom_handling(&raw[at..=at]);
        text.extend_from_slice(letter.as_bytes());
        *foreign_bytes += 1;
        at += 1;
    }
    at
}

fn sniff(head: &[u8]) -> (Encoding, usize) {
    let utf16 = |encoding: &'static encoding_rs::Encoding| {
        Encoding::Utf16(Box::new(encoding.new_decoder_without_bom_handling()))
    };
    let zeros = |odd: usize| {
        head.len() >= 4 && head.iter().take(16).skip(odd).step_by(2).all(|&byte| byte == 0)
    };
    match head {
        [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
        [0xff, 0xfe, ..] => (utf16(UTF_16LE), 2),
        [0xfe, 0xff, ..] => (utf16(UTF_16BE), 2),
        _ if zeros(1) && !zeros(0) => (utf16(UTF_16LE), 0),
        _ if zeros(0) && !zeros(1) => (utf16(UTF_16BE), 0),
        _ => (Encoding::Utf8, 0),
    }
}

impl<R: Read> BufRead for Utf8Reader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.text.len() {
            self.refill()?;
        }
        Ok(&self.text[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

impl<R: Read> Read for Utf8Reader<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let ahead = self.fill_buf()?;
        let count = ahead.len().min(target.len());
        target[..count].copy_from_slice(&ahead[..count]);
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(bytes: &[u8]) -> (String, Option<String>) {
        let mut reader = Utf8Reader::new(bytes, bytes);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        (text, reader.note())
    }

    #[test]
    fn every_encoding_becomes_utf8() {
        let utf16: Vec<u8> = "\u{feff}Ünï".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&utf16).0, "Ünï");
        let unmarked: Vec<u8> = "[{\"a\":1}]".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&unmarked).0, "[{\"a\":1}]");
        assert_eq!(decode(b"\xef\xbb\xbfabc"), ("abc".to_owned(), None));
        let (text, note) = decode(b"caf\xe9, na\xefve");
        assert_eq!(text, "café, naïve");
        assert_eq!(note.unwrap(), "2 bytes are not UTF-8 and were read as Windows-1252");
    }

    proptest! {
        #[test]
        fn utf8_comes_out_as_it_went_in(text in "\\PC{0,64}", repeat in 1_usize..4000) {
            prop_assume!(!text.starts_with('\u{feff}'));
            let long = text.repeat(repeat);
            prop_assert_eq!(decode(long.as_bytes()), (long, None));
        }

        #[test]
        fn any_bytes_become_text(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            decode(&bytes);
        }
    }
}
