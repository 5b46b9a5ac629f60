//! Which source of retrieval gave what was liked.
//!
//! Every pick is logged with the sources that named it. What became of it is what the [plays and
//! the feedback after it](pick_outcomes) say, as everywhere. A pick that several sources named
//! counts for each of them: the sums exceed the picks, and what they compare is how good the picks
//! of a source are, not how many it was needed for.

use segue_core::{Impression, Sources, Timestamp};
use segue_engine::Catalogue;
use segue_engine::dataset::pick_outcomes::{Credit, PickOutcome, Verdict, pick_outcomes};
use segue_store::Store;
use serde::Serialize;

use crate::Result;

/// Days after a mix within which what a listener does counts for it.
const CREDIT_DAYS: u32 = 7;

/// What became of the picks that one source named, over all mixes of all listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SourceOutcome {
    /// The name of the source, one of [`Sources::NAMED`].
    pub source: &'static str,
    /// Picks that it named, alone or with others.
    pub picks: usize,
    /// Those that were played within a week, to the end or not.
    pub played: usize,
    /// Those that were played to their end or liked by feedback.
    pub liked: usize,
    /// Those that were skipped or turned down.
    pub disliked: usize,
}

impl SourceOutcome {
    fn add(&mut self, outcome: &PickOutcome) {
        self.picks += 1;
        self.played += usize::from(outcome.plays > 0);
        self.liked += usize::from(outcome.verdict == Verdict::Liked);
        self.disliked += usize::from(outcome.verdict == Verdict::Disliked);
    }
}

/// Counts what became of the picks of each source, listener by listener; sources without a pick are
/// left out.
pub(crate) fn source_outcomes(store: &Store, catalogue: &Catalogue) -> Result<Vec<SourceOutcome>> {
    let none = |(_, source)| SourceOutcome { source, picks: 0, played: 0, liked: 0, disliked: 0 };
    let mut counts = Sources::NAMED.map(none);
    for listener in store.listeners()? {
        let mut shown: Vec<Impression> =
            store.impressions(&listener.id, usize::MAX)?.into_iter().map(|(_, mix)| mix).collect();
        if shown.is_empty() {
            continue;
        }
        shown.sort_by_key(|mix| mix.at);
        let (listens, feedback) = (store.listens(&listener.id)?, store.feedback(&listener.id)?);
        let credit = Credit { days: CREDIT_DAYS, before: Timestamp::MAX };
        let outcomes = pick_outcomes(catalogue, &shown, &listens, &feedback, credit);
        for (mix, outcomes) in shown.iter().zip(&outcomes) {
            for (pick, outcome) in mix.slate.picks.iter().zip(outcomes) {
                let of_pick = counts.iter_mut().zip(Sources::NAMED);
                of_pick
                    .filter(|(_, (source, _))| pick.sources.contains(*source))
                    .for_each(|(count, _)| count.add(outcome));
            }
        }
    }
    Ok(counts.into_iter().filter(|count| count.picks > 0).collect())
}
