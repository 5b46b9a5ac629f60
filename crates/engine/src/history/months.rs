//! How much a listener played in each month.

use serde::Serialize;

use super::calendar::Month;
use super::plays::Plays;

/// How much a listener played in one month, in plays and in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MonthOfPlays {
    /// The month, in the listener's time zone. Months without a play are in the list too.
    pub month: Month,
    /// Plays that began in the month, each row counting as many plays as it stands for.
    pub plays: u64,
    /// Time played in milliseconds, over the plays whose time is known; too little where
    /// `plays_without_time` is not 0.
    pub ms_played: u64,
    /// Plays whose time is not known, and so is not in `ms_played`. Many services do not record it.
    pub plays_without_time: u64,
}

/// Counts plays and time for every month from the first to the last play, those without a play as
/// well; nothing without a play.
pub fn months(plays: &Plays) -> Vec<MonthOfPlays> {
    let Some((first, last)) = plays.span() else { return Vec::new() };
    let empty = |month| MonthOfPlays { month, plays: 0, ms_played: 0, plays_without_time: 0 };
    let mut months: Vec<MonthOfPlays> = first.through(last).map(empty).collect();
    for play in &plays.plays {
        let month = &mut months[play.month.since(first) as usize];
        month.plays += u64::from(play.count);
        match play.ms_played {
            Some(ms) => month.ms_played += u64::from(ms),
            None => month.plays_without_time += u64::from(play.count),
        }
    }
    months
}
