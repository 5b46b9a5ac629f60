//! What a choice earns at a position, as far as other rounds tell: the reward model under direct
//! and doubly robust estimates.
//!
//! The mean reward of every action at every position, shrunk to the mean of all: `(h + s m) / (n +
//! s)` after n rounds that earned h, the mean of a Beta posterior. The pseudo-count `s` is the one
//! under which the rewards of all cells are most likely (the beta-binomial marginal likelihood). It
//! is deliberately plain: doubly robust estimates are unbiased with any model, and a plain one
//! cannot fail. What it must not do is see the round it is asked about, so it is fitted on other
//! folds ([`CrossFitted`]; Chernozhukov et al. 2018).
//!
//! Rewards outside 0 to 1 are mapped onto it by the range seen; fractions count as fractions of a
//! success.

use rand::Rng;
use rand::seq::SliceRandom;
use rustc_hash::FxHashMap;

/// One row that a reward model learns from: an action that was logged at a position, and what it
/// earned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RewardObservation {
    /// The action, numbered by the caller.
    pub action: u32,
    /// Its position.
    pub position: u32,
    /// What it earned.
    pub reward: f64,
    /// What it belongs to that must be on one side of a fold.
    pub cluster: u32,
}

/// The mean reward of each action at each position, drawn towards the mean of all by a number of
/// pseudo-counts that the data choose: what the doubly robust estimators correct.
#[derive(Clone, Debug)]
pub struct RewardModel {
    mean: f64,
    pseudo_count: f64,
    /// Rounds, and the sum of their rewards.
    cells: FxHashMap<(u32, u32), (f64, f64)>,
}

impl RewardModel {
    /// Learns from observations; without any it expects 0.
    pub fn fit<'a>(observations: impl Iterator<Item = &'a RewardObservation> + Clone) -> Self {
        let (low, high) =
            observations.clone().fold((0.0_f64, 1.0_f64), |(low, high), observation| {
                (low.min(observation.reward), high.max(observation.reward))
            });
        let mut cells: FxHashMap<(u32, u32), (f64, f64)> = FxHashMap::default();
        let (mut rounds, mut sum) = (0.0, 0.0);
        for observation in observations {
            let cell = cells.entry((observation.action, observation.position)).or_default();
            cell.0 += 1.0;
            cell.1 += observation.reward;
            rounds += 1.0;
            sum += observation.reward;
        }
        let mean = if rounds > 0.0 { sum / rounds } else { 0.0 };
        let scaled = |&(count, sum): &(f64, f64)| (count, (sum - low * count) / (high - low));
        let mut counts: Vec<(f64, f64)> = cells.values().map(scaled).collect();
        // Sums of floats depend on their order, that of a hash map on nothing anyone should rely
        // on.
        counts.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let pseudo_count = most_likely_pseudo_count(&counts, (mean - low) / (high - low));
        Self { mean, pseudo_count, cells }
    }

    /// The expected reward; the overall mean for an action that was never seen there.
    pub fn predict(&self, action: u32, position: u32) -> f64 {
        let &(count, sum) = self.cells.get(&(action, position)).unwrap_or(&(0.0, 0.0));
        (sum + self.pseudo_count * self.mean) / (count + self.pseudo_count)
    }

    /// How many rounds the overall mean counts as.
    pub fn pseudo_count(&self) -> f64 {
        self.pseudo_count
    }
}

/// One model a fold, fitted on the other folds.
#[derive(Clone, Debug)]
pub struct CrossFitted {
    models: Vec<RewardModel>,
    folds: Vec<usize>,
}

impl CrossFitted {
    /// Deals clusters into folds at random and fits a model for each of them.
    pub fn fit(observations: &[RewardObservation], folds: usize, rng: &mut impl Rng) -> Self {
        let mut clusters: Vec<u32> =
            observations.iter().map(|observation| observation.cluster).collect();
        clusters.sort_unstable();
        clusters.dedup();
        clusters.shuffle(rng);
        let fold_of: FxHashMap<u32, usize> =
            clusters.iter().enumerate().map(|(place, &cluster)| (cluster, place % folds)).collect();
        let folds_of_rows: Vec<usize> =
            observations.iter().map(|observation| fold_of[&observation.cluster]).collect();
        let others = |fold: usize| {
            let rows = observations.iter().zip(&folds_of_rows);
            RewardModel::fit(rows.filter(move |(_, other)| **other != fold).map(|(row, _)| row))
        };
        Self { models: (0..folds).map(others).collect(), folds: folds_of_rows }
    }

    /// The model that has not seen an observation, by the observation's place in what was fitted
    /// on.
    pub fn model(&self, row: usize) -> &RewardModel {
        &self.models[self.folds[row]]
    }

    /// The fold that an observation was dealt into, by its place in what was fitted on. All
    /// observations of a cluster are in one.
    pub fn fold(&self, row: usize) -> usize {
        self.folds[row]
    }

    /// The models by fold: the first never saw what is in fold 0, and so on.
    pub fn models(&self) -> &[RewardModel] {
        &self.models
    }
}

/// Steps of the search for a pseudo-count, from `10^-1` to `10^6`.
const STEPS: i32 = 140;

fn most_likely_pseudo_count(cells: &[(f64, f64)], mean: f64) -> f64 {
    let candidates =
        (0..=STEPS).map(|step| 10.0_f64.powf(7.0 * f64::from(step) / f64::from(STEPS) - 1.0));
    // Where all rewards are alike every pseudo-count says the same; the most cautious is the
    // largest.
    if mean <= 0.0 || mean >= 1.0 {
        return 10.0_f64.powi(6);
    }
    let likelihood = |s: f64| -> f64 {
        let (alpha, beta) = (s * mean, s * (1.0 - mean));
        let of_cell = |&(count, successes): &(f64, f64)| {
            ln_beta(alpha + successes, beta + (count - successes).max(0.0)) - ln_beta(alpha, beta)
        };
        cells.iter().map(of_cell).sum()
    };
    let scored = candidates.map(|s| (s, likelihood(s)));
    scored.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(1.0, |(s, _)| s)
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// `ln Γ(x)` for x > 0 by Stirling's series from 8 upwards, `Γ(x) = Γ(x + 1) / x` below. Within
/// 1e-12 of the truth.
fn ln_gamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 8.0 {
        shift -= x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let series = inverse
        * (1.0 / 12.0
            - square
                * (1.0 / 360.0
                    - square * (1.0 / 1260.0 - square * (1.0 / 1680.0 - square / 1188.0))));
    shift + (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_of_the_gamma_function_is_that_of_factorials() {
        let mut factorial = 0.0;
        for n in 1..60 {
            assert!((ln_gamma(f64::from(n)) - factorial).abs() < 1e-11, "{n}");
            factorial += f64::from(n).ln();
        }
        assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-11);
    }
}
