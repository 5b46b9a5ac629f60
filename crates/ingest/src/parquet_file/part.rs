//! A stretch of a file, as if it were a file.

use std::fs::File;
use std::io::{BufReader, Read, Take};

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

/// Bytes of a file from a place on, in which places count from there.
pub(crate) struct FilePart {
    file: File,
    start: u64,
    bytes: u64,
}

impl FilePart {
    /// A part that lies within the file.
    pub(super) fn new(file: File, start: u64, bytes: u64) -> Result<Self, ParquetError> {
        let end = start.checked_add(bytes).filter(|end| *end <= Length::len(&file));
        end.map(|_| Self { file, start, bytes })
            .ok_or_else(|| ParquetError::EOF("the file ends in the middle of it".to_owned()))
    }

    pub(super) fn len(&self) -> u64 {
        self.bytes
    }

    /// Reads from a place on until the end of the part.
    pub(super) fn get_read(&self, start: u64) -> Result<Take<BufReader<File>>, ParquetError> {
        let left = self.bytes.checked_sub(start).ok_or_else(beyond)?;
        Ok(self.file.get_read(self.start + start)?.take(left))
    }

    pub(super) fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let end = start.checked_add(length as u64).filter(|end| *end <= self.bytes);
        end.ok_or_else(beyond)?;
        self.file.get_bytes(self.start + start, length)
    }
}

fn beyond() -> ParquetError {
    ParquetError::EOF("it goes beyond its own end".to_owned())
}
