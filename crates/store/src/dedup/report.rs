//! A report of a play, as far as the rule of duplicates looks at it, and when two can be one.

use segue_core::{Listen, Moment, Source, Stamp as StampOf};

use crate::codes::{Coded, UNDATED_S};
use crate::detail::Detail;
use crate::keys::Key;

/// The furthest apart that two reports of one play may have it begin, in seconds. Further apart
/// they are two plays.
pub const WINDOW_S: u32 = 30;
/// The same, in seconds, where one of the two sources gives times in whole minutes only: both
/// roundings may add up.
pub const WHOLE_MINUTE_WINDOW_S: u32 = 90;
/// How long a play lasted at least, in seconds, of which neither play time nor length is known. A
/// source that reports a song again sooner reports the same play twice.
pub const SHORTEST_PLAY_S: u32 = 10;
/// How long a play lasts at most as far as the rule is concerned, in seconds: four hours.
pub const LONGEST_S: u32 = 4 * 3600;

const MINUTE_S: u32 = 60;
const HOUR_S: u32 = 3600;
const DAY_S: u32 = 86_400;

/// A play of a listener, as the rule is asked about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReportedPlay<'a> {
    pub(crate) listener: Key,
    /// Key of the song.
    pub(crate) song: Key,
    pub(crate) listen: &'a Listen,
    /// The length of its track.
    pub(crate) duration_ms: Option<u32>,
}

/// A report of a play.
#[derive(Clone, Copy, Debug)]
pub(super) struct Play {
    pub(super) listener: Key,
    /// Key of the song.
    pub(super) song: Key,
    /// When it began, in seconds since 1970, wrapping every 136 years; the stamp itself where that
    /// leaves the beginning open.
    pub(super) start_s: u32,
    pub(super) length: Length,
    /// Row in the log, 0 where it is beyond the range; such a row is not completed.
    pub(super) row: u32,
    pub(super) detail: Detail,
    pub(super) stamp: Stamp,
    /// Whether the file that is read took the row.
    pub(super) is_taken: bool,
}

impl Play {
    /// Bytes that [`Self::to_bytes`] needs.
    pub(super) const BYTES: usize = 24;

    /// A row that is about to be judged.
    pub(super) fn reported(told: ReportedPlay<'_>) -> Self {
        let ReportedPlay { listener, song, listen, duration_ms } = told;
        Self {
            listener,
            song,
            start_s: listen.started_at().map_or(UNDATED_S, |start| start.as_second() as u32),
            length: Length::new(listen.ms_played, duration_ms),
            row: 0,
            detail: Detail::of(listen),
            stamp: Stamp::of(listen),
            is_taken: false,
        }
    }

    /// A row that is in the log.
    pub(super) fn logged(told: ReportedPlay<'_>, row: i64) -> Self {
        let mut play = Self::reported(told);
        play.row = u32::try_from(row).unwrap_or(0);
        if told.listen.moment == Moment::Ended {
            // Its start would move if its play time became known, so that is never filled in.
            play.detail = play.detail.with_play_time();
        }
        play
    }

    pub(super) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let words = [self.listener, self.song, self.start_s, self.length.0, self.row];
        let (into, rest) = bytes.as_chunks_mut();
        into.iter_mut().zip(words).for_each(|(into, word)| *into = word.to_le_bytes());
        let [low, high] = self.detail.to_bits().to_le_bytes();
        into[words.len()] = [low, high, self.stamp.0, u8::from(self.is_taken)];
        debug_assert!(rest.is_empty());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let (words, _) = bytes.as_chunks();
        let word = |at: usize| u32::from_le_bytes(words[at]);
        let [low, high, stamp, is_taken] = words[5];
        Self {
            listener: word(0),
            song: word(1),
            start_s: word(2),
            length: Length(word(3)),
            row: word(4),
            detail: Detail::from_bits(u16::from_le_bytes([low, high])),
            stamp: Stamp(stamp),
            is_taken: is_taken != 0,
        }
    }

    pub(super) fn is_exactly(&self, other: &Self) -> bool {
        self.start_s == other.start_s && self.length.played_ms() == other.length.played_ms()
    }

    /// How far before and after its stamp those of other reports may lie, in seconds.
    pub(super) fn reach_s(&self, longest_s: u32, any_open: bool, widest_s: u32) -> (u32, u32) {
        let longest_s = longest_s.max(self.length.longest_s());
        let back = if self.stamp.is_open() { longest_s } else { 0 };
        let forth = if any_open { longest_s } else { 0 };
        let wide = widest_s.max(self.stamp.width_s());
        (WHOLE_MINUTE_WINDOW_S + back.max(wide), WHOLE_MINUTE_WINDOW_S + forth + wide)
    }

    fn apart_s(&self, other: &Self) -> u32 {
        self.start_s.abs_diff(other.start_s)
    }

    /// When it may have begun, if it lasted so long at most: first and last second.
    fn may_begin_s(&self, length_s: u32) -> (i64, i64) {
        let stamp = i64::from(self.start_s);
        match self.stamp.clock() {
            Clock::Day | Clock::Hour => (stamp, stamp + i64::from(self.stamp.width_s()) - 1),
            _ if self.stamp.is_open() => (stamp - i64::from(length_s), stamp),
            _ => (stamp, stamp),
        }
    }
}

