//! The index that searches go through: what it is made of, and its file.
//!
//! ```text
//! seal                                 80 bytes
//! lengths of 22 sections               8 each
//! for tracks, then for artists: rows; words (5 sections); beginnings (5 sections)
//! ```
//!
//! All numbers are little-endian. A file is mapped, never changed, and used only if it was made by
//! this version from the very words and order of the catalogue at hand, and holds what was written:
//! every other one is made anew. The digest of what it was made from costs one pass over all names;
//! a counter kept by the store could not tell of plays, on which the order by popularity depends.

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use memmap2::Mmap;
use segue_engine::{Catalogue, Index};

use crate::sealed::{BODY_AT, Digest, Digester, Seal};

use super::build::{DocumentParts, artists_in_order, index_artists, index_tracks, tracks_in_order};
use super::postings::Bits;
use super::table::{PARTS, Table};

const MAGIC: [u8; 8] = *b"segueidx";
/// Goes up whenever the layout changes, or what a word is.
const VERSION: u64 = 1;
const SECTIONS: usize = 2 * (1 + 2 * PARTS);

/// An index in memory or in a file.
pub(super) struct WordIndex {
    bytes: Bytes,
    sections: [Range<usize>; SECTIONS],
}

enum Bytes {
    Mapped(Mmap),
    Built(Vec<u8>),
}

impl Bytes {
    fn get(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Built(bytes) => bytes,
        }
    }
}

/// Documents by words: tracks or artists.
#[derive(Clone, Copy)]
pub(super) struct Documents<'f> {
    rows: &'f [u8],
    pub(super) words: Table<'f>,
    beginnings: Table<'f>,
}

/// How a typed word is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WordMatch {
    /// As the beginning of words.
    Beginning(String),
    /// Within words, where none begins so.
    Within(String),
}

impl WordMatch {
    pub(super) fn text(&self) -> &str {
        let (Self::Beginning(text) | Self::Within(text)) = self;
        text
    }
}

impl WordIndex {
    /// Indexes a catalogue. `made_from` is what [`made_from`] says of it.
    pub(super) fn build(
        catalogue: &Catalogue,
        index: &Index,
        made_from: &Digest,
        heavy: usize,
    ) -> Self {
        let tracks = index_tracks(catalogue, &tracks_in_order(catalogue, index), heavy);
        let artists = index_artists(catalogue, &artists_in_order(catalogue, index), heavy);
        let bytes = to_bytes(made_from, &[tracks, artists]);
        let sections = sections(&bytes).expect("it was just written so");
        Self { bytes: Bytes::Built(bytes), sections }
    }

    /// Opens a file; `None` where there is none that is sound, of this version and made from the
    /// same.
    pub(super) fn open(path: &Path, made_from: &Digest) -> Option<Self> {
        let file = File::open(path).ok()?;
        #[expect(unsafe_code, reason = "a mapping keeps the index out of this process's memory")]
        // SAFETY: a file is only ever replaced by renaming another, and never written in place.
        // Whoever writes into one regardless changes what is read: all of it is checked against the
        // length of the mapping whenever it is read, and text is made of it by `from_utf8` only.
        // Whoever cuts one off while it is mapped kills the process (SIGBUS): an accepted risk,
        // since the folder is the library's own.
        let map = unsafe { Mmap::map(&file) }.ok()?;
        Self::checked(Bytes::Mapped(map), made_from)
    }

    fn checked(bytes: Bytes, made_from: &Digest) -> Option<Self> {
        let content = bytes.get();
        seal(made_from).body(content)?;
        let sections = sections(content)?;
        Some(Self { bytes, sections })
    }

    /// Whether it is in a file, and not in memory.
    #[cfg(test)]
    pub(super) fn is_mapped(&self) -> bool {
        matches!(self.bytes, Bytes::Mapped(_))
    }

    /// The same of bytes that are taken for sound, whatever they say.
    #[cfg(test)]
    pub(super) fn believing(bytes: Vec<u8>) -> Option<Self> {
        let sections = sections(&bytes)?;
        Some(Self { bytes: Bytes::Built(bytes), sections })
    }

    /// Writes it as a file.
    pub(super) fn write(&self, file: &mut dyn Write) -> io::Result<()> {
        file.write_all(self.bytes.get())
    }

