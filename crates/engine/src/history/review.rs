//! What a listener's history shows of one period: a week, a month, a year or all time.
//!
//! A period that has not ended is compared with as many days of the one before: three days of
//! November with three of October. Where the record begins later than those days, nothing is
//! compared. What is new is new to the record: at its beginning nearly everything is.

use jiff::ToSpan;
use jiff::civil::Date;
use rustc_hash::{FxHashMap, FxHashSet};
use segue_core::TrackId;
use serde::Serialize;

use super::decades::{Decades, decades};
use super::discovery::{Discovery, discovery};
use super::eras::{Era, artist_eras};
use super::heat_map::{HeatMap, heat_map};
use super::parts::{PartOfPeriod, parts};
use super::period::Period;
use super::plays::{DatedPlay, DatedPlays, LeftAside};
use super::top::{Albums, Top, top};
use crate::{ArtistIdx, Catalogue, TrackIdx, WorkIdx};

/// All that a history shows of one period, tastes apart ([`Tastes`](crate::taste::Tastes)). How it
/// looks is up to who draws it.
///
/// # Examples
/// ```
/// use jiff::civil::date;
/// use jiff::tz::TimeZone;
/// use segue_core::{Listen, ListenerId, Source, Timestamp, Track, TrackId, WorkId};
/// use segue_engine::Catalogue;
/// use segue_engine::history::{ReviewRequest, Period, DatedPlays, Review};
///
/// let mut track = Track::new(TrackId::new("t"), WorkId::new("w"), "Song");
/// track.artists = vec!["Ann".to_owned()];
/// let catalogue = Catalogue::from_tracks(vec![track]);
/// let at: Timestamp = "2024-03-04T20:30:00Z".parse()?; // a Monday
/// let play = Listen::new(ListenerId::new("me"), TrackId::new("t"), at, Source::ListenBrainz);
///
/// let plays = DatedPlays::from_listens(&catalogue, [&play], &TimeZone::UTC);
/// let asked = ReviewRequest { period: Period::Year(2024), today: date(2024, 12, 31), named: 10 };
/// let review = Review::of(&catalogue, &plays, asked);
/// assert_eq!(review.heat_map.peak(), Some((0, 20, 1)), "Monday evening");
/// assert_eq!(review.top.artists[0].artist, "Ann");
/// assert_eq!(review.sums.new_artists, 1);
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Review {
    /// The period.
    pub period: Period,
    /// Its first day with a record: its own, or the day of the very first play where that is later.
    /// `None` without any play up to its end.
    pub first_day: Option<Date>,
    /// Its last day, or today where it has not ended.
    pub last_day: Date,
    /// How much was played in it.
    pub sums: Sums,
    /// The same of as many days of the period before; `None` for all time, and where the record
    /// begins later than those days.
    pub before: Option<Before>,
    /// How much in each of its parts.
    pub parts: Vec<PartOfPeriod>,
    /// The most played of it.
    pub top: Top,
    /// Artists who were never played before, the most played first.
    pub discoveries: Vec<DiscoveredArtist>,
    /// The longest run of days with a play, within the period; the latest of equals.
    pub longest_streak: Option<Streak>,
    /// The run of days with a play that goes on today, or could: its last day is today or
    /// yesterday.
    pub current_streak: Option<Streak>,
    /// The day with the most plays; the latest of equals.
    pub busiest_day: Option<BusiestDay>,
    /// When in the week music is played: plays by day of the week and hour of the day, local time.
    pub heat_map: HeatMap,
    /// Of what age the music is: plays by the decade of release, as far as years are known.
    pub decades: Decades,
    /// Which artist led when, in the order of time, of all time; empty for any other period.
    pub eras: Vec<Era>,
    /// How much was new month by month, and how much of the new came back, of all time; empty for
    /// any other period.
    pub discovery: Discovery,
    /// Rows of the whole record that are in nothing of this, by reason, so that a page can say so.
    pub left_aside: LeftAside,
}

/// What to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReviewRequest {
    /// The period.
    pub period: Period,
    /// Which day it is where the listener is: a period that has not ended is looked at up to it.
    pub today: Date,
    /// At most so many are named in each list.
    pub named: usize,
}

