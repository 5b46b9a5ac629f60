//! First step: listens as they are read, 16 bytes each, and the distinct names among them.
//!
//! A listen names its recording by a *token*: a number made of its MusicBrainz identifier, or of
//! the names where it has none. That needs no table of all names in memory, whatever the dump's
//! size. Within a part rows are ordered by the share of the people that they belong to, so that a
//! later step reads one share of every part and nothing else.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::piece::PartPiece;
use super::recordings::Names;
use super::spill::{AtomicFile, u32_at, u64_at};
use super::{BuildConfig, BuildStage, MemberOutcome, SHARES};
use crate::dump::{DumpMemberReport, ListenSink, Mbid, Member, read_listens};
use crate::{Result, WorldError};

pub(super) const ROW_BYTES: usize = 16;
const HEADER_BYTES: usize = (SHARES + 1) * 8;
/// Token, identifier, listens and the lengths of two names.
const HEAD_BYTES: usize = 36;

/// A listen on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) user: u32,
    pub(super) at: u32,
    pub(super) token: u64,
}

/// What is known of a token: the names and, if it was made of one, the identifier.
#[derive(Clone, Debug)]
pub(super) struct Named<'a> {
    pub(super) token: u64,
    pub(super) recording: Option<Mbid>,
    /// How many listens of the part have it.
    pub(super) listens: u64,
    pub(super) artist: &'a str,
    pub(super) title: &'a str,
}

/// The token of an identifier; those of names are even. Identifiers are random, so that nothing is
/// to be gained from a digest.
pub(super) fn token_of(recording: Mbid) -> u64 {
    (u64_at(&recording.0, 0) ^ u64_at(&recording.0, 8)) | 1
}

/// What was read, and where it lies.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) files: Vec<PathBuf>,
    /// How many listens each share of the people has.
    pub(super) shares: [usize; SHARES],
    pub(super) members: Vec<MemberOutcome>,
}

impl Names for Parts {
    fn files(&self) -> usize {
        self.files.len()
    }

    fn names_of(&self, file: usize, take: &mut dyn FnMut(Named<'_>)) -> Result<()> {
        names_of(&self.files[file], take)
    }
}

/// A line of the journal: a member that was read whole, with its parts.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    outcome: MemberOutcome,
    parts: Vec<usize>,
}

/// Reads all listens, but for members that an earlier run read.
pub(super) fn read(
    config: &BuildConfig,
    folder: &Path,
    progress: &mut dyn FnMut(BuildStage),
) -> Result<Parts> {
    let bytes = config.listens.iter().map(|path| size_of_path(path)).sum::<Result<u64>>()?;
    let journal = journal_path(folder);
    let done = entries(&journal)?;
    let next = done.iter().flat_map(|entry| &entry.parts).max().map_or(0, |last| last + 1);
    let Reading { threads, most_bytes } = Reading::of(config);
    let next = Arc::new(AtomicUsize::new(next));
    let broken = Vec::new();
    let mut sink =
        PartSink { folder, journal, done, broken, next, most_bytes, of: bytes, progress };
    for path in &config.listens {
        read_listens(path, threads, &mut sink).or_else(|error| sink.forget(error))?;
    }
    let PartSink { done, broken, .. } = sink;
    let parts: Vec<usize> = done.iter().flat_map(|entry| entry.parts.iter().copied()).collect();
    remove_others(folder, &parts)?;
    let files: Vec<PathBuf> = parts.iter().map(|&part| part_path(folder, part)).collect();
    let shares = share_sizes(&files)?;
    let members = done.into_iter().map(|entry| entry.outcome).chain(broken).collect();
    Ok(Parts { files, shares, members })
}

/// Memory of a reader beside what it gathers: pages of five columns, and the writing of a part.
const BYTES_A_READER: usize = 24 << 20;
/// What a reader gathers at least before it writes a part, and at most.
const GATHERED_BYTES: [usize; 2] = [8 << 20, 192 << 20];

/// How many threads read, by the memory that they may take.
struct Reading {
    threads: usize,
    /// What each gathers before it writes a part.
    most_bytes: usize,
}

