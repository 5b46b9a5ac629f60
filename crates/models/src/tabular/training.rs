//! Trains a [`Network`] with AdamW on mini-batches.
//!
//! Members are trained on the same rows, in chunks that run side by side. A chunk has its own
//! gradients, random numbers and buffers, and chunks are added up in order: the result depends on
//! the seed and not on the number of threads.

use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::chunk::{Batch, Chunk, ChunkSizes, add};
use super::network::{CHUNK, EmbeddingState, Network};
use super::preprocess::Encoded;
pub use super::train_config::TrainConfig;
use crate::kernels::adamw::{AdamW, AdamWStep};

/// What is learned from: encoded rows, their labels and weights.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'a> {
    /// The encoded rows to learn from.
    pub data: &'a Encoded,
    /// Whether each row was liked, `[rows]`.
    pub labels: &'a [bool],
    /// How much each row counts, `[rows]`, 0 or more; only their ratios matter.
    pub weights: &'a [f32],
}

/// Trains for the configured number of passes.
pub fn train(network: &mut Network, examples: Examples<'_>, config: &TrainConfig, seed: u64) {
    let rows = examples.data.rows;
    let steps = rows.div_ceil(config.batch).max(1);
    let mut trainer = Trainer::new(network, examples, config, rows.div_ceil(steps), seed);
    let mut order: Vec<usize> = (0..rows).collect();
    for epoch in 0..config.epochs {
        if steps > 1 {
            order.shuffle(&mut trainer.rng);
        }
        for step in 0..steps {
            // Batches of nearly equal size: a small last batch would be a noisy step.
            let batch = &order[rows * step / steps..rows * (step + 1) / steps];
            let done = (epoch * steps + step) as f32 / (config.epochs * steps) as f32;
            trainer.step(network, batch, config.learning_rate * rate(done));
        }
    }
}

/// Share of the learning rate after a share of the steps: linear warm-up, then a cosine down to 0.
fn rate(done: f32) -> f32 {
    const WARM_UP: f32 = 0.1;
    if done < WARM_UP {
        (done / WARM_UP).max(0.1)
    } else {
        0.5 + 0.5 * (std::f32::consts::PI * (done - WARM_UP) / (1.0 - WARM_UP)).cos()
    }
}

struct Trainer<'a> {
    config: &'a TrainConfig,
    examples: Examples<'a>,
    targets: Vec<f32>,
    sources: Vec<usize>,
    rng: ChaCha8Rng,
    noisy: Encoded,
    optimiser: AdamW,
    gradients: Vec<f32>,
    embeddings: EmbeddingState,
    embedded: Vec<f32>,
    dembedded: Vec<f32>,
    chunks: Vec<Chunk>,
}

impl<'a> Trainer<'a> {
    fn new(
        network: &Network,
        examples: Examples<'a>,
        config: &'a TrainConfig,
        batch: usize,
        seed: u64,
    ) -> Self {
        let smoothing = config.label_smoothing;
        let target =
            |&liked: &bool| f32::from(u8::from(liked)) * (1.0 - smoothing) + 0.5 * smoothing;
        let width = network.embedded_width();
        let parameters = network.parameters.len();
        let chunks = (0..network.members()).step_by(CHUNK).enumerate().map(|(i, first)| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(i as u64 + 1);
            let members = CHUNK.min(network.members() - first);
            let sizes =
                ChunkSizes { members: first..first + members, batch, examples: examples.data.rows };
            Chunk::new(network, config, sizes, rng)
        });
        Self {
            config,
            examples,
            targets: examples.labels.iter().map(target).collect(),
            sources: network.embedded_sources(),
            rng: ChaCha8Rng::seed_from_u64(seed),
            noisy: examples.data.clone(),
            optimiser: AdamW::new(parameters),
            gradients: vec![0.0; parameters],
            embeddings: EmbeddingState::new(network, batch),
            embedded: vec![0.0; batch * width],
            dembedded: vec![0.0; batch * width],
            chunks: chunks.collect(),
        }
    }

    fn step(&mut self, network: &mut Network, rows: &[usize], learning_rate: f32) {
        self.add_noise(network, rows);
        self.gradients_of(network, rows);
        self.optimiser.begin_step();
        for span in network.spans.iter().filter(|span| span.trains) {
            let weight_decay = if span.decays { self.config.weight_decay } else { 0.0 };
            let step = AdamWStep { learning_rate, weight_decay };
            self.optimiser.update(
                span.range.clone(),
                step,
                &mut network.parameters,
                &self.gradients,
            );
        }
    }

    /// Loss of a batch; leaves its gradient in `gradients`.
    fn gradients_of(&mut self, network: &Network, rows: &[usize]) -> f64 {
        let width = network.embedded_width();
        let embedded = &mut self.embedded[..rows.len() * width];
        let data = if self.config.noise > 0.0 { &self.noisy } else { self.examples.data };
        self.embeddings.forward(network, data, rows, embedded);
        let batch = Batch {
            embedded,
            sources: &self.sources,
            targets: rows.iter().map(|&row| self.targets[row]).collect(),
            weights: rows.iter().map(|&row| self.examples.weights[row]).collect(),
            rows,
        };
        let config = self.config;
        self.chunks.par_iter_mut().for_each(|chunk| chunk.run(network, &batch, config));

        self.gradients.fill(0.0);
        let dembedded = &mut self.dembedded[..rows.len() * width];
        dembedded.fill(0.0);
        let mut loss = 0.0;
        for chunk in &self.chunks {
            add(&mut self.gradients, &chunk.gradients);
            add(dembedded, &chunk.dembedded);
            loss += chunk.loss;
        }
        self.embeddings.backward(network, (data, rows), dembedded, &mut self.gradients);
        loss
    }

    fn add_noise(&mut self, network: &Network, rows: &[usize]) {
        if self.config.noise <= 0.0 {
            return;
        }
        let (width, numeric) = (network.layout.scalars, network.layout.numeric);
        for &row in rows {
            for i in row * width..row * width + numeric {
                let z: f32 = StandardNormal.sample(&mut self.rng);
                self.noisy.scalars[i] = self.examples.data.scalars[i] + self.config.noise * z;
            }
        }
    }
}

