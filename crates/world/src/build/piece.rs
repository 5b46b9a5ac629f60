//! Listens of a member on their way into parts: gathered on the thread that reads them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::parts::{ROW_BYTES, Row, names_path, part_path, token_of};
use super::spill::{AtomicFile, u32_at};
use super::{MemberOutcome, SHARES};
use crate::Result;
use crate::dump::{DumpListen, ListenPiece, Mbid};
use crate::names::number_of;

/// Longer names are no names.
pub(super) const LONGEST_NAME: usize = 1_000;
/// ListenBrainz began in 2005 with imports from Last.fm; what is dated earlier had a broken clock.
pub(super) const EARLIEST_S: i64 = 1_104_537_600;
/// Why a listen is of no use though all of it is there.
pub(super) const STRANGE_USER: &str = "the number of the listener is none that ListenBrainz gives";
pub(super) const STRANGE_TIME: &str = "dated before 2005 or after 2105";
pub(super) const LONG_NAME: &str = "a name of over 1,000 bytes";
/// What a table takes for a token, about, while it grows.
const BYTES_A_COUNT: usize = 32;

/// Gathers listens of a member, and writes them in parts.
pub(super) struct PartPiece {
    folder: PathBuf,
    next: Arc<AtomicUsize>,
    most_bytes: usize,
    /// Parts that were written.
    pub(super) written: Vec<usize>,
    rows: Vec<Row>,
    names: Vec<u8>,
    /// Where in `names` the listens of each token are counted.
    counts: FxHashMap<u64, usize>,
    pub(super) outcome: MemberOutcome,
    buffer: Vec<u8>,
}

impl PartPiece {
    /// Writes parts into a folder, each of which takes the next number.
    pub(super) fn new(folder: &Path, next: Arc<AtomicUsize>, most_bytes: usize) -> Self {
        Self {
            folder: folder.to_owned(),
            next,
            most_bytes,
            written: Vec::new(),
            rows: Vec::new(),
            names: Vec::new(),
            counts: FxHashMap::default(),
            outcome: MemberOutcome::default(),
            buffer: Vec::new(),
        }
    }

    fn count(&mut self, token: u64, recording: Option<Mbid>, [artist, title]: [&str; 2]) {
        let names = &mut self.names;
        let at = *self.counts.entry(token).or_insert_with(|| {
            names.extend(token.to_le_bytes());
            names.extend(recording.map_or([0; 16], |recording| recording.0));
            let at = names.len();
            for number in [0, artist.len() as u32, title.len() as u32] {
                names.extend(number.to_le_bytes());
            }
            names.extend(artist.as_bytes());
            names.extend(title.as_bytes());
            at
        });
        let listens = u32_at(&self.names, at) + 1;
        self.names[at..at + 4].copy_from_slice(&listens.to_le_bytes());
    }

    /// Bytes of what is gathered, about.
    fn bytes(&self) -> usize {
        self.rows.len() * ROW_BYTES + self.names.len() + self.counts.len() * BYTES_A_COUNT
    }

    fn write_part(&mut self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        self.rows.par_sort_unstable_by_key(|row| (row.user as usize % SHARES, *row));
        let mut ends = [0_u64; SHARES + 1];
        self.rows.iter().for_each(|row| ends[row.user as usize % SHARES + 1] += 1);
        (0..SHARES).for_each(|share| ends[share + 1] += ends[share]);
        let part = self.next.fetch_add(1, Relaxed);
        let path = part_path(&self.folder, part);
        let mut file = AtomicFile::create(&path)?;
        ends.iter().try_for_each(|end| file.write(&end.to_le_bytes()))?;
        for row in &self.rows {
            let mut record = [0; ROW_BYTES];
            record[..4].copy_from_slice(&row.user.to_le_bytes());
            record[4..8].copy_from_slice(&row.at.to_le_bytes());
            record[8..].copy_from_slice(&row.token.to_le_bytes());
            file.write(&record)?;
        }
        file.finish()?;
        let mut file = AtomicFile::create(&names_path(&path))?;
        file.write(&self.names)?;
        file.finish()?;
        self.written.push(part);
        self.rows.clear();
        self.names.clear();
        self.counts.clear();
        Ok(())
    }
}

impl ListenPiece for PartPiece {
    fn listen(&mut self, listen: DumpListen<'_>) -> Result<()> {
        let Ok(user) = u32::try_from(listen.user) else {
            self.outcome.drop(STRANGE_USER);
            return Ok(());
        };
        let at = match u32::try_from(listen.at_s) {
            Ok(at) if listen.at_s >= EARLIEST_S => at,
            _ => {
                self.outcome.drop(STRANGE_TIME);
                return Ok(());
            }
        };
        let (artist, title) = (listen.artist.trim(), listen.title.trim());
        if artist.len() > LONGEST_NAME || title.len() > LONGEST_NAME {
            self.outcome.drop(LONG_NAME);
            return Ok(());
        }
        let token = match listen.recording {
            Some(recording) => token_of(recording),
            None => token_of_names(artist, title, &mut self.buffer),
        };
        self.count(token, listen.recording, [artist, title]);
        self.rows.push(Row { user, at, token });
        self.outcome.listens += 1;
        if self.bytes() >= self.most_bytes {
            self.write_part()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        self.write_part()?;
        // It may wait long for a member before it to end.
        (self.rows, self.names, self.counts) = Default::default();
        Ok(())
    }
}

/// The token of names without an identifier; `buffer` is any, to be used again.
pub(super) fn token_of_names(artist: &str, title: &str, buffer: &mut Vec<u8>) -> u64 {
    buffer.clear();
    buffer.extend_from_slice(artist.as_bytes());
    buffer.push(0);
    buffer.extend_from_slice(title.as_bytes());
    number_of(buffer) & !1
}
