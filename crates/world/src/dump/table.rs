//! Tables of comma-separated values, in archives or by themselves.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use csv::ByteRecord;

use super::files::files_of;
use super::report::{DumpDropReason, TableReport};
use super::tar_walk::{Source, Step, Stream, TarWalk};
use super::unpack::{self, BUFFER_BYTES, Content, read_failed};
use crate::{Result, WorldError};

/// Longest row, in bytes: a quote that does not close would else take the rest into memory.
const LONGEST_ROW: usize = 1 << 20;

/// What became of a row.
pub(super) type Taken = std::result::Result<(), DumpDropReason>;
/// Who looks at the files of a dump: each with its name and content.
pub(super) type Visit<'v> = dyn FnMut(&Path, &mut dyn Read) -> Result<()> + 'v;

/// Hands every file to `visit`: of a folder, of an archive packed or not, or the file itself. What
/// is read is added to `bytes`.
///
/// # Errors
/// Where an archive is damaged or cut off: a table is all there or it is not.
pub(super) fn for_each_file(
    path: &Path,
    bytes: &Arc<AtomicU64>,
    visit: &mut Visit<'_>,
) -> Result<()> {
    for file in files_of(path)? {
        let path = &file.path;
        let (input, content) = unpack::open(path)?;
        let input = Counted { input, bytes: Arc::clone(bytes) };
        match content {
            Content::Tar => for_each_member(path, TarWalk::new(buffered(input)), visit)?,
            Content::Zstandard => {
                let (mut input, content) = unpack::unpacked(input).map_err(damage(path))?;
                match content {
                    Content::Tar => {
                        for_each_member(path, TarWalk::new(Stream::new(&mut input)), visit)?;
                    }
                    _ => visit(path, &mut input)?,
                }
            }
            _ => visit(path, &mut buffered(input))?,
        }
    }
    Ok(())
}

fn buffered(input: Counted) -> BufReader<Counted> {
    BufReader::with_capacity(BUFFER_BYTES, input)
}

/// A file of which it is counted how much was read.
struct Counted {
    input: File,
    bytes: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.bytes.fetch_add(read as u64, Relaxed);
        Ok(read)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.input.seek(to)
    }
}

fn for_each_member<S: Source>(
    path: &Path,
    mut walk: TarWalk<S>,
    visit: &mut Visit<'_>,
) -> Result<()> {
    loop {
        match walk.next().map_err(damage(path))? {
            Step::End => return Ok(()),
            Step::Damage(_) => {
                return Err(WorldError::malformed(
                    path,
                    "the archive is damaged: download it again",
                ));
            }
            Step::File(entry) => {
                let name = path.join(&entry.name);
                let mut member = Member { walk: &mut walk, has_ended: false };
                visit(&name, &mut member)?;
                if member.has_ended && walk.left() > 0 {
                    let cut = "the archive ends in the middle of it: download the rest";
                    return Err(WorldError::malformed(&name, cut));
                }
            }
        }
    }
}

/// The content of a member, which remembers whether it was read to its end.
struct Member<'w, S> {
    walk: &'w mut TarWalk<S>,
    has_ended: bool,
}

impl<S: Source> Read for Member<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.walk.read(buffer)?;
        self.has_ended |= read == 0;
        Ok(read)
    }
}

/// An error of reading a file, as one of the system or of its content.
pub(super) fn damage(path: &Path) -> impl Fn(io::Error) -> WorldError + '_ {
    |error| match read_failed(path, error) {
        Ok(reason) => WorldError::malformed(path, reason),
        Err(error) => error,
    }
}

/// A table whose columns are found by their names.
pub(super) struct Table<'r> {
    path: PathBuf,
    rows: csv::Reader<Bounded<'r>>,
    left: Rc<Cell<usize>>,
    header: ByteRecord,
}

impl<'r> Table<'r> {
    /// Reads the header.
    pub(super) fn open(path: &Path, input: &'r mut dyn Read) -> Result<Self> {
        let left = Rc::new(Cell::new(LONGEST_ROW));
        let input = Bounded { input, left: Rc::clone(&left) };
        let mut rows = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(input);
        let mut header = ByteRecord::new();
        let path = path.to_owned();
        rows.read_byte_record(&mut header).map_err(|error| at_line(&path, 1, error))?;
        Ok(Self { path, rows, left, header })
    }

    /// Where a column is; `None` where there is none of that name.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|cell| cell.trim_ascii() == name.as_bytes())
    }

    /// Where these columns are, if all are there.
    pub(super) fn columns<const N: usize>(&self, names: [&str; N]) -> Option<[usize; N]> {
        let places: Option<Vec<usize>> = names.iter().map(|name| self.column(name)).collect();
        places?.try_into().ok()
    }

    /// Hands on and counts every row. One with too few or too many cells is dropped.
    pub(super) fn for_each(
        mut self,
        report: &mut TableReport,
        take: &mut dyn FnMut(&ByteRecord) -> Result<Taken>,
    ) -> Result<()> {
        let mut row = ByteRecord::new();
        loop {
            self.left.set(LONGEST_ROW);
            let line = self.rows.position().line();
            let read = self.rows.read_byte_record(&mut row);
            if !read.map_err(|error| at_line(&self.path, line, error))? {
                return Ok(());
            }
            report.count(match row.len() == self.header.len() {
                true => take(&row)?,
                false => Err(DumpDropReason::Unreadable),
            });
        }
    }
}

fn at_line(path: &Path, line: u64, error: csv::Error) -> WorldError {
    let reason = match error.into_kind() {
        csv::ErrorKind::Io(error) => match read_failed(path, error) {
            Ok(reason) => reason,
            Err(error) => return error,
        },
        kind => format!("{kind:?}"),
    };
    WorldError::malformed(path, format!("line {line}: {reason}"))
}

/// Input of which no more is read than a row may take, until the next row is begun.
struct Bounded<'r> {
    input: &'r mut dyn Read,
    left: Rc<Cell<usize>>,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.left.get());
        if most == 0 {
            return Err(io::Error::other("a row is longer than 1 MiB: does a quote not close?"));
        }
        let read = self.input.read(&mut buffer[..most])?;
        self.left.set(self.left.get() - read);
        Ok(read)
    }
}

/// The text in a cell.
pub(super) fn text(cell: &[u8]) -> std::result::Result<&str, DumpDropReason> {
    std::str::from_utf8(cell).map_err(|_| DumpDropReason::NotText)
}
