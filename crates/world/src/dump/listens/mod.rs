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
mod readers;
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
use super::parquet::ParquetPlace;
use super::report::DumpMemberReport;
use super::unpack::{self, BUFFER_BYTES, Content, read_failed};
use crate::{Result, WorldError};
use archive::{read_packed_tar, read_tar};
use readers::{Readers, Waiting};

/// One listen of a dump, as it is written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DumpListen<'a> {
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
///
/// Several members may be read at once, each into a piece of its own, or into several where it is
/// large. Members begin and end in the order of the dump, on the thread that asked for them, so
/// that what comes of them does not depend on how many threads there are. Behind a damaged member
/// of an archive those that were begun may be begun again: of a piece that no member ended with,
/// nothing may be kept.
pub trait ListenSink {
    /// What takes listens on the thread that reads them.
    type Piece: ListenPiece;

    /// A member begins. `false` passes it over, as one that was read before: nothing else is heard
    /// of it.
    ///
    /// # Errors
    /// Whatever ends the reading.
    fn begin(&mut self, member: &Member) -> Result<bool>;

    /// A piece for listens of the member that began last.
    fn piece(&mut self) -> Self::Piece;

    /// The member has ended, and these are its pieces in the order of its rows. Where the report
    /// says that it is broken, what came of it is not all there is.
    ///
    /// # Errors
    /// Whatever ends the reading.
    fn end(
        &mut self,
        member: &Member,
        pieces: Vec<Self::Piece>,
        report: &DumpMemberReport,
    ) -> Result<()>;
}

/// Takes listens that one thread reads: those of a member, or of a part of it.
pub trait ListenPiece: Send {
    /// A listen of the member.
    ///
    /// # Errors
    /// Whatever ends the reading.
    fn listen(&mut self, listen: DumpListen<'_>) -> Result<()>;

    /// All that belongs to the piece was read, and none of it is damaged: what takes time is done
    /// here, on the thread of the piece.
    ///
    /// # Errors
    /// Whatever ends the reading.
    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Reads the listens of a dump: a file, or all files of a folder that hold some. Members of Parquet
/// are read on so many threads; what is packed or text comes as one stream.
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
pub fn read_listens<S: ListenSink>(path: &Path, threads: usize, sink: &mut S) -> Result<()> {
    let mut readers = Readers::new(sink, threads);
    for file in files_of(path)? {
        read_file(&file, &mut readers)?;
    }
    readers.read_waiting()?;
    if readers.has_begun() { Ok(()) } else { Err(WorldError::malformed(path, NO_LISTENS)) }
}

const NO_LISTENS: &str = "it holds no listens that are read here; expected is a dump of \
                          ListenBrainz: a tar of Parquet, a Parquet file, JSON lines, or these in \
                          a `.tar.zst`";

/// Reads a file, or passes it over where it holds no listens by its looks.
fn read_file<S: ListenSink>(file: &DumpFile, readers: &mut Readers<'_, S>) -> Result<()> {
    let (input, content) = unpack::open(&file.path)?;
    let failed = |error| WorldError::io(&file.path, error);
    let bytes = input.metadata().map_err(failed)?.len();
    let member = Member { name: file.name.clone(), bytes };
    // What is said of this file comes behind what is said of those before it.
    if content != Content::Parquet {
        readers.read_waiting()?;
    }
    match content {
        Content::Tar => read_tar(file, input, readers),
        Content::Zstandard => read_packed(file, input, member, readers),
        Content::Parquet => {
            let place = ParquetPlace { file: file.path.clone(), part: None };
            readers.wait(Waiting { member, place });
            Ok(())
        }
        Content::Json => {
            let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
            readers.read_here(&member, |piece, report| {
                read_lines(&file.path, &mut input, piece, report)
            })?;
            Ok(())
        }
        Content::Other if file.name.ends_with(".tar") => read_tar(file, input, readers),
        Content::Other if claims_listens(&file.name) || file.name.ends_with(".zst") => {
            readers.broken(&member, NOT_AS_NAMED)
        }
        Content::Other => Ok(()),
    }
}

fn read_packed<S: ListenSink>(
    file: &DumpFile,
    input: File,
    member: Member,
    readers: &mut Readers<'_, S>,
) -> Result<()> {
    let (mut input, content): (Box<dyn BufRead>, _) = match unpack::unpacked(input) {
        Ok(unpacked) => unpacked,
        Err(error) => return readers.broken(&member, &read_failed(&file.path, error)?),
    };
    match content {
        Content::Tar => read_packed_tar(file, &mut input, readers),
        Content::Json => {
            readers.read_here(&member, |piece, report| {
                read_lines(&file.path, &mut input, piece, report)
            })?;
            Ok(())
        }
        Content::Parquet => readers.broken(&member, PACKED_PARQUET),
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
