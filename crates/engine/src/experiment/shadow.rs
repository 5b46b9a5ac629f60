//! Shadow mode: what the other arms would have shown in the place of mixes that were shown.
//!
//! Nobody saw a shadow, so nothing can be said of how it was liked. What can be said: how far it
//! differs, what the model expects of it, and a hint from the picks that both arms could make.
//! Where the shadow's arm could have made the very picks that were shown, each is weighed by how
//! much more likely that arm would have picked it in that place, `w_k = q(a_k | a_<k) / p(a_k |
//! a_<k)`, and the mean of `liked` is taken under these weights (self-normalised). It is a hint,
//! not an estimate: the picks before are taken as they were, which is the bias that an estimator
//! over whole slates does not have and pays for in variance. [`Hint::effective_picks`] says on how
//! many picks it rests.

use std::collections::HashSet;

use segue_core::{Impression, ListenerId, Pick, Slate, Timestamp};
use serde::Serialize;

use super::Design;
use super::confidence::{ConfidenceSequence, Interval};
use super::observation::{Observation, ObservedMix, arm_of};
use super::readout::ALPHA;
use crate::Catalogue;
use crate::dataset::pick_outcomes::Verdict;
use crate::policy::draw::{logging_policy, reweigh};

/// What an arm would have shown, beside what was shown. Nobody saw it, so it tells how different
/// the arm is, and only hints at how it would be liked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShadowReadout {
    /// The name of the arm that was computed and not shown.
    pub arm: String,
    /// Listeners who were shown at least one mix for which the arm made a shadow.
    pub listeners: usize,
    /// Those among them whose time of observation is over; the hint is from these alone.
    pub complete: usize,
    /// Mixes that were shown and for which the arm made a shadow, over all listeners.
    pub mixes: usize,
    /// Share of its picks that were shown too, a mean over listeners; `None` before the first
    /// shadow.
    pub overlap: Option<f64>,
    /// Share of picks that are new to the listener, less that of what was shown, -1 to 1: a mean
    /// over the first mix of each listener.
    pub new_share: Interval,
    /// Mean predicted likability of its picks, less that of what was shown, -1 to 1, over the same
    /// mixes as `new_share`.
    pub likability: Interval,
    /// What the picks shown hint of how this arm would be liked; `None` where it could have made
    /// none of the mixes, or no listener is complete yet.
    pub hint: Option<Hint>,
}

/// How the picks that were shown would count if they are weighed by how likely the arm would have
/// made each. It is biased, and no estimate of a whole slate's worth; trust it less the smaller
/// `effective_picks` is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Hint {
    /// Share of picks liked, 0 to 1, each pick weighed by the arm's propensity over the one it was
    /// shown with.
    pub satisfaction: f64,
    /// Share of the same picks liked, each counting once: what to compare `satisfaction` with.
    pub shown: f64,
    /// Mixes shown that the arm could have made as they were. The others say nothing of it and are
    /// left out.
    pub mixes: usize,
    /// How many picks of equal weight would be as telling, `(Σw)²/Σw²` (Kish 1965). A few heavy
    /// weights make it far smaller than the number of picks.
    pub effective_picks: f64,
}

/// Compares every arm but the control with what was shown, in the order of the design. It is of use
/// in shadow mode; a live experiment has no shadows, and every count is 0.
pub fn compare_shadows(
    catalogue: &Catalogue,
    design: &Design,
    observations: &[Observation],
    now: Timestamp,
) -> Vec<ShadowReadout> {
    (1..design.arms().len()).map(|arm| compare(catalogue, design, arm, observations, now)).collect()
}

fn compare(
    catalogue: &Catalogue,
    design: &Design,
    arm: usize,
    observations: &[Observation],
    now: Timestamp,
) -> ShadowReadout {
    let mut found = Found::default();
    for seen in observations {
        let pairs: Vec<(&ObservedMix, &Impression)> =
            seen.mixes.iter().filter_map(|mix| Some((mix, shadow_of(design, arm, mix)?))).collect();
        let Some((first, shadow)) = pairs.first() else { continue };
        found.firsts.push((shadow.at, &seen.listener, &first.impression.slate, &shadow.slate));
        let overlaps =
            pairs.iter().map(|(mix, shadow)| overlap(&mix.impression.slate, &shadow.slate));
        found.overlaps += overlaps.sum::<f64>() / pairs.len() as f64;
        found.mixes += pairs.len();
        if seen.until <= now {
            found.complete += 1;
            pairs.iter().for_each(|(mix, shadow)| found.weighed.add(catalogue, mix, &shadow.slate));
        }
    }
    found.into_readout(&design.arms()[arm].name)
}

