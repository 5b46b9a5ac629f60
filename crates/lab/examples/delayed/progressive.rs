//! What is thought of a show while its traces still come in (McDonald et al., "Impatient Bandits",
//! KDD 2023, section 4).
//!
//! ```text
//! μ ~ N(m, K)                mean trace of a show
//! x = μ + ε,  ε ~ N(0, Σ)    trace of one listen, seen up to some day
//! ```
//!
//! `m`, `K` and `Σ` are learned from older shows. Wanted is the belief about `1ᵀμ` given every day
//! seen so far and no other.
//!
//! **The filter.** With `Σ = L Lᵀ` and `L` lower triangular, the first `k` entries of `L⁻¹x` depend
//! on the first `k` days alone, and their noise is independent with variance 1 (the innovations of
//! Kalman 1960). So a show needs two numbers a day, how many traces reach it and the sum of their
//! innovations, and for `ν = L⁻¹μ ~ N(L⁻¹m, A)`, `A = L⁻¹ K L⁻ᵀ`, each day is a mean of `n_j` draws
//! of `ν_j`. With `D = diag n`, `a = L⁻¹K1`, `u = D^½ a` and `B = I + D^½ A D^½` (Rasmussen &
//! Williams 2006, eq. 3.26; well conditioned whatever `K`)
//!
//! ```text
//! variance = 1ᵀK1 - uᵀB⁻¹u        mean = 1ᵀm + uᵀB⁻¹ D^-½ (sums - n ∘ L⁻¹m)
//! ```
//!
//! This is exact however traces end. The paper conditions on the mean of each day with covariance
//! `Σ_st / max(n_s, n_t)`, which forgets which traces a day's mean is of. A day of a trace costs
//! O(days), a show that has seen something new one Cholesky factorisation of days × days, some 30
//! µs for 59.

use std::sync::Arc;

use segue_models::square::Square;

use crate::shows::TraceBelief;

/// Variances below this count as this: a day on which nobody ever came back still says something
/// only in the limit.
const FLOOR: f64 = 1e-9;

/// Mean and covariance of the traces of one show.
#[derive(Clone, Debug)]
pub(crate) struct TraceMoments {
    /// Mean, day by day.
    pub(crate) mean: Vec<f64>,
    /// Covariance of the days of one trace, row by row.
    pub(crate) covariance: Vec<f64>,
}

/// How shows differ, and traces of one show.
#[derive(Clone, Debug)]
pub(crate) struct TracePrior {
    mean: Vec<f64>,
    between: Square,
    within: Square,
}

impl TracePrior {
    /// Learns from shows whose traces are complete: `m` and `K` are mean and covariance of their
    /// mean traces, `Σ` is the mean of their covariances.
    ///
    /// # Panics
    /// If there are fewer than two shows, or if they differ in days.
    pub(crate) fn fit(shows: &[TraceMoments]) -> Self {
        assert!(shows.len() > 1, "a covariance takes two shows");
        let (days, count) = (shows[0].mean.len(), shows.len() as f64);
        let mut mean = vec![0.0; days];
        let mut within = Square::zeros(days);
        for show in shows {
            mean.iter_mut().zip(&show.mean).for_each(|(sum, value)| *sum += value / count);
            within.add(&Square { n: days, values: show.covariance.clone() }, 1.0 / count);
        }
        let mut between = Square::zeros(days);
        for show in shows {
            let centred: Vec<f64> =
                show.mean.iter().zip(&mean).map(|(value, mean)| value - mean).collect();
            between.add_outer(&centred, 1.0 / (count - 1.0));
        }
        Self { mean, between, within }
    }

    /// Days of a trace.
    pub(crate) fn days(&self) -> usize {
        self.mean.len()
    }
}

/// What the filter needs of a prior.
#[derive(Debug)]
struct Filter {
    /// L⁻¹.
    whitening: Square,
    /// L⁻¹m.
    mean: Vec<f64>,
    /// A.
    covariance: Square,
    /// a.
    with_sum: Vec<f64>,
    /// Mean and variance of the sum before anything is seen.
    sum: (f64, f64),
}

impl Filter {
    fn new(prior: &TracePrior) -> Self {
        let whitening = prior.within.inverse_cholesky(FLOOR);
        let row_sums = prior.between.times(&vec![1.0; prior.days()]);
        Self {
            mean: whitening.times(&prior.mean),
            covariance: whitening.multiply(&prior.between).multiply(&whitening.transposed()),
            with_sum: whitening.times(&row_sums),
            sum: (prior.mean.iter().sum(), row_sums.iter().sum()),
            whitening,
        }
    }
}

