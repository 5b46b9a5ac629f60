//! When two rows of an import are the same play.
//!
//! Exports overlap: each year's contains the last one's rows, a scrobbler and the service report
//! the same evening, offline plays are flushed twice. Both reports of a play must count once, and
//! two plays must never count as one.
//!
//! **What a report says.** Its stamp is where the play began, where it ended, or either: scrobblers
//! send what their players tell them, the beginning, the end, or the middle ([`Stamp`] of the
//! format, and [`Listen::moment`]). Together with the play time or the length of the track, a stamp
//! tells when the play may have begun: at one moment, at any moment that leaves the stamp within
//! the play, in an hour, or on a day. Plays without a date may have begun whenever other plays
//! without one did.
//!
//! **When two reports can be one play.** They are of the same listener and the same song, they do
//! not contradict each other in play time, and
//!
//! - of *different sources*: the moments at which they may have begun are at most [`WINDOW_S`]
//!   apart, or [`WHOLE_MINUTE_WINDOW_S`] where a source gives whole minutes only;
//! - of *one source*, which has one clock: they bear the same stamp, or overlap and began at most
//!   that window apart. Of a play of unknown length it is known only that half of the track was
//!   heard, or else [`SHORTEST_PLAY_S`].
//!
//! **Rows of one file** are different plays unless they must be one: they overlap whatever the
//! seconds are that their stamps leave out. So a short piece on repeat, two rows within a minute
//! and twelve rows of a day stay what they are.
//!
//! **One row for one play.** Rows of one file that are different plays are never folded into the
//! same row of the log. A row takes the best that it can be one with and that no other play of the
//! file has taken: one with the same stamp of the same source, then one with an equal play time
//! before one without, then the nearest, then the oldest. If all are taken, plays of the file are
//! moved to other rows that they can be one with, if that frees one (an augmenting path of a
//! bipartite matching), so that the order of rows does not decide how many plays there are. The
//! row is then
//!
//! - an **exact duplicate**, and dropped, if stamp and play time are equal;
//! - a **near duplicate**, and dropped, otherwise;
//! - another play, and kept, if nothing was free.
//!
//! The terms of the rule:
//!
//! - The song is that of the work ([`WorkId::song`](segue_core::WorkId::song)) that the catalogue
//!   holds for the track: a scrobble that gives names only and an export with a URI meet. Of the
//!   artist only the first word counts where a play has a date, as one source credits "A" with what
//!   another credits to "A, B", and nobody plays two songs of one title at a time.
//! - Whole minutes: `SpotifyAccount` rows, and `LastFm` rows that fall on a whole minute (its CSV
//!   exports have no seconds).
//! - Whole hours: `AppleMusic` rows that fall on a whole hour (its daily tracks have no minutes).
//! - Play times of two sources are equal if they differ by less than a second.
//! - A dropped row is not lost: the row that stays takes from it what it lacks (play time, reasons,
//!   device, …), so that it does not matter whether the scrobble or the export came first. Nothing
//!   that is known is overwritten.
//! - A play that lasts longer than [`LONGEST_S`] counts as that long.
//! - A song has at most 2,000 plays of a listener within about an hour (4,096 s); a file that
//!   claims more has the rest dropped as near duplicates, which bounds the time that a hostile file
//!   can take. So does a limit to the rows that are looked at to move plays.
//!
//! Once a row was imported, whether it was kept or dropped, the log holds a row that it can be one
//! with, and a different one for each play of its file. Those rows stay, and what becomes known of
//! them later lets them be one with more, never with less. So importing a file again adds nothing,
//! whatever was imported in between.
//!
//! Which rows are taken is known while a file is read. An import that was cut off judges the rows
//! before the cut again to know it. What another process imports in the middle of a file is the
//! exception: then the plays of that file before and after may be folded into the same row.
//!
//! Plays that other programs report as they happen, such as scrobbles
//! ([`Event::Record`](crate::Event::Record)), are judged like rows of an import. All that are
//! reported of a listener are rows of one file, as long as the process remembers them: a scrobbler
//! has one clock, and two scrobbles are two plays unless they must be one. A play that is appended
//! by whoever saw it happen ([`Event::Listen`](crate::Event::Listen)) is another play than all
//! before it, unless it must be one with what another program reported: a scrobbler tells of a play
//! when it is half over, and the player when it has ended. What is imported or reported later is
//! compared to it.
//!
//! The state is an open-addressing table of 20 bytes a play, between 3/8 and 3/4 full, loaded when
//! an import first meets a listener. A sorted list would be half as large, but rows do not come in
//! order.
//!
//! [`Stamp`]: segue_core::Stamp

