//! Zip archives, read entry by entry and never unpacked to disk.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use super::ImportLimits;
use super::entry_name::{NameVerdict, escapes, is_named, judge_entry};
use super::order::by_name;
use super::progress::{Budget, most_unpacked};
use super::reading::{Content, ImportRun, Opened, Pass, is_gzip};
use crate::input::{read_error, read_head};
use crate::{FileReport, IngestError};

/// What is said of content that is nobody's business: exports are full of private facts.
pub(super) const NO_HISTORY: &str =
    "holds no listening history in a format that segue knows: not read";

/// An archive and what is to be read of it.
pub(super) struct Archive {
    path: PathBuf,
    entries: Vec<Entry>,
    left_alone: Vec<FileReport>,
}

struct Entry {
    index: usize,
    /// Archive and name, as reports show it.
    path: PathBuf,
    size: u64,
    packed: u64,
    crc32: u32,
    /// Whether its name promises history.
    is_promising: bool,
    /// Its entries, where it is itself an archive.
    nested: Option<Archive>,
}

impl Archive {
    /// Whether there is an entry whose name contains `part`, which is lower case.
    pub(super) fn holds(&self, part: &str) -> bool {
        self.entries.iter().any(|entry| match &entry.nested {
            Some(nested) => nested.holds(part),
            None => is_named(&entry.path, part),
        })
    }

    /// Bytes to read, as the archive declares them.
    pub(super) fn declared_bytes(&self) -> u64 {
        let sizes = self.entries.iter().map(|entry| match &entry.nested {
            Some(nested) => nested.declared_bytes(),
            None => entry.size,
        });
        sizes.fold(0, u64::saturating_add)
    }
}

/// Lists what there is to read in an archive.
pub(super) fn list(path: &Path, limits: &ImportLimits) -> Result<Archive, IngestError> {
    list_zip(&mut open_file(path, limits)?, path, limits, true)
}

/// Lists what there is to read in an archive that is open.
pub(super) fn list_open<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    path: &Path,
    limits: &ImportLimits,
) -> Result<Archive, IngestError> {
    list_zip(zip, path, limits, true)
}

/// Opens an archive that is a file.
pub(super) fn open_file(
    path: &Path,
    limits: &ImportLimits,
) -> Result<ZipArchive<BufReader<File>>, IngestError> {
    let file =
        File::open(path).map_err(|source| IngestError::Io { path: path.to_owned(), source })?;
    open(BufReader::new(file), path, limits)
}

pub(super) fn open<R: Read + Seek>(
    mut reader: R,
    path: &Path,
    limits: &ImportLimits,
) -> Result<ZipArchive<R>, IngestError> {
    let declared = declared_entries(&mut reader).map_err(|error| read_error(error, path, 0))?;
    if declared.is_some_and(|entries| entries > limits.entries as u64) {
        return Err(too_large(path, "the number of entries", limits.entries.to_string()));
    }
    ZipArchive::new(reader).map_err(|error| zip_error(error, path))
}

pub(super) fn too_large(path: &Path, what: &'static str, limit: String) -> IngestError {
    IngestError::TooLarge { path: path.to_owned(), line: 0, what, limit }
}

fn zip_error(error: ZipError, path: &Path) -> IngestError {
    match error {
        ZipError::Io(source) if source.raw_os_error().is_some() => {
            IngestError::Io { path: path.to_owned(), source }
        }
        error => IngestError::BadArchive { path: path.to_owned(), problem: error.to_string() },
    }
}

