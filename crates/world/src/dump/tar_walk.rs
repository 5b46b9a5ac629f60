//! From member to member of a tar, whatever has happened to it.
//!
//! A tar is a row of members, each a block of 512 bytes with name, length and checksum, and then
//! the content, filled up to whole blocks. The walk reads headers alone and trusts none: it takes
//! no memory by what they declare, and where a header should be and is not, it looks for the next
//! block that is one. So a stretch of a dump, downloaded from the middle, is read as far as it
//! goes.
//!
//! The crate `tar` knows the fields of a header. Its own iterator is not used, since it keeps names
//! of any length in memory and ends at the first damage.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use tar::{EntryType, Header, PaxExtensions};

/// Bytes of a block.
pub(super) const BLOCK: usize = 512;
/// Longest name or extended header that is read.
const LONGEST_EXTENSION: u64 = 64 << 10;
/// A member that is said to be longer has a header that is none: a million gigabytes.
const LONGEST_MEMBER: u64 = 1 << 50;

/// Input in which bytes can be passed over.
pub(super) trait Source: Read {
    /// Goes on by so many bytes, at most to the end.
    fn pass(&mut self, bytes: u64) -> io::Result<()>;

    /// Goes back to a place; `false` where there is no going back.
    fn back_to(&mut self, at: u64) -> io::Result<bool>;
}

impl<R: Read + Seek> Source for BufReader<R> {
    fn pass(&mut self, bytes: u64) -> io::Result<()> {
        self.seek_relative(i64::try_from(bytes).map_err(io::Error::other)?)
    }

    fn back_to(&mut self, at: u64) -> io::Result<bool> {
        self.seek(SeekFrom::Start(at)).map(|_| true)
    }
}

/// Bytes that come one after the other. Behind an error there is nothing more: what a decoder might
/// make of the rest would be anything.
pub(super) struct Stream<'r> {
    input: &'r mut dyn Read,
    has_failed: bool,
}

impl<'r> Stream<'r> {
    pub(super) fn new(input: &'r mut dyn Read) -> Self {
        Self { input, has_failed: false }
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.has_failed {
            return Ok(0);
        }
        let read = self.input.read(buffer);
        self.has_failed = read.as_ref().is_err_and(|e| e.kind() != io::ErrorKind::Interrupted);
        read
    }
}

impl Source for Stream<'_> {
    fn pass(&mut self, bytes: u64) -> io::Result<()> {
        io::copy(&mut self.take(bytes), &mut io::sink()).map(|_| ())
    }

    fn back_to(&mut self, _: u64) -> io::Result<bool> {
        Ok(false)
    }
}

/// A member that a header announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// Where its content begins.
    pub(super) start: u64,
}

/// What the walk came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A file, whose content the walk reads next.
    File(Entry),
    /// So many bytes that belong to no member; then a header, or the end.
    Damage(u64),
    /// The end of the input.
    End,
}

/// The walk, and the content of the member that it is at.
pub(super) struct TarWalk<S> {
    input: S,
    /// Where the next block is.
    at: u64,
    /// Bytes of the member that were not read.
    left: u64,
    /// Bytes behind them that fill up its last block.
    padding: u64,
    /// A block that was looked at and not taken.
    ahead: Option<Box<Block>>,
    /// Whether bytes that are no header were told of already.
    is_searching: bool,
}

type Block = [u8; BLOCK];

impl<S: Source> Read for TarWalk<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.by_ref().take(self.left).read(buffer)?;
        self.left -= read as u64;
        Ok(read)
    }
}

impl<S: Source> TarWalk<S> {
    pub(super) fn new(input: S) -> Self {
        Self { input, at: 0, left: 0, padding: 0, ahead: None, is_searching: false }
    }

    /// Goes on to the next file. Whatever else a tar holds, as folders, is passed over.
    ///
    /// # Errors
    /// What the input says, as where it is packed and damaged.
    pub(super) fn next(&mut self) -> io::Result<Step> {
        let mut extension = Extension::default();
        let mut strayed = 0;
        while let Some(block) = self.block()? {
            if is_blank(&block) {
                continue;
            }
            let Some(header) = header(&block) else {
                strayed += BLOCK as u64;
                continue;
            };
            if strayed > 0 && !self.is_searching {
                self.give_back(block);
                return Ok(Step::Damage(strayed));
            }
            self.is_searching = false;
            let kind = header.entry_type();
            let declared = header.entry_size().unwrap_or(0);
            if matches!(kind, EntryType::Regular | EntryType::Continuous) {
                return Ok(Step::File(self.enter(header, extension)));
            }
            self.enter_content(declared);
            match kind {
                EntryType::XHeader | EntryType::GNULongName if declared <= LONGEST_EXTENSION => {
                    let mut content = Vec::new();
                    self.read_to_end(&mut content)?;
                    extension.add(kind, &content);
                }
                _ => extension = Extension::default(),
            }
        }
        let is_told = strayed == 0 || self.is_searching;
        Ok(if is_told { Step::End } else { Step::Damage(strayed) })
    }