use rusqlite::Connection;
use rustc_hash::FxHashMap;
use segue_core::{Listen, ListenerId};

use crate::detail::Detail;
use crate::keys::Key;
use crate::names::Songs;
use crate::{Result, listens};

mod report;

use report::{Distance, Play, can_be_one, must_be_one};
pub use report::{LONGEST_S, SHORTEST_PLAY_S, WHOLE_MINUTE_WINDOW_S, WINDOW_S};

/// A hash bucket is `2^BUCKET_BITS` seconds wide, so that most searches look into one or two.
const BUCKET_BITS: u32 = 12;
/// Plays of a song that a listener can have in one bucket.
const MOST_PLAYS_IN_A_BUCKET: usize = 2_000;
/// Rows that are looked at to move plays of a file, before a row counts as another play.
const MOST_LOOKED_AT: usize = 4_000;

/// What a row is, given what is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlayVerdict {
    /// Another play; it is to be appended.
    New,
    /// The same play.
    Duplicate {
        /// Whether it is an exact duplicate.
        exact: bool,
        /// The row that lacks facts that this one has, and which facts those are.
        completes: Option<(u32, Detail)>,
    },
}

/// The plays of one listener that are in the log.
#[derive(Debug)]
pub(crate) struct SeenPlays {
    /// A power of two of slots.
    slots: Box<[Play]>,
    len: usize,
    /// What bounds a search: the longest play or track, in seconds, whether any stamp leaves open
    /// when the play began, and the longest hour or day that one stands for, in seconds.
    longest_s: u32,
    any_open: bool,
    widest_s: u32,
    /// The file that is read, as the caller numbers files, and what marks the rows that it took.
    file: u64,
    mark: u8,
    /// The plays of the file that were folded into rows of other reports, by row.
    folded: FxHashMap<u32, Play>,
}

impl SeenPlays {
    pub(crate) fn new() -> Self {
        Self {
            slots: vec![Play::FREE; 16].into(),
            len: 0,
            longest_s: 0,
            any_open: false,
            widest_s: 0,
            file: 0,
            mark: 0,
            folded: FxHashMap::default(),
        }
    }

    /// Everything a listener has in the log.
    pub(crate) fn load(
        connection: &Connection,
        songs: &mut Songs,
        listener: &ListenerId,
        key: Key,
    ) -> Result<Self> {
        let mut seen = Self::new();
        listens::for_each_play(connection, listener, key, |row, work, listen, duration_ms| {
            seen.insert(Play::logged(
                songs.of(connection, work, listen)?,
                listen,
                duration_ms,
                row,
            ));
            Ok(())
        })?;
        Ok(seen)
    }

