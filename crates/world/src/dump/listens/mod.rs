//! Listens, whatever form their dump has.
//!
//! | form | where it comes from |
//! |---|---|
//! | a tar of Parquet files | ListenBrainz, full and incremental "spark" dumps, or a part of one |
//! | a Parquet file, or a folder of them | members of such a tar |
//! | JSON lines in a packed tar | ListenBrainz, full and incremental dumps |
//! | JSON lines | members of such a tar |

mod archive;
#[cfg(feature = "spark")]
mod members;
mod row;

#[cfg(feature = "spark")]
pub(crate) use members::parquet_members;
#[cfg(feature = "spark")]
pub(crate) use row::LONGEST_NAME as LONGEST_CELL;
pub(super) use row::Row;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::files::{DumpFile, files_of};
use super::lines::read_lines;
use super::mbid::Mbid;
use super::parquet::read_parquet;
use super::report::MemberReport;
use super::unpack::{self, BUFFER_BYTES, Content, read_failed};
use crate::{Result, WorldError};
use archive::{read_packed_tar, read_tar};

/// One listen of a dump, as it is written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen<'a> {
    /// The number of who listened. Dumps of Parquet have no names.
    pub user: i64,
    /// When the listen began, in seconds since 1970.
    pub at_s: i64,
    /// The recording, where MusicBrainz or the player knew it.
    pub recording: Option<Mbid>,
    /// The artists, as they are credited.
    pub artist: &'a str,
    /// The recording's title.
    pub title: &'a str,
    /// How long the recording is, where the player said so. Dumps of Parquet do not tell.
    pub duration_ms: Option<u32>,
}

/// A unit of a dump that is read whole or not at all: a member of an archive, or a file by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// The file, from the folder on that was given, and the member in it: `dump.tar/3.parquet`.
    pub name: String,
    /// How large it is, as its archive says.
    pub bytes: u64,
}

/// Who takes the listens of a dump, member by member.
pub trait ListenSink {
    /// A member begins. `false` passes it over, as one that was read before: nothing else is heard
    /// of it.
    ///
    /// # Errors
    /// Whatever ends the reading.
    fn begin(&mut self, member: &Member) -> Result<bool>;

    /// A listen of that member.
    ///
    /// # Errors
    /// Whatever ends the reading.
    fn listen(&mut self, listen: Listen<'_>) -> Result<()>;

    /// The member has ended. Where the report says that it is broken, what came of it is not all
    /// there is.
    ///
    /// # Errors
    /// Whatever ends the reading.
    fn end(&mut self, member: &Member, report: &MemberReport) -> Result<()>;
}

/// Reads the listens of a dump: a file, or all files of a folder that hold some.
///
/// Files and members of other content, as the licence in an archive, are passed over. What is
/// damaged is told to the sink as a broken member. A packed archive has one checksum at its end:
/// where it does not fit, nobody knows which member is damaged, and that is an error, after which
/// all that came of the file has to be thrown away.
///
/// # Errors
/// [`WorldError::Io`](crate::WorldError::Io) where the system cannot read a file,
/// [`WorldError::Malformed`](crate::WorldError::Malformed) where no file holds listens in a form
/// that is known or where a checksum does not fit, and whatever the sink returns.
pub fn read_listens(path: &Path, sink: &mut dyn ListenSink) -> Result<()> {
    let mut noticing = Noticing { sink, has_begun: false };
    for file in files_of(path)? {
        read_file(&file, &mut noticing)?;
    }
    if noticing.has_begun { Ok(()) } else { Err(WorldError::malformed(path, NO_LISTENS)) }
}

/// A sink that notices whether there is any member.
struct Noticing<'s> {
    sink: &'s mut dyn ListenSink,
    has_begun: bool,
}

impl ListenSink for Noticing<'_> {
    fn begin(&mut self, member: &Member) -> Result<bool> {
        self.has_begun = true;
        self.sink.begin(member)
    }

    fn listen(&mut self, listen: Listen<'_>) -> Result<()> {
        self.sink.listen(listen)
    }

    fn end(&mut self, member: &Member, report: &MemberReport) -> Result<()> {
        self.sink.end(member, report)
    }
}

const NO_LISTENS: &str = "it holds no listens that are read here; expected is a dump of \
                          ListenBrainz: a tar of Parquet, a Parquet file, JSON lines, or these in \
                          a `.tar.zst`";

/// Reads a file, or passes it over where it holds no listens by its looks.
fn read_file(file: &DumpFile, sink: &mut dyn ListenSink) -> Result<()> {
    let (input, content) = unpack::open(&file.path)?;
    let failed = |error| WorldError::io(&file.path, error);
    let bytes = input.metadata().map_err(failed)?.len();
    let member = Member { name: file.name.clone(), bytes };
    match content {
        Content::Tar => read_tar(file, input, sink),
        Content::Zstandard => read_packed(file, input, member, sink),
        Content::Parquet => {
            read_member(&member, sink, |sink, report| read_parquet(&file.path, None, sink, report))
                .map(|_| ())
        }
        Content::Json => read_member(&member, sink, |sink, report| {
            let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
            read_lines(&file.path, &mut input, sink, report)
        })
        .map(|_| ()),
        Content::Other if file.name.ends_with(".tar") => read_tar(file, input, sink),
        Content::Other if claims_listens(&file.name) || file.name.ends_with(".zst") => {
            sink_broken(&member, NOT_AS_NAMED, sink)
        }
        Content::Other => Ok(()),
    }
}

fn read_packed(
    file: &DumpFile,
    input: File,
    member: Member,
    sink: &mut dyn ListenSink,
) -> Result<()> {
    let (mut input, content): (Box<dyn BufRead>, _) = match unpack::unpacked(input) {
        Ok(unpacked) => unpacked,
        Err(error) => return sink_broken(&member, &read_failed(&file.path, error)?, sink),
    };
    match content {
        Content::Tar => read_packed_tar(file, &mut input, sink),
        Content::Json => read_member(&member, sink, |sink, report| {
            read_lines(&file.path, &mut input, sink, report)
        })
        .map(|_| ()),
        Content::Parquet => sink_broken(&member, PACKED_PARQUET, sink),
        Content::Zstandard | Content::Other => Ok(()),
    }
}

const PACKED_PARQUET: &str = "Parquet is read from its end and not as a stream: unpack the archive \
                              with `zstd -d` and read it again";
const NOT_AS_NAMED: &str = "it does not begin as its name says: it is damaged";

/// Whether a name promises listens.
fn claims_listens(name: &str) -> bool {
    name.ends_with(".parquet") || name.ends_with(".listens")
}

/// Tells the sink of a member, and of the listens in it unless it is passed over. What `read`
/// returns is why it is broken; whether it is not comes back.
fn read_member(
    member: &Member,
    sink: &mut dyn ListenSink,
    read: impl FnOnce(&mut dyn ListenSink, &mut MemberReport) -> Result<Option<String>>,
) -> Result<bool> {
    if !sink.begin(member)? {
        return Ok(true);
    }
    let mut report = MemberReport::default();
    report.broken = read(sink, &mut report)?;
    sink.end(member, &report)?;
    Ok(report.broken.is_none())
}

fn sink_broken(member: &Member, reason: &str, sink: &mut dyn ListenSink) -> Result<()> {
    if sink.begin(member)? {
        sink.end(member, &MemberReport::broken(reason))?;
    }
    Ok(())
}
