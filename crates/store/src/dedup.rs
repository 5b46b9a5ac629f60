//! When two rows of an import are the same play.
//!
//! Exports overlap: each year's contains the last one's rows, a scrobbler and the service report
//! the same evening, offline plays are flushed twice. Both reports of a play must count once, and
//! two plays must never count as one.
//!
//! **What a report says.** Its stamp is where the play began, where it ended, or either: scrobblers
//! send what their players tell them, the beginning, the end, or the middle ([`Stamp`] of the
//! format, and [`Listen::moment`](segue_core::Listen::moment)). Together with the play time or the
//! length of the track, a stamp tells when the play may have begun: at one moment, at any moment
//! that leaves the stamp within the play, in an hour, or on a day. Plays without a date may have
//! begun whenever other plays without one did.
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
//! The state is 24 bytes a play, loaded when an import first meets a listener whom the log knows.
//! It lies in sorted pages (`pages.rs`). Where they are too many for memory they go to a nameless
//! file in the library's folder, gone when the store is closed. A hash table for each listener had
//! to be let go of as a whole and loaded anew, which made an import of many listeners in order of
//! time quadratic, and had no bound for one listener.
//!
//! [`Stamp`]: segue_core::Stamp

use std::path::PathBuf;

use rusqlite::Connection;
use rustc_hash::FxHashMap;
use segue_core::ListenerId;

use crate::detail::Detail;
use crate::keys::Key;
use crate::names::Songs;
use crate::{Result, listens};

mod pages;
#[cfg(test)]
mod reference;
mod report;

use pages::{BUCKET_BITS, PlayPage, PlayPages, PlaySlot};
pub(crate) use report::ReportedPlay;
use report::{Distance, Play, can_be_one, must_be_one};
pub use report::{LONGEST_S, SHORTEST_PLAY_S, WHOLE_MINUTE_WINDOW_S, WINDOW_S};

/// Plays of a song that a listener can have in one bucket.
const MOST_PLAYS_IN_A_BUCKET: usize = 2_000;
/// Rows that are looked at to move plays of a file, before a row counts as another play.
const MOST_LOOKED_AT: usize = 4_000;
/// Bytes of plays kept in memory, which is some 700,000 plays. The index of the pages in the file
/// is among them up to half, and what is known of each listener is not.
const MOST_BYTES: usize = 24 << 20;

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

/// The plays that listeners have in the log, of those whose rows came lately.
#[derive(Debug)]
pub(crate) struct SeenPlays {
    pages: PlayPages,
    /// The listeners whose plays are all there.
    listeners: FxHashMap<Key, SearchBounds>,
}

/// What bounds a search among the plays of a listener.
#[derive(Clone, Copy, Debug, Default)]
struct SearchBounds {
    /// The longest play or track, in seconds.
    longest_s: u32,
    /// Whether any stamp leaves open when the play began.
    any_open: bool,
    /// The longest hour or day that a stamp stands for, in seconds.
    widest_s: u32,
}

impl SearchBounds {
    fn note(&mut self, play: &Play) {
        self.longest_s = self.longest_s.max(play.length.longest_s());
        self.any_open |= play.stamp.is_open();
        self.widest_s = self.widest_s.max(play.stamp.width_s());
    }

    /// The buckets in which plays may be one with this one.
    fn buckets(&self, play: &Play) -> std::ops::RangeInclusive<u32> {
        let (back, forth) = play.reach_s(self.longest_s, self.any_open, self.widest_s);
        let from = play.start_s.saturating_sub(back) >> BUCKET_BITS;
        from..=play.start_s.saturating_add(forth) >> BUCKET_BITS
    }
}

impl Default for SeenPlays {
    fn default() -> Self {
        Self::new(None)
    }
}