/// What is gathered of one arm, listener by listener.
#[derive(Default)]
struct Found<'a> {
    complete: usize,
    mixes: usize,
    overlaps: f64,
    /// The first mix of each listener that has a shadow: when, whose, what was shown, and the
    /// shadow.
    firsts: Vec<(Timestamp, &'a ListenerId, &'a Slate, &'a Slate)>,
    weighed: Weighed,
}

impl Found<'_> {
    /// First mixes enter in the order in which they were made, and stay what they are: their
    /// intervals need no wait.
    fn into_readout(mut self, arm: &str) -> ShadowReadout {
        self.firsts.sort_by_key(|&(at, listener, ..)| (at, listener));
        let interval = |of: fn(&Slate, &Slate) -> f64| {
            let mut sequence = ConfidenceSequence::new(ALPHA);
            self.firsts
                .iter()
                .for_each(|(_, _, shown, shadow)| sequence.push((1.0 + of(shown, shadow)) / 2.0));
            as_difference(sequence.interval())
        };
        let listeners = self.firsts.len();
        ShadowReadout {
            arm: arm.to_owned(),
            listeners,
            complete: self.complete,
            mixes: self.mixes,
            overlap: (listeners > 0).then(|| self.overlaps / listeners as f64),
            new_share: interval(newer),
            likability: interval(likelier),
            hint: self.weighed.hint(),
        }
    }
}

fn shadow_of<'a>(design: &Design, arm: usize, mix: &'a ObservedMix) -> Option<&'a Impression> {
    mix.shadows
        .iter()
        .find(|shadow| shadow.enrolment.as_ref().and_then(|of| arm_of(design, of)) == Some(arm))
}

/// An interval of `(1 + difference)/2` as one of the difference.
fn as_difference(interval: Interval) -> Interval {
    let back = |value: f64| 2.0 * value - 1.0;
    Interval { mean: interval.mean.map(back), low: back(interval.low), high: back(interval.high) }
}

fn overlap(shown: &Slate, shadow: &Slate) -> f64 {
    let tracks: HashSet<_> = shown.picks.iter().map(|pick| &pick.track).collect();
    mean(shadow, |pick| if tracks.contains(&pick.track) { 1.0 } else { 0.0 })
}

fn newer(shown: &Slate, shadow: &Slate) -> f64 {
    let share = |slate: &Slate| mean(slate, |pick| if pick.new_to_listener { 1.0 } else { 0.0 });
    share(shadow) - share(shown)
}

fn likelier(shown: &Slate, shadow: &Slate) -> f64 {
    let expected = |slate: &Slate| mean(slate, |pick| f64::from(pick.likability));
    expected(shadow) - expected(shown)
}

fn mean(slate: &Slate, of: impl Fn(&Pick) -> f64) -> f64 {
    slate.picks.iter().map(of).sum::<f64>() / slate.picks.len().max(1) as f64
}

/// Sums over picks and their weights.
#[derive(Default)]
struct Weighed {
    mixes: usize,
    picks: f64,
    liked: f64,
    weights: f64,
    squared_weights: f64,
    liked_weights: f64,
}

impl Weighed {
    /// Weighs the picks of a mix by what the arm that made `shadow` would have picked, if it could
    /// have made all of them.
    fn add(&mut self, catalogue: &Catalogue, mix: &ObservedMix, shadow: &Slate) {
        let shown = &mix.impression.slate;
        // What was shown, as the shadow's arm saw the choice: its short-list, its quota, its
        // belief.
        let asked = Slate { picks: shown.picks.clone(), ..shadow.clone() };
        let Ok(policy) = logging_policy(shadow) else { return };
        let Ok(propensities) = reweigh(catalogue, &asked, policy.as_ref()) else { return };
        let mut picks: Vec<_> = shown.picks.iter().zip(&mix.outcomes).collect();
        picks.sort_by_key(|(pick, _)| pick.drawn);
        self.mixes += 1;
        for ((pick, outcome), propensity) in picks.into_iter().zip(propensities) {
            let weight = propensity / pick.propensity;
            let liked = if outcome.verdict == Verdict::Liked { 1.0 } else { 0.0 };
            self.picks += 1.0;
            self.liked += liked;
            self.weights += weight;
            self.squared_weights += weight * weight;
            self.liked_weights += weight * liked;
        }
    }

    fn hint(&self) -> Option<Hint> {
        (self.weights > 0.0).then(|| Hint {
            satisfaction: self.liked_weights / self.weights,
            shown: self.liked / self.picks,
            mixes: self.mixes,
            effective_picks: self.weights * self.weights / self.squared_weights,
        })
    }
}
