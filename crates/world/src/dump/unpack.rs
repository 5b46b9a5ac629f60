//! What a file is, by its first bytes, and its content as a stream.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::tar_walk::{BLOCK, header};
use crate::{Result, WorldError};

const ZSTANDARD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// How much is read of a file at a time.
pub(super) const BUFFER_BYTES: usize = 256 << 10;

/// What content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A tar that is not packed.
    Tar,
    /// A Parquet file.
    Parquet,
    /// Anything packed with Zstandard.
    Zstandard,
    /// JSON, one object after another.
    Json,
    /// None of these.
    Other,
}

impl Content {
    /// What content is that begins so.
    pub(super) fn of(head: &[u8]) -> Self {
        let block = head.first_chunk::<BLOCK>();
        let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
        if head.starts_with(&ZSTANDARD) {
            Self::Zstandard
        } else if head.starts_with(b"PAR1") {
            Self::Parquet
        } else if block.is_some_and(|block| header(block).is_some()) {
            Self::Tar
        } else if first == Some(&b'{') {
            Self::Json
        } else {
            Self::Other
        }
    }
}

/// Opens a file and looks at its beginning.
pub(super) fn open(path: &Path) -> Result<(File, Content)> {
    let failed = |error| WorldError::io(path, error);
    let mut file = File::open(path).map_err(failed)?;
    let content = Content::of(&head_of(&mut file).map_err(failed)?);
    io::Seek::rewind(&mut file).map_err(failed)?;
    Ok((file, content))
}

/// The first block of what is left of a reader, or less.
pub(super) fn head_of(input: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(BLOCK);
    input.take(BLOCK as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// What a file that is packed with Zstandard holds, with what that is.
///
/// The decoder holds no more than 128 MiB of what came before, and refuses frames that ask for
/// more.
pub(super) fn unpacked(file: impl Read + 'static) -> io::Result<(Box<dyn BufRead>, Content)> {
    let decoder = zstd::Decoder::new(BufReader::with_capacity(BUFFER_BYTES, file))?;
    let mut input = BufReader::with_capacity(BUFFER_BYTES, decoder);
    let head = head_of(&mut input)?;
    let content = Content::of(&head);
    Ok((Box::new(io::Cursor::new(head).chain(input)), content))
}

const WRONG_CHECKSUM: &str = "the checksum at its end does not fit, so that anything in it may be \
                              wrong: download it again";

/// Why content breaks off, or the error of the system where it is at fault. A checksum that does
/// not fit is an error as well: it is of all that was unpacked, and what is wrong of that nobody
/// knows.
pub(super) fn read_failed(path: &Path, error: io::Error) -> Result<String> {
    match error.raw_os_error() {
        Some(_) => Err(WorldError::io(path, error)),
        // As the library of Zstandard says it: the error has no code that is public.
        None if error.to_string().contains("match checksum") => {
            Err(WorldError::malformed(path, WRONG_CHECKSUM))
        }
        None => Ok(format!("the data is damaged or cut off: {error}")),
    }
}