/// How many entries the end of the archive declares; asked before the list is read, which takes
/// memory for each.
fn declared_entries(reader: &mut (impl Read + Seek)) -> io::Result<Option<u64>> {
    const END_RECORD_BYTES: u64 = 22;
    const LONGEST_END: u64 = END_RECORD_BYTES + u16::MAX as u64 + 20;
    let length = reader.seek(SeekFrom::End(0))?;
    let mut end = Vec::new();
    reader.seek(SeekFrom::Start(length.saturating_sub(LONGEST_END)))?;
    reader.take(LONGEST_END).read_to_end(&mut end)?;
    reader.seek(SeekFrom::Start(0))?;

    let Some(at) = end.windows(4).rposition(|window| window == b"PK\x05\x06") else {
        return Ok(None);
    };
    let Some(count) = end.get(at + 10..at + 12) else { return Ok(None) };
    let count = u64::from(u16::from_le_bytes([count[0], count[1]]));
    let locator = at
        .checked_sub(20)
        .and_then(|start| end.get(start..at))
        .filter(|l| l.starts_with(b"PK\x06\x07"));
    let (true, Some(locator)) = (count == u64::from(u16::MAX), locator) else {
        return Ok(Some(count));
    };
    let offset = u64::from_le_bytes(locator[8..16].try_into().expect("eight bytes"));
    let mut record = [0; 40];
    reader.seek(SeekFrom::Start(offset))?;
    let complete = reader.read_exact(&mut record).is_ok() && record.starts_with(b"PK\x06\x06");
    reader.seek(SeekFrom::Start(0))?;
    Ok(complete
        .then(|| u64::from_le_bytes(record[32..40].try_into().expect("eight bytes")))
        .or(Some(count)))
}

fn list_zip<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    path: &Path,
    limits: &ImportLimits,
    nest: bool,
) -> Result<Archive, IngestError> {
    if zip.len() > limits.entries {
        return Err(too_large(path, "the number of entries", limits.entries.to_string()));
    }
    let mut archive =
        Archive { path: path.to_owned(), entries: Vec::new(), left_alone: Vec::new() };
    for index in 0..zip.len() {
        list_entry(zip, index, limits, nest, &mut archive)?;
    }
    archive.entries.sort_by(|a, b| by_name(&a.path, &b.path));
    Ok(archive)
}

fn list_entry<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    index: usize,
    limits: &ImportLimits,
    nest: bool,
    archive: &mut Archive,
) -> Result<(), IngestError> {
    let data = zip.by_index_data(index).map_err(|error| zip_error(error, &archive.path))?;
    let name = data
        .name()
        .map_or_else(|_| String::from_utf8_lossy(data.name_raw()).into_owned(), |n| n.into_owned());
    let path = archive.path.join(printable(&name));
    let verdict = match judge_entry(&name) {
        NameVerdict::Open | NameVerdict::Look | NameVerdict::Archive if escapes(&name) => {
            NameVerdict::LeaveAlone("its name leads outside the archive: not opened")
        }
        NameVerdict::Open | NameVerdict::Look | NameVerdict::Archive if data.encrypted() => {
            NameVerdict::LeaveAlone("encrypted: not opened")
        }
        NameVerdict::Archive if !nest => {
            NameVerdict::LeaveAlone("an archive in an archive in an archive: not opened")
        }
        verdict => verdict,
    };
    let (size, packed, crc32) = (data.size(), data.compressed_size(), data.crc32());
    let is_promising = verdict != NameVerdict::Look;
    let mut entry = Entry { index, path, size, packed, crc32, is_promising, nested: None };
    match verdict {
        NameVerdict::Ignore => {}
        NameVerdict::LeaveAlone(why) => {
            archive.left_alone.push(FileReport::left_alone(entry.path, why))
        }
        NameVerdict::Open | NameVerdict::Look => archive.entries.push(entry),
        NameVerdict::Archive => match list_nested(zip, &entry, limits) {
            Ok(nested) => {
                entry.nested = Some(nested);
                archive.entries.push(entry);
            }
            Err(error) => {
                archive.left_alone.push(FileReport::left_alone(entry.path, error.in_a_line()))
            }
        },
    }
    Ok(())
}

/// A name made safe to print on a terminal and to use in a path.
pub(super) fn printable(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    name.trim_start_matches(['/', '\\']).to_owned()
}

fn list_nested<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    entry: &Entry,
    limits: &ImportLimits,
) -> Result<Archive, IngestError> {
    let bytes = read_nested(zip, entry, limits)?;
    list_zip(&mut open(Cursor::new(bytes), &entry.path, limits)?, &entry.path, limits, false)
}

fn read_nested<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    entry: &Entry,
    limits: &ImportLimits,
) -> Result<Vec<u8>, IngestError> {
    let mut content = zip.by_index(entry.index).map_err(|error| zip_error(error, &entry.path))?;
    in_memory(&mut content, &entry.path, limits)
}

