//! When songs came out, as far as a world tells.
//!
//! What it tells is the day on which anybody of its people first played a recording, and how many
//! people played it in all. In the first months of a dump the day says nothing, since every song is
//! played for a first time there; so half a year of listens has to lie before it. And what few
//! people play may have waited for its first listener by chance: if each of `n` people had come to
//! it at any time of the dump, all of them would have come in its last share `s` with probability
//! `s^n`, which has to be small. Only the last two years of it are looked at, as if nobody had come
//! before: in the earlier ones there were fewer who could. Songs of a season are taken for new ones
//! where the dump has no such season before.

use segue_core::{Date, Release, TrackId};
use segue_world::{RecordingIdx, World};

/// Days that a dump goes back before a first listen says anything.
const BEFORE_DAYS: u32 = 180;
/// Days at the end of a dump in which listens are about as many on each: it grows from year to
/// year.
const EVEN_DAYS: u32 = 730;
/// Days at the end of a dump in which a first listen is a late one.
const LATE_DAYS: u32 = 60;
/// How probable it may be that an old song looks like a new one.
const MOST_CHANCE: f64 = 0.001;

/// The day on which a recording came out, counted from 1970; `None` where nobody can tell.
pub(super) fn day(world: &World, recording: RecordingIdx) -> Option<u32> {
    let [from, to] = world.manifest().report.days;
    told(world.first_day(recording), [from, to], world.people(recording))
}

fn told(first: u32, [from, to]: [u32; 2], people: u32) -> Option<u32> {
    let from = from.max(to.saturating_sub(EVEN_DAYS));
    let is_within = first >= from.saturating_add(BEFORE_DAYS) && first <= to;
    let share = f64::from(to.checked_sub(first)? + 1) / f64::from(to.checked_sub(from)? + 1);
    (is_within && share.powf(f64::from(people)) <= MOST_CHANCE).then_some(first)
}

/// What is known of when a track came out that is this recording.
pub(super) fn release(world: &World, recording: RecordingIdx, track: TrackId) -> Option<Release> {
    let day = day(world, recording)?;
    let [_, to] = world.manifest().report.days;
    let is_late = day.saturating_add(LATE_DAYS) > to;
    let span = jiff::Span::new().try_days(i64::from(day)).ok()?;
    let day = Date::constant(1970, 1, 1).checked_add(span).ok()?;
    Some(Release { track, day, is_late })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_listen_tells_of_a_release_where_it_is_no_accident() {
        let year = [1_000, 1_364];
        // A month tells nothing, nor does the first half of a year.
        assert_eq!(told(1_025, [1_000, 1_029], 1_000), None);
        assert_eq!(told(1_100, year, 1_000), None);
        // Many people, none of whom came before summer; few of whom none came before autumn.
        assert_eq!(told(1_190, year, 1_000), Some(1_190));
        assert_eq!(told(1_190, year, 5), None);
        assert_eq!(told(1_300, year, 5), Some(1_300));
        // A dump of twenty years: what came out five years ago, too few came before to tell.
        assert_eq!(told(5_500, [0, 7_300], 1_000), None);
        assert_eq!(told(7_200, [0, 7_300], 5), Some(7_200));
        // A broken clock is no release.
        assert_eq!(told(1_400, year, 1_000), None);
    }
}
