//! Whether a taste grows or fades: its share of plays in the last 90 days against that before.
//!
//! A difference of shares counts if it is at least [`LEAST`] and further from 0 than two standard
//! errors of two proportions. Plays are not independent (albums, moods), so that is a bar to clear
//! and no test.

use segue_core::Timestamp;

use super::description::{Course, Trend};
use crate::TrackIdx;
use crate::history::Plays;

const RECENT_SECONDS: i64 = 90 * 86_400;
const FEWEST_PLAYS: f64 = 30.0;
const LEAST: f64 = 0.05;
const STANDARD_ERRORS: f64 = 2.0;

/// How each of `count` tastes goes, as of `now`.
pub(super) fn trends(
    count: usize,
    plays: &Plays,
    now: Timestamp,
    taste_of: impl Fn(TrackIdx) -> Option<usize>,
) -> Vec<Trend> {
    let mut before = vec![0.0; count];
    let mut recent = vec![0.0; count];
    let start = now.as_second().saturating_sub(RECENT_SECONDS);
    for play in plays.plays.iter().filter(|play| play.at <= now) {
        if let Some(taste) = taste_of(play.track) {
            let counts = if play.at.as_second() >= start { &mut recent } else { &mut before };
            counts[taste] += f64::from(play.count);
        }
    }
    let (all_before, all_recent) = (before.iter().sum::<f64>(), recent.iter().sum::<f64>());
    let trend = |taste: usize| Trend {
        course: course([before[taste], all_before], [recent[taste], all_recent]),
        recent_share: (all_recent > 0.0).then(|| recent[taste] / all_recent),
        share_before: (all_before > 0.0).then(|| before[taste] / all_before),
    };
    (0..count).map(trend).collect()
}

fn course([own_before, before]: [f64; 2], [own_recent, recent]: [f64; 2]) -> Course {
    if before < FEWEST_PLAYS || recent < FEWEST_PLAYS {
        return Course::Unknown;
    }
    let difference = own_recent / recent - own_before / before;
    let share = (own_before + own_recent) / (before + recent);
    let error = (share * (1.0 - share) * (1.0 / before + 1.0 / recent)).sqrt();
    if difference.abs() < LEAST || difference.abs() < STANDARD_ERRORS * error {
        Course::Steady
    } else if difference > 0.0 {
        Course::Grows
    } else {
        Course::Fades
    }
}