/// How much was played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Plays, each row counting as many as it stands for.
    pub plays: u64,
    /// Time played in milliseconds, over the plays whose time is known.
    pub ms_played: u64,
    /// Plays whose time is not known, and so is not in `ms_played`.
    pub plays_without_time: u64,
    /// Different songs, all versions of one together.
    pub songs: u64,
    /// Different main artists.
    pub artists: u64,
    /// Different albums, as far as albums are known.
    pub albums: u64,
    /// Songs of which no play is on record before the period.
    pub new_songs: u64,
    /// Main artists of whom no play is on record before the period.
    pub new_artists: u64,
    /// Days with a play.
    pub days: u64,
}

/// What a period is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Before {
    /// The first day of the period before.
    pub first_day: Date,
    /// As many days later as the period itself has had so far, or its end.
    pub last_day: Date,
    /// How much was played in these days.
    pub sums: Sums,
}

/// An artist who was played for the first time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiscoveredArtist {
    /// The name as the catalogue spells it first.
    pub artist: String,
    /// The day of the first play.
    pub first_day: Date,
    /// The track of that play.
    pub track: TrackId,
    /// Its title, or its id where it has none.
    pub title: String,
    /// Plays of the artist within the period.
    pub plays: u64,
}

/// Days in a row with a play on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Streak {
    /// The first day.
    pub first_day: Date,
    /// The last day.
    pub last_day: Date,
    /// How many days, both ends counted.
    pub days: u32,
}

/// The day with the most plays of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BusiestDay {
    /// The day.
    pub day: Date,
    /// Its plays.
    pub plays: u64,
}

impl Review {
    /// Looks at a period of a listener's plays, of which those after `today` are no part.
    pub fn of(
        catalogue: &Catalogue,
        plays: &DatedPlays,
        ReviewRequest { period, today, named }: ReviewRequest,
    ) -> Self {
        let (first, end) = period.days().into_inner();
        let last_day = end.min(today);
        let future =
            plays.plays.last().filter(|play| play.date > today).map(|_| plays.until(today));
        let plays = future.as_ref().unwrap_or(plays);
        let begins = plays.plays.first().map(|play| play.date);
        let within = plays.between(first, last_day);
        let before =
            days_before(period, last_day).filter(|days| begins.is_some_and(|b| b <= days[0]));
        let before_plays = before.map_or(&[][..], |[first, last]| plays.between(first, last));
        let firsts = Firsts::of(catalogue, plays.between(Date::MIN, last_day));
        let mut albums = Albums::new(catalogue);
        let sums = Sums::of(&mut albums, within, &firsts, first);
        let before = before.map(|[first_day, last_day]| Before {
            first_day,
            last_day,
            sums: Sums::of(&mut albums, before_plays, &firsts, first_day),
        });
        let is_all = period == Period::All;
        Self {
            period,
            first_day: begins.map(|begins| begins.max(first)).filter(|day| *day <= last_day),
            last_day,
            sums,
            before,
            parts: parts(plays, period),
            top: top(&mut albums, within, before_plays, named),
            discoveries: firsts.discoveries(catalogue, within, first, named),
            longest_streak: streaks(within).max_by_key(|streak| streak.days),
            current_streak: current_streak(plays, today),
            busiest_day: busiest_day(within),
            heat_map: heat_map(within),
            decades: decades(catalogue, within),
            eras: if is_all { artist_eras(catalogue, plays) } else { Vec::new() },
            discovery: if is_all { discovery(catalogue, plays) } else { Discovery::default() },
            left_aside: plays.left_aside,
        }
    }
}

impl Review {
    /// Whether the record begins within the period: then nearly everything in it is called new.
    pub fn begins_within(&self) -> bool {
        self.first_day.is_some_and(|day| day > *self.period.days().start())
    }

    /// Whether the period goes on, so that all of this is so far.
    pub fn goes_on(&self) -> bool {
        self.period != Period::All && self.last_day < *self.period.days().end()
    }
}

/// As many days of the period before as this one has had by `last_day`.
fn days_before(period: Period, last_day: Date) -> Option<[Date; 2]> {
    let (first, end) = period.days().into_inner();
    let (first_before, end_before) = period.before()?.days().into_inner();
    if last_day < first {
        return None;
    }
    let so_far = (last_day - first).get_days();
    let last = if last_day == end { end_before } else { first_before + so_far.days() };
    Some([first_before, last.min(end_before)])
}

