//! The plays of all listeners in the order of listener, time and song, in pages: those asked for
//! lately in memory, the others in a file without a name. So a play costs the same whatever came
//! before it and in whatever order, and memory stays within a bound.
//!
//! Pages are the leaves of a B-tree. A page that comes back from the file is as it went there, with
//! all that is known of the file that is imported: what is in memory changes no verdict.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use rustc_hash::FxHashSet;

use super::report::Play;
use crate::keys::Key;
use crate::{Result, Store, StoreError};

/// A bucket is `2^BUCKET_BITS` seconds wide, so that most searches look into one or two.
pub(super) const BUCKET_BITS: u32 = 12;
/// Plays of a page. One with more is cut in two, unless all are of one place.
const PAGE_PLAYS: usize = 128;
/// Pages asked for last, which stay in memory.
const LATEST_PAGES: u64 = 16;
/// Of the pages in memory one in so many goes when there are too many. An import comes by all
/// listeners again and again, so those asked for longest ago would be the next that it needs: they
/// take turns by their order instead.
const ONE_IN: usize = 4;

/// Where a play is kept: plays of one listener and song within a bucket of time lie side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PlayPlace {
    listener: Key,
    bucket: u32,
    song: Key,
}

impl PlayPlace {
    const FIRST: Self = Self { listener: 0, bucket: 0, song: 0 };

    pub(super) fn of(play: &Play) -> Self {
        play.place_in(play.start_s >> BUCKET_BITS)
    }
}

impl Play {
    /// The place of plays of its listener and song in a bucket.
    pub(super) fn place_in(&self, bucket: u32) -> PlayPlace {
        PlayPlace { listener: self.listener, bucket, song: self.song }
    }
}

/// One play in a page. It names the same play until another is inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PlaySlot {
    page: PlayPlace,
    at: usize,
}

/// A stretch of the order.
#[derive(Debug, Default)]
pub(super) struct PlayPage {
    /// In the order of their places.
    plays: Vec<Play>,
    /// The plays of the file that were folded into rows of other reports, by row.
    folded: Vec<Play>,
    /// The file that [`Play::is_taken`] and `folded` are about.
    file: u64,
    asked: u64,
}

impl PlayPage {
    /// The play of the file that was folded into a row.
    pub(super) fn folded_into(&self, row: u32) -> Option<&Play> {
        let found = self.folded.binary_search_by_key(&row, |play| play.row).ok()?;
        Some(&self.folded[found])
    }

    fn bytes(&self) -> usize {
        (self.plays.capacity() + self.folded.capacity()) * size_of::<Play>()
    }

    /// The plays of a place, first and behind the last.
    fn range(&self, place: PlayPlace) -> std::ops::Range<usize> {
        let first = self.plays.partition_point(|play| PlayPlace::of(play) < place);
        let len = self.plays[first..].partition_point(|play| PlayPlace::of(play) == place);
        first..first + len
    }

    /// What another file took is free again.
    fn read_file(&mut self, file: u64) {
        if self.file != file {
            self.file = file;
            self.plays.iter_mut().for_each(|play| play.is_taken = false);
            self.folded.clear();
        }
    }

    /// Cuts off the second half, if there are two places. Where plays come in order, all but the
    /// new one stay: the page will get no more.
    fn cut(&mut self, inserted_at: usize) -> Option<Self> {
        let is_last = inserted_at + 1 == self.plays.len();
        let middle = if is_last { inserted_at } else { self.plays.len() / 2 };
        let cuts = (1..self.plays.len())
            .filter(|&at| PlayPlace::of(&self.plays[at - 1]) != PlayPlace::of(&self.plays[at]));
        let plays = self.plays.split_off(cuts.min_by_key(|at| at.abs_diff(middle))?);
        let rows: FxHashSet<u32> = plays.iter().map(|play| play.row).collect();
        let folded = self.folded.extract_if(.., |play| rows.contains(&play.row)).collect();
        Some(Self { plays, folded, ..*self })
    }
}

