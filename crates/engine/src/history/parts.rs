//! How much was played in each part of a period: what its bars are drawn from.

use jiff::civil::Date;
use serde::Serialize;

use super::calendar::Month;
use super::period::Period;
use super::plays::{DatedPlay, DatedPlays};

/// How much was played in one part of a period, in plays and in time: a day of a week or month, a
/// month of a year or of all time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PartOfPeriod {
    /// The day, or the first day of the month, in the listener's time zone. Parts without a play
    /// are there too.
    pub first_day: Date,
    /// Plays that began in it, each row counting as many plays as it stands for.
    pub plays: u64,
    /// Time played in milliseconds, over the plays whose time is known; too little where
    /// `plays_without_time` is not 0.
    pub ms_played: u64,
    /// Plays whose time is not known, and so is not in `ms_played`. Many services do not record it.
    pub plays_without_time: u64,
}

/// Every part of a period in order, those without a play as well: the days of a week or month, the
/// months of a year. All time has its months from the first to the last play, and none without a
/// play.
pub(super) fn parts(plays: &DatedPlays, period: Period) -> Vec<PartOfPeriod> {
    let empty =
        |first_day| PartOfPeriod { first_day, plays: 0, ms_played: 0, plays_without_time: 0 };
    let mut parts: Vec<PartOfPeriod> = first_days(plays, period).into_iter().map(empty).collect();
    for play in plays.within(period) {
        let part = parts.partition_point(|part| part.first_day <= play.date);
        parts[part - 1].add(play);
    }
    parts
}

fn first_days(plays: &DatedPlays, period: Period) -> Vec<Date> {
    let (first, last) = period.days().into_inner();
    let months = |from: Month, to| from.through(to).map(Month::first_day).collect();
    match period {
        Period::Week(_) | Period::Month(_) => {
            first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last).collect()
        }
        Period::Year(_) => months(Month::of(first), Month::of(last)),
        Period::All => plays.span().map_or(Vec::new(), |(first, last)| months(first, last)),
    }
}

impl PartOfPeriod {
    fn add(&mut self, play: &DatedPlay) {
        self.plays += u64::from(play.count);
        match play.ms_played {
            Some(ms) => self.ms_played += u64::from(ms),
            None => self.plays_without_time += u64::from(play.count),
        }
    }
}
