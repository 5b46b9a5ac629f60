//! When songs came out, as far as a world tells.
//!
//! What it tells is the day on which anybody of its people first played a recording. In the first
//! months of a dump that says nothing: every song is played for a first time there. So only days are
//! believed that have half a year of listens before them. An old song that nobody of them happened to
//! play in that time is taken for a new one; five people who all come to it later are rare.

use segue_core::{Date, Release};
use segue_world::{RecordingIdx, World};

/// Days that a dump goes back before a first listen says anything.
const BEFORE_DAYS: u32 = 180;
/// Days at the end of a dump in which a first listen is a late one.
const LATE_DAYS: u32 = 60;

/// The day on which a recording came out, counted from 1970; `None` where nobody can tell.
pub(super) fn day(world: &World, recording: RecordingIdx) -> Option<u32> {
    let [from, to] = world.manifest().report.days;
    let first = world.first_day(recording);
    (first >= from.saturating_add(BEFORE_DAYS) && first <= to).then_some(first)
}

/// What is known of when a track came out that is this recording.
pub(super) fn release(
    world: &World,
    recording: RecordingIdx,
    track: segue_core::TrackId,
) -> Option<Release> {
    let day = day(world, recording)?;
    let [_, to] = world.manifest().report.days;
    let is_late = day.saturating_add(LATE_DAYS) > to;
    let span = jiff::Span::new().try_days(i64::from(day)).ok()?;
    let day = Date::constant(1970, 1, 1).checked_add(span).ok()?;
    Some(Release { track, day, is_late })
}
