//! How long what grows with use is kept: mixes in the log, and the names that clients gave to
//! events.

use jiff::{SignedDuration, Timestamp};
use segue_engine::mix::fatigue;
use segue_store::Retention;

/// How long an event that is sent again under the same name counts once, at least. After a week
/// without an answer no client is known to try again; the rest is for those that were switched off.
const CLIENT_IDS_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// After so many half-lives fatigue has a sixty-fourth of its weight left, and is over.
const HALF_LIVES: f32 = 6.0;

/// What is kept at a moment, for [`Store::prune`](segue_store::Store::prune): mixes that were shown
/// since another moment, of these the latest that take `most_bytes`, and the names of events for 90
/// days.
///
/// ```
/// use segue::{Timestamp, retention};
///
/// let library = tempfile::tempdir()?;
/// let mut library = segue::Library::open(library.path())?;
/// let now = Timestamp::now();
/// let report = library.store_mut().prune(&retention(now, now, None))?;
/// assert_eq!(report.removed, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn retention(now: Timestamp, mixes_since: Timestamp, most_bytes: Option<u64>) -> Retention {
    let before = |ago: SignedDuration| now.saturating_sub(ago).unwrap_or(Timestamp::MIN);
    let tires_for = fatigue::NEW.half_life_days.max(fatigue::FAMILIAR.half_life_days) * HALF_LIVES;
    Retention {
        mixes_since,
        most_bytes,
        tiring_since: before(SignedDuration::from_secs((tires_for * 86_400.0) as i64)),
        client_ids_since: before(CLIENT_IDS_FOR),
    }
}
