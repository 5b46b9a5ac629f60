//! Trains a [`Network`] with AdamW on mini-batches.
//!
//! Members are trained on the same rows, in chunks that run side by side. A chunk has its own
//! gradients, random numbers and buffers, and chunks are added up in order: the result depends on
//! the seed and not on the number of threads.

use rand::{Rng, RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1, StandardNormal};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::network::{EmbeddingState, Network, member_rows};
use super::preprocess::Encoded;
use crate::kernels::adamw::{AdamW, Step};
use crate::kernels::batch_ensemble::{Backward, BatchEnsemble, Parameters, Saved};
use crate::kernels::{bce, dropout};

/// Members that go through the layers together; the unit of parallel work.
pub(super) const CHUNK: usize = 4;

/// How a network is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainConfig {
    /// Passes over the rows.
    pub epochs: usize,
    /// Largest step size of AdamW: it rises over the first tenth of the steps and falls to 0 along
    /// a cosine.
    pub learning_rate: f32,
    /// Weight decay of AdamW.
    pub weight_decay: f32,
    /// Most rows in a step.
    pub batch: usize,
    /// Share of hidden units dropped.
    pub dropout: f32,
    /// Share of columns of the table dropped, per row and member.
    pub feature_dropout: f32,
    /// Standard deviation of noise added to scaled quantities.
    pub noise: f32,
    /// How far labels are moved towards one half.
    pub label_smoothing: f32,
    /// Whether each member weighs rows with random weights of its own (Bayesian bootstrap, Rubin
    /// 1981).
    pub bootstrap: bool,
}

/// What is learned from: encoded rows, their labels and weights.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'a> {
    /// Rows.
    pub data: &'a Encoded,
    /// Whether each was liked.
    pub labels: &'a [bool],
    /// How much each counts.
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
            Chunk::new(network, first..first + members, batch, rng, (examples.data.rows, config))
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
            let step = Step { learning_rate, weight_decay };
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

/// One mini-batch, embedded.
struct Batch<'a> {
    embedded: &'a [f32],
    sources: &'a [usize],
    targets: Vec<f32>,
    weights: Vec<f32>,
    rows: &'a [usize],
}

/// Some members, with all that they need to run on their own.
struct Chunk {
    first: usize,
    members: usize,
    rng: ChaCha8Rng,
    /// Row weights of each member, `[members, all rows]`; empty without bootstrap.
    row_weights: Vec<Vec<f32>>,
    input: Vec<f32>,
    input_mask: Vec<f32>,
    layers: Vec<LayerState>,
    dx: Vec<f32>,
    logits: Vec<f32>,
    dlogits: Vec<f32>,
    gradients: Vec<f32>,
    dembedded: Vec<f32>,
    loss: f64,
}

/// What a hidden layer leaves behind for its backward pass.
struct LayerState {
    saved: Saved,
    pre: Vec<f32>,
    out: Vec<f32>,
    mask: Vec<f32>,
    dout: Vec<f32>,
}

impl Chunk {
    fn new(
        network: &Network,
        members: std::ops::Range<usize>,
        batch: usize,
        mut rng: ChaCha8Rng,
        rows: (usize, &TrainConfig),
    ) -> Self {
        let (rows, config) = rows;
        let (first, members) = (members.start, members.len());
        let weights = |rng: &mut ChaCha8Rng| (0..rows).map(|_| Exp1.sample(rng)).collect();
        let row_weights =
            (0..if config.bootstrap { members } else { 0 }).map(|_| weights(&mut rng)).collect();
        let layers = network.places.blocks.iter().map(|block| {
            let size = members * batch * block.output;
            LayerState {
                saved: BatchEnsemble { members, batch, input: block.input, output: block.output }
                    .saved(),
                pre: vec![0.0; size],
                out: vec![0.0; size],
                mask: vec![0.0; size],
                dout: vec![0.0; size],
            }
        });
        let width = network.embedded_width();
        let masked = if config.feature_dropout > 0.0 { members * batch * width } else { 0 };
        Self {
            first,
            members,
            rng,
            row_weights,
            input: vec![0.0; masked],
            input_mask: vec![0.0; masked],
            layers: layers.collect(),
            dx: vec![0.0; members * batch * width],
            logits: vec![0.0; batch],
            dlogits: vec![0.0; members * batch],
            gradients: vec![0.0; network.parameters.len()],
            dembedded: vec![0.0; batch * width],
            loss: 0.0,
        }
    }

    fn run(&mut self, network: &Network, batch: &Batch<'_>, config: &TrainConfig) {
        self.gradients.fill(0.0);
        self.mask_input(batch, config);
        self.forward(network, batch, config);
        self.output(network, batch);
        self.backward(network, batch, config);
    }

    /// Drops whole columns of the table, each with all the numbers that came of it.
    fn mask_input(&mut self, batch: &Batch<'_>, config: &TrainConfig) {
        if config.feature_dropout <= 0.0 {
            return;
        }
        let width = batch.sources.len();
        let columns = batch.sources.iter().max().map_or(0, |last| last + 1);
        let mut kept = vec![1.0; columns];
        let size = self.members * batch.embedded.len();
        let rows = self.input_mask[..size].chunks_exact_mut(width);
        let threshold = (f64::from(config.feature_dropout) * f64::from(u32::MAX)) as u32;
        for mask in rows {
            kept.fill_with(|| f32::from(u8::from(self.rng.next_u32() >= threshold)));
            mask.iter_mut().zip(batch.sources).for_each(|(mask, &column)| *mask = kept[column]);
        }
        for member in 0..self.members {
            let span = member * batch.embedded.len()..(member + 1) * batch.embedded.len();
            let values = self.input[span.clone()].iter_mut().zip(&self.input_mask[span]);
            values.zip(batch.embedded).for_each(|((to, mask), x)| *to = x * mask);
        }
    }

