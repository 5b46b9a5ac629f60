//! A Bayesian linear layer over embeddings: what each answer of one listener says, folded in by a
//! rank-one update.
//!
//! ```text
//! y = xᵀθ + ε,   θ ~ N(0, diag τ²),   ε ~ N(0, σ² s / w)
//! ```
//!
//! `y` is what was left unexplained by the prediction (1 or 0 for liked or not, less the predicted
//! probability), `s` the variance that a Bernoulli draw with that probability has anyway, `w` how
//! much the answer weighs. With `a = σ² s / w`,
//!
//! ```text
//! gain = Σx / (a + xᵀΣx)     m ← m + gain (y - xᵀm)     Σ ← Σ - gain (Σx)ᵀ
//! ```
//!
//! is exact (Kalman 1960; Bishop 2006, eq. 3.50): folding answers one at a time gives what
//! [`LinearPosterior::from_answers`], the slow obvious version, solves at once. Both variances are
//! *fitted* on listeners already known ([`LinearPrior::fit`]), never set.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::square::Square;

/// A Bernoulli variance is taken for at least this, so that an answer against a firm prediction
/// does not weigh without bound.
pub(crate) const LEAST_SPREAD: f64 = 0.02;
/// A variance of the prior never falls below this: it could not recover.
const LEAST_VARIANCE: f64 = 1e-8;
const ITERATIONS: usize = 60;

/// One answer: an embedding, and what the prediction left unexplained.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The embedding of the track.
    pub embedding: Vec<f32>,
    /// 1 or 0 for liked or not, less the probability that was predicted.
    pub residual: f64,
    /// The probability that was predicted.
    pub predicted: f64,
    /// How much the answer says, above 0.
    pub weight: f64,
}

impl Answer {
    /// The variance of its noise under the noise `σ²` of a prior.
    fn noise(&self, noise: f64) -> f64 {
        noise * (self.predicted * (1.0 - self.predicted)).max(LEAST_SPREAD) / self.weight
    }
}

/// How listeners differ from what is predicted of them, before one has answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinearPrior {
    /// Variance of the weight of each dimension.
    pub variances: Vec<f64>,
    /// σ²: the noise of an answer in units of its Bernoulli variance; 1 where predictions are
    /// calibrated and answers independent.
    pub noise: f64,
}

impl LinearPrior {
    /// Fits both variances by expectation maximisation of the marginal likelihood (Dempster 1977;
    /// type-II maximum likelihood), one group of answers a listener. Dimensions of the same `block`
    /// share a variance: with a few dozen listeners no more can be told. Without an answer the
    /// prior is firm at 0.
    pub fn fit(blocks: &[usize], listeners: &[Vec<Answer>]) -> Self {
        let answers: usize = listeners.iter().map(Vec::len).sum();
        let mut prior = Self { variances: vec![LEAST_VARIANCE; blocks.len()], noise: 1.0 };
        if answers == 0 {
            return prior;
        }
        prior.variances.fill(0.01);
        for _ in 0..ITERATIONS {
            prior = prior.improved(blocks, listeners, answers as f64);
        }
        prior
    }

    /// One step of expectation maximisation.
    fn improved(&self, blocks: &[usize], listeners: &[Vec<Answer>], answers: f64) -> Self {
        let posteriors: Vec<LinearPosterior> = listeners
            .par_iter()
            .map(|answers| {
                let mut posterior = LinearPosterior::new(self);
                answers.iter().for_each(|answer| posterior.fold(answer));
                posterior
            })
            .collect();
        let block_count = blocks.iter().max().map_or(0, |last| last + 1);
        let (mut squares, mut counts) = (vec![0.0; block_count], vec![0.0; block_count]);
        let mut unexplained = 0.0;
        for (posterior, answers) in posteriors.iter().zip(listeners) {
            for (i, &block) in blocks.iter().enumerate() {
                squares[block] += posterior.mean[i].powi(2) + posterior.covariance.at(i, i);
                counts[block] += 1.0;
            }
            for answer in answers {
                let (mean, variance) = posterior.predict(&answer.embedding);
                unexplained += ((answer.residual - mean).powi(2) + variance) / answer.noise(1.0);
            }
        }
        let variance =
            |&block: &usize| (squares[block] / f64::max(counts[block], 1.0)).max(LEAST_VARIANCE);
        Self { variances: blocks.iter().map(variance).collect(), noise: unexplained / answers }
    }
}

/// What is believed of one listener: a Gaussian over the weights of the last layer, which every
/// answer narrows in closed form. See [`LinearPrior`] for what it begins with.
#[derive(Clone, Debug)]
pub struct LinearPosterior {
    mean: Vec<f64>,
    covariance: Square,
    noise: f64,
    answers: usize,
}

