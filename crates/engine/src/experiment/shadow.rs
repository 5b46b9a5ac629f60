//! Shadow mode: what the other arms would have shown in the place of mixes that were shown.
//!
//! Nobody saw a shadow, so nothing can be said of how it was liked. What can be said: how far it differs, what the model expects of it, and a hint
//! from the picks that both arms could make. Where the shadow's arm could have made the very picks that were shown, each is weighed
//! by how much more likely that arm would have picked it in that place, `w_k = q(a_k | a_<k) / p(a_k | a_<k)`, and the mean of `liked` is taken under these
//! weights (self-normalised). It is a hint, not an estimate: the picks before are taken as they were, which is the bias that an estimator over whole slates
//! does not have and pays for in variance. [`Hint::effective_picks`] says on how many picks it rests.

use std::collections::HashSet;

use segue_core::{Impression, Slate, Timestamp};
use serde::Serialize;

use super::Design;
use super::confidence::{ConfidenceSequence, Interval};
use super::observation::{Observation, ObservedMix, arm_of};
use super::readout::ALPHA;
use crate::Catalogue;
use crate::dataset::answers::Verdict;
use crate::policy::draw::{policy_of, reweigh};

/// What an arm would have shown, beside what was shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShadowReadout {
    /// Its name.
    pub arm: String,
    /// Listeners of whom there are shadows.
    pub listeners: usize,
    /// Those whose time of observation is over; the intervals are of them.
    pub complete: usize,
    /// Mixes with a shadow.
    pub mixes: usize,
    /// Share of its picks that were shown too, a mean over listeners.
    pub overlap: f64,
    /// Share of new picks less that of what was shown, a mean over listeners.
    pub new_share: Interval,
    /// Predicted likability less that of what was shown, a mean over listeners.
    pub likability: Interval,
    /// What the picks shown hint of how this arm would be liked; `None` where it could not have made any of the mixes.
    pub hint: Option<Hint>,
}

/// The share of picks liked, weighed towards what an arm would have picked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Hint {
    /// Share of picks liked, weighed.
    pub satisfaction: f64,
    /// Share of the same picks liked, as they were.
    pub shown: f64,
    /// Mixes that the arm could have made.
    pub mixes: usize,
    /// How many picks of equal weight would be as telling, `(Σw)²/Σw²` (Kish 1965).
    pub effective_picks: f64,
}

/// Compares every arm but the control with what was shown.
pub fn compare_shadows(
    catalogue: &Catalogue,
    design: &Design,
    observations: &[Observation],
    now: Timestamp,
) -> Vec<ShadowReadout> {
    let mut observations: Vec<&Observation> = observations.iter().collect();
    observations.sort_by(|a, b| (a.until, &a.listener).cmp(&(b.until, &b.listener)));
    let others = 1..design.arms().len();
    others.map(|arm| compare(catalogue, design, arm, &observations, now)).collect()
}

fn compare(
    catalogue: &Catalogue,
    design: &Design,
    arm: usize,
    observations: &[&Observation],
    now: Timestamp,
) -> ShadowReadout {
    let mut mixes = 0;
    let mut overlaps = Vec::new();
    let mut new_share = ConfidenceSequence::new(ALPHA);
    let mut likability = ConfidenceSequence::new(ALPHA);
    let mut weighed = Weighed::default();
    for seen in observations {
        let pairs: Vec<(&ObservedMix, &Impression)> =
            seen.mixes.iter().filter_map(|mix| Some((mix, shadow_of(design, arm, mix)?))).collect();
        if pairs.is_empty() {
            continue;
        }
        let mean = |of: fn(&Slate, &Slate) -> f64| {
            let values = pairs.iter().map(|(mix, shadow)| of(&mix.impression.slate, &shadow.slate));
            values.sum::<f64>() / pairs.len() as f64
        };
        mixes += pairs.len();
        overlaps.push(mean(overlap));
        if seen.until <= now {
            new_share.push((1.0 + mean(newer)) / 2.0);
            likability.push((1.0 + mean(likelier)) / 2.0);
        }
        pairs.iter().for_each(|(mix, shadow)| weighed.add(catalogue, mix, &shadow.slate));
    }
    ShadowReadout {
        arm: design.arms()[arm].name.clone(),
        listeners: overlaps.len(),
        complete: new_share.observations(),
        mixes,
        overlap: overlaps.iter().sum::<f64>() / overlaps.len().max(1) as f64,
        new_share: as_difference(new_share.interval()),
        likability: as_difference(likability.interval()),
        hint: weighed.hint(),
    }
}

fn shadow_of<'a>(design: &Design, arm: usize, mix: &'a ObservedMix) -> Option<&'a Impression> {
    mix.shadows.iter().find(|shadow| shadow.enrolment.as_ref().and_then(|of| arm_of(design, of)) == Some(arm))
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

fn mean(slate: &Slate, of: impl Fn(&segue_core::Pick) -> f64) -> f64 {
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
    /// Weighs the picks of a mix by what the arm that made `shadow` would have picked, if it could have made all of them.
    fn add(&mut self, catalogue: &Catalogue, mix: &ObservedMix, shadow: &Slate) {
        let shown = &mix.impression.slate;
        // What was shown, as the shadow's arm saw the choice: its short-list, its quota, its belief.
        let asked = Slate { picks: shown.picks.clone(), ..shadow.clone() };
        let Ok(policy) = policy_of(shadow) else { return };
        let Ok(propensities) = reweigh(catalogue, &asked, policy.as_ref()) else { return };
        let mut picks: Vec<_> = shown.picks.iter().zip(&mix.answers).collect();
        picks.sort_by_key(|(pick, _)| pick.drawn);
        self.mixes += 1;
        for ((pick, answer), propensity) in picks.into_iter().zip(propensities) {
            let weight = propensity / pick.propensity;
            let liked = if answer.verdict == Verdict::Liked { 1.0 } else { 0.0 };
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
