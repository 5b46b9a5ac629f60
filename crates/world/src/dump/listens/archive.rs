//! Listens in the members of a tar.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};

use super::super::lines::read_lines;
use super::super::parquet::read_parquet;
use super::super::tar_walk::{Entry, Source, Step, Stream, TarWalk};
use super::super::unpack::{BUFFER_BYTES, Content, head_of, read_failed};
use super::{
    DumpFile, ListenSink, Member, MemberReport, NOT_AS_NAMED, PACKED_PARQUET, claims_listens,
    read_member, sink_broken,
};
use crate::Result;

const CUT_OFF: &str = "the file ends in the middle of it: download the rest";
const STRAY: &str = "there is no member where one should begin: the archive is damaged there";
const WRONG_LENGTH: &str = "what follows it is no member: it is damaged, or not as long as the \
                            archive says";
/// Headers lie far apart, and what is behind them is rarely read on.
const HEADER_BUFFER_BYTES: usize = 4 << 10;

/// Reads a tar that is not packed. Its Parquet members are read where they lie.
pub(super) fn read_tar(file: &DumpFile, input: File, sink: &mut dyn ListenSink) -> Result<()> {
    let input = BufReader::with_capacity(HEADER_BUFFER_BYTES, input);
    read_members(file, TarWalk::new(input), true, sink)
}

/// Reads a tar as a stream. Behind damage to the packing there is nothing more.
pub(super) fn read_packed_tar(
    file: &DumpFile,
    input: &mut dyn Read,
    sink: &mut dyn ListenSink,
) -> Result<()> {
    read_members(file, TarWalk::new(Stream::new(input)), false, sink)
}

fn read_members<S: Source>(
    file: &DumpFile,
    mut walk: TarWalk<S>,
    is_in_place: bool,
    sink: &mut dyn ListenSink,
) -> Result<()> {
    let mut place = "the beginning".to_owned();
    loop {
        let stray = |bytes| Member { name: format!("{}/{place}", file.name), bytes };
        match walk.next() {
            Ok(Step::End) => return Ok(()),
            Ok(Step::Damage(bytes)) => sink_broken(&stray(bytes), STRAY, sink)?,
            Ok(Step::File(entry)) => {
                read_entry(file, &mut walk, &entry, is_in_place, sink)?;
                place = format!("behind {}", entry.name);
            }
            Err(error) => sink_broken(&stray(0), &read_failed(&file.path, error)?, sink)?,
        }
    }
}

fn read_entry<S: Source>(
    file: &DumpFile,
    walk: &mut TarWalk<S>,
    entry: &Entry,
    is_in_place: bool,
    sink: &mut dyn ListenSink,
) -> Result<()> {
    let member = Member { name: format!("{}/{}", file.name, entry.name), bytes: entry.bytes };
    let head = match head_of(walk) {
        Ok(head) => head,
        Err(error) => return sink_broken(&member, &read_failed(&file.path, error)?, sink),
    };
    let is_empty_month = entry.bytes == 0 && entry.name.ends_with(".listens");
    let is_sound = match Content::of(&head) {
        Content::Parquet if is_in_place => read_member(&member, sink, |sink, report| {
            read_parquet(&file.path, Some((entry.start, entry.bytes)), sink, report)
        })?,
        Content::Parquet => {
            sink_broken(&member, PACKED_PARQUET, sink)?;
            true
        }
        content if content == Content::Json || is_empty_month => {
            read_member(&member, sink, |sink, report| {
                read_lines_of(file, walk, head, sink, report)
            })?
        }
        _ if claims_listens(&entry.name) => {
            sink_broken(&member, NOT_AS_NAMED, sink)?;
            false
        }
        _ => true,
    };
    if is_sound {
        return Ok(());
    }
    walk.search_from(entry.start).or_else(|error| read_failed(&file.path, error).map(|_| ()))
}

fn read_lines_of<S: Source>(
    file: &DumpFile,
    walk: &mut TarWalk<S>,
    head: Vec<u8>,
    sink: &mut dyn ListenSink,
    report: &mut MemberReport,
) -> Result<Option<String>> {
    let input = Cursor::new(head).chain(&mut *walk);
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    if let Some(reason) = read_lines(&file.path, &mut input, sink, report)? {
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