impl LinearPosterior {
    /// The belief about a listener who has not answered yet.
    pub fn new(prior: &LinearPrior) -> Self {
        let mut covariance = Square::zeros(prior.variances.len());
        prior
            .variances
            .iter()
            .enumerate()
            .for_each(|(i, &variance)| *covariance.at_mut(i, i) = variance);
        Self { mean: vec![0.0; prior.variances.len()], covariance, noise: prior.noise, answers: 0 }
    }

    /// The belief after all answers at once, from the normal equations: the reference that
    /// [`Self::fold`] is held to.
    pub fn from_answers(prior: &LinearPrior, answers: &[Answer]) -> Self {
        let width = prior.variances.len();
        let mut precision = Square::zeros(width);
        prior
            .variances
            .iter()
            .enumerate()
            .for_each(|(i, variance)| *precision.at_mut(i, i) = 1.0 / variance);
        let mut pull = vec![0.0; width];
        for answer in answers {
            let embedding: Vec<f64> = answer.embedding.iter().map(|&x| f64::from(x)).collect();
            let weight = 1.0 / answer.noise(prior.noise);
            precision.add_outer(&embedding, weight);
            pull.iter_mut()
                .zip(&embedding)
                .for_each(|(pull, x)| *pull += weight * answer.residual * x);
        }
        let covariance = precision.inverse();
        let mean = covariance.times(&pull);
        Self { mean, covariance, noise: prior.noise, answers: answers.len() }
    }

    /// Folds one answer in: O(width²).
    ///
    /// # Panics
    /// If the embedding has another width than the prior.
    pub fn fold(&mut self, answer: &Answer) {
        let embedding: Vec<f64> = answer.embedding.iter().map(|&x| f64::from(x)).collect();
        let noise = answer.noise(self.noise);
        fold_observation(&mut self.mean, &mut self.covariance, &embedding, answer.residual, noise);
        self.answers += 1;
    }

    /// How many answers were folded in.
    pub fn answers(&self) -> usize {
        self.answers
    }

    /// Mean and variance of what is left unexplained at an embedding.
    pub fn predict(&self, embedding: &[f32]) -> (f64, f64) {
        let embedding: Vec<f64> = embedding.iter().map(|&x| f64::from(x)).collect();
        let variance = dot(&embedding, &self.covariance.times(&embedding));
        (dot(&embedding, &self.mean), variance.max(0.0))
    }

    /// The factors `Lᵀx` of many embeddings, with `Σ = L Lᵀ`: what [`segue_engine::policy::Belief`]
    /// takes.
    ///
    /// # Shapes
    /// `embeddings` `[tracks, width]`, the factors as well.
    pub fn factors(&self, embeddings: &[f32]) -> Vec<f32> {
        let width = self.mean.len();
        let lower = self.covariance.cholesky(f64::MIN_POSITIVE);
        let mut factors = Vec::with_capacity(embeddings.len());
        let mut along = vec![0.0; width];
        for embedding in embeddings.chunks_exact(width) {
            along.fill(0.0);
            // Row by row, so that sums stand side by side; each is added up in the order of rows.
            for (i, &x) in embedding.iter().enumerate() {
                let row = &lower.values[i * width..][..=i];
                along.iter_mut().zip(row).for_each(|(sum, &entry)| *sum += entry * f64::from(x));
            }
            factors.extend(along.iter().map(|&sum: &f64| sum as f32));
        }
        factors
    }

    /// What an answer about an embedding would tell, in nats: `½ ln(1 + xᵀΣx / σ² s)`, the mutual
    /// information between the answer and the listener's weights (MacKay 1992).
    pub fn information(&self, embedding: &[f32], predicted: f64) -> f64 {
        let asked = Answer { embedding: embedding.to_vec(), residual: 0.0, predicted, weight: 1.0 };
        0.5 * (self.predict(embedding).1 / asked.noise(self.noise)).ln_1p()
    }
}

/// Folds `y = xᵀθ + ε` with noise of a variance into `θ ~ N(mean, covariance)`: the update above.
///
/// For models that hold their own belief and need nothing but this step: mean and `x` have as many
/// entries as the covariance has rows. O(width²).
pub fn fold_observation(mean: &mut [f64], covariance: &mut Square, x: &[f64], y: f64, noise: f64) {
    let spread = covariance.times(x);
    let total = noise + dot(x, &spread);
    let surprise = y - dot(x, mean);
    mean.iter_mut().zip(&spread).for_each(|(mean, s)| *mean += s * surprise / total);
    covariance.add_outer(&spread, -1.0 / total);
}

