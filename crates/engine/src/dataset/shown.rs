//! What a listener was shown and has not answered: the raw material of
//! [fatigue](crate::mix::fatigue).
//!
//! A play of a work, or feedback on it, answers every showing before it, and those are forgotten
//! here: what was heard is in the interaction. Showings of one sitting count as one, so that who
//! looks at a page again, or turns its dial, is not taken for someone who passed a track over again
//! and again.

use rustc_hash::FxHashMap;
use segue_core::{Showing, Timestamp};

use crate::{Catalogue, Profile, WorkIdx};

/// Showings that are less than this apart, in seconds, are of one sitting: an hour, the time in
/// which a page is reloaded, its dial turned and its links followed.
pub const SITTING_SECONDS: i64 = 3_600;

/// For each work, the moments at which it was shown to a listener without an answer since. Empty
/// for whoever was never shown anything, and for profiles made for training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    by_work: FxHashMap<WorkIdx, Vec<Timestamp>>,
}

impl Shown {
    /// Sums up showings in any order, given what the listener did and said since. Tracks that the
    /// catalogue does not hold are passed over.
    pub(super) fn from_showings(
        catalogue: &Catalogue,
        profile: &Profile,
        showings: &[Showing],
    ) -> Self {
        let answer = |work: WorkIdx| {
            let played = profile.interaction(work).and_then(|interaction| interaction.last_played);
            played.max(profile.said.last(work))
        };
        let mut by_time: Vec<&Showing> = showings.iter().collect();
        by_time.sort_by_key(|showing| showing.at);
        let mut by_work: FxHashMap<WorkIdx, Vec<Timestamp>> = FxHashMap::default();
        for &Showing { at, ref tracks } in by_time {
            for track in tracks.iter().filter_map(|id| catalogue.find(id)) {
                let work = catalogue.work(track);
                if answer(work).is_some_and(|answer| answer >= at) {
                    continue;
                }
                let times = by_work.entry(work).or_default();
                if times.last().is_none_or(|&last| !is_same_sitting(last, at)) {
                    times.push(at);
                }
            }
        }
        Self { by_work }
    }

    /// When a work was shown, the earliest first, one moment a sitting; empty if it was not, or was
    /// answered since.
    pub fn times(&self, work: WorkIdx) -> &[Timestamp] {
        self.by_work.get(&work).map_or(&[], Vec::as_slice)
    }

    /// In how many sittings before the one of `now` a work was shown without an answer since.
    pub fn count(&self, work: WorkIdx, now: Timestamp) -> u32 {
        self.times(work).iter().filter(|&&at| !is_same_sitting(at, now)).count() as u32
    }

    /// Bytes of memory beside its own size.
    pub(super) fn bytes(&self) -> usize {
        let times = self.by_work.values().map(|times| times.capacity() * size_of::<Timestamp>());
        times.sum::<usize>()
            + self.by_work.capacity() * (size_of::<(WorkIdx, Vec<Timestamp>)>() + 1)
    }

    /// Whether nothing stands unanswered.
    pub fn is_empty(&self) -> bool {
        self.by_work.is_empty()
    }
}

/// Whether a showing at `at` is of the sitting that goes on at `now`; so is one that is yet to
/// come, as of a clock that was set back.
pub(crate) fn is_same_sitting(at: Timestamp, now: Timestamp) -> bool {
    now.as_second().saturating_sub(at.as_second()) < SITTING_SECONDS
}