    /// Bytes of the member that are not read yet, or that the input lacks.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Goes behind the member, and says whether a header is there, or nothing: as behind one that
    /// is as long as it says.
    pub(super) fn ends_at_a_header(&mut self) -> io::Result<bool> {
        let Some(block) = self.block()? else { return Ok(true) };
        let is_sound = is_blank(&block) || header(&block).is_some();
        self.give_back(block);
        Ok(is_sound)
    }

    /// Looks for the next header from the beginning of a member that cannot be read, as its length
    /// may be a lie that hides others; where there is no going back, from here.
    pub(super) fn search_from(&mut self, start: u64) -> io::Result<()> {
        if self.input.back_to(start)? {
            (self.at, self.left, self.padding, self.ahead) = (start, 0, 0, None);
        }
        self.is_searching = true;
        Ok(())
    }

    fn enter(&mut self, header: &Header, extension: Extension) -> Entry {
        let declared = header.entry_size().unwrap_or(0);
        let name = extension.name.unwrap_or_else(|| printable(&header.path_bytes()));
        let bytes = extension.bytes.unwrap_or(declared);
        let start = self.at;
        self.enter_content(bytes);
        Entry { name, bytes, start }
    }

    fn enter_content(&mut self, bytes: u64) {
        self.left = bytes;
        self.padding = padding(bytes);
        self.at += self.left + self.padding;
    }

    fn give_back(&mut self, block: Box<Block>) {
        self.at -= BLOCK as u64;
        self.ahead = Some(block);
    }

    /// The next block behind the member; `None` at the end. What is left of one there is filled up
    /// with zeros.
    fn block(&mut self) -> io::Result<Option<Box<Block>>> {
        let rest = self.left + self.padding;
        (self.left, self.padding) = (0, 0);
        if rest > 0 {
            self.input.pass(rest)?;
        }
        let block = match self.ahead.take() {
            Some(block) => block,
            None => {
                let mut block = Box::new([0; BLOCK]);
                let mut whole = &mut block[..];
                let found = io::copy(&mut self.input.by_ref().take(BLOCK as u64), &mut whole)?;
                if found == 0 {
                    return Ok(None);
                }
                block
            }
        };
        self.at += BLOCK as u64;
        Ok(Some(block))
    }
}

fn is_blank(block: &Block) -> bool {
    block.iter().all(|&byte| byte == 0)
}

fn padding(bytes: u64) -> u64 {
    bytes.wrapping_neg() % BLOCK as u64
}

/// The header that a block is; `None` where its checksum or its length is none.
pub(super) fn header(block: &[u8; BLOCK]) -> Option<&Header> {
    let header = Header::from_byte_slice(block);
    // The sum of all bytes, with those of the sum itself taken as spaces.
    let others = block[..148].iter().chain(&block[156..]);
    let sum = others.map(|&byte| u32::from(byte)).sum::<u32>() + 8 * 32;
    let is_sound = header.cksum().is_ok_and(|found| found == sum);
    let is_possible = header.entry_size().is_ok_and(|bytes| bytes <= LONGEST_MEMBER);
    (is_sound && is_possible).then_some(header)
}

/// What members before a file say of it: a name that does not fit into its header, or a length
/// beyond 8 GiB.
#[derive(Default)]
struct Extension {
    name: Option<String>,
    bytes: Option<u64>,
}

impl Extension {
    fn add(&mut self, kind: EntryType, content: &[u8]) {
        if kind == EntryType::GNULongName {
            let end = content.iter().position(|&byte| byte == 0).unwrap_or(content.len());
            self.name = Some(printable(&content[..end]));
            return;
        }
        for record in PaxExtensions::new(content).flatten() {
            match record.key_bytes() {
                b"path" => self.name = Some(printable(record.value_bytes())),
                b"size" => {
                    let stated = record.value().ok().and_then(|value| value.parse().ok());
                    self.bytes = stated.filter(|bytes| *bytes <= LONGEST_MEMBER);
                }
                _ => (),
            }
        }
    }
}

fn printable(name: &[u8]) -> String {
    String::from_utf8_lossy(name).replace(char::is_control, "?")
}
