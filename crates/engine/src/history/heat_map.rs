//! When in the week a listener plays music.

use serde::Serialize;

use super::plays::DatedPlay;

/// English names of the days of the week in the order of [`HeatMap::counts`]: Monday is 0, Sunday
/// 6.
pub const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Plays by day of the week and hour of the day, where the listener is: what a chart of the week is
/// drawn from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeatMap {
    /// `counts[weekday][hour]`, with Monday as 0 to Sunday as 6 and hours from 0 to 23, local time.
    pub counts: [[u64; 24]; 7],
    /// Plays of which the source gives the date alone. They are in no cell.
    pub plays_without_hour: u64,
}

impl HeatMap {
    /// All plays that are in the map, the sum of its cells; 0 for a listener without dated plays.
    pub fn total(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// The day (0 for Monday), the hour and the number of plays of the busiest cell; of equals the
    /// earliest in the week. `None` without a play.
    pub fn peak(&self) -> Option<(usize, usize, u64)> {
        let cells = (0..7)
            .flat_map(|day| (0..24).map(move |hour| (day, hour)))
            .map(|(d, h)| (d, h, self.counts[d][h]));
        cells.rev().max_by_key(|&(_, _, count)| count).filter(|&(_, _, count)| count > 0)
    }
}

/// Counts plays by day of the week and hour of the day at which they began, in the time zone that
/// they were read in.
pub(super) fn heat_map(plays: &[DatedPlay]) -> HeatMap {
    let mut map = HeatMap { counts: [[0; 24]; 7], plays_without_hour: 0 };
    for play in plays {
        let count = match play.hour {
            Some(hour) => &mut map.counts[play.weekday()][usize::from(hour)],
            None => &mut map.plays_without_hour,
        };
        *count += u64::from(play.count);
    }
    map
}
