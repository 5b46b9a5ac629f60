//! Whether a log overlaps with the policy it is asked about: everything that importance weights
//! tell before any reward is looked at.
//!
//! Weights have a mean of 1, whatever the policies, as long as propensities are right and the log
//! could choose all that the target chooses. A mean that is off by more than its error is the
//! plainest sign that one of the two is not so. How much of a log is left after weighting is its
//! effective sample size `(Σ w)² / Σ w²` (Kish 1965).

use serde::Serialize;

use super::slates::{LoggedSlate, Weighting, cluster};
use super::{Contributions, Round};

/// Shares at which quantiles of the weights are given.
const SHARES: [f64; 9] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 1.0];
/// Choices at least this likely count as made without chance.
const CERTAIN: f64 = 0.999;

/// What the weights of a log look like.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnostics {
    /// Rounds, or slates.
    pub rounds: usize,
    /// Clusters that are resampled as one.
    pub clusters: usize,
    /// Mean weight; 1 in expectation.
    pub mean_weight: f64,
    /// Its standard error.
    pub mean_weight_error: f64,
    /// Rounds, or slates, that the weighted log is worth.
    pub effective_samples: f64,
    /// The largest weight.
    pub largest_weight: f64,
    /// The share of all weight that the heaviest hundredth of the weights carries.
    pub heaviest_share: f64,
    /// Quantiles of the weights, with their shares.
    pub weight_quantiles: Vec<(f64, f64)>,
    /// The smallest propensity of the log.
    pub smallest_propensity: f64,
    /// The share of choices that the log's policy made without chance.
    pub certain_share: f64,
    /// The target's mean probability of what the log's policy could not choose, over the rounds of
    /// which that is known.
    pub unsupported: Option<f64>,
    /// Whether both policies give every choice of the log the same probability.
    pub same_policy: bool,
}

impl Diagnostics {
    /// Of rounds with one choice each.
    pub fn of_rounds(rounds: &[Round]) -> Self {
        let weights = rounds.iter().map(|round| vec![round.weight()]).collect();
        let clusters = rounds.iter().map(|round| round.cluster);
        Self::new(weights, clusters.collect(), rounds.iter())
    }

    /// Of slates, under the weights of an estimator. Sizes are in slates: picks over the mean
    /// length of a slate.
    pub fn of_slates(slates: &[LoggedSlate], weighting: Weighting) -> Self {
        let weights = slates.iter().map(|slate| weighting.weights(slate)).collect();
        let clusters = slates.iter().zip(0..).map(|(slate, row)| cluster(slate, row));
        Self::new(weights, clusters.collect(), slates.iter().flatten())
    }

    fn new<'a>(
        rows: Vec<Vec<f64>>,
        clusters: Vec<u32>,
        rounds: impl Iterator<Item = &'a Round> + Clone,
    ) -> Self {
        let row = |(weights, cluster): (&Vec<f64>, &u32)| {
            (weights.iter().sum(), weights.len() as f64, *cluster)
        };
        let mean = Contributions::ratio(rows.iter().zip(&clusters).map(row));
        let mut weights: Vec<f64> = rows.iter().flatten().copied().collect();
        weights.sort_by(f64::total_cmp);
        let (sum, squares): (f64, f64) =
            (weights.iter().sum(), weights.iter().map(|weight| weight * weight).sum());
        let a_row = weights.len() as f64 / rows.len().max(1) as f64;
        let choices = rounds.clone().count().max(1) as f64;
        let certain = rounds.clone().filter(|round| round.propensity >= CERTAIN).count() as f64;
        Self {
            rounds: rows.len(),
            clusters: mean.clusters(),
            mean_weight: mean.estimate(),
            mean_weight_error: mean.standard_error(),
            effective_samples: if squares > 0.0 { sum * sum / squares / a_row } else { 0.0 },
            largest_weight: weights.last().copied().unwrap_or(0.0),
            heaviest_share: heaviest_share(&weights, sum),
            weight_quantiles: quantiles(&weights),
            smallest_propensity: rounds.clone().map(|round| round.propensity).fold(1.0, f64::min),
            certain_share: certain / choices,
            unsupported: mean_of(rounds.clone().filter_map(|round| round.unsupported)),
            same_policy: rounds.clone().all(|round| (round.weight() - 1.0).abs() < 1e-9),
        }
    }
}

fn mean_of(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0_usize, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / count as f64)
}

fn heaviest_share(sorted: &[f64], sum: f64) -> f64 {
    let heavy = sorted.len().div_ceil(100);
    if sum > 0.0 { sorted[sorted.len() - heavy..].iter().sum::<f64>() / sum } else { 0.0 }
}

fn quantiles(sorted: &[f64]) -> Vec<(f64, f64)> {
    let Some(last) = sorted.len().checked_sub(1) else { return Vec::new() };
    SHARES.map(|share| (share, sorted[(last as f64 * share).round() as usize])).to_vec()
}