/// All of an archive that lies in another one.
pub(super) fn in_memory(
    content: &mut dyn Read,
    path: &Path,
    limits: &ImportLimits,
) -> Result<Vec<u8>, IngestError> {
    let most = limits.nested_archive_bytes;
    let mut bytes = Vec::new();
    content.take(most + 1).read_to_end(&mut bytes).map_err(|error| read_error(error, path, 0))?;
    if bytes.len() as u64 > most {
        return Err(too_large(path, "an archive in an archive", format!("{most} bytes")));
    }
    Ok(bytes)
}

impl ImportRun<'_> {
    /// Reads all entries of an archive.
    pub(super) fn archive(&mut self, archive: &Archive) -> Result<(), IngestError> {
        if archive
            .entries
            .iter()
            .all(|entry| entry.nested.is_none() && self.passes_over(&entry.path))
        {
            self.report.files.extend(archive.left_alone.iter().cloned());
            return Ok(());
        }
        self.open_archive(&mut open_file(&archive.path, &self.options.limits)?, archive)
    }

    /// Reads all entries of an archive that is open.
    pub(super) fn open_archive<R: Read + Seek>(
        &mut self,
        zip: &mut ZipArchive<R>,
        archive: &Archive,
    ) -> Result<(), IngestError> {
        let last_byte = self.meter.read().saturating_add(self.options.limits.unpacked_bytes);
        self.entries(zip, archive, last_byte)
    }

    fn entries<R: Read + Seek>(
        &mut self,
        zip: &mut ZipArchive<R>,
        archive: &Archive,
        last_byte: u64,
    ) -> Result<(), IngestError> {
        self.report.files.extend(archive.left_alone.iter().cloned());
        for entry in &archive.entries {
            let result = match &entry.nested {
                Some(nested) => self.nested(zip, entry, nested, last_byte),
                None if self.passes_over(&entry.path) => Ok(()),
                None => self.entry(zip, entry, last_byte),
            };
            match result {
                Err(error @ IngestError::Sink { .. }) => return Err(error),
                // What it holds instead is nobody's business: exports are full of private facts.
                Err(IngestError::UnknownFormat { path, .. }) => {
                    self.report.files.push(FileReport::left_alone(path, NO_HISTORY));
                }
                Err(error) => {
                    self.report.files.push(FileReport::unreadable(entry.path.clone(), &error));
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }

    fn nested<R: Read + Seek>(
        &mut self,
        zip: &mut ZipArchive<R>,
        entry: &Entry,
        nested: &Archive,
        last_byte: u64,
    ) -> Result<(), IngestError> {
        if matches!(self.pass, Pass::Learn(_))
            && nested.entries.iter().all(|entry| self.passes_over(&entry.path))
        {
            return Ok(());
        }
        let bytes = read_nested(zip, entry, &self.options.limits)?;
        self.entries(
            &mut open(Cursor::new(bytes), &entry.path, &self.options.limits)?,
            nested,
            last_byte,
        )
    }

    fn entry<R: Read + Seek>(
        &mut self,
        zip: &mut ZipArchive<R>,
        entry: &Entry,
        last_byte: u64,
    ) -> Result<(), IngestError> {
        let budget = self.budget(entry, last_byte);
        let mut content =
            zip.by_index(entry.index).map_err(|error| zip_error(error, &entry.path))?;
        let head = read_head(&mut content).map_err(|error| read_error(error, &entry.path, 1))?;
        let opened = Opened {
            path: entry.path.clone(),
            size: entry.size,
            // Reading checks the checksum. A digest of the content would need unpacking it twice.
            fingerprint: format!("crc32:{:08x}:{}", entry.crc32, entry.size),
            content: Content::Entry(&mut Cursor::new(head.clone()).chain(content)),
            head,
            budget,
            is_promising: entry.is_promising,
        };
        if is_gzip(&opened.head) { self.gzip(opened) } else { self.read(opened) }
    }

    fn budget(&self, entry: &Entry, last_byte: u64) -> Budget {
        let limits = &self.options.limits;
        let by_ratio = most_unpacked(entry.packed, limits);
        let by_total = last_byte.saturating_sub(self.meter.read());
        if by_ratio <= by_total {
            let limit = format!("{} bytes a byte packed", limits.unpacked_ratio);
            Budget { bytes: by_ratio, what: "what the entry unpacks to", limit }
        } else {
            let limit = format!("{} bytes", limits.unpacked_bytes);
            Budget { bytes: by_total, what: "what the archive unpacks to", limit }
        }
    }
}
