//! Which tracks are new to the catalogue itself: too lately there for the model in use, and
//! answered by too few to be known otherwise.
//!
//! They get a share of the slots that are new to the listener, no less and no more
//! ([`Class::Arrival`](crate::candidate::Class)), until the belief about them is firm: after
//! [`FIRM`] listeners, or with the next model.

use rustc_hash::FxHashMap;
use segue_core::TrackId;

use crate::dataset::listener_works::ListenerWorks;
use crate::{Catalogue, TrackIdx, WorkIdx};

/// Listeners with a label on a track, after whom it counts as known as any other and loses its
/// reserved slots.
pub const FIRM: u32 = 3;

/// How many listeners have a label on each work. It is counted once and outlives the profiles,
/// which are most of what a large library takes up in memory.
#[derive(Clone, Debug, Default)]
pub struct AnswerCounts(FxHashMap<WorkIdx, u32>);

impl AnswerCounts {
    /// Counts the labels of all listeners known, each work once a listener.
    pub fn of(heard: &[ListenerWorks]) -> Self {
        let mut counts: FxHashMap<WorkIdx, u32> = FxHashMap::default();
        let labelled = heard.iter().flat_map(|one| &one.works).filter(|work| work.label.is_some());
        for heard in labelled {
            *counts.entry(heard.work).or_default() += 1;
        }
        Self(counts)
    }

    /// Of tracks that came after the model was trained (`lately`), those on whose work fewer than
    /// [`FIRM`] of the listeners have a label.
    /// [`MixRequest::arrivals`](crate::pipeline::MixRequest::arrivals) takes them.
    pub fn arrivals(
        &self,
        catalogue: &Catalogue,
        lately: impl IntoIterator<Item = TrackIdx>,
    ) -> Vec<TrackId> {
        let is_firm =
            |track: TrackIdx| self.0.get(&catalogue.work(track)).is_some_and(|&n| n >= FIRM);
        let arrived = lately.into_iter().filter(|&track| !is_firm(track));
        arrived.map(|track| catalogue.track(track).id.clone()).collect()
    }
}