/// All pages.
#[derive(Debug)]
pub(super) struct PlayPages {
    /// Those in memory, by the first place that belongs there.
    near: BTreeMap<PlayPlace, PlayPage>,
    /// Those in the file.
    far: BTreeMap<PlayPlace, SpilledPage>,
    spill: PageSpill,
    most_bytes: usize,
    bytes: usize,
    /// The file that is read; what earlier ones took is free.
    file: u64,
    clock: u64,
    turn: usize,
}

impl PlayPages {
    /// No play. The file of pages lies in a folder, or with other temporary files.
    pub(super) fn new(folder: Option<PathBuf>, most_bytes: usize) -> Self {
        Self {
            near: BTreeMap::from([(PlayPlace::FIRST, PlayPage::default())]),
            far: BTreeMap::new(),
            spill: PageSpill { folder, ..PageSpill::default() },
            most_bytes,
            bytes: 0,
            file: 0,
            clock: 0,
            turn: 0,
        }
    }

    /// Bytes in memory and in the file.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> (usize, u64) {
        (self.bytes, self.spill.end)
    }

    /// From here on no more stays in memory than has to.
    #[cfg(test)]
    pub(super) fn leave_no_room(&mut self) {
        self.most_bytes = 0;
    }

    /// Drops all plays.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.spill.folder.take(), self.most_bytes);
    }

    /// Tells which file the rows are of from here on.
    pub(super) fn read_file(&mut self, file: u64) {
        self.file = file;
    }

    /// Hands on every play of a place, and returns how many there are.
    pub(super) fn each_in(
        &mut self,
        place: PlayPlace,
        mut each: impl FnMut(PlaySlot, &Play, &PlayPage),
    ) -> Result<usize> {
        let (key, page) = self.bring(place)?;
        let range = page.range(place);
        for at in range.clone() {
            each(PlaySlot { page: key, at }, &page.plays[at], page);
        }
        Ok(range.len())
    }

    pub(super) fn insert(&mut self, play: Play) -> Result<()> {
        self.let_go()?;
        let place = PlayPlace::of(&play);
        let (_, page) = self.bring(place)?;
        let before = page.bytes();
        let at = page.range(place).end;
        page.plays.insert(at, play);
        let cut = if page.plays.len() > PAGE_PLAYS { page.cut(at) } else { None };
        let grown = page.bytes() - before;
        self.bytes += grown;
        if let Some(cut) = cut {
            self.bytes += cut.bytes();
            self.near.insert(PlayPlace::of(&cut.plays[0]), cut);
        }
        Ok(())
    }

    /// The play in a slot.
    pub(super) fn play(&mut self, slot: PlaySlot) -> Result<&mut Play> {
        let (_, page) = self.bring(slot.page)?;
        Ok(&mut page.plays[slot.at])
    }

    /// The play of the file that was folded into the row in a slot.
    pub(super) fn folded_into(&mut self, slot: PlaySlot) -> Result<Option<Play>> {
        let (_, page) = self.bring(slot.page)?;
        Ok(page.folded_into(page.plays[slot.at].row).copied())
    }

    /// Notes that a play of the file is folded into a row.
    pub(super) fn take(&mut self, slot: PlaySlot, play: Play) -> Result<()> {
        let (_, page) = self.bring(slot.page)?;
        let before = page.bytes();
        let row = page.plays[slot.at].row;
        page.plays[slot.at].is_taken = true;
        let play = Play { row, ..play };
        match page.folded.binary_search_by_key(&row, |folded| folded.row) {
            Ok(at) => page.folded[at] = play,
            Err(at) => page.folded.insert(at, play),
        }
        let grown = page.bytes() - before;
        self.bytes += grown;
        Ok(())
    }

    /// The page of a place, in memory.
    fn bring(&mut self, place: PlayPlace) -> Result<(PlayPlace, &mut PlayPage)> {
        self.clock += 1;
        let near = self.near.range(..=place).next_back().map(|(&key, _)| key);
        let far = self.far.range(..=place).next_back().map(|(&key, _)| key);
        let key = near.max(far).expect("the first page begins before every place");
        if far == Some(key)
            && let Some(spilled) = self.far.get(&key)
        {
            // It stays in the file for as long as it may have to be read again.
            let page = self.spill.take_back(spilled)?;
            self.bytes += page.bytes();
            self.far.remove(&key);
            self.near.insert(key, page);
        }
        let page = self.near.get_mut(&key).expect("it was there or came back");
        page.asked = self.clock;
        page.read_file(self.file);
        Ok((key, page))
    }

    /// Writes pages to the file if there are more in memory than there is room for; called between
    /// rows.
    pub(super) fn let_go(&mut self) -> Result<()> {
        if self.bytes <= self.most_bytes {
            return Ok(());
        }
        self.turn += 1;
        let (turn, latest) = (self.turn, self.clock.saturating_sub(LATEST_PAGES));
        let pages = self.near.iter().enumerate();
        let go = pages.filter(|(at, (_, page))| (at + turn) % ONE_IN == 0 && page.asked < latest);
        let go: Vec<PlayPlace> = go.map(|(_, (&key, _))| key).collect();
        for key in go {
            let Some(page) = self.near.get(&key) else { continue };
            // It stays in memory until it is written: the disk may be full.
            self.far.insert(key, self.spill.put(page)?);
            self.bytes -= page.bytes();
            self.near.remove(&key);
        }
        Ok(())
    }
}