impl SeenPlays {
    /// Knows nobody. What memory has no room for goes to a file in `folder`.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self { pages: PlayPages::new(folder, MOST_BYTES), listeners: FxHashMap::default() }
    }

    /// From here on plays go to the file.
    #[cfg(test)]
    pub(crate) fn leave_no_room(&mut self) {
        self.pages.leave_no_room();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.pages.clear();
        self.listeners.clear();
    }

    /// Whether all plays of a listener are here.
    pub(crate) fn knows(&self, listener: Key) -> bool {
        self.listeners.contains_key(&listener)
    }

    /// A listener who has nothing in the log yet.
    pub(crate) fn meet(&mut self, listener: Key) {
        self.listeners.insert(listener, SearchBounds::default());
    }

    /// Reads everything that a listener has in the log, unless it is here.
    pub(crate) fn load(
        &mut self,
        connection: &Connection,
        songs: &mut Songs,
        listener: &ListenerId,
        key: Key,
    ) -> Result<()> {
        if self.knows(key) {
            return Ok(());
        }
        self.meet(key);
        listens::for_each_play(connection, listener, key, |row, work, listen, duration_ms| {
            let song = songs.of(connection, work, listen)?;
            self.note(ReportedPlay { listener: key, song, listen, duration_ms }, row)
        })
    }

    /// Tells which file the rows are of that are judged from here on, as the caller numbers files.
    /// What another file took is free again.
    pub(crate) fn read_file(&mut self, file: u64) {
        self.pages.read_file(file);
    }

    /// Applies the rule to a row of the file; a duplicate that completes another is noted as having
    /// done so.
    pub(crate) fn judge(&mut self, told: ReportedPlay<'_>) -> Result<PlayVerdict> {
        self.pages.let_go()?;
        let play = Play::reported(told);
        let found = self.look(&play)?;
        let slot = match found.best {
            Some(slot) => slot,
            None if found.too_many => {
                return Ok(PlayVerdict::Duplicate { exact: false, completes: None });
            }
            None => match self.make_room(found.contested)? {
                Some(slot) => slot,
                None => return Ok(PlayVerdict::New),
            },
        };
        if !found.is_taken {
            self.pages.take(slot, play)?;
        }
        self.complete(slot, &play)
    }

    /// Applies the rule to a play that whoever saw it happen tells of. It is the same as one of
    /// another source only if it must be: they began within the window and overlap.
    pub(crate) fn judge_told(&mut self, told: ReportedPlay<'_>) -> Result<PlayVerdict> {
        self.pages.let_go()?;
        let play = Play::reported(told);
        let mut best: Option<Rank> = None;
        self.each_nearby(&play, |slot, kept, _| {
            let is_another_source = kept.stamp.source() != play.stamp.source();
            if is_another_source
                && must_be_one(kept, &play)
                && let Some(distance) = can_be_one(kept, &play)
            {
                best = best.into_iter().chain([(distance, kept.row, slot)]).min();
            }
        })?;
        best.map_or(Ok(PlayVerdict::New), |(.., slot)| self.complete(slot, &play))
    }

    /// Notes a row of the file that was appended to the log.
    pub(crate) fn note_imported(&mut self, told: ReportedPlay<'_>, row: i64) -> Result<()> {
        self.insert(Play { is_taken: true, ..Play::logged(told, row) })
    }

    /// Notes a play that was appended to the log by somebody else.
    pub(crate) fn note(&mut self, told: ReportedPlay<'_>, row: i64) -> Result<()> {
        self.insert(Play::logged(told, row))
    }

    fn insert(&mut self, play: Play) -> Result<()> {
        self.listeners.entry(play.listener).or_default().note(&play);
        self.pages.insert(play)
    }

    /// What a row of the log learns from one that is the same play.
    fn complete(&mut self, slot: PlaySlot, play: &Play) -> Result<PlayVerdict> {
        let kept = self.pages.play(slot)?;
        let exact = kept.is_exactly(play);
        let missing = kept.detail.missing_from(play.detail);
        if missing.is_empty() || kept.row == 0 {
            return Ok(PlayVerdict::Duplicate { exact, completes: None });
        }
        kept.detail = kept.detail.and(missing);
        if missing.has_play_time() {
            kept.length = kept.length.with_play_time_of(play.length);
        }
        Ok(PlayVerdict::Duplicate { exact, completes: Some((kept.row, missing)) })
    }

    /// Looks for the row that a play of the file is to be folded into.
    fn look(&mut self, play: &Play) -> Result<Found> {
        let mut found = Found::default();
        let mut best = None;
        found.too_many = self.each_nearby(play, |slot, kept, page| {
            let folded = if kept.is_taken { page.folded_into(kept.row) } else { None };
            let by = folded.unwrap_or(kept);
            if kept.is_taken && !must_be_one(by, play) {
                let movable = kept.row != 0 && folded.is_some();
                if let Some(distance) = can_be_one(kept, play).filter(|_| movable) {
                    found.contested.push((distance, kept.row, slot));
                }
            } else if let Some(distance) = can_be_one(by, play) {
                let rank = (!kept.is_taken, distance, kept.row, slot);
                best = best.into_iter().chain([rank]).min();
            }
        })?;
        if let Some((is_free, .., slot)) = best {
            (found.best, found.is_taken) = (Some(slot), !is_free);
        }
        Ok(found)
    }

    /// Hands every row of the log that may be one with a play to `each`; whether a bucket among
    /// those looked into is full.
    fn each_nearby(
        &mut self,
        play: &Play,
        mut each: impl FnMut(PlaySlot, &Play, &PlayPage),
    ) -> Result<bool> {
        let bounds = self.listeners.get(&play.listener).copied().unwrap_or_default();
        let mut is_full = false;
        for bucket in bounds.buckets(play) {
            let in_bucket = self.pages.each_in(play.place_in(bucket), &mut each)?;
            is_full |= in_bucket >= MOST_PLAYS_IN_A_BUCKET;
        }
        Ok(is_full)
    }

    /// Frees one of the rows that other plays of the file took, by moving those to rows that they
    /// can be one with, too.
    fn make_room(&mut self, contested: Vec<Rank>) -> Result<Option<PlaySlot>> {
        let mut steps: Vec<FoldStep> = in_order(contested, None);
        let (mut next, mut looked_at) = (0, 0);
        while next < steps.len() && looked_at < MOST_LOOKED_AT {
            let Some(play) = self.pages.folded_into(steps[next].slot)? else { return Ok(None) };
            let (mut free, mut taken): (Vec<Rank>, Vec<Rank>) = Default::default();
            self.each_nearby(&play, |slot, kept, page| {
                looked_at += 1;
                let Some(distance) = can_be_one(kept, &play) else { return };
                if !kept.is_taken {
                    free.push((distance, kept.row, slot));
                } else if page.folded_into(kept.row).is_some()
                    && steps.iter().all(|step| step.slot != slot)
                {
                    taken.push((distance, kept.row, slot));
                }
            })?;
            if let Some((.., free)) = free.into_iter().min() {
                return self.shift(&steps, next, free).map(Some);
            }
            steps.extend(in_order(taken, Some(next)));
            next += 1;
        }
        Ok(None)
    }

    /// Moves the play of each step to the slot behind it, the last one to `free`, and returns the
    /// slot that this leaves.
    fn shift(&mut self, steps: &[FoldStep], last: usize, free: PlaySlot) -> Result<PlaySlot> {
        let (mut step, mut to) = (last, free);
        loop {
            let FoldStep { slot, before } = steps[step];
            if let Some(play) = self.pages.folded_into(slot)? {
                self.pages.take(to, play)?;
            }
            to = slot;
            match before {
                Some(before) => step = before,
                None => return Ok(slot),
            }
        }
    }
}

