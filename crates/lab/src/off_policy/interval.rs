//! Intervals of an estimate.
//!
//! The one to read resamples clusters (listeners, or rounds where each stands alone) and
//! studentises: of every resample it takes `t = (θ* - θ) / s*` and turns the quantiles of t around,
//! `θ - t s` (Efron 1979; Hall 1988). Weighted rewards are skewed, and the plain percentiles of θ*
//! lose the side on which the rare large weight was not seen; `docs/measurements.md` has both
//! coverages. The other is the empirical Bernstein bound (Maurer & Pontil, COLT 2009, theorem 4),
//! which needs no asymptotics and is wide for it: it holds for independent rounds within a known
//! span.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::Contributions;

/// More clusters than this are dealt into so many batches before resampling.
const BATCHES: usize = 5_000;

/// The interval in which the truth is expected to lie, at the level that was asked for. NaN at both
/// ends where there is too little to tell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EstimateInterval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl EstimateInterval {
    /// Whether a value lies within.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// How resampled estimates become an interval. The percentile one is too narrow where few heavy
/// weights decide; [`bootstrap`] takes the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bootstrap {
    /// Quantiles of the resampled estimates.
    Percentile,
    /// Quantiles of their distance from the estimate in standard errors of their own.
    Studentised,
}

/// The studentised bootstrap interval; NaN with fewer than two clusters.
pub fn bootstrap(
    contributions: &Contributions,
    level: f64,
    resamples: usize,
    rng: &mut impl Rng,
) -> EstimateInterval {
    bootstrap_by(Bootstrap::Studentised, contributions, level, resamples, rng)
}

/// A bootstrap interval; NaN with fewer than two clusters.
pub fn bootstrap_by(
    method: Bootstrap,
    contributions: &Contributions,
    level: f64,
    resamples: usize,
    rng: &mut impl Rng,
) -> EstimateInterval {
    if contributions.clusters() < 2 || resamples == 0 {
        return EstimateInterval { low: f64::NAN, high: f64::NAN };
    }
    let batched = (contributions.clusters() > BATCHES).then(|| contributions.batched(BATCHES));
    let contributions = batched.as_ref().unwrap_or(contributions);
    let (estimate, error) = (contributions.estimate(), contributions.standard_error());
    let influences = contributions.influences();
    let clusters = contributions.clusters();
    let mut drawn = vec![0; clusters];
    let mut values = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        drawn.iter_mut().for_each(|place| *place = rng.random_range(0..clusters));
        let resampled = contributions.estimate_over(&drawn);
        match method {
            Bootstrap::Percentile => values.push(resampled),
            Bootstrap::Studentised => {
                values.extend(distance(resampled - estimate, &influences, &drawn))
            }
        }
    }
    values.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    match method {
        Bootstrap::Percentile => {
            EstimateInterval { low: quantile(&values, tail), high: quantile(&values, 1.0 - tail) }
        }
        Bootstrap::Studentised => EstimateInterval {
            low: estimate - error * quantile(&values, 1.0 - tail),
            high: estimate - error * quantile(&values, tail),
        },
    }
}

/// A shift in standard errors of the resample; `None` where the resample shows no spread.
fn distance(shift: f64, influences: &[f64], drawn: &[usize]) -> Option<f64> {
    let n = drawn.len() as f64;
    let mean = drawn.iter().map(|&cluster| influences[cluster]).sum::<f64>() / n;
    let squares: f64 = drawn.iter().map(|&cluster| (influences[cluster] - mean).powi(2)).sum();
    let error = (squares / (n * (n - 1.0))).sqrt();
    (error > 0.0).then(|| shift / error)
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    sorted[(last as f64 * share).round() as usize]
}

/// `√(2 V ln(4/δ) / n) + 7 b ln(4/δ) / (3 (n - 1))` to each side of the mean of values that span b;
/// `None` where rows share a cluster.
pub fn empirical_bernstein(
    contributions: &Contributions,
    span: f64,
    level: f64,
) -> Option<EstimateInterval> {
    let n = contributions.clusters() as f64;
    if !contributions.is_independent() || n < 2.0 {
        return None;
    }
    let log = (4.0 / (1.0 - level)).ln();
    let variance = contributions.standard_error().powi(2) * n;
    let reach = (2.0 * variance * log / n).sqrt() + 7.0 * span * log / (3.0 * (n - 1.0));
    let mean = contributions.estimate();
    Some(EstimateInterval { low: mean - reach, high: mean + reach })
}