/// The inner product of two vectors of the same length, summed in `f64`.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;

    const WIDTH: usize = 6;

    /// Listeners whose weights have the variances of `truth`, each with so many answers.
    fn listeners(
        truth: &LinearPrior,
        listeners: usize,
        answers: usize,
        seed: u64,
    ) -> Vec<Vec<Answer>> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut normal = move || -> f64 { StandardNormal.sample(&mut rng) };
        let mut rng = ChaCha8Rng::seed_from_u64(seed + 1);
        let mut listener = || {
            let weights: Vec<f64> = truth.variances.iter().map(|v| v.sqrt() * normal()).collect();
            let mut answer = || {
                let embedding: Vec<f32> = (0..WIDTH).map(|_| normal() as f32).collect();
                let predicted = rng.random_range(0.1..0.9);
                let mean: f64 =
                    embedding.iter().zip(&weights).map(|(&x, w)| f64::from(x) * w).sum();
                let mut answer = Answer { embedding, residual: 0.0, predicted, weight: 1.0 };
                answer.residual = mean + answer.noise(truth.noise).sqrt() * normal();
                answer
            };
            (0..answers).map(|_| answer()).collect()
        };
        (0..listeners).map(|_| listener()).collect()
    }

    fn prior() -> LinearPrior {
        LinearPrior { variances: vec![0.04, 0.01, 0.01, 0.01, 0.001, 0.001], noise: 1.3 }
    }

    #[test]
    fn answers_one_at_a_time_and_all_at_once_give_the_same_belief() {
        let answers = &listeners(&prior(), 1, 500, 7)[0];
        let mut folded = LinearPosterior::new(&prior());
        answers.iter().for_each(|answer| folded.fold(answer));
        let solved = LinearPosterior::from_answers(&prior(), answers);
        assert_eq!(folded.answers(), solved.answers());
        for (a, b) in folded.mean.iter().zip(&solved.mean) {
            assert!((a - b).abs() < 1e-10, "{a} is not {b}");
        }
        for (a, b) in folded.covariance.values.iter().zip(&solved.covariance.values) {
            assert!((a - b).abs() < 1e-12, "{a} is not {b}");
        }
    }

    #[test]
    fn the_order_of_answers_does_not_matter() {
        let mut answers = listeners(&prior(), 1, 50, 8).remove(0);
        let fold = |answers: &[Answer]| {
            let mut posterior = LinearPosterior::new(&prior());
            answers.iter().for_each(|answer| posterior.fold(answer));
            posterior.predict(&[1.0; WIDTH])
        };
        let before = fold(&answers);
        answers.reverse();
        let after = fold(&answers);
        assert!((before.0 - after.0).abs() < 1e-12 && (before.1 - after.1).abs() < 1e-12);
    }

    #[test]
    fn the_prior_is_found_again_in_what_listeners_answer() {
        let fitted = LinearPrior::fit(&[0, 1, 1, 1, 2, 2], &listeners(&prior(), 300, 60, 9));
        for (found, truth) in fitted.variances.iter().zip(&prior().variances) {
            assert!((found / truth).ln().abs() < 0.35, "{found} is not {truth}");
        }
        assert!((fitted.noise - 1.3).abs() < 0.05, "{}", fitted.noise);
    }

    #[test]
    fn listeners_who_do_not_differ_from_what_is_predicted_leave_nothing_to_learn() {
        let silent = LinearPrior { variances: vec![0.0; WIDTH], noise: 1.0 };
        let fitted = LinearPrior::fit(&[0; WIDTH], &listeners(&silent, 100, 60, 10));
        assert!(fitted.variances[0] < 5e-4, "{:?}", fitted.variances);
        let untold = LinearPrior::fit(&[0; WIDTH], &[]);
        assert_eq!(untold.variances, [LEAST_VARIANCE; WIDTH]);
    }

    #[test]
    fn factors_have_the_covariance_of_the_belief() {
        let mut posterior = LinearPosterior::new(&prior());
        listeners(&prior(), 1, 5, 11)[0].iter().for_each(|answer| posterior.fold(answer));
        let embeddings = [[1.0, 0.0, -1.0, 0.5, 2.0, 0.0], [0.2, 1.0, 0.0, 0.0, -1.0, 1.0]];
        let factors = posterior.factors(embeddings.as_flattened());
        for (embedding, factors) in embeddings.iter().zip(factors.chunks_exact(WIDTH)) {
            let variance: f32 = factors.iter().map(|f| f * f).sum();
            let expected = posterior.predict(embedding).1;
            assert!(
                (f64::from(variance) / expected - 1.0).abs() < 1e-5,
                "{variance} is not {expected}"
            );
        }
    }

    #[test]
    fn an_answer_tells_most_where_least_is_known() {
        let mut posterior = LinearPosterior::new(&prior());
        let (east, north) = ([1.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        assert!(posterior.information(&east, 0.5) > posterior.information(&north, 0.5));
        let answer =
            Answer { embedding: east.to_vec(), residual: 0.4, predicted: 0.5, weight: 1.0 };
        (0..100).for_each(|_| posterior.fold(&answer));
        assert!(posterior.information(&east, 0.5) < posterior.information(&north, 0.5));
    }
}
