//! Files of records of equal length: what does not fit in memory on its way through a build.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use crate::{Result, WorldError};

/// A file that gets its name once it is whole: what is found under that name is never half written.
pub(super) struct AtomicFile {
    path: PathBuf,
    partial: PathBuf,
    writer: BufWriter<File>,
}

impl AtomicFile {
    pub(super) fn create(path: &Path) -> Result<Self> {
        let partial = path.with_extension("partial");
        let file = File::create(&partial).map_err(|error| WorldError::io(&partial, error))?;
        let writer = BufWriter::with_capacity(1 << 18, file);
        Ok(Self { path: path.to_owned(), partial, writer })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.write_all(bytes).map_err(|error| WorldError::io(&self.partial, error))
    }

    pub(super) fn finish(mut self) -> Result<()> {
        let finish = |error| WorldError::io(&self.partial, error);
        self.writer.flush().map_err(finish)?;
        self.writer.get_ref().sync_all().map_err(finish)?;
        fs::rename(&self.partial, &self.path).map_err(|error| WorldError::io(&self.path, error))
    }
}

/// Reads a whole file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| WorldError::io(path, error))
}

/// Bytes that wait for a bucket: on each thread, and again with its file.
pub(super) const BUFFER_BYTES: usize = 1 << 14;

/// Several files beside each other that many threads append records to. Which record comes first
/// depends on the threads: readers must sort.
pub(super) struct Buckets {
    files: Vec<std::sync::Mutex<BufWriter<File>>>,
    folder: PathBuf,
    name: &'static str,
}

impl Buckets {
    pub(super) fn create(folder: &Path, name: &'static str, count: usize) -> Result<Self> {
        let create = |at: usize| {
            let path = folder.join(format!("{name}-{at}"));
            let file = File::create(&path).map_err(|error| WorldError::io(&path, error))?;
            Ok(std::sync::Mutex::new(BufWriter::with_capacity(BUFFER_BYTES, file)))
        };
        let files = (0..count).map(create).collect::<Result<_>>()?;
        Ok(Self { files, folder: folder.to_owned(), name })
    }

    /// Buffers for a thread that appends records one by one.
    pub(super) fn buffers(&self) -> BucketBuffers<'_> {
        BucketBuffers { buckets: self, of: vec![Vec::new(); self.len()] }
    }

    pub(super) fn append(&self, bucket: usize, records: &[u8]) -> Result<()> {
        let mut file = self.files[bucket].lock().expect("no thread panics while it writes");
        file.write_all(records).map_err(|error| WorldError::io(&self.path(bucket), error))
    }

    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    pub(super) fn path(&self, bucket: usize) -> PathBuf {
        self.folder.join(format!("{}-{bucket}", self.name))
    }

    /// Makes sure that all is written.
    pub(super) fn flush(&self) -> Result<()> {
        for (bucket, file) in self.files.iter().enumerate() {
            let mut file = file.lock().expect("no thread panics while it writes");
            file.flush().map_err(|error| WorldError::io(&self.path(bucket), error))?;
        }
        Ok(())
    }

    /// Bytes of a bucket.
    pub(super) fn bytes(&self, bucket: usize) -> Result<usize> {
        let path = self.path(bucket);
        let metadata = fs::metadata(&path).map_err(|error| WorldError::io(&path, error))?;
        Ok(metadata.len() as usize)
    }

    /// Bytes of the largest.
    pub(super) fn largest(&self) -> Result<usize> {
        (0..self.len()).try_fold(0, |most, bucket| Ok(most.max(self.bytes(bucket)?)))
    }

    /// Takes a bucket's records and removes its file.
    pub(super) fn take(&self, bucket: usize) -> Result<Vec<u8>> {
        let bytes = read(&self.path(bucket))?;
        self.remove(bucket)?;
        Ok(bytes)
    }

    /// Removes the file of a bucket.
    pub(super) fn remove(&self, bucket: usize) -> Result<()> {
        let path = self.path(bucket);
        fs::remove_file(&path).map_err(|error| WorldError::io(&path, error))
    }
}

/// Records of one thread that are on their way to buckets.
pub(super) struct BucketBuffers<'b> {
    buckets: &'b Buckets,
    of: Vec<Vec<u8>>,
}

impl BucketBuffers<'_> {
    pub(super) fn add(&mut self, bucket: usize, record: &[u8]) -> Result<()> {
        let buffer = &mut self.of[bucket];
        buffer.extend_from_slice(record);
        if buffer.len() >= BUFFER_BYTES {
            self.buckets.append(bucket, buffer)?;
            buffer.clear();
        }
        Ok(())
    }

    /// Appends what is left.
    pub(super) fn finish(self) -> Result<()> {
        let mut all = self.of.iter().enumerate();
        all.try_for_each(|(bucket, buffer)| self.buckets.append(bucket, buffer))
    }
}

/// Hands on the records of a file, which are of so many bytes each.
pub(super) fn for_each_record<const N: usize>(
    path: &Path,
    mut each: impl FnMut(&[u8; N]),
) -> Result<()> {
    let failed = |error| WorldError::io(path, error);
    let mut file = File::open(path).map_err(failed)?;
    let mut block = vec![0; N << 14];
    loop {
        let read = fill(&mut file, &mut block).map_err(failed)?;
        block[..read].as_chunks().0.iter().for_each(&mut each);
        if read < block.len() {
            return Ok(());
        }
    }
}

/// Reads until a block is full or the input has ended, and says how far.
fn fill(input: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    let whole = block.len();
    let mut rest = block;
    let read = io::copy(&mut input.take(whole as u64), &mut rest)?;
    Ok(read as usize)
}

/// A `u64` at a place in bytes.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// A `u32` at a place in bytes.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}
