//! When in the week a listener plays music.

use serde::Serialize;

use super::plays::Plays;

/// The days of the week in the order of [`HeatMap::counts`].
pub const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Plays by day of the week and hour of the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeatMap {
    /// `counts[weekday][hour]`, Monday first.
    pub counts: [[u64; 24]; 7],
}

impl HeatMap {
    /// All plays.
    pub fn total(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// The day and the hour with most plays, and how many; the earliest of equals, and none without
    /// a play.
    pub fn peak(&self) -> Option<(usize, usize, u64)> {
        let cells = (0..7)
            .flat_map(|day| (0..24).map(move |hour| (day, hour)))
            .map(|(d, h)| (d, h, self.counts[d][h]));
        cells.rev().max_by_key(|&(_, _, count)| count).filter(|&(_, _, count)| count > 0)
    }
}

/// Counts plays by day of the week and hour of the day.
pub fn heat_map(plays: &Plays) -> HeatMap {
    let mut counts = [[0; 24]; 7];
    for play in &plays.plays {
        counts[usize::from(play.weekday)][usize::from(play.hour)] += u64::from(play.count);
    }
    HeatMap { counts }
}