/// How well two reports that can be one play agree; less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Distance {
    is_another_row: bool,
    other_length: bool,
    begin_apart_s: u32,
    stamps_apart_s: u32,
}

/// Whether two reports can be one play, and how well they agree.
pub(super) fn can_be_one(a: &Play, b: &Play) -> Option<Distance> {
    let one_source = a.stamp.source() == b.stamp.source();
    if a.song != b.song || !a.length.agrees_with(b.length, one_source) {
        return None;
    }
    let length_s = a.length.longest_s().max(b.length.longest_s());
    let begin_apart_s = begin_apart_s(a, b, length_s);
    let apart_s = a.apart_s(b);
    let one_clock = one_source && a.stamp.is_open() == b.stamp.is_open();
    let fits = match (a.stamp.clock(), b.stamp.clock()) {
        (Clock::None, Clock::None) => true,
        (Clock::None, _) | (_, Clock::None) => false,
        (Clock::Day, Clock::Day) | (Clock::Hour, Clock::Hour) => apart_s == 0,
        (Clock::Day, _) | (_, Clock::Day) => begin_apart_s == 0,
        (one @ Clock::Hour, other) | (one, other @ Clock::Hour) => {
            begin_apart_s <= window_s(one, other)
        }
        (one, other) if one_clock && one != other => apart_s < MINUTE_S,
        _ if one_clock => apart_s == 0 || must_be_one(a, b),
        (one, other) => begin_apart_s <= window_s(one, other),
    };
    let ends_apart_s = apart_s.abs_diff(length_s);
    fits.then(|| Distance {
        is_another_row: !(one_source && apart_s == 0),
        other_length: a.length.played_ms() != b.length.played_ms(),
        begin_apart_s,
        stamps_apart_s: apart_s.min(ends_apart_s),
    })
}

/// How far apart the moments are, in seconds, at which two plays may have begun; 0 if any is the
/// same.
fn begin_apart_s(a: &Play, b: &Play, length_s: u32) -> u32 {
    let ((a_first, a_last), (b_first, b_last)) = (a.may_begin_s(length_s), b.may_begin_s(length_s));
    (a_first - b_last).max(b_first - a_last).max(0) as u32
}

/// Whether two rows of one file are one play: they overlap, whatever their stamps leave out.
pub(super) fn must_be_one(a: &Play, b: &Play) -> bool {
    let apart_s = a.apart_s(b);
    if !a.length.agrees_with(b.length, true) {
        return false;
    }
    let played_ms = a.length.played_ms().or(b.length.played_ms());
    match (a.stamp.clock(), b.stamp.clock()) {
        (Clock::None, Clock::None) => a.length.played_ms().and(b.length.played_ms()).is_some(),
        (Clock::None | Clock::Day | Clock::Hour, _)
        | (_, Clock::None | Clock::Day | Clock::Hour) => false,
        (one @ Clock::Minute, other @ Clock::Minute) => match played_ms {
            Some(ms) => apart_s <= window_s(one, other) && (apart_s + MINUTE_S) * 1000 <= ms,
            None => apart_s == 0,
        },
        _ => {
            let length_ms = a.length.duration_ms().max(b.length.duration_ms());
            let heard_ms =
                played_ms.or_else(|| length_ms.map(|ms| ms / 2)).unwrap_or(SHORTEST_PLAY_S * 1000);
            apart_s == 0 || apart_s <= WINDOW_S && apart_s * 1000 < heard_ms
        }
    }
}

fn window_s(one: Clock, other: Clock) -> u32 {
    let whole_minutes = one == Clock::Minute || other == Clock::Minute;
    if whole_minutes { WHOLE_MINUTE_WINDOW_S } else { WINDOW_S }
}