/// What has been seen of a show.
#[derive(Clone, Debug)]
struct Seen {
    /// Traces that reach each day.
    counts: Vec<f64>,
    /// Sums of their innovations, less what was expected.
    sums: Vec<f64>,
    /// The belief, if nothing was seen since.
    worth: Option<(f64, f64)>,
}

/// A belief that uses every day seen so far.
#[derive(Clone, Debug)]
pub(crate) struct ProgressiveBelief {
    filter: Arc<Filter>,
    shows: Vec<Seen>,
}

impl ProgressiveBelief {
    /// The belief before anything is seen of so many shows.
    pub(crate) fn new(prior: &TracePrior, shows: usize) -> Self {
        let filter = Filter::new(prior);
        let zeros = vec![0.0; prior.days()];
        let seen = Seen { counts: zeros.clone(), sums: zeros, worth: Some(deviating(filter.sum)) };
        Self { filter: Arc::new(filter), shows: vec![seen; shows] }
    }
}

impl TraceBelief for ProgressiveBelief {
    fn see(&mut self, show: usize, seen: &[f64]) {
        let day = seen.len() - 1;
        let row = &self.filter.whitening.values[day * self.filter.whitening.n..][..=day];
        let show = &mut self.shows[show];
        show.counts[day] += 1.0;
        show.sums[day] += dot(row, seen) - self.filter.mean[day];
        show.worth = None;
    }

    fn worth(&mut self, show: usize) -> (f64, f64) {
        let show = &mut self.shows[show];
        *show
            .worth
            .get_or_insert_with(|| deviating(filtered(&self.filter, &show.counts, &show.sums)))
    }
}

fn deviating((mean, variance): (f64, f64)) -> (f64, f64) {
    (mean, variance.max(0.0).sqrt())
}

