//! What an experiment says so far.
//!
//! Every interval holds at 95 % by itself, at whatever moments one looks; [`Metric::Satisfaction`]
//! is the one to decide by. Listeners enter in the order in which their time of observation ended,
//! which the arms have no part in.

use segue_core::Timestamp;
use serde::Serialize;

use super::assignment::probabilities;
use super::confidence::{ConfidenceSequence, DifferenceSequence, Interval, Side};
use super::observation::{Counts, Metric, Observation};
use super::ratio::{RatioCheck, check_ratio};
use super::{Design, Mode};

/// The chance with which one interval may ever miss the truth: each holds at 95 % by itself, over
/// all looks. Several intervals together are not corrected for.
pub const ALPHA: f64 = 0.05;

/// One value for each [`Metric`], so that no metric can be missing. Readouts have an [`Interval`]
/// in each place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Metrics<T> {
    /// The share of picks liked, [`Metric::Satisfaction`]: the one to decide by.
    pub satisfaction: T,
    /// The share of picks skipped or rejected, [`Metric::SkipRate`]: a part of the price. Less is
    /// better.
    pub skip_rate: T,
    /// The share of picks that were liked and new to the listener, [`Metric::Discovery`].
    pub discovery: T,
}

impl<T> Metrics<T> {
    fn each(value: impl Fn(Metric) -> T) -> Self {
        Self {
            satisfaction: value(Metric::Satisfaction),
            skip_rate: value(Metric::SkipRate),
            discovery: value(Metric::Discovery),
        }
    }
}

/// What is known of one arm by itself. To compare arms read [`DifferenceReadout`], whose interval
/// is narrower than two of these.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmReadout {
    /// The name of the arm, as in [`Arm::name`](super::Arm::name).
    pub arm: String,
    /// Listeners who were shown at least one mix of the arm, complete or still observed.
    pub listeners: usize,
    /// Those among them whose time of observation is over. The intervals rest on these alone.
    pub complete: usize,
    /// What all of its listeners were shown and what became of it so far, those still observed
    /// included.
    pub counts: Counts,
    /// The mean of each metric over complete listeners, 0 to 1, every listener counting the same
    /// however much they played.
    pub metrics: Metrics<Interval>,
}

/// An arm compared with the control. An interval that does not contain 0 is a difference beyond
/// chance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DifferenceReadout {
    /// The name of the arm that is compared; the control is the first arm of the design.
    pub arm: String,
    /// Means over its complete listeners less means over those of the control, -1 to 1; above 0 the
    /// arm has more.
    pub metrics: Metrics<Interval>,
}

/// What an experiment says so far. It may be read at any moment and acted upon: the intervals are a
/// confidence sequence, not a test for one look.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Readout {
    /// Each arm by itself, the control first. In shadow mode it is the control alone, because
    /// nobody saw another.
    pub arms: Vec<ArmReadout>,
    /// Every arm but the control, compared with it. It is empty in shadow mode; see
    /// [`shadow`](super::shadow) there.
    pub differences: Vec<DifferenceReadout>,
    /// Whether listeners came into the arms in the designed shares; `None` in shadow mode. Read it
    /// before any difference.
    pub split: Option<RatioCheck>,
    /// Complete observations without a later play on record: plays that count may not have been
    /// imported yet.
    pub unconfirmed: usize,
}

/// Reads an experiment out as of `now`, at any time and as often as one likes. Listeners whose time
/// is not over count in `listeners` and `counts`, and in no interval.
pub fn readout(design: &Design, observations: &[Observation], now: Timestamp) -> Readout {
    let mut complete: Vec<&Observation> =
        observations.iter().filter(|seen| seen.until <= now).collect();
    complete.sort_by(|a, b| (a.until, &a.listener).cmp(&(b.until, &b.listener)));
    let is_live = design.mode() == Mode::Live;
    let arms = (0..design.arms().len()).filter(|&arm| is_live || arm == 0);
    let others = arms.clone().skip(1);
    Readout {
        arms: arms.map(|arm| arm_readout(design, arm, observations, &complete)).collect(),
        differences: others.map(|arm| difference_readout(design, arm, &complete)).collect(),
        split: is_live.then(|| split(design, observations)),
        unconfirmed: complete.iter().filter(|seen| !seen.played_later).count(),
    }
}

fn arm_readout(
    design: &Design,
    arm: usize,
    observations: &[Observation],
    complete: &[&Observation],
) -> ArmReadout {
    let everybody = observations.iter().filter(|seen| seen.arm == arm);
    let complete: Vec<Counts> =
        complete.iter().filter(|seen| seen.arm == arm).map(|seen| seen.counts()).collect();
    ArmReadout {
        arm: design.arms()[arm].name.clone(),
        listeners: everybody.clone().count(),
        complete: complete.len(),
        counts: everybody.map(Observation::counts).fold(Counts::default(), Counts::plus),
        metrics: Metrics::each(|metric| {
            let mut sequence = ConfidenceSequence::new(ALPHA);
            complete.iter().for_each(|&counts| sequence.push(metric.of(counts)));
            sequence.interval()
        }),
    }
}

fn difference_readout(design: &Design, arm: usize, complete: &[&Observation]) -> DifferenceReadout {
    let probabilities = probabilities(design);
    let among_both = probabilities[arm] / (probabilities[arm] + probabilities[0]);
    let outcome = |seen: &&Observation| match seen.arm {
        0 => Some((Side::Control, seen.counts())),
        other => (other == arm).then(|| (Side::Treatment, seen.counts())),
    };
    let outcomes: Vec<(Side, Counts)> = complete.iter().filter_map(outcome).collect();
    DifferenceReadout {
        arm: design.arms()[arm].name.clone(),
        metrics: Metrics::each(|metric| {
            let mut sequence = DifferenceSequence::new(ALPHA, among_both);
            outcomes.iter().for_each(|&(side, counts)| sequence.push(side, metric.of(counts)));
            sequence.interval()
        }),
    }
}

fn split(design: &Design, observations: &[Observation]) -> RatioCheck {
    let mut observations: Vec<&Observation> = observations.iter().collect();
    observations.sort_by(|a, b| (a.since, &a.listener).cmp(&(b.since, &b.listener)));
    check_ratio(&probabilities(design), observations.iter().map(|seen| seen.arm))
}
