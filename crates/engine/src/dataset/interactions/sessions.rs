//! Sessions: stretches of listening with no long pause.

use std::ops::Range;

use super::Seconds;

/// Cuts a history wherever the next event comes more than `gap_s` seconds after the one before.
///
/// The ranges cover all events, in order and without overlap.
pub fn sessions(times: &[Seconds], gap_s: i64) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    times.chunk_by(move |earlier, later| later.0.saturating_sub(earlier.0) <= gap_s).map(
        move |session| {
            let range = start..start + session.len();
            start = range.end;
            range
        },
    )
}
