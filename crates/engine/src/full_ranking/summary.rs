//! From outcomes to what a report says.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{RankingMetric, RankingOutcomes};
use crate::metrics::Estimate;

/// A mean over cases, with its 95 % interval where there is more than one case: a single case says
/// nothing of how the next would go.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CaseMean {
    /// The mean, in the unit of the figure.
    pub mean: f64,
    /// Lower end of the interval; `None` for a single case.
    pub low: Option<f64>,
    /// Upper end of the interval; `None` for a single case.
    pub high: Option<f64>,
}

impl CaseMean {
    /// The mean and interval of one value per case, as [`Estimate::from_values`] has them.
    fn from_values(values: &[f64], seed: u64) -> Self {
        let Estimate { mean, low, high } = Estimate::from_values(values, seed);
        let several = |end: f64| (values.len() > 1).then_some(end);
        Self { mean, low: several(low), high: several(high) }
    }
}

/// One model on one set of cases: means over cases, each with the interval that tells how far to
/// believe it.
#[derive(Clone, Debug, Serialize)]
pub struct RankingSummary {
    /// Cases measured: those with an answer left to ask for, in every run.
    pub cases: usize,
    /// Every [`RankingMetric`] by its name, over cases; of several runs the mean of each case
    /// counts.
    #[serde(flatten)]
    pub metrics: BTreeMap<&'static str, CaseMean>,
    /// NDCG@10 of known items, ranked among the known ones; `None` where nothing known was asked
    /// for, as with a masked history.
    #[serde(rename = "repeats ndcg@10")]
    pub repeats: Option<CaseMean>,
    /// NDCG@10 of new items, ranked among the new ones; `None` where nothing new was asked for.
    #[serde(rename = "discoveries ndcg@10")]
    pub discoveries: Option<CaseMean>,
    /// Share of the catalogue, 0 to 1, that stood among the first ten of somebody: low where
    /// everyone gets the same.
    #[serde(rename = "coverage@10")]
    pub coverage: f64,
    /// Mean self-information of the first ten, `-log₂` of the share of events that are of the item
    /// (Vargas & Castells 2011), in bits: higher is less known.
    #[serde(rename = "novelty@10")]
    pub novelty_bits: f64,
    /// Mean popularity of the first ten over that of the answers: above 1 the model shows more
    /// popular items than listeners choose; `None` where nothing that was chosen is known from
    /// training.
    #[serde(rename = "popularity_bias@10")]
    pub popularity_bias: Option<f64>,
}

/// How much one model reaches above another on the same cases. An interval that does not hold 0 is
/// a difference.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Every [`RankingMetric`] by its name: the mean difference, first less second model, paired by
    /// case.
    #[serde(flatten)]
    pub differences: BTreeMap<&'static str, CaseMean>,
}

/// Summarises one run of a model or several, by different seeds, over the same cases.
///
/// `popularity` counts the events of each item in training, `chosen` those among the answers, both
/// `[items]`. `seed` draws the resamples behind the intervals.
pub fn summarise(
    runs: &[RankingOutcomes],
    popularity: &[u32],
    chosen: &[u32],
    seed: u64,
) -> RankingSummary {
    let metrics = RankingMetric::ALL
        .into_iter()
        .map(|metric| (metric.name(), CaseMean::from_values(&by_case(runs, metric), seed)))
        .collect();
    let shown = totals(runs);
    let events = popularity.iter().map(|&count| f64::from(count)).sum::<f64>();
    // Add-one smoothing: an item that nobody played is novel, not infinitely so.
    let bits = |row: usize| {
        -((f64::from(popularity[row]) + 1.0) / (events + popularity.len() as f64)).log2()
    };
    let novelty = weighted(&shown, bits);
    let popular = |row: usize| f64::from(popularity[row]);
    let chosen: Vec<u64> = chosen.iter().map(|&count| u64::from(count)).collect();
    RankingSummary {
        cases: mean_by_case(runs, |outcome| outcome.values[0]).len(),
        metrics,
        repeats: estimate(runs, |outcome| outcome.repeats, seed),
        discoveries: estimate(runs, |outcome| outcome.discoveries, seed),
        coverage: shown.iter().filter(|&&count| count > 0).count() as f64
            / shown.len().max(1) as f64,
        novelty_bits: novelty,
        popularity_bias: Some(weighted(&shown, popular) / weighted(&chosen, popular))
            .filter(|bias| bias.is_finite()),
    }
}

/// Compares two models, each with its runs, on the same cases; positive means that `runs` are
/// better than `against`. Pairing by case takes out how hard the cases are, so that small
/// differences show.
pub fn compare(runs: &[RankingOutcomes], against: &[RankingOutcomes], seed: u64) -> Comparison {
    let difference = |metric| {
        let pairs = by_case(runs, metric).into_iter().zip(by_case(against, metric));
        CaseMean::from_values(&pairs.map(|(one, other)| one - other).collect::<Vec<_>>(), seed)
    };
    Comparison {
        differences: RankingMetric::ALL
            .into_iter()
            .map(|metric| (metric.name(), difference(metric)))
            .collect(),
    }
}

fn by_case(runs: &[RankingOutcomes], metric: RankingMetric) -> Vec<f64> {
    mean_by_case(runs, |outcome| outcome.values[metric as usize])
}

/// The mean over runs of each case that has a value.
fn mean_by_case(runs: &[RankingOutcomes], value: impl Fn(&super::CaseOutcome) -> f32) -> Vec<f64> {
    let cases = runs.first().map_or(0, |run| run.cases.len());
    let mean = |case: usize| {
        let values = runs.iter().filter_map(|run| run.cases[case].as_ref().map(&value));
        let sum: f64 = values.map(f64::from).sum();
        sum / runs.len() as f64
    };
    let asked = |case: &usize| runs.iter().all(|run| run.cases[*case].is_some());
    (0..cases).filter(asked).map(mean).filter(|mean| !mean.is_nan()).collect()
}

fn estimate(
    runs: &[RankingOutcomes],
    value: impl Fn(&super::CaseOutcome) -> f32,
    seed: u64,
) -> Option<CaseMean> {
    let values = mean_by_case(runs, value);
    (!values.is_empty()).then(|| CaseMean::from_values(&values, seed))
}

fn totals(runs: &[RankingOutcomes]) -> Vec<u64> {
    let items = runs.first().map_or(0, |run| run.shown.len());
    (0..items).map(|item| runs.iter().map(|run| u64::from(run.shown[item])).sum()).collect()
}

/// Mean of a figure over items, each counted as often as it was shown.
fn weighted(counts: &[u64], figure: impl Fn(usize) -> f64) -> f64 {
    let total = counts.iter().sum::<u64>() as f64;
    counts.iter().enumerate().map(|(row, &count)| count as f64 * figure(row)).sum::<f64>() / total
}