    /// Bytes of memory that they take up.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.slots) + self.folded.capacity() * (size_of::<(u32, Play)>() + 1)
    }

    /// Tells which file the rows are of that are judged from here on. What another file took is
    /// free again.
    pub(crate) fn read_file(&mut self, file: u64) {
        if self.file == file && self.mark != 0 {
            return;
        }
        self.file = file;
        self.folded.clear();
        if self.mark == u8::MAX {
            self.slots.iter_mut().for_each(|slot| slot.taken_by = 0);
        }
        self.mark = self.mark.checked_add(1).unwrap_or(1);
    }

    /// Applies the rule to a row of the file; a duplicate that completes another is noted as having
    /// done so. `duration_ms` is the length of its track.
    pub(crate) fn judge(
        &mut self,
        song: Key,
        listen: &Listen,
        duration_ms: Option<u32>,
    ) -> PlayVerdict {
        let play = Play::reported(song, listen, duration_ms);
        let found = self.look(&play);
        let slot = match found.best {
            Some(slot) => slot,
            None if found.too_many => {
                return PlayVerdict::Duplicate { exact: false, completes: None };
            }
            None => match self.make_room(found.contested) {
                Some(slot) => slot,
                None => return PlayVerdict::New,
            },
        };
        if !found.is_taken {
            self.take(slot, play);
        }
        self.complete(slot, &play)
    }

    /// Applies the rule to a play that whoever saw it happen tells of. It is the same as one of
    /// another source only if it must be: they began within the window and overlap.
    pub(crate) fn judge_told(&mut self, song: Key, listen: &Listen) -> PlayVerdict {
        let play = Play::reported(song, listen, None);
        let mut best: Option<Rank> = None;
        self.each_nearby(&play, |slot, kept| {
            let is_another_source = kept.stamp.source() != play.stamp.source();
            if is_another_source
                && must_be_one(kept, &play)
                && let Some(distance) = can_be_one(kept, &play)
            {
                best = best.into_iter().chain([(distance, kept.row, slot)]).min();
            }
        });
        best.map_or(PlayVerdict::New, |(.., slot)| self.complete(slot, &play))
    }

    /// Notes a row of the file that was appended to the log.
    pub(crate) fn note_imported(
        &mut self,
        song: Key,
        listen: &Listen,
        duration_ms: Option<u32>,
        row: i64,
    ) {
        let play = Play::logged(song, listen, duration_ms, row);
        self.insert(Play { taken_by: self.mark, ..play });
    }

    /// Notes a play that was appended to the log by somebody else.
    pub(crate) fn note(&mut self, song: Key, listen: &Listen, duration_ms: Option<u32>, row: i64) {
        self.insert(Play::logged(song, listen, duration_ms, row));
    }

    /// What a row of the log learns from one that is the same play.
    fn complete(&mut self, slot: usize, play: &Play) -> PlayVerdict {
        let kept = &mut self.slots[slot];
        let exact = kept.is_exactly(play);
        let missing = kept.detail.missing_from(play.detail);
        if missing.is_empty() || kept.row == 0 {
            return PlayVerdict::Duplicate { exact, completes: None };
        }
        kept.detail = kept.detail.and(missing);
        if missing.has_play_time() {
            kept.length = kept.length.with_play_time_of(play.length);
        }
        PlayVerdict::Duplicate { exact, completes: Some((kept.row, missing)) }
    }

    /// Looks for the row that a play of the file is to be folded into.
    fn look(&self, play: &Play) -> Found {
        let mut found = Found::default();
        let mut best = None;
        found.too_many = self.each_nearby(play, |slot, kept| {
            let taken = kept.taken_by == self.mark && self.mark != 0;
            let by = if taken { self.folded.get(&kept.row).unwrap_or(kept) } else { kept };
            if taken && !must_be_one(by, play) {
                let movable = kept.row != 0 && self.folded.contains_key(&kept.row);
                if let Some(distance) = can_be_one(kept, play).filter(|_| movable) {
                    found.contested.push((distance, kept.row, slot));
                }
            } else if let Some(distance) = can_be_one(by, play) {
                let rank = (!taken, distance, kept.row, slot);
                best = best.into_iter().chain([rank]).min();
            }
        });
        if let Some((is_free, .., slot)) = best {
            (found.best, found.is_taken) = (Some(slot), !is_free);
        }
        found
    }

    /// Hands every row of the log that may be one with a play to `each`; whether a bucket among
    /// those looked into is full.
    fn each_nearby(&self, play: &Play, mut each: impl FnMut(usize, &Play)) -> bool {
        let (back, forth) = play.reach_s(self.longest_s, self.any_open, self.widest_s);
        let from = play.start_s.saturating_sub(back) >> BUCKET_BITS;
        let to = play.start_s.saturating_add(forth) >> BUCKET_BITS;
        let mut is_full = false;
        for bucket in from..=to {
            let mut in_bucket = 0;
            let mut slot = self.first_slot(play.song, bucket);
            while self.slots[slot].song != 0 {
                let kept = &self.slots[slot];
                if kept.song == play.song && kept.start_s >> BUCKET_BITS == bucket {
                    in_bucket += 1;
                    each(slot, kept);
                }
                slot = (slot + 1) & (self.slots.len() - 1);
            }
            is_full |= in_bucket >= MOST_PLAYS_IN_A_BUCKET;
        }
        is_full
    }

    /// Frees one of the rows that other plays of the file took, by moving those to rows that they
    /// can be one with, too.
    fn make_room(&mut self, contested: Vec<Rank>) -> Option<usize> {
        // Each step is a slot and the step whose play is to have it; `None` for the new play.
        let mut steps: Vec<(usize, Option<usize>)> = in_order(contested, None);
        let (mut next, mut looked_at) = (0, 0);
        while next < steps.len() && looked_at < MOST_LOOKED_AT {
            let play = *self.folded.get(&self.slots[steps[next].0].row)?;
            let (mut free, mut taken): (Vec<Rank>, Vec<Rank>) = Default::default();
            self.each_nearby(&play, |slot, kept| {
                looked_at += 1;
                let Some(distance) = can_be_one(kept, &play) else { return };
                if kept.taken_by != self.mark {
                    free.push((distance, kept.row, slot));
                } else if self.folded.contains_key(&kept.row)
                    && steps.iter().all(|(seen, _)| *seen != slot)
                {
                    taken.push((distance, kept.row, slot));
                }
            });
            if let Some((.., free)) = free.into_iter().min() {
                return Some(self.shift(&steps, next, free));
            }
            steps.extend(in_order(taken, Some(next)));
            next += 1;
        }
        None
    }

    /// Moves the play of each step to the slot behind it, the last one to `free`, and returns the
    /// slot that this leaves.
    fn shift(&mut self, steps: &[(usize, Option<usize>)], last: usize, free: usize) -> usize {
        let (mut step, mut to) = (last, free);
        loop {
            let (slot, before) = steps[step];
            if let Some(play) = self.folded.get(&self.slots[slot].row).copied() {
                self.take(to, play);
            }
            to = slot;
            match before {
                Some(before) => step = before,
                None => return slot,
            }
        }
    }

    /// Notes that a play of the file is folded into a row.
    fn take(&mut self, slot: usize, play: Play) {
        self.slots[slot].taken_by = self.mark;
        self.folded.insert(self.slots[slot].row, play);
    }

    fn insert(&mut self, play: Play) {
        if self.len >= self.slots.len() / 4 * 3 {
            self.grow();
        }
        self.len += 1;
        self.longest_s = self.longest_s.max(play.length.longest_s());
        self.any_open |= play.stamp.is_open();
        self.widest_s = self.widest_s.max(play.stamp.width_s());
        let mut slot = self.first_slot(play.song, play.start_s >> BUCKET_BITS);
        while self.slots[slot].song != 0 {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.slots[slot] = play;
    }

    fn grow(&mut self) {
        let larger = vec![Play::FREE; self.slots.len() * 2].into();
        let old = std::mem::replace(&mut self.slots, larger);
        self.len = 0;
        for play in old.into_iter().filter(|play| play.song != 0) {
            self.insert(play);
        }
    }

    /// The slot where the search for a bucket begins.
    fn first_slot(&self, song: Key, bucket: u32) -> usize {
        let key = u64::from(song) << 32 | u64::from(bucket);
        // Fibonacci hashing: the high bits of the product are well mixed.
        let hash = (key ^ key >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (hash >> 32) as usize & (self.slots.len() - 1)
    }
}

/// A slot that a play can be folded into: how well they agree, and the row. Less is better.
type Rank = (Distance, u32, usize);

/// The slots, the best one first, each as a step that follows another.
fn in_order(mut slots: Vec<Rank>, before: Option<usize>) -> Vec<(usize, Option<usize>)> {
    slots.sort_unstable();
    slots.into_iter().map(|(.., slot)| (slot, before)).collect()
}

/// What a search for a play came to.
#[derive(Debug, Default)]
struct Found {
    /// The best slot.
    best: Option<usize>,
    /// Whether it is taken already, by a row of the file that must be the same play.
    is_taken: bool,
    /// Slots that would do and that other plays of the file took.
    contested: Vec<Rank>,
    /// Whether there are more plays than anybody can have heard.
    too_many: bool,
}

#[cfg(test)]
mod tests {
    use segue_core::{Source, Timestamp, TrackId};

    use super::*;

    #[test]
    fn a_million_plays_fit_in_64_mb_even_while_the_table_grows() {
        let mut seen = SeenPlays::new();
        let mut most_bytes = 0;
        for i in 0..1_000_000 {
            let before = seen.slots.len();
            let work = 1 + (i % 50_000) as Key;
            let at = Timestamp::from_second(i * 200).unwrap();
            let listen =
                Listen::new(ListenerId::new("ann"), TrackId::new("t"), at, Source::ListenBrainz);
            seen.note(work, &listen, None, i);
            let grown = if seen.slots.len() > before { before } else { 0 };
            most_bytes = most_bytes.max((seen.slots.len() + grown) * size_of::<Play>());
        }
        assert_eq!(seen.len, 1_000_000);
        assert!(most_bytes < 64_000_000, "{most_bytes} bytes");
    }
}
