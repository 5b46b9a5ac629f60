//! How much a listener played in each month.

use serde::Serialize;

use super::calendar::Month;
use super::plays::Plays;

/// A month of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MonthOfPlays {
    /// Which.
    pub month: Month,
    /// Plays.
    pub plays: u64,
    /// Time played in milliseconds, as far as it is known.
    pub ms_played: u64,
    /// Plays whose time is not known, and so is not in `ms_played`.
    pub plays_without_time: u64,
}

/// Every month from the first to the last play, those without a play as well.
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