/// A slot that a play can be folded into: how well they agree, and the row. Less is better.
type Rank = (Distance, u32, PlaySlot);

/// A slot that is to be left, and the step whose play is to have it; `None` for the new play.
#[derive(Clone, Copy, Debug)]
struct FoldStep {
    slot: PlaySlot,
    before: Option<usize>,
}

/// The slots, the best one first, each as a step that follows another.
fn in_order(mut slots: Vec<Rank>, before: Option<usize>) -> Vec<FoldStep> {
    slots.sort_unstable();
    slots.into_iter().map(|(.., slot)| FoldStep { slot, before }).collect()
}

/// What a search for a play came to.
#[derive(Debug, Default)]
struct Found {
    /// The best slot.
    best: Option<PlaySlot>,
    /// Whether it is taken already, by a row of the file that must be the same play.
    is_taken: bool,
    /// Slots that would do and that other plays of the file took.
    contested: Vec<Rank>,
    /// Whether there are more plays than anybody can have heard.
    too_many: bool,
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use segue_core::{DeviceClass, Listen, Moment, Source, Timestamp, TrackId};

    use super::reference::PlainPlays;
    use super::*;

    impl SeenPlays {
        fn with_room_for(most_bytes: usize) -> Self {
            Self { pages: PlayPages::new(None, most_bytes), listeners: FxHashMap::default() }
        }
    }

