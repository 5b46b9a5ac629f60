//! Thompson sampling on a logistic regression a playlist, learned batch by batch (Chapelle & Li,
//! "An empirical evaluation of Thompson sampling", NIPS 2011, algorithm 3): the belief about each
//! weight is a Gaussian of its own, and after a batch
//!
//! ```text
//! m ← argmin_w ½ Σ_i q_i (w_i - m_i)² + Σ_j ln(1 + exp(-y_j wᵀx_j))
//! q_i ← q_i + Σ_j x_ij² p_j (1 - p_j)
//! ```
//!
//! which is Laplace's approximation with the off-diagonal terms left out. The minimum is found by
//! Newton steps in one coordinate after the other, logits kept up to date. A score is drawn as
//! `N(mᵀx, Σ_i x_i² / q_i)`, which is what drawing weights would give.

use std::collections::BTreeMap;

use crate::run::{CarouselPolicy, Shown};
use crate::world::{World, highest};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Rounds of Newton steps over all coordinates; the paper's problem is convex, and a batch moves it
/// little.
const SWEEPS: usize = 5;
/// No coordinate moves further than this in one step.
const LONGEST_STEP: f32 = 1.0;

/// The belief about the weights of one regression; the last weight is that of a constant 1.
#[derive(Clone, Debug)]
pub(crate) struct LogisticBelief {
    mean: Vec<f32>,
    precision: Vec<f32>,
}

impl LogisticBelief {
    /// All weights around 0 with a precision; the constant around a logit, with a precision of its
    /// own.
    pub(crate) fn new(width: usize, precision: f32, constant: (f32, f32)) -> Self {
        let (mut means, mut precisions) = (vec![0.0; width], vec![precision; width]);
        means.push(constant.0);
        precisions.push(constant.1);
        Self { mean: means, precision: precisions }
    }

    /// Mean and standard deviation of the logit of an embedding.
    pub(crate) fn logit(&self, embedding: &[f32]) -> (f32, f32) {
        let width = embedding.len();
        let mean: f32 = self.mean.iter().zip(embedding).map(|(m, x)| m * x).sum();
        let variance: f32 = self.precision.iter().zip(embedding).map(|(q, x)| x * x / q).sum();
        (mean + self.mean[width], (variance + 1.0 / self.precision[width]).sqrt())
    }

    /// Learns from a batch of embeddings, each with what came of it.
    pub(crate) fn learn(&mut self, batch: &[(&[f32], bool)]) {
        let width = self.mean.len();
        let inputs: Vec<Vec<f32>> = (0..width)
            .map(|i| batch.iter().map(|(x, _)| x.get(i).copied().unwrap_or(1.0)).collect())
            .collect();
        let mut logits: Vec<f32> = batch.iter().map(|(x, _)| self.logit(x).0).collect();
        let mut weights = self.mean.clone();
        for _ in 0..SWEEPS {
            for (i, inputs) in inputs.iter().enumerate() {
                let mut gradient = self.precision[i] * (weights[i] - self.mean[i]);
                let mut curvature = self.precision[i];
                for ((logit, x), (_, label)) in logits.iter().zip(inputs).zip(batch) {
                    let p = sigmoid(*logit);
                    gradient += x * (p - f32::from(u8::from(*label)));
                    curvature += x * x * p * (1.0 - p);
                }
                let step = (-gradient / curvature).clamp(-LONGEST_STEP, LONGEST_STEP);
                weights[i] += step;
                logits.iter_mut().zip(inputs).for_each(|(logit, x)| *logit += step * x);
            }
        }
        for (inputs, precision) in inputs.iter().zip(&mut self.precision) {
            let information =
                |(x, logit): (&f32, &f32)| x * x * sigmoid(*logit) * (1.0 - sigmoid(*logit));
            *precision += inputs.iter().zip(&logits).map(information).sum::<f32>();
        }
        self.mean = weights;
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// A regression over the embeddings of listeners for every playlist of a carousel.
#[derive(Clone, Debug)]
pub(crate) struct LogisticThompson {
    beliefs: Vec<LogisticBelief>,
}

impl LogisticThompson {
    /// Every playlist alike, before anything is seen.
    pub(crate) fn new(world: &World, prior: &LogisticBelief) -> Self {
        Self { beliefs: vec![prior.clone(); world.config().playlists] }
    }
}

impl CarouselPolicy for LogisticThompson {
    fn fill(&self, world: &World, listener: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let embedding = world.embedding(listener);
        let draw = |belief: &LogisticBelief| {
            let (mean, deviation) = belief.logit(embedding);
            let z: f32 = StandardNormal.sample(rng);
            mean + deviation * z
        };
        let draws: Vec<f32> = self.beliefs.iter().map(draw).collect();
        highest(&draws, world.config().slots)
    }

    fn learn(&mut self, world: &World, shown: &[Shown]) {
        let mut batches: BTreeMap<usize, Vec<(&[f32], bool)>> = BTreeMap::new();
        for card in shown {
            batches
                .entry(card.playlist)
                .or_default()
                .push((world.embedding(card.listener), card.streamed));
        }
        batches.iter().for_each(|(&playlist, batch)| self.beliefs[playlist].learn(batch));
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};

    use super::*;

    #[test]
    fn the_weights_that_labels_were_drawn_by_are_found_in_a_few_batches() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let truth = [0.8_f32, -0.5, 0.0];
        let mut belief = LogisticBelief::new(3, 1.0, (0.0, 0.1));
        for _ in 0..10 {
            let inputs: Vec<[f32; 3]> = (0..2_000)
                .map(|_| std::array::from_fn(|_| StandardNormal.sample(&mut rng)))
                .collect();
            let logit = |x: &[f32; 3]| -2.0 + x.iter().zip(truth).map(|(x, w)| x * w).sum::<f32>();
            let labels: Vec<bool> =
                inputs.iter().map(|x| rng.random::<f32>() < sigmoid(logit(x))).collect();
            let batch: Vec<(&[f32], bool)> = inputs.iter().map(|x| &x[..]).zip(labels).collect();
            belief.learn(&batch);
        }
        let expected = [truth[0], truth[1], truth[2], -2.0];
        for (i, expected) in expected.into_iter().enumerate() {
            let error = belief.precision[i].recip().sqrt();
            let off = (belief.mean[i] - expected).abs();
            assert!(off < 4.0 * error && error < 0.05, "weight {i}: {} ± {error}", belief.mean[i]);
        }
    }

    #[test]
    fn a_batch_ends_where_the_gradient_is_zero() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let inputs: Vec<[f32; 2]> =
            (0..50).map(|_| std::array::from_fn(|_| StandardNormal.sample(&mut rng))).collect();
        let batch: Vec<(&[f32], bool)> =
            inputs.iter().map(|x| &x[..]).zip((0..50).map(|i| i % 5 == 0)).collect();
        let before = LogisticBelief::new(2, 2.0, (-1.0, 3.0));
        let mut after = before.clone();
        after.learn(&batch);
        for i in 0..3 {
            let pull = before.precision[i] * (after.mean[i] - before.mean[i]);
            let residual = |(x, label): &(&[f32], bool)| {
                x.get(i).unwrap_or(&1.0) * (sigmoid(after.logit(x).0) - f32::from(u8::from(*label)))
            };
            let gradient = pull + batch.iter().map(residual).sum::<f32>();
            assert!(gradient.abs() < 1e-2, "weight {i}: {gradient}");
        }
    }
}