impl Sums {
    /// Adds plays up; what was first played on `from` or later is new.
    fn of(numbers: &mut Albums<'_>, plays: &[DatedPlay], firsts: &Firsts, from: Date) -> Self {
        let catalogue = numbers.catalogue;
        let mut sums = Self::default();
        let mut songs: FxHashSet<WorkIdx> = FxHashSet::default();
        let mut artists: FxHashSet<ArtistIdx> = FxHashSet::default();
        let mut albums: FxHashSet<u32> = FxHashSet::default();
        for play in plays {
            sums.plays += u64::from(play.count);
            match play.ms_played {
                Some(ms) => sums.ms_played += u64::from(ms),
                None => sums.plays_without_time += u64::from(play.count),
            }
            songs.insert(catalogue.work(play.track));
            artists.extend(catalogue.artist(play.track));
            albums.extend(numbers.of(play.track));
        }
        let is_new = |first: Option<&FirstPlay>| first.is_some_and(|first| first.day >= from);
        let new_songs = songs.iter().filter(|song| is_new(firsts.songs.get(song)));
        let new_artists = artists.iter().filter(|artist| is_new(firsts.artists.get(artist)));
        Self {
            songs: songs.len() as u64,
            artists: artists.len() as u64,
            albums: albums.len() as u64,
            new_songs: new_songs.count() as u64,
            new_artists: new_artists.count() as u64,
            days: plays.chunk_by(|a, b| a.date == b.date).count() as u64,
            ..sums
        }
    }
}

/// The first play of something on record.
struct FirstPlay {
    day: Date,
    track: TrackIdx,
}

/// When each song and each artist was first played.
struct Firsts {
    songs: FxHashMap<WorkIdx, FirstPlay>,
    artists: FxHashMap<ArtistIdx, FirstPlay>,
}

impl Firsts {
    fn of(catalogue: &Catalogue, plays: &[DatedPlay]) -> Self {
        let mut firsts = Self { songs: FxHashMap::default(), artists: FxHashMap::default() };
        for play in plays {
            let first = || FirstPlay { day: play.date, track: play.track };
            firsts.songs.entry(catalogue.work(play.track)).or_insert_with(first);
            if let Some(artist) = catalogue.artist(play.track) {
                firsts.artists.entry(artist).or_insert_with(first);
            }
        }
        firsts
    }

    /// The artists first played on `from` or later, the most played of `plays` first.
    fn discoveries(
        &self,
        catalogue: &Catalogue,
        plays: &[DatedPlay],
        from: Date,
        k: usize,
    ) -> Vec<DiscoveredArtist> {
        let mut counts: FxHashMap<ArtistIdx, u64> = FxHashMap::default();
        for play in plays {
            if let Some(artist) = catalogue.artist(play.track)
                && self.artists[&artist].day >= from
            {
                *counts.entry(artist).or_default() += u64::from(play.count);
            }
        }
        let mut counts: Vec<(ArtistIdx, u64)> = counts.into_iter().collect();
        counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let found = |(artist, plays): (ArtistIdx, u64)| {
            let FirstPlay { day, track } = self.artists[&artist];
            let row = catalogue.track(track);
            DiscoveredArtist {
                artist: catalogue.artist_name(artist).to_owned(),
                first_day: day,
                track: row.id.clone(),
                title: row.display_title().into_owned(),
                plays,
            }
        };
        counts.into_iter().take(k).map(found).collect()
    }
}

/// Runs of days with a play, in the order of time.
fn streaks(plays: &[DatedPlay]) -> impl Iterator<Item = Streak> {
    let runs = plays.chunk_by(|a, b| a.date == b.date || a.date.tomorrow().ok() == Some(b.date));
    runs.map(|run| {
        let (first_day, last_day) = (run[0].date, run[run.len() - 1].date);
        let days = (last_day - first_day).get_days().unsigned_abs() + 1;
        Streak { first_day, last_day, days }
    })
}

fn current_streak(plays: &DatedPlays, today: Date) -> Option<Streak> {
    let last = streaks(plays.between(Date::MIN, today)).last()?;
    (last.last_day.tomorrow().ok()? >= today).then_some(last)
}

fn busiest_day(plays: &[DatedPlay]) -> Option<BusiestDay> {
    let days = plays.chunk_by(|a, b| a.date == b.date);
    let busy = days.map(|of_day| BusiestDay {
        day: of_day[0].date,
        plays: of_day.iter().map(|play| u64::from(play.count)).sum(),
    });
    busy.max_by_key(|day| day.plays)
}