/// What the smallest unit of a time stamp is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    Second,
    Minute,
    Hour,
    Day,
    /// There is no time stamp.
    None,
}

/// What is known of a time stamp beside its time, in a byte: the code of the source, and what the
/// stamp leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp(u8);

const SOURCE_BITS: u8 = 0b1_1111;
/// What a stamp can leave open: its smallest unit, and, in seconds and minutes, whether it may lie
/// anywhere in the play.
const KINDS: [(Clock, bool); 7] = [
    (Clock::Second, false),
    (Clock::Minute, false),
    (Clock::Hour, false),
    (Clock::Day, false),
    (Clock::None, false),
    (Clock::Second, true),
    (Clock::Minute, true),
];

impl Stamp {
    fn of(listen: &Listen) -> Self {
        let falls_on =
            |unit_s: u32| listen.at.is_some_and(|at| at.as_second() % i64::from(unit_s) == 0);
        let clock = match listen.source {
            _ if listen.at.is_none() => Clock::None,
            _ if listen.moment == Moment::Day => Clock::Day,
            Source::SpotifyAccount => Clock::Minute,
            Source::LastFm if falls_on(MINUTE_S) => Clock::Minute,
            Source::AppleMusic if falls_on(HOUR_S) => Clock::Hour,
            _ => Clock::Second,
        };
        let is_open = match listen.moment {
            Moment::Started => listen.source.info().stamp == StampOf::Either,
            Moment::Ended => listen.ms_played.is_none(),
            Moment::Day => false,
        };
        let is_open = is_open && matches!(clock, Clock::Second | Clock::Minute);
        let kind = KINDS.iter().position(|kind| *kind == (clock, is_open));
        let kind = kind.expect("every unit is among them") as u8;
        let code = listen.source.code() as u8;
        debug_assert!(code <= SOURCE_BITS, "five bits hold the code of a source");
        Self(code & SOURCE_BITS | kind << 5)
    }

    pub(super) fn source(self) -> u8 {
        self.0 & SOURCE_BITS
    }

    fn clock(self) -> Clock {
        KINDS[usize::from(self.0 >> 5)].0
    }

    /// Whether the stamp may lie anywhere from the beginning to the end of the play.
    pub(super) fn is_open(self) -> bool {
        KINDS[usize::from(self.0 >> 5)].1
    }

    /// How long the hour or the day is, in seconds, for which the stamp stands; 0 where it stands
    /// for a moment.
    pub(super) fn width_s(self) -> u32 {
        match self.clock() {
            Clock::Hour => HOUR_S,
            Clock::Day => DAY_S,
            Clock::Second | Clock::Minute | Clock::None => 0,
        }
    }
}

/// Play time and length of the track in four bytes: milliseconds up to four and a half hours, and
/// units of sixteen seconds, rounded up, with 0 for unknown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length(u32);

const PLAYED_BITS: u32 = 24;
const UNKNOWN_PLAYED: u32 = (1 << PLAYED_BITS) - 1;
const DURATION_UNIT_MS: u32 = 16_000;

impl Length {
    fn new(played_ms: Option<u32>, duration_ms: Option<u32>) -> Self {
        let played = played_ms.map_or(UNKNOWN_PLAYED, |ms| ms.min(UNKNOWN_PLAYED - 1));
        let duration = duration_ms.map_or(0, |ms| ms.div_ceil(DURATION_UNIT_MS).min(255));
        Self(duration << PLAYED_BITS | played)
    }

    pub(super) fn with_play_time_of(self, other: Self) -> Self {
        Self(self.0 & !UNKNOWN_PLAYED | other.0 & UNKNOWN_PLAYED)
    }

    fn played_ms(self) -> Option<u32> {
        Some(self.0 & UNKNOWN_PLAYED).filter(|ms| *ms != UNKNOWN_PLAYED)
    }

    fn duration_ms(self) -> Option<u32> {
        Some((self.0 >> PLAYED_BITS) * DURATION_UNIT_MS).filter(|ms| *ms > 0)
    }

    /// The longest that the play can have been, in seconds; 0 where nothing is known.
    pub(super) fn longest_s(self) -> u32 {
        let longest_ms = self.played_ms().max(self.duration_ms()).unwrap_or(0);
        longest_ms.div_ceil(1000).min(LONGEST_S)
    }

    /// Whether the play times can be of one play.
    fn agrees_with(self, other: Self, one_source: bool) -> bool {
        let Some((mine, theirs)) = self.played_ms().zip(other.played_ms()) else { return true };
        if one_source { mine == theirs } else { mine.abs_diff(theirs) < 1000 }
    }
}