/// Mean and variance of the sum, by the equations at the head of this file: `B = Cᵀ C` is
/// factorised with `u` and the surprises as two more columns, which turns them into `C⁻ᵀu` and `C⁻ᵀ
/// D^-½ (…)` on the way.
fn filtered(filter: &Filter, counts: &[f64], sums: &[f64]) -> (f64, f64) {
    let days = counts.iter().take_while(|&&count| count > 0.0).count();
    let width = days + 2;
    let mut table = Vec::with_capacity(days * width);
    let roots: Vec<f64> = counts[..days].iter().map(|count| count.sqrt()).collect();
    for (row, root) in roots.iter().enumerate() {
        let covariances = &filter.covariance.values[row * filter.covariance.n..];
        table.extend(
            roots.iter().zip(covariances).map(|(other, covariance)| root * covariance * other),
        );
        table[row * width + row] += 1.0;
        table.extend([root * filter.with_sum[row], sums[row] / root]);
    }
    let (mut mean, mut variance) = filter.sum;
    for row in 0..days {
        let (above, below) = table.split_at_mut((row + 1) * width);
        let pivot = &mut above[row * width + row..];
        let scale = 1.0 / pivot[0].sqrt();
        pivot.iter_mut().for_each(|value| *value *= scale);
        for (i, other) in below.chunks_exact_mut(width).enumerate() {
            let pivot = &pivot[i + 1..];
            let factor = pivot[0];
            other[row + 1 + i..]
                .iter_mut()
                .zip(pivot)
                .for_each(|(value, pivot)| *value -= factor * pivot);
        }
        let [with_sum, surprise] = [pivot[days - row], pivot[days - row + 1]];
        mean += with_sum * surprise;
        variance -= with_sum * with_sum;
    }
    (mean, variance)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A belief about a weighted sum of the first days, taken for the worth: it sees a trace once these
/// days are full, and nothing else.
#[derive(Clone, Debug)]
pub(crate) struct ProxyBelief {
    weights: Vec<f64>,
    prior: (f64, f64),
    noise: f64,
    shows: Vec<(f64, f64)>,
}

impl ProxyBelief {
    /// The worth itself, seen when a trace is complete.
    pub(crate) fn complete(prior: &TracePrior, shows: usize) -> Self {
        Self::new(prior, vec![1.0; prior.days()], shows)
    }

    /// Whether listeners come back on the day after the first: quick, and another thing than the
    /// worth.
    pub(crate) fn next_day(prior: &TracePrior, shows: usize) -> Self {
        Self::new(prior, vec![1.0], shows)
    }

    fn new(prior: &TracePrior, weights: Vec<f64>, shows: usize) -> Self {
        let variance = |matrix: &Square| -> f64 {
            weights
                .iter()
                .enumerate()
                .map(|(i, w)| w * dot(&weights, &matrix.values[i * matrix.n..][..weights.len()]))
                .sum()
        };
        Self {
            prior: (dot(&weights, &prior.mean[..weights.len()]), variance(&prior.between)),
            noise: variance(&prior.within).max(FLOOR),
            shows: vec![(0.0, 0.0); shows],
            weights,
        }
    }
}

impl TraceBelief for ProxyBelief {
    fn see(&mut self, show: usize, seen: &[f64]) {
        if seen.len() == self.weights.len() {
            let (count, sum) = &mut self.shows[show];
            *count += 1.0;
            *sum += dot(&self.weights, seen);
        }
    }

    fn worth(&mut self, show: usize) -> (f64, f64) {
        let ((mean, variance), (count, sum)) = (self.prior, self.shows[show]);
        let posterior = 1.0 / (1.0 / variance + count / self.noise);
        (posterior * (mean / variance + sum / self.noise), posterior.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use crate::shows::{DAYS, Show};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn prior(rng: &mut ChaCha8Rng) -> TracePrior {
        let moments =
            |show: Show| TraceMoments { mean: show.mean(), covariance: show.covariance() };
        let shows: Vec<_> = (0..40).map(|_| moments(Show::draw(300, rng))).collect();
        TracePrior::fit(&shows)
    }

    /// Conditions the sum on every day of every trace at once: the slow obvious version.
    fn conditioned(prior: &TracePrior, traces: &[Vec<f64>]) -> (f64, f64) {
        let entries: Vec<(usize, usize)> = traces
            .iter()
            .enumerate()
            .flat_map(|(i, trace)| (0..trace.len()).map(move |day| (i, day)))
            .collect();
        let mut covariance = Square::zeros(entries.len());
        for (row, (i, s)) in entries.iter().enumerate() {
            for (column, (j, t)) in entries.iter().enumerate() {
                let noise = if i == j { prior.within.at(*s, *t) } else { 0.0 };
                *covariance.at_mut(row, column) = prior.between.at(*s, *t) + noise;
            }
        }
        let whitening = covariance.inverse_cholesky(1e-300);
        let row_sums = prior.between.times(&vec![1.0; prior.days()]);
        let with_sum =
            whitening.times(&entries.iter().map(|(_, day)| row_sums[*day]).collect::<Vec<_>>());
        let surprise: Vec<f64> =
            entries.iter().map(|(i, day)| traces[*i][*day] - prior.mean[*day]).collect();
        let mean = prior.mean.iter().sum::<f64>() + dot(&with_sum, &whitening.times(&surprise));
        (mean, row_sums.iter().sum::<f64>() - dot(&with_sum, &with_sum))
    }

    #[test]
    fn traces_seen_in_part_give_the_belief_that_conditioning_on_every_day_gives() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let prior = prior(&mut rng);
        let traces: Vec<Vec<f64>> = [DAYS, 20, 20, 7, 1]
            .iter()
            .map(|&seen| (0..seen).map(|_| f64::from(u8::from(rng.random_bool(0.3)))).collect())
            .collect();
        let mut belief = ProgressiveBelief::new(&prior, 2);
        for trace in &traces {
            (1..=trace.len()).for_each(|seen| belief.see(1, &trace[..seen]));
        }
        let ((mean, deviation), (expected, variance)) =
            (belief.worth(1), conditioned(&prior, &traces));
        assert!((mean - expected).abs() < 1e-8, "{mean} instead of {expected}");
        assert!(
            (deviation * deviation - variance).abs() < 1e-8,
            "{deviation}² instead of {variance}"
        );
        assert_eq!(belief.worth(0), ProgressiveBelief::new(&prior, 1).worth(0));
    }

    #[test]
    fn every_day_that_is_seen_leaves_less_in_doubt() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut belief = ProgressiveBelief::new(&prior(&mut rng), 1);
        let mut last = belief.worth(0).1;
        for seen in 1..=DAYS {
            belief.see(0, &[0.0; DAYS][..seen]);
            let deviation = belief.worth(0).1;
            assert!(deviation < last + 1e-12, "day {seen}: {deviation} after {last}");
            last = deviation;
        }
    }

    #[test]
    fn a_proxy_sees_a_trace_when_its_days_are_full() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let prior = prior(&mut rng);
        let (mut delayed, mut next_day) =
            (ProxyBelief::complete(&prior, 1), ProxyBelief::next_day(&prior, 1));
        let (before, before_proxy) = (delayed.worth(0), next_day.worth(0));
        (1..DAYS).for_each(|seen| delayed.see(0, &[1.0; DAYS][..seen]));
        assert_eq!(delayed.worth(0), before);
        delayed.see(0, &[1.0; DAYS]);
        assert!(delayed.worth(0).0 > before.0);
        next_day.see(0, &[1.0]);
        let after = next_day.worth(0);
        assert!(after.0 > before_proxy.0);
        next_day.see(0, &[1.0, 1.0]);
        assert_eq!(next_day.worth(0), after);
    }
}
