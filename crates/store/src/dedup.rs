//! When two rows of an import are the same play.
//!
//! Exports overlap: each year's contains the last one's rows, a scrobbler and the service report
//! the same evening, offline plays are flushed twice. Both reports of a play must count once, and
//! two plays must never count as one. By the rule, a row of the same listener and the same work is
//!
//! - an **exact duplicate**, and dropped, if it starts in the same second and played equally long,
//!   or neither row says how long;
//! - a **near duplicate**, and dropped, if the starts are at most [`WINDOW_S`] apart and both
//!   played equally long, or one does not say how long. The window is [`WHOLE_MINUTE_WINDOW_S`] if
//!   either source gives whole minutes only;
//! - another play, and kept, otherwise.
//!
//! The terms of the rule:
//!
//! - The start is [`Listen::started_at`]: the time stamp, less the play time where the source
//!   stamps the end. Plays without a date count as started in one and the same second.
//! - The work is the one that the catalogue holds for the track: a scrobble that gives names only
//!   and an export with a URI meet.
//! - Whole minutes: `SpotifyAccount` rows, and `LastFm` rows that fall on a whole minute (its CSV
//!   exports have no seconds).
//! - A dropped row is not lost: the row that stays takes from it what it lacks (play time, reasons,
//!   device, …), so that it does not matter whether the scrobble or the export came first. Nothing
//!   that is known is overwritten. The row closest in what is known and in time takes it: one with
//!   an equal play time before one without, then the nearest start, then the oldest row.
//! - A work has at most 2,000 plays of a listener within about a quarter of an hour (1,024 s); a
//!   file that claims more has the rest dropped as near duplicates, which bounds the time that a
//!   hostile file can take.
//!
//! Once a row was imported, whether it was kept or dropped, the log holds a row that it matches.
//! That row stays, and completing rows never breaks a match. So importing a file again adds
//! nothing, whatever was imported in between.
//!
//! Plays appended live are not compared: the caller saw them happen. Later imports are compared to
//! them.
//!
//! The state is an open-addressing table of 20 bytes a play, between 3/8 and 3/4 full, loaded when
//! an import first meets a listener. A sorted list would be half as large, but rows do not come in
//! order.

use rusqlite::Connection;
use segue_core::{Listen, ListenerId, Moment, Source};

use crate::codes::UNDATED_S;
use crate::detail::Detail;
use crate::keys::Key;
use crate::{Result, listens};

/// The furthest that the starts of two reports of one play may lie apart, in seconds. Further apart
/// they are two plays.
pub const WINDOW_S: u32 = 30;
/// The same, in seconds, where one of the two sources gives times in whole minutes only: both
/// roundings may add up.
pub const WHOLE_MINUTE_WINDOW_S: u32 = 90;
/// A hash bucket is `2^BUCKET_BITS` seconds wide, more than twice the wider window: a search looks
/// into two at most.
const BUCKET_BITS: u32 = 10;
/// Plays of a work that a listener can have in one bucket.
const MOST_PLAYS_IN_A_BUCKET: usize = 2_000;

/// A play, as far as the rule looks at it.
#[derive(Clone, Copy, Debug)]
struct Play {
    /// Key of the work; 0 marks a free slot.
    work: Key,
    /// Seconds since 1970, wrapping every 136 years.
    start_s: u32,
    /// `u32::MAX` where unknown.
    ms_played: u32,
    /// Row in the log, 0 where it is beyond the range; such a row is not completed.
    row: u32,
    detail: Detail,
}

const UNKNOWN_MS: u32 = u32::MAX;
const FREE: Play =
    Play { work: 0, start_s: 0, ms_played: UNKNOWN_MS, row: 0, detail: Detail::NOTHING };

impl Play {
    /// A row that is about to be judged.
    fn reported(work: Key, listen: &Listen) -> Self {
        let mut detail = Detail::of(listen);
        if tells_whole_minutes(listen) {
            detail = detail.in_whole_minutes();
        }
        Self {
            work,
            start_s: start_s(listen),
            ms_played: listen.ms_played.unwrap_or(UNKNOWN_MS),
            row: 0,
            detail,
        }
    }

    /// A row that is in the log.
    fn logged(work: Key, listen: &Listen, row: i64) -> Self {
        let mut play = Self::reported(work, listen);
        play.row = u32::try_from(row).unwrap_or(0);
        if listen.moment == Moment::Ended {
            // Its start would move if its play time became known, so that is never filled in.
            play.detail = play.detail.with_play_time();
        }
        play
    }

    /// The rule: how far apart two reports of the same play are, or `None` if they are two plays.
    fn distance_s(&self, other: &Self) -> Option<u32> {
        let apart = self.start_s.wrapping_sub(other.start_s);
        let apart = apart.min(apart.wrapping_neg());
        let whole_minutes = self.detail.whole_minutes() || other.detail.whole_minutes();
        let window = if whole_minutes { WHOLE_MINUTE_WINDOW_S } else { WINDOW_S };
        let same = self.work == other.work && apart <= window;
        let equally_long = self.ms_played == other.ms_played
            || self.ms_played == UNKNOWN_MS
            || other.ms_played == UNKNOWN_MS;
        (same && equally_long).then_some(apart)
    }
}