impl Reading {
    fn of(config: &BuildConfig) -> Self {
        let [fewest, most] = GATHERED_BYTES;
        let memory = config.memory_mb << 20;
        // What is gathered takes twice as much while its lists grow.
        let threads = memory / (BYTES_A_READER + 2 * fewest);
        let threads = threads.clamp(1, rayon::current_num_threads());
        let most_bytes = (memory / threads).saturating_sub(BYTES_A_READER) / 2;
        Self { threads, most_bytes: most_bytes.clamp(fewest, most) }
    }
}

/// Removes parts that belong to no member that is done: of broken ones, and of builds that were
/// killed.
fn remove_others(folder: &Path, parts: &[usize]) -> Result<()> {
    let failed = |error| WorldError::io(folder, error);
    let parts: FxHashSet<usize> = parts.iter().copied().collect();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let part = stem.and_then(|stem| stem.strip_prefix("part-")?.parse().ok());
        if part.is_some_and(|part: usize| !parts.contains(&part)) {
            fs::remove_file(&path).map_err(|error| WorldError::io(&path, error))?;
        }
    }
    Ok(())
}

/// Bytes of a file, or of all files in a folder.
pub(super) fn size_of_path(path: &Path) -> Result<u64> {
    let error = |error| WorldError::io(path, error);
    let metadata = fs::metadata(path).map_err(error)?;
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    let entries = fs::read_dir(path).map_err(error)?;
    entries.map(|entry| Ok(entry.map_err(error)?.metadata().map_err(error)?.len())).sum()
}

fn journal_path(folder: &Path) -> PathBuf {
    folder.join("journal")
}

/// Forgets everything that was read.
pub(super) fn remove_journal(folder: &Path) -> Result<()> {
    let path = journal_path(folder);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(WorldError::io(&path, error)),
        _ => Ok(()),
    }
}

pub(super) fn part_path(folder: &Path, part: usize) -> PathBuf {
    folder.join(format!("part-{part}"))
}

pub(super) fn names_path(part: &Path) -> PathBuf {
    part.with_extension("names")
}

/// Whole lines of the journal. One that was cut off tells of nothing, and is taken away, so that
/// the next does not go on in the middle of it.
fn entries(journal: &Path) -> Result<Vec<Entry>> {
    let failed = |error| WorldError::io(journal, error);
    let text = match fs::read(journal) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let (mut entries, mut whole) = (Vec::new(), 0);
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let entry = line.strip_suffix(b"\n").and_then(|line| serde_json::from_slice(line).ok());
        let Some(entry) = entry else { break };
        entries.push(entry);
        whole += line.len();
    }
    if whole < text.len() {
        let file = OpenOptions::new().write(true).open(journal).map_err(failed)?;
        file.set_len(whole as u64).map_err(failed)?;
    }
    Ok(entries)
}

fn line_of(entry: &Entry) -> String {
    serde_json::to_string(entry).expect("an entry is plain data") + "\n"
}

/// Turns members into parts.
struct PartSink<'a> {
    folder: &'a Path,
    journal: PathBuf,
    done: Vec<Entry>,
    broken: Vec<MemberOutcome>,
    /// Number of the next part.
    next: Arc<AtomicUsize>,
    /// What a piece gathers before it writes a part.
    most_bytes: usize,
    /// Bytes of all dumps.
    of: u64,
    progress: &'a mut dyn FnMut(BuildStage),
}

impl PartSink<'_> {
    /// Takes what was read of a file that turned out wrong out of the journal, so that it is read
    /// again once it was replaced.
    fn forget(&mut self, error: WorldError) -> Result<()> {
        let WorldError::Malformed { path, .. } = &error else { return Err(error) };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_of_it = |entry: &Entry| entry.outcome.member.split('/').any(|part| part == name);
        self.done.retain(|entry| !is_of_it(entry));
        let mut journal = AtomicFile::create(&self.journal)?;
        self.done.iter().try_for_each(|entry| journal.write(line_of(entry).as_bytes()))?;
        journal.finish()?;
        Err(error)
    }

    /// Writes a line that says that a member is done, and is on disk before the next one begins.
    fn note(&mut self, entry: Entry) -> Result<()> {
        let failed = |error| WorldError::io(&self.journal, error);
        let options = OpenOptions::new().create(true).append(true).open(&self.journal);
        let mut journal = options.map_err(failed)?;
        journal.write_all(line_of(&entry).as_bytes()).map_err(failed)?;
        journal.sync_all().map_err(failed)?;
        self.done.push(entry);
        Ok(())
    }
}

