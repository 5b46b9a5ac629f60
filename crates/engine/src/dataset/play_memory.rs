//! How often, how lately and when in the week a work was played, in a few numbers that can be asked
//! for any later moment.
//!
//! Repeat listening follows recency and frequency: in ACT-R the activation of a memory is the
//! logarithm of `Σ_j t_j^(-d)` over the ages `t_j` of its uses (Anderson & Schooler 1991;
//! Reiter-Haas et al., RecSys 2021). A sum of powers has to go through every play again at each
//! moment; a sum of exponentials does not: `Σ_j 2^(-t_j / h)` a day later is the same number times
//! `2^(-1 / h)`. Four half-lives from a day to half a year cover what a power law does over five
//! years, and how much each of them counts is fitted instead of assumed.

use segue_core::Timestamp;

/// Half-lives of the decayed counts, in days.
pub const HALF_LIVES_DAYS: [f32; 4] = [1.0, 7.0, 30.0, 180.0];
/// Parts of a week that plays are counted in: four quarters of a day, on weekdays and on weekends,
/// in UTC, since histories carry no place.
pub const WEEK_PARTS: usize = 8;

const SECONDS_PER_DAY: f32 = 86_400.0;

/// Plays of one work, folded.
///
/// # Examples
/// ```
/// use segue_core::Timestamp;
/// use segue_engine::dataset::play_memory::PlayMemory;
///
/// let day = |n: i64| Timestamp::from_second(n * 86_400).expect("a time in range");
/// let mut memory = PlayMemory::default();
/// memory.add(day(0));
/// memory.add(day(1));
/// // By the shortest half-life, a day: the play a day ago counts a half, the one before a quarter.
/// assert_eq!(memory.decayed(day(2))[0], 0.75);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PlayMemory {
    /// Decayed counts, as of the last play.
    at_last: [f32; HALF_LIVES_DAYS.len()],
    last: Option<Timestamp>,
    by_week_part: [u16; WEEK_PARTS],
}

impl PlayMemory {
    /// Counts one more play. A later one costs no more than an earlier one and needs no other; to
    /// the last bits of the sums it matters in which order they come.
    pub fn add(&mut self, at: Timestamp) {
        let last = self.last.unwrap_or(at);
        let age = days_between(last, at);
        for (sum, half_life) in self.at_last.iter_mut().zip(HALF_LIVES_DAYS) {
            let decay = (-age.abs() / half_life).exp2();
            *sum = if at < last { *sum + decay } else { *sum * decay + 1.0 };
        }
        self.last = Some(last.max(at));
        let part = &mut self.by_week_part[week_part(at)];
        *part = part.saturating_add(1);
    }

    /// How often it was played, each play counting half after so many days, for each of the
    /// [half-lives](HALF_LIVES_DAYS); zeros if no play has a time. Moments before the last play
    /// count as that.
    pub fn decayed(&self, now: Timestamp) -> [f32; HALF_LIVES_DAYS.len()] {
        let Some(last) = self.last else { return self.at_last };
        let age = days_between(last, now).max(0.0);
        std::array::from_fn(|i| self.at_last[i] * (-age / HALF_LIVES_DAYS[i]).exp2())
    }

    /// Days since the last play, `None` if no play has a time.
    pub fn days_since(&self, now: Timestamp) -> Option<f32> {
        self.last.map(|last| days_between(last, now).max(0.0))
    }

    /// Plays in each part of the week: see [`week_part`].
    pub fn by_week_part(&self) -> &[u16; WEEK_PARTS] {
        &self.by_week_part
    }
}

/// Which part of the week a moment is in, 0 to 7: the quarter of the day, and 4 more on Saturdays
/// and Sundays.
pub fn week_part(at: Timestamp) -> usize {
    let second = at.as_second();
    let quarter = second.rem_euclid(86_400) / 21_600;
    // The first of January 1970 was a Thursday.
    let weekday = (second.div_euclid(86_400) + 3).rem_euclid(7);
    quarter as usize + if weekday >= 5 { 4 } else { 0 }
}

fn days_between(earlier: Timestamp, later: Timestamp) -> f32 {
    (later.as_second() - earlier.as_second()) as f32 / SECONDS_PER_DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(n: i64) -> Timestamp {
        Timestamp::from_second(n * 3_600).unwrap()
    }

    #[test]
    fn decayed_counts_are_sums_over_plays_at_any_moment() {
        let times = [hour(5), hour(100), hour(31), hour(700)];
        let mut memory = PlayMemory::default();
        times.iter().for_each(|&at| memory.add(at));
        for now in [hour(700), hour(900), hour(20_000)] {
            for (found, half_life) in memory.decayed(now).into_iter().zip(HALF_LIVES_DAYS) {
                let slow: f32 =
                    times.iter().map(|&at| (-days_between(at, now) / half_life).exp2()).sum();
                assert!((found - slow).abs() <= 1e-5 * slow.max(1e-20), "{found} {slow}");
            }
        }
    }

    #[test]
    fn weekends_and_quarters_of_a_day_are_told_apart() {
        // 2026-11-28 is a Saturday.
        let at = |text: &str| week_part(text.parse().unwrap());
        assert_eq!(at("2026-11-28T07:00:00Z"), 5);
        assert_eq!(at("2026-11-29T23:59:59Z"), 7);
        assert_eq!(at("2026-11-30T00:00:00Z"), 0);
        assert_eq!(at("1969-12-31T12:00:00Z"), 2);
    }
}