    /// A play among so many songs and seconds.
    fn listen(rng: &mut ChaCha8Rng, seconds: i64) -> Listen {
        const SOURCES: [Source; 6] = [
            Source::SpotifyExtended,
            Source::SpotifyAccount,
            Source::LastFm,
            Source::ListenBrainz,
            Source::AppleMusic,
            Source::Interactions,
        ];
        let second = 1_600_000_000 + rng.random_range(0..seconds) / 10 * 10;
        let second = if rng.random_bool(0.2) { second / 3_600 * 3_600 } else { second };
        let at = Timestamp::from_second(second).unwrap();
        let source = SOURCES[rng.random_range(0..SOURCES.len())];
        let mut listen = Listen::new(ListenerId::new("ann"), TrackId::new("t"), at, source);
        listen.at = listen.at.filter(|_| rng.random_bool(0.95));
        listen.moment = match rng.random_range(0..10) {
            0 if source == Source::Interactions => Moment::Day,
            1 | 2 => Moment::Ended,
            _ => Moment::Started,
        };
        listen.ms_played = rng.random_bool(0.6).then(|| rng.random_range(1..5) * 45_000);
        if rng.random_bool(0.3) {
            listen.device = DeviceClass::Phone;
        }
        listen
    }

    /// Holds plays of many listeners in a random order against the plain rule.
    fn agrees_with_the_plain_rule(seed: u64, most_bytes: usize) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut seen, mut plain) = (SeenPlays::with_room_for(most_bytes), PlainPlays::default());
        let (songs, listeners) = (rng.random_range(1..40), rng.random_range(1..6));
        let seconds = [2_000, 100_000, 3_000_000][rng.random_range(0..3)];
        let mut file = 1;
        for row in 1..=2_500 {
            if rng.random_bool(0.003) {
                file += 1;
                plain.next_file();
            }
            let listen = listen(&mut rng, seconds);
            let told = ReportedPlay {
                listener: rng.random_range(1..=listeners),
                song: rng.random_range(1..=songs),
                listen: &listen,
                duration_ms: rng.random_bool(0.5).then(|| rng.random_range(1..30) * 20_000),
            };
            seen.read_file(file);
            match rng.random_range(0..20) {
                0 => assert_eq!(seen.judge_told(told).unwrap(), plain.judge_told(told)),
                1 => {
                    seen.note(told, row).unwrap();
                    plain.note(told, row, false);
                }
                _ => {
                    let verdict = seen.judge(told).unwrap();
                    assert_eq!(verdict, plain.judge(told), "seed {seed}, row {row}");
                    if verdict == PlayVerdict::New {
                        seen.note_imported(told, row).unwrap();
                        plain.note(told, row, true);
                    }
                }
            }
        }
    }

    #[test]
    fn pages_that_come_and_go_judge_as_the_plain_rule_does() {
        (0..40).for_each(|seed| agrees_with_the_plain_rule(seed, 0));
        (40..50).for_each(|seed| agrees_with_the_plain_rule(seed, usize::MAX));
    }

    #[test]
    fn no_play_is_lost_where_the_file_of_plays_cannot_be_written() {
        let library = tempfile::tempdir().unwrap();
        let folder = library.path().join("folder");
        let mut seen = SeenPlays::new(Some(folder.clone()));
        let plays = (1..=1_000_i64).map(|row| {
            let at = Timestamp::from_second(row * 5_000).unwrap();
            let listen = Listen::new(ListenerId::new("ann"), TrackId::new("t"), at, Source::Maloja);
            (row, listen)
        });
        let plays: Vec<(i64, Listen)> = plays.collect();
        let told = |listen| ReportedPlay { listener: 1, song: 1, listen, duration_ms: None };
        for (row, listen) in &plays {
            seen.note(told(listen), *row).unwrap();
        }
        seen.leave_no_room();
        let failed = plays.iter().filter(|(_, listen)| seen.judge(told(listen)).is_err()).count();
        assert!(failed > 100, "{failed} could not be judged");
        std::fs::create_dir(&folder).unwrap();
        for (_, listen) in &plays {
            let verdict = seen.judge(told(listen)).unwrap();
            assert!(matches!(verdict, PlayVerdict::Duplicate { exact: true, .. }), "{listen:?}");
        }
    }

    #[test]
    fn two_million_plays_in_any_order_stay_within_memory() {
        let mut seen = SeenPlays::new(None);
        for i in 0..2_000_000_i64 {
            let at = Timestamp::from_second(i * 48_271 % 2_147_483_647 / 2).unwrap();
            let listen = Listen::new(ListenerId::new("ann"), TrackId::new("t"), at, Source::Maloja);
            let song = 1 + (i % 50_000) as Key;
            let told = ReportedPlay { listener: 1, song, listen: &listen, duration_ms: None };
            seen.note(told, i + 1).unwrap();
        }
        let (in_memory, in_file) = seen.pages.bytes();
        assert!(in_memory < MOST_BYTES + 100_000, "{in_memory} bytes in memory");
        assert!((20_000_000..150_000_000).contains(&in_file), "{in_file} bytes in a file");
    }
}
