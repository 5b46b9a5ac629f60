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

/// The chance with which an interval may ever miss.
pub const ALPHA: f64 = 0.05;

/// A number for each metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Metrics<T> {
    /// See [`Metric::Satisfaction`].
    pub satisfaction: T,
    /// See [`Metric::SkipRate`].
    pub skip_rate: T,
    /// See [`Metric::Discovery`].
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

/// An arm by itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmReadout {
    /// Its name.
    pub arm: String,
    /// Listeners who were shown a mix of it.
    pub listeners: usize,
    /// Those whose time of observation is over; the intervals are of them.
    pub complete: usize,
    /// What all of them were shown and what became of it, so far.
    pub counts: Counts,
    /// Means over listeners.
    pub metrics: Metrics<Interval>,
}

/// An arm compared with the control.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DifferenceReadout {
    /// Its name.
    pub arm: String,
    /// Means over its listeners less means over those of the control.
    pub metrics: Metrics<Interval>,
}

/// What an experiment says so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Readout {
    /// The arms, the control first.
    pub arms: Vec<ArmReadout>,
    /// All arms but the control, where listeners were split.
    pub differences: Vec<DifferenceReadout>,
    /// Whether listeners were split as designed, where they were split.
    pub split: Option<RatioCheck>,
    /// Complete observations without a later play on record: plays that count may not have been
    /// imported yet.
    pub unconfirmed: usize,
}

/// Reads an experiment out, at any time and as often as one likes.
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
