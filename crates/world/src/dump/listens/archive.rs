//! Listens in the members of a tar.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};

use super::super::lines::read_lines;
use super::super::parquet::ParquetPlace;
use super::super::tar_walk::{Entry, Source, Step, Stream, TarWalk};
use super::super::unpack::{BUFFER_BYTES, Content, head_of, read_failed};
use super::readers::{Readers, Waiting};
use super::{
    DumpFile, DumpMemberReport, ListenPiece, ListenSink, Member, NOT_AS_NAMED, PACKED_PARQUET,
    claims_listens,
};
use crate::Result;

const CUT_OFF: &str = "the file ends in the middle of it: download the rest";
const STRAY: &str = "there is no member where one should begin: the archive is damaged there";
const WRONG_LENGTH: &str = "what follows it is no member: it is damaged, or not as long as the \
                            archive says";
/// Headers lie far apart, and what is behind them is rarely read on.
const HEADER_BUFFER_BYTES: usize = 4 << 10;

/// Reads a tar that is not packed. Its Parquet members are read where they lie.
pub(super) fn read_tar<S: ListenSink>(
    file: &DumpFile,
    input: File,
    readers: &mut Readers<'_, S>,
) -> Result<()> {
    let input = BufReader::with_capacity(HEADER_BUFFER_BYTES, input);
    Archive { file, walk: TarWalk::new(input), is_in_place: true, readers }.read()
}

/// Reads a tar as a stream. Behind damage to the packing there is nothing more.
pub(super) fn read_packed_tar<S: ListenSink>(
    file: &DumpFile,
    input: &mut dyn Read,
    readers: &mut Readers<'_, S>,
) -> Result<()> {
    Archive { file, walk: TarWalk::new(Stream::new(input)), is_in_place: false, readers }.read()
}

/// A tar that is walked through: headers first, while its Parquet members wait to be read together.
struct Archive<'a, 's, I, S: ListenSink> {
    file: &'a DumpFile,
    walk: TarWalk<I>,
    is_in_place: bool,
    readers: &'a mut Readers<'s, S>,
}

impl<I: Source, S: ListenSink> Archive<'_, '_, I, S> {
    fn read(&mut self) -> Result<()> {
        let mut place = "the beginning".to_owned();
        loop {
            let name = format!("{}/{place}", self.file.name);
            let step = self.walk.next();
            // What has to be told of an archive is told in its order.
            if !matches!(step, Ok(Step::File(_)))
                && let Some(broken) = self.settle()?
            {
                place = broken;
                continue;
            }
            let stray = |bytes| Member { name, bytes };
            match step {
                Ok(Step::End) => return Ok(()),
                Ok(Step::Damage(bytes)) => self.readers.broken(&stray(bytes), STRAY)?,
                Ok(Step::File(entry)) => {
                    let broken = self.read_entry(&entry)?;
                    place = broken.unwrap_or_else(|| format!("behind {}", entry.name));
                }
                Err(error) => {
                    let reason = read_failed(&self.file.path, error)?;
                    self.readers.broken(&stray(0), &reason)?;
                }
            }
        }
    }

    /// Reads what waits. Where a member of it is broken, those behind it are forgotten, the walk
    /// goes back to where its content begins, and that place is returned.
    fn settle(&mut self) -> Result<Option<String>> {
        let Some(broken) = self.readers.read_waiting()? else { return Ok(None) };
        let name = &broken.member.name[self.file.name.len() + 1..];
        let Some((start, _)) = broken.place.part else { return Ok(None) };
        self.search_from(start)?;
        Ok(Some(format!("behind {name}")))
    }

    /// Looks for the next header from the content of a broken member on: its length may be a lie.
    fn search_from(&mut self, start: u64) -> Result<()> {
        let searched = self.walk.search_from(start);
        searched.or_else(|error| read_failed(&self.file.path, error).map(|_| ()))
    }

    /// Reads a member, or lets it wait. Where one that waited turns out broken, this one is
    /// forgotten, and where the walk goes on is returned.
    fn read_entry(&mut self, entry: &Entry) -> Result<Option<String>> {
        let member =
            Member { name: format!("{}/{}", self.file.name, entry.name), bytes: entry.bytes };
        let head = head_of(&mut self.walk);
        let content = head.as_ref().ok().map(|head| Content::of(head));
        let is_empty_month = entry.bytes == 0 && entry.name.ends_with(".listens");
        let is_lines = content == Some(Content::Json) || (is_empty_month && head.is_ok());
        if content == Some(Content::Parquet) && self.is_in_place {
            let part = Some((entry.start, entry.bytes));
            let place = ParquetPlace { file: self.file.path.clone(), part };
            self.readers.wait(Waiting { member, place });
            return Ok(None);
        }
        if content.is_some() && !is_lines && !claims_listens(&entry.name) {
            return Ok(None);
        }
        if let Some(broken) = self.settle()? {
            return Ok(Some(broken));
        }
        let is_sound = match head {
            Err(error) => {
                let reason = read_failed(&self.file.path, error)?;
                self.readers.broken(&member, &reason)?;
                true
            }
            Ok(head) if is_lines => {
                let (file, walk) = (self.file, &mut self.walk);
                self.readers.read_here(&member, |piece, report| {
                    read_lines_of(file, walk, head, piece, report)
                })?
            }
            Ok(_) => {
                let is_packed = content == Some(Content::Parquet);
                let reason = if is_packed { PACKED_PARQUET } else { NOT_AS_NAMED };
                self.readers.broken(&member, reason)?;
                is_packed
            }
        };
        if !is_sound {
            self.search_from(entry.start)?;
        }
        Ok(None)
    }
}

fn read_lines_of<I: Source>(
    file: &DumpFile,
    walk: &mut TarWalk<I>,
    head: Vec<u8>,
    piece: &mut dyn ListenPiece,
    report: &mut DumpMemberReport,
) -> Result<Option<String>> {
    let input = Cursor::new(head).chain(&mut *walk);
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    if let Some(reason) = read_lines(&file.path, &mut input, piece, report)? {
        return Ok(Some(reason));
    }
    if walk.left() > 0 {
        return Ok(Some(CUT_OFF.to_owned()));
    }
    match walk.ends_at_a_header() {
        Ok(true) => Ok(None),
        Ok(false) => Ok(Some(WRONG_LENGTH.to_owned())),
        // This member is whole: the next step tells of the damage.
        Err(error) => read_failed(&file.path, error).map(Some),
    }
}