/// When a play began, in seconds; plays without a date all began together.
fn start_s(listen: &Listen) -> u32 {
    listen.started_at().map_or(UNDATED_S, |start| start.as_second() as u32)
}

fn tells_whole_minutes(listen: &Listen) -> bool {
    match listen.source {
        Source::SpotifyAccount => true,
        Source::LastFm => listen.at.is_none_or(|at| at.as_second() % 60 == 0),
        _ => false,
    }
}

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
}

impl SeenPlays {
    pub(crate) fn new() -> Self {
        Self { slots: vec![FREE; 16].into(), len: 0 }
    }

    /// Everything a listener has in the log.
    pub(crate) fn load(connection: &Connection, listener: &ListenerId, key: Key) -> Result<Self> {
        let mut seen = Self::new();
        listens::for_each_play(connection, listener, key, |row, work, listen| {
            seen.insert(Play::logged(work, listen, row));
        })?;
        Ok(seen)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Applies the rule to a row; a duplicate that completes another is noted as having done so.
    pub(crate) fn judge(&mut self, work: Key, listen: &Listen) -> PlayVerdict {
        let play = Play::reported(work, listen);
        let slot = match self.find(&play) {
            Search::Nothing => return PlayVerdict::New,
            Search::TooMany => return PlayVerdict::Duplicate { exact: false, completes: None },
            Search::Found(slot) => slot,
        };
        let kept = &mut self.slots[slot];
        let exact = kept.start_s == play.start_s && kept.ms_played == play.ms_played;
        let missing = kept.detail.missing_from(play.detail);
        if missing.is_empty() || kept.row == 0 {
            return PlayVerdict::Duplicate { exact, completes: None };
        }
        kept.detail = kept.detail.and(missing);
        if missing.has_play_time() {
            kept.ms_played = play.ms_played;
        }
        PlayVerdict::Duplicate { exact, completes: Some((kept.row, missing)) }
    }

    /// Notes a play that was appended to the log.
    pub(crate) fn note(&mut self, work: Key, listen: &Listen, row: i64) {
        self.insert(Play::logged(work, listen, row));
    }

    /// The best match of a play: equally long before unknown, then nearest, then oldest.
    fn find(&self, play: &Play) -> Search {
        let from = play.start_s.wrapping_sub(WHOLE_MINUTE_WINDOW_S) >> BUCKET_BITS;
        let to = play.start_s.wrapping_add(WHOLE_MINUTE_WINDOW_S) >> BUCKET_BITS;
        let mut best = None;
        for bucket in [Some(from), (to != from).then_some(to)].into_iter().flatten() {
            let mut in_bucket = 0;
            let mut slot = self.first_slot(play.work, bucket);
            while self.slots[slot].work != 0 {
                let kept = &self.slots[slot];
                if kept.work == play.work && kept.start_s >> BUCKET_BITS == bucket {
                    in_bucket += 1;
                    let rank =
                        |distance| (kept.ms_played != play.ms_played, distance, kept.row, slot);
                    best = best.into_iter().chain(kept.distance_s(play).map(rank)).min();
                }
                slot = (slot + 1) & (self.slots.len() - 1);
            }
            if best.is_none() && in_bucket >= MOST_PLAYS_IN_A_BUCKET {
                return Search::TooMany;
            }
        }
        best.map_or(Search::Nothing, |(.., slot)| Search::Found(slot))
    }

    fn insert(&mut self, play: Play) {
        if self.len >= self.slots.len() / 4 * 3 {
            self.grow();
        }
        self.len += 1;
        let mut slot = self.first_slot(play.work, play.start_s >> BUCKET_BITS);
        while self.slots[slot].work != 0 {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.slots[slot] = play;
    }

    fn grow(&mut self) {
        let larger = vec![FREE; self.slots.len() * 2].into();
        let old = std::mem::replace(&mut self.slots, larger);
        self.len = 0;
        for play in old.into_iter().filter(|play| play.work != 0) {
            self.insert(play);
        }
    }

    /// The slot where the search for a bucket begins.
    fn first_slot(&self, work: Key, bucket: u32) -> usize {
        let key = u64::from(work) << 32 | u64::from(bucket);
        // Fibonacci hashing: the high bits of the product are well mixed.
        let hash = (key ^ key >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (hash >> 32) as usize & (self.slots.len() - 1)
    }
}

enum Search {
    Nothing,
    Found(usize),
    TooMany,
}

#[cfg(test)]
mod tests {
    use segue_core::{Timestamp, TrackId};

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
            seen.note(work, &listen, i);
            let grown = if seen.slots.len() > before { before } else { 0 };
            most_bytes = most_bytes.max((seen.slots.len() + grown) * size_of::<Play>());
        }
        assert_eq!(seen.len(), 1_000_000);
        assert!(most_bytes < 64_000_000, "{most_bytes} bytes");
    }
}
