//! The plays of all listeners in the order of listener, time and song, in pages: as many as there
//! is room for in memory, the others in a file without a name. So a play costs the same whatever
//! came before it and in whatever order, and memory stays within a bound.
//!
//! Pages are the leaves of a B-tree. A page that comes back from the file is as it went there, with
//! all that is known of the file that is imported: what is in memory changes no verdict.

use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::mem;
use std::path::PathBuf;

use rustc_hash::FxHashSet;

use super::report::Play;
use crate::keys::Key;
use crate::{Result, StoreError};

/// A bucket is `2^BUCKET_BITS` seconds wide, so that most searches look into one or two.
pub(super) const BUCKET_BITS: u32 = 12;
/// Plays of a page. One with more is cut in two, unless all are of one place.
const PAGE_PLAYS: usize = 128;
/// Bytes of a page in memory besides its plays. The nodes of a B-tree are two thirds full.
const NEAR_PAGE_BYTES: usize = size_of::<(PlayPlace, PlayPage)>() * 3 / 2;
/// Bytes in memory of a page that is in the file: where it begins, and where it is there.
const FAR_PAGE_BYTES: usize = size_of::<(PlayPlace, SpilledPage)>() * 3 / 2;
/// Requests for which a page stays in memory once it was asked for.
const LATEST_REQUESTS: u64 = 16;
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

    /// The first place of its bucket.
    fn bucket_start(self) -> Self {
        Self { song: 0, ..self }
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
    /// Whether the play that came last is of the newest bucket.
    is_growing: bool,
}

impl PlayPage {
    /// The play of the file that was folded into a row.
    pub(super) fn folded_into(&self, row: u32) -> Option<&Play> {
        let found = self.folded.binary_search_by_key(&row, |play| play.row).ok()?;
        Some(&self.folded[found])
    }

    fn bytes(&self) -> usize {
        let plays = self.plays.capacity() + self.folded.capacity();
        NEAR_PAGE_BYTES + plays * size_of::<Play>()
    }

    /// The plays of a place, first and behind the last.
    fn range(&self, place: PlayPlace) -> std::ops::Range<usize> {
        let first = self.range_from(place);
        let len = self.plays[first..].partition_point(|play| PlayPlace::of(play) == place);
        first..first + len
    }

    /// Where the plays of a place begin, or would.
    fn range_from(&self, place: PlayPlace) -> usize {
        self.plays.partition_point(|play| PlayPlace::of(play) < place)
    }

    /// What another file took is free again.
    fn read_file(&mut self, file: u64) {
        if self.file != file {
            self.file = file;
            self.plays.iter_mut().for_each(|play| play.is_taken = false);
            self.folded.clear();
        }
    }

    /// Puts a play behind those of its place, and cuts off a page if there are too many.
    fn insert(&mut self, play: Play) -> Option<Self> {
        let place = PlayPlace::of(&play);
        let newest = self.plays.last().map(|last| PlayPlace::of(last).bucket_start());
        let is_newest = newest.is_none_or(|newest| newest <= place.bucket_start());
        let was_growing = mem::replace(&mut self.is_growing, is_newest);
        self.make_room();
        self.plays.insert(self.range(place).end, play);
        if self.plays.len() <= PAGE_PLAYS {
            return None;
        }
        self.cut(is_newest && was_growing)
    }

    /// Makes room for a play: for twice as many as before, or for those that a page has when it is
    /// cut.
    fn make_room(&mut self) {
        let len = self.plays.len();
        if len == self.plays.capacity() && len <= PAGE_PLAYS {
            self.plays.reserve_exact(len.max(4).min(PAGE_PLAYS + 1 - len));
        }
    }

    /// Cuts off the second half, if there are two places. Where plays come in order of time, it
    /// cuts off the newest bucket: the page will get no more. One play behind a full page is not
    /// yet such an order. If older ones follow it, they would each get a page of their own.
    fn cut(&mut self, is_in_order: bool) -> Option<Self> {
        let [first, .., last] = &self.plays[..] else { return None };
        let (first, last) = (PlayPlace::of(first), PlayPlace::of(last));
        if first == last {
            return None;
        }
        let newest = self.range_from(last.bucket_start());
        let half = self.plays.len() / 2;
        let near = if is_in_order { newest.max(half) } else { half };
        let cuts = (1..self.plays.len())
            .filter(|&at| PlayPlace::of(&self.plays[at - 1]) != PlayPlace::of(&self.plays[at]));
        let plays = self.plays.split_off(cuts.min_by_key(|at| at.abs_diff(near))?);
        self.plays.shrink_to_fit();
        let rows: FxHashSet<u32> = plays.iter().map(|play| play.row).collect();
        let folded = self.folded.extract_if(.., |play| rows.contains(&play.row)).collect();
        let is_growing = mem::take(&mut self.is_growing);
        Some(Self { plays, folded, is_growing, ..*self })
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
    /// Bytes of the pages in memory.
    bytes: usize,
    /// The file that is read; what earlier ones took is free.
    file: u64,
    clock: u64,
    turn: usize,
}

impl PlayPages {
    /// No play. The file of pages lies in a folder, or with other temporary files.
    pub(super) fn new(folder: Option<PathBuf>, most_bytes: usize) -> Self {
        let first = PlayPage::default();
        Self {
            bytes: first.bytes(),
            near: BTreeMap::from([(PlayPlace::FIRST, first)]),
            far: BTreeMap::new(),
            spill: PageSpill { folder, ..PageSpill::default() },
            most_bytes,
            file: 0,
            clock: 0,
            turn: 0,
        }
    }