/// Where in the file a page is.
#[derive(Debug)]
struct SpilledPage {
    offset: u64,
    plays: u32,
    folded: u32,
    file: u64,
}

/// A file that is gone with the process. What a page leaves free is used for the next of its size:
/// the file is at most twice as long as its pages.
#[derive(Debug, Default)]
struct PageSpill {
    folder: Option<PathBuf>,
    file: Option<File>,
    end: u64,
    /// Offsets by the power of two of plays that fit there.
    free: [Vec<u64>; u32::BITS as usize],
    buffer: Vec<u8>,
}

impl PageSpill {
    fn put(&mut self, page: &PlayPage) -> Result<SpilledPage> {
        let plays = page.plays.len() + page.folded.len();
        let size = plays.max(1).next_power_of_two();
        let offset = self.free[size.trailing_zeros() as usize].pop().unwrap_or_else(|| {
            let end = self.end;
            self.end += (size * Play::BYTES) as u64;
            end
        });
        self.buffer.clear();
        for play in page.plays.iter().chain(&page.folded) {
            self.buffer.extend_from_slice(&play.to_bytes());
        }
        if let Err(error) = self.write_at(offset) {
            self.free[size.trailing_zeros() as usize].push(offset);
            return Err(self.failed("write")(error));
        }
        let (plays, folded) = (page.plays.len() as u32, page.folded.len() as u32);
        Ok(SpilledPage { offset, plays, folded, file: page.file })
    }

    fn take_back(&mut self, page: &SpilledPage) -> Result<PlayPage> {
        let plays = (page.plays + page.folded) as usize;
        self.buffer.resize(plays * Play::BYTES, 0);
        self.read_at(page.offset).map_err(self.failed("read"))?;
        let size = plays.max(1).next_power_of_two();
        self.free[size.trailing_zeros() as usize].push(page.offset);
        let (all, _) = self.buffer.as_chunks();
        let (plays, folded) = all.split_at(page.plays as usize);
        let read = |all: &[[u8; Play::BYTES]]| all.iter().map(Play::from_bytes).collect();
        Ok(PlayPage { plays: read(plays), folded: read(folded), file: page.file, asked: 0 })
    }

    fn write_at(&mut self, offset: u64) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(match &self.folder {
                Some(folder) => tempfile::tempfile_in(folder)?,
                None => tempfile::tempfile()?,
            }),
        };
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(&self.buffer)
    }

    fn read_at(&mut self, offset: u64) -> io::Result<()> {
        let file = self.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut self.buffer)
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(io::Error) -> StoreError {
        StoreError::io(action, self.folder.clone().unwrap_or_default().join(Store::DATABASE))
    }
}