/// A seed for one part of a larger work, so that parts do not share random numbers.
pub(super) fn derive_seed(seed: u64, part: u64) -> u64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(part.wrapping_add(1 << 32));
    rng.random()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::activation::Activation;
    use crate::tabular::network::{Architecture, PeriodicConfig};
    use crate::tabular::preprocess::Layout;

    fn architecture() -> Architecture {
        Architecture {
            members: 6,
            hidden: vec![8, 7],
            activation: Activation::Silu,
            periodic: Some(PeriodicConfig { frequencies: 3, sigma: 0.3, dim: 4 }),
            categorical_dim: 2,
            adapters: true,
        }
    }

    fn config() -> TrainConfig {
        TrainConfig {
            epochs: 5,
            learning_rate: 1e-2,
            weight_decay: 1e-3,
            batch: 16,
            dropout: 0.0,
            feature_dropout: 0.0,
            noise: 0.0,
            label_smoothing: 0.1,
            bootstrap: false,
        }
    }

    fn rows(n: usize) -> (Layout, Encoded, Vec<bool>) {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let layout =
            Layout { numeric: 3, scalars: 4, cardinalities: vec![3, 4], source: vec![0, 1, 2, 2] };
        let scalars: Vec<f32> = (0..n * 4).map(|_| StandardNormal.sample(&mut rng)).collect();
        let codes = (0..n * 2).map(|_| rng.random_range(0..3)).collect();
        let labels = scalars.chunks(4).map(|x| x[0] * x[1] > 0.0).collect();
        (layout, Encoded { rows: n, scalars, codes }, labels)
    }

    /// In `f32` a central difference is exact to about 1e-3 of the largest gradient.
    #[test]
    fn gradients_of_the_whole_network_match_finite_differences() {
        let (layout, data, labels) = rows(11);
        let weights: Vec<f32> = (0..11).map(|i| 0.5 + i as f32 / 10.0).collect();
        let examples = Examples { data: &data, labels: &labels, weights: &weights };
        let config = config();
        let mut network = Network::new(architecture(), layout, 3);
        let all: Vec<usize> = (0..11).collect();
        let mut trainer = Trainer::new(&network, examples, &config, 11, 1);
        trainer.gradients_of(&network, &all);
        let gradients = trainer.gradients.clone();
        let largest = gradients.iter().fold(0.0f32, |a, g| a.max(g.abs()));
        for (i, &gradient) in gradients.iter().enumerate() {
            let (start, step) = (network.parameters[i], 2e-3);
            let mut at = |value: f32| {
                network.parameters[i] = value;
                trainer.gradients_of(&network, &all)
            };
            let slope = (at(start + step) - at(start - step)) / (2.0 * f64::from(step));
            network.parameters[i] = start;
            let error = (slope - f64::from(gradient)).abs() / f64::from(largest);
            assert!(error < 2e-3, "parameter {i}: {gradient} instead of {slope}");
        }
    }

    fn trained(threads: usize) -> Vec<f32> {
        let (layout, data, labels) = rows(50);
        let config = TrainConfig {
            dropout: 0.2,
            feature_dropout: 0.1,
            noise: 0.1,
            bootstrap: true,
            ..config()
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut network = Network::new(architecture(), layout, 3);
            let examples = Examples { data: &data, labels: &labels, weights: &[1.0; 50] };
            train(&mut network, examples, &config, 9);
            network.parameters
        })
    }

    #[test]
    fn one_thread_and_four_learn_the_same_weights() {
        assert_eq!(trained(1), trained(4));
    }

    #[test]
    fn a_product_of_two_features_is_learned() {
        let (layout, data, labels) = rows(120);
        let mut network = Network::new(architecture(), layout, 3);
        let examples = Examples { data: &data, labels: &labels, weights: &[1.0; 120] };
        train(&mut network, examples, &TrainConfig { epochs: 150, ..config() }, 9);
        let logits = network.logits(&data);
        let right = labels
            .iter()
            .zip(logits.chunks(6))
            .filter(|(l, z)| **l == (z.iter().sum::<f32>() > 0.0));
        assert_eq!(right.count(), 120);
    }
}