    fn forward(&mut self, network: &Network, batch: &Batch<'_>, config: &TrainConfig) {
        let (members, rows) = (self.members, batch.rows.len());
        let input_size = members * batch.embedded.len();
        let mut x: &[f32] =
            if config.feature_dropout > 0.0 { &self.input[..input_size] } else { batch.embedded };
        for (block, layer) in network.places.blocks.iter().zip(&mut self.layers) {
            let sizes =
                BatchEnsemble { members, batch: rows, input: block.input, output: block.output };
            let size = members * rows * block.output;
            let (pre, out) = (&mut layer.pre[..size], &mut layer.out[..size]);
            sizes.forward(
                x,
                &block.of(&network.parameters, self.first, members),
                &mut layer.saved,
                pre,
            );
            network.architecture.activation.forward(pre, out);
            if config.dropout > 0.0 {
                dropout::forward(config.dropout, &mut self.rng, out, &mut layer.mask[..size]);
            }
            x = out;
        }
    }

    /// Logits, loss, and their gradients down to the last hidden layer.
    fn output(&mut self, network: &Network, batch: &Batch<'_>) {
        let rows = batch.rows.len();
        let last = self.layers.last_mut().expect("a network has a hidden layer");
        let width = network.places.head_weight.len() / network.members();
        let size = self.members * rows * width;
        self.loss = 0.0;
        for member in 0..self.members {
            let (weight, bias) = network.head(self.first + member);
            let x = member_rows(&last.out[..size], member, rows * width);
            let logits = &mut self.logits[..rows];
            for (logit, x) in logits.iter_mut().zip(x.chunks_exact(width)) {
                *logit = bias + x.iter().zip(weight).map(|(x, w)| x * w).sum::<f32>();
            }
            let dlogits = &mut self.dlogits[member * rows..][..rows];
            let loss = match self.row_weights.get(member) {
                None => bce::loss_and_gradient(logits, &batch.targets, &batch.weights, dlogits),
                Some(own) => {
                    let weights: Vec<f32> = batch
                        .rows
                        .iter()
                        .zip(&batch.weights)
                        .map(|(&row, w)| w * own[row])
                        .collect();
                    bce::loss_and_gradient(logits, &batch.targets, &weights, dlogits)
                }
            };
            self.loss += loss / network.members() as f64;
            let share = 1.0 / network.members() as f32;
            dlogits.iter_mut().for_each(|d| *d *= share);

            let start = network.places.head_weight.start + (self.first + member) * width;
            let dout = &mut last.dout[member * rows * width..][..rows * width];
            for ((d, x), dx) in
                dlogits.iter().zip(x.chunks_exact(width)).zip(dout.chunks_exact_mut(width))
            {
                let dweight = &mut self.gradients[start..start + width];
                dweight.iter_mut().zip(x).for_each(|(sum, x)| *sum += d * x);
                dx.iter_mut().zip(weight).for_each(|(dx, w)| *dx = d * w);
            }
            self.gradients[network.places.head_bias.start + self.first + member] =
                dlogits.iter().sum();
        }
    }

    fn backward(&mut self, network: &Network, batch: &Batch<'_>, config: &TrainConfig) {
        let (members, rows) = (self.members, batch.rows.len());
        let input_size = members * batch.embedded.len();
        for depth in (0..self.layers.len()).rev() {
            let block = &network.places.blocks[depth];
            let sizes =
                BatchEnsemble { members, batch: rows, input: block.input, output: block.output };
            let (before, from_here) = self.layers.split_at_mut(depth);
            let layer = &mut from_here[0];
            let size = members * rows * block.output;
            let dy = &mut layer.dout[..size];
            if config.dropout > 0.0 {
                dropout::backward(&layer.mask[..size], dy);
            }
            network.architecture.activation.backward(&layer.pre[..size], dy);
            let (x, dx): (&[f32], &mut [f32]) = match before.last_mut() {
                Some(below) => {
                    let size = members * rows * block.input;
                    (&below.out[..size], &mut below.dout[..size])
                }
                None if config.feature_dropout > 0.0 => {
                    (&self.input[..input_size], &mut self.dx[..input_size])
                }
                None => (batch.embedded, &mut self.dx[..input_size]),
            };
            let parameters = block.of(&network.parameters, self.first, members);
            let first = self.first;
            let part = |range: &std::ops::Range<usize>, width: usize| {
                range.start + first * width..range.start + (first + members) * width
            };
            let [weight, scale_in, scale_out, bias] = self
                .gradients
                .get_disjoint_mut([
                    block.weight.clone(),
                    part(&block.scale_in, block.input),
                    part(&block.scale_out, block.output),
                    part(&block.bias, block.output),
                ])
                .expect("spans do not overlap");
            let mut gradients = Parameters { weight, scale_in, scale_out, bias };
            sizes.backward(x, &parameters, &layer.saved, Backward { dy, dx }, &mut gradients);
        }
        if config.feature_dropout > 0.0 {
            dropout::backward(&self.input_mask[..input_size], &mut self.dx[..input_size]);
        }
        let dembedded = &mut self.dembedded[..batch.embedded.len()];
        dembedded.fill(0.0);
        for dx in self.dx[..input_size].chunks_exact(batch.embedded.len()) {
            add(dembedded, dx);
        }
    }
}

/// Adds element by element, as far as the shorter one goes.
fn add(sum: &mut [f32], values: &[f32]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
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