impl ListenSink for PartSink<'_> {
    type Piece = PartPiece;

    fn begin(&mut self, member: &Member) -> Result<bool> {
        let is_same =
            |o: &MemberOutcome| (o.member.as_str(), o.bytes) == (&member.name, member.bytes);
        let is_done = self.done.iter().any(|entry| is_same(&entry.outcome));
        let done = self.done.iter().map(|entry| entry.outcome.bytes).sum();
        (self.progress)(BuildStage::Reading {
            member: member.name.clone(),
            bytes: done,
            of: self.of,
        });
        Ok(!is_done)
    }

    fn piece(&mut self) -> PartPiece {
        PartPiece::new(self.folder, Arc::clone(&self.next), self.most_bytes)
    }

    fn end(
        &mut self,
        member: &Member,
        pieces: Vec<PartPiece>,
        report: &DumpMemberReport,
    ) -> Result<()> {
        let mut outcome = MemberOutcome::default();
        pieces.iter().for_each(|piece| outcome.add(&piece.outcome));
        outcome.read(member, report);
        if outcome.broken.is_some() {
            // Its rows may be anything: none of them counts, and the report names it.
            self.broken.push(outcome);
            return Ok(());
        }
        let parts = pieces.into_iter().flat_map(|piece| piece.written).collect();
        self.note(Entry { outcome, parts })
    }
}

/// How many listens of all parts each share of the people has.
fn share_sizes(parts: &[PathBuf]) -> Result<[usize; SHARES]> {
    let mut sizes = [0; SHARES];
    for part in parts {
        let mut ends = [0; HEADER_BYTES];
        let read = File::open(part).and_then(|mut file| file.read_exact(&mut ends));
        read.map_err(|error| WorldError::io(part, error))?;
        for (share, size) in sizes.iter_mut().enumerate() {
            *size += (u64_at(&ends, share * 8 + 8) - u64_at(&ends, share * 8)) as usize;
        }
    }
    Ok(sizes)
}

/// The rows of a part that belong to a share of the people, and their order is that of [`Row`].
pub(super) fn rows_of(part: &Path, share: usize, into: &mut Vec<Row>) -> Result<()> {
    let failed = |error| WorldError::io(part, error);
    let mut file = File::open(part).map_err(failed)?;
    let mut ends = [0; 16];
    file.seek(SeekFrom::Start(share as u64 * 8)).map_err(failed)?;
    file.read_exact(&mut ends).map_err(failed)?;
    let (from, to) = (u64_at(&ends, 0), u64_at(&ends, 8));
    let mut bytes = vec![0; (to - from) as usize * ROW_BYTES];
    let at = HEADER_BYTES as u64 + from * ROW_BYTES as u64;
    file.seek(SeekFrom::Start(at)).map_err(failed)?;
    file.read_exact(&mut bytes).map_err(failed)?;
    into.extend(bytes.chunks_exact(ROW_BYTES).map(|record| Row {
        user: u32_at(record, 0),
        at: u32_at(record, 4),
        token: u64_at(record, 8),
    }));
    Ok(())
}

/// Every distinct token of a part with its names.
fn names_of(part: &Path, each: &mut dyn FnMut(Named<'_>)) -> Result<()> {
    let path = names_path(part);
    let bytes = super::spill::read(&path)?;
    let mut rest = &bytes[..];
    while rest.len() >= HEAD_BYTES {
        let (token, recording) = (u64_at(rest, 0), &rest[8..24]);
        let listens = u64::from(u32_at(rest, 24));
        let lengths = [u32_at(rest, 28) as usize, u32_at(rest, 32) as usize];
        let text = rest.get(HEAD_BYTES..HEAD_BYTES + lengths[0] + lengths[1]);
        let text = text.and_then(|text| std::str::from_utf8(text).ok());
        let Some(text) = text else {
            return Err(WorldError::malformed(&path, "a name is cut off"));
        };
        let (artist, title) = text.split_at(lengths[0]);
        let mbid = Mbid(recording.try_into().expect("sixteen bytes"));
        let recording = (token & 1 == 1).then_some(mbid);
        each(Named { token, recording, listens, artist, title });
        rest = &rest[HEAD_BYTES + text.len()..];
    }
    Ok(())
}
