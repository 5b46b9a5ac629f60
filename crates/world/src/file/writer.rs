//! Writing a world, section by section.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ALIGNMENT, HEAD_BYTES, MAGIC, Manifest, VERSION};
use crate::ivf::{self, IvfConfig, Vectors};
use crate::{Result, WorldError};

/// A line of the table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) from: u64,
    pub(super) bytes: u64,
    /// BLAKE3, in hexadecimal.
    pub(super) digest: String,
}

/// The table at the end of a file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) manifest: Manifest,
    pub(super) sections: Vec<Entry>,
}

/// A world that is being written.
pub(crate) struct WorldWriter {
    path: PathBuf,
    file: BufWriter<File>,
    at: u64,
    sections: Vec<Entry>,
    digest: blake3::Hasher,
}

impl WorldWriter {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).map_err(|error| WorldError::io(path, error))?;
        let file = BufWriter::with_capacity(1 << 20, file);
        let (sections, digest) = Default::default();
        let mut writer = Self { path: path.to_owned(), file, at: 0, sections, digest };
        let mut head = [0; HEAD_BYTES];
        head[..8].copy_from_slice(&MAGIC);
        head[8..12].copy_from_slice(&VERSION.to_le_bytes());
        writer.put(&head)?;
        Ok(writer)
    }

    /// Bytes as they are.
    pub(crate) fn bytes(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.section(name, |writer| writer.put(bytes))
    }

    pub(crate) fn u32s(&mut self, name: &str, numbers: &[u32]) -> Result<()> {
        self.section(name, |writer| numbers.iter().try_for_each(|n| writer.put(&n.to_le_bytes())))
    }

    pub(crate) fn u64s(&mut self, name: &str, numbers: &[u64]) -> Result<()> {
        self.section(name, |writer| numbers.iter().try_for_each(|n| writer.put(&n.to_le_bytes())))
    }

    /// An index over factors, which is built in a file beside this one first: it is not written
    /// from its beginning to its end. `progress` is told the share that is done.
    pub(crate) fn index(
        &mut self,
        name: &str,
        factors: &dyn Vectors,
        progress: &mut dyn FnMut(f32),
    ) -> Result<()> {
        let path = self.path.with_extension(name);
        let failed = |error| WorldError::io(&path, error);
        let options =
            File::options().read(true).write(true).create(true).truncate(true).open(&path);
        let mut file = BufWriter::new(options.map_err(failed)?);
        ivf::build(factors, &IvfConfig::default(), &path, &mut file, progress)?;
        let mut file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut buffer = vec![0; 1 << 20];
        self.section(name, |writer| {
            loop {
                match file.read(&mut buffer).map_err(failed)? {
                    0 => return Ok(()),
                    length => writer.put(&buffer[..length])?,
                }
            }
        })?;
        fs::remove_file(&path).map_err(failed)
    }

    /// Texts, and where each ends.
    pub(crate) fn texts<'t>(
        &mut self,
        name: &str,
        texts: impl Iterator<Item = &'t str>,
    ) -> Result<()> {
        let mut ends = vec![0_u64];
        self.section(name, |writer| {
            for text in texts {
                writer.put(text.as_bytes())?;
                ends.push(ends[ends.len() - 1] + text.len() as u64);
            }
            Ok(())
        })?;
        self.u64s(&format!("{name}_ends"), &ends)
    }

    /// The recordings of each artist, the most popular first, and where those of each end.
    pub(crate) fn by_artist(&mut self, artist_of: &[u32], artists: usize) -> Result<()> {
        let mut recordings: Vec<u32> = (0..artist_of.len() as u32).collect();
        recordings.sort_by_key(|&row| artist_of[row as usize]);
        let mut ends = vec![0_u64; artists + 1];
        artist_of.iter().for_each(|&artist| ends[artist as usize + 1] += 1);
        (0..artists).for_each(|artist| ends[artist + 1] += ends[artist]);
        self.u64s("artist_recordings_ends", &ends)?;
        self.u32s("artist_recordings", &recordings)
    }

    /// Keys with the recordings that they name, and the other keys by which some are found.
    pub(crate) fn keys(
        &mut self,
        keys: impl Iterator<Item = (u64, u32)>,
        others: impl Iterator<Item = (u64, u32)>,
    ) -> Result<()> {
        self.sorted_keys("keys", keys)?;
        self.sorted_keys("other_keys", others)
    }

    /// Of several recordings of one key the best known is named.
    fn sorted_keys(&mut self, name: &str, keys: impl Iterator<Item = (u64, u32)>) -> Result<()> {
        let mut keys: Vec<(u64, u32)> = keys.collect();
        keys.sort_unstable();
        keys.dedup_by_key(|entry| entry.0);
        self.u64s(name, &keys.iter().map(|entry| entry.0).collect::<Vec<_>>())?;
        self.u32s(&format!("{name}_rows"), &keys.iter().map(|entry| entry.1).collect::<Vec<_>>())
    }

    /// Ends the file, which is on disk when this returns.
    pub(crate) fn finish(mut self, manifest: &Manifest) -> Result<()> {
        let table = Table { manifest: manifest.clone(), sections: self.sections.clone() };
        let table = serde_json::to_vec(&table).expect("a table is plain data");
        let at = self.at;
        self.put(&table)?;
        self.put(&at.to_le_bytes())?;
        self.put(&(table.len() as u64).to_le_bytes())?;
        self.put(blake3::hash(&table).as_bytes())?;
        self.put(&MAGIC)?;
        let failed = |error| WorldError::io(&self.path, error);
        self.file.flush().map_err(failed)?;
        self.file.get_ref().sync_all().map_err(failed)
    }

    fn section(&mut self, name: &str, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let gap = (self.at as usize).next_multiple_of(ALIGNMENT) - self.at as usize;
        self.put(&[0; ALIGNMENT][..gap])?;
        let from = self.at;
        self.digest.reset();
        write(self)?;
        let digest = self.digest.finalize().to_hex().to_string();
        let bytes = self.at - from;
        self.sections.push(Entry { name: name.to_owned(), from, bytes, digest });
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.digest.update(bytes);
        self.at += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|error| WorldError::io(&self.path, error))
    }
}