    /// Bytes in memory and in the file.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> (usize, u64) {
        (self.bytes + self.far.len() * FAR_PAGE_BYTES, self.spill.end)
    }

    /// Pages in memory and in the file.
    #[cfg(test)]
    fn count(&self) -> usize {
        self.near.len() + self.far.len()
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
        let cut = page.insert(play);
        let after = page.bytes();
        self.bytes = self.bytes - before + after;
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
    /// rows. Where those in the file are needs room as well, but leaves half of it.
    pub(super) fn let_go(&mut self) -> Result<()> {
        let room = self.most_bytes.saturating_sub(self.far.len() * FAR_PAGE_BYTES);
        if self.bytes <= room.max(self.most_bytes / 2) {
            return Ok(());
        }
        self.turn += 1;
        let (turn, latest) = (self.turn, self.clock.saturating_sub(LATEST_REQUESTS));
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
    is_growing: bool,
}

/// A file that is gone when the store is closed. A page gets room for a power of two of plays, and
/// what it leaves is used for the next that needs as much: the file can be some four times as long
/// as its pages.
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
            return Err(self.failed("write a temporary file in")(error));
        }
        let (plays, folded) = (page.plays.len() as u32, page.folded.len() as u32);
        Ok(SpilledPage { offset, plays, folded, file: page.file, is_growing: page.is_growing })
    }

    fn take_back(&mut self, page: &SpilledPage) -> Result<PlayPage> {
        let plays = (page.plays + page.folded) as usize;
        self.buffer.resize(plays * Play::BYTES, 0);
        self.read_at(page.offset).map_err(self.failed("read a temporary file in"))?;
        let size = plays.max(1).next_power_of_two();
        self.free[size.trailing_zeros() as usize].push(page.offset);
        let (all, _) = self.buffer.as_chunks();
        let (plays, folded) = all.split_at(page.plays as usize);
        let read = |all: &[[u8; Play::BYTES]]| all.iter().map(Play::from_bytes).collect();
        let (plays, folded) = (read(plays), read(folded));
        Ok(PlayPage { plays, folded, file: page.file, asked: 0, is_growing: page.is_growing })
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
        StoreError::io(action, self.folder.clone().unwrap_or_else(env::temp_dir))
    }
}

#[cfg(test)]
mod tests {
    use segue_core::{Listen, ListenerId, Source, Timestamp, TrackId};

    use super::*;
    use crate::dedup::ReportedPlay;

    /// A play every four minutes, each of one of many songs.
    fn play(listener: Key, number: i64) -> Play {
        let at = Timestamp::from_second(1_000_000 + number * 240).unwrap();
        let listen = Listen::new(ListenerId::new("ann"), TrackId::new("t"), at, Source::Maloja);
        let song = 1 + (number * 48_271 % 997) as Key;
        Play::logged(ReportedPlay { listener, song, listen: &listen, duration_ms: None }, number)
    }

    /// Inserts plays, and checks that pages are filled and that memory is counted right.
    fn pages_of(plays: &[Play], most_bytes: usize) -> PlayPages {
        let mut pages = PlayPages::new(None, most_bytes);
        plays.iter().for_each(|&play| pages.insert(play).unwrap());
        assert_eq!(pages.bytes, pages.near.values().map(PlayPage::bytes).sum::<usize>());
        let far: usize = pages.far.values().map(|page| page.plays as usize).sum();
        let near: usize = pages.near.values().map(|page| page.plays.len()).sum();
        assert_eq!(near + far, plays.len());
        pages
    }

    #[test]
    fn pages_are_well_filled_in_whatever_order_plays_come() {
        let ascending: Vec<Play> = (1..=20_000).map(|number| play(2, number)).collect();
        let descending: Vec<Play> = ascending.iter().rev().copied().collect();
        let full = |listener| (1..=PAGE_PLAYS as i64).map(move |number| play(listener, number));
        let behind_full: Vec<Play> = full(1).chain(descending.iter().copied()).collect();
        let by_turns: Vec<Play> =
            ascending.chunks(PAGE_PLAYS).rev().flat_map(|full| full.iter().copied()).collect();
        let mixed: Vec<Play> = (0..20_000).map(|i| ascending[i * 7_919 % 20_000]).collect();
        let all = [ascending, descending, behind_full, by_turns, mixed];
        for (order, plays) in all.iter().enumerate() {
            for most_bytes in [0, usize::MAX] {
                let pages = pages_of(plays, most_bytes);
                let fewest = plays.len().div_ceil(PAGE_PLAYS);
                let count = pages.count();
                assert!(count <= 3 * fewest, "order {order}: {count} pages, at best {fewest}");
                let most = if order == 0 { fewest * 6 / 5 } else { fewest * 5 / 2 };
                assert!(count <= most, "order {order}: {count} pages, at best {fewest}");
            }
        }
    }

    #[test]
    fn no_page_keeps_room_for_plays_that_it_cannot_get() {
        let plays: Vec<Play> = (0..20_000_i64).map(|i| play(1, i * 7_919 % 20_000)).collect();
        for page in pages_of(&plays, usize::MAX).near.values() {
            assert!(page.plays.capacity() <= PAGE_PLAYS + 1, "{}", page.plays.capacity());
        }
    }

    #[test]
    fn plays_of_one_place_stay_in_one_page() {
        let plays: Vec<Play> = (0..1_000).map(|_| play(1, 1)).collect();
        assert_eq!(pages_of(&plays, 0).count(), 1);
        let others = [play(1, 100), play(0, 100), play(2, 100)];
        let plays = [plays, others.to_vec()].concat();
        assert!(pages_of(&plays, 0).count() > 1);
    }
}