    /// The tracks, the most popular first.
    pub(super) fn tracks(&self) -> Documents<'_> {
        self.documents(0)
    }

    /// The artists, those with most tracks first.
    pub(super) fn artists(&self) -> Documents<'_> {
        self.documents(SECTIONS / 2)
    }

    fn documents(&self, first: usize) -> Documents<'_> {
        let section = |at: usize| &self.bytes.get()[self.sections[first + at].clone()];
        let table = |first: usize| Table::new(std::array::from_fn(|at| section(first + at)));
        Documents { rows: section(0), words: table(1), beginnings: table(1 + PARTS) }
    }
}

impl Documents<'_> {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.rows.len() / 4
    }

    /// Those that hold every word.
    pub(super) fn holding(&self, words: &[WordMatch]) -> Bits {
        let Some((first, rest)) = words.split_first() else { return Bits::all(self.count()) };
        let mut held = Bits::none(self.count());
        self.add(first, &mut held);
        let mut holding_too = Bits::none(self.count());
        for word in rest {
            holding_too.clear();
            self.add(word, &mut holding_too);
            held.keep(&holding_too);
        }
        held
    }

    /// Adds those that hold a word.
    fn add(&self, word: &WordMatch, to: &mut Bits) {
        match word {
            WordMatch::Beginning(word) => match self.beginnings.exactly(word) {
                Some(at) => self.beginnings.add_documents(at..at + 1, to),
                None => self.words.add_documents(self.words.beginning(word), to),
            },
            WordMatch::Within(word) => {
                let words = self.words.holding(word);
                words.into_iter().for_each(|at| self.words.add_documents(at..at + 1, to));
            }
        }
    }

    /// The rows of the best `most` of some documents; a row that the catalogue at hand does not
    /// have, which is below `rows` in number, is left out.
    pub(super) fn rows(&self, of: &Bits, most: usize, rows: usize) -> Vec<u32> {
        let row =
            |document: usize| Some(u32::from_le_bytes(*self.rows.as_chunks().0.get(document)?));
        of.iter().take(most).filter_map(row).filter(|&row| (row as usize) < rows).collect()
    }
}

/// Says what an index of a catalogue is made from: all names, the order by popularity, and the
/// versions of Unicode by which names become words.
pub(super) fn made_from(catalogue: &Catalogue, index: &Index) -> Digest {
    let mut digest = Digester::default();
    for (major, minor, update) in [char::UNICODE_VERSION, unicode_normalization::UNICODE_VERSION] {
        digest.bytes(&[major, minor, update]);
    }
    for row in catalogue.rows() {
        let track = catalogue.track(row);
        digest.text(&track.title);
        digest.text(track.album.as_deref().unwrap_or_default());
        track.artists.iter().for_each(|artist| digest.text(artist));
        digest.bytes(&u32::MAX.to_le_bytes());
        digest.bytes(&index.popularity.value(row).to_le_bytes());
    }
    digest.finish()
}

fn seal(made_from: &Digest) -> Seal<'_> {
    Seal { magic: MAGIC, version: VERSION, made_from }
}

fn to_bytes(made_from: &Digest, documents: &[DocumentParts; 2]) -> Vec<u8> {
    let parts = documents.iter().flat_map(|documents| {
        let tables = [&documents.words, &documents.beginnings];
        let parts = tables.into_iter().flat_map(|table| &table.parts);
        std::iter::once(&documents.rows).chain(parts)
    });
    let length: usize = parts.clone().map(Vec::len).sum();
    let mut bytes = Vec::with_capacity(BODY_AT + 8 * SECTIONS + length);
    bytes.extend_from_slice(&[0; BODY_AT]);
    for part in parts.clone() {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
    }
    parts.for_each(|part| bytes.extend_from_slice(part));
    let seal = seal(made_from).before(&bytes[BODY_AT..]);
    bytes[..BODY_AT].copy_from_slice(&seal);
    bytes
}

/// Where the sections lie, if they fill the bytes.
fn sections(bytes: &[u8]) -> Option<[Range<usize>; SECTIONS]> {
    let lengths = bytes.get(BODY_AT..)?.as_chunks::<8>().0.get(..SECTIONS)?;
    let mut end = BODY_AT + 8 * SECTIONS;
    let mut sections = [const { 0..0 }; SECTIONS];
    for (section, length) in sections.iter_mut().zip(lengths) {
        let begin = end;
        end = begin.checked_add(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        *section = begin..end;
    }
    (end == bytes.len()).then_some(sections)
}
