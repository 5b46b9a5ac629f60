//! A few members of a network and all that they need to run side by side with the others: their own
//! gradients, random numbers and buffers.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1};
use segue_engine::vector::dot;

use super::network::{Network, member_rows};
use super::train_config::TrainConfig;
use crate::kernels::batch_ensemble::{Backward, BatchEnsemble, EnsembleParameters, SavedEnsemble};
use crate::kernels::{bce, dropout};

/// One mini-batch, embedded.
pub(super) struct Batch<'a> {
    pub(super) embedded: &'a [f32],
    pub(super) sources: &'a [usize],
    pub(super) targets: Vec<f32>,
    pub(super) weights: Vec<f32>,
    pub(super) rows: &'a [usize],
}

/// Some members, with all that they need to run on their own.
pub(super) struct Chunk {
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
    pub(super) gradients: Vec<f32>,
    pub(super) dembedded: Vec<f32>,
    pub(super) loss: f64,
}

/// What a chunk makes room for.
pub(super) struct ChunkSizes {
    /// Which members of the network.
    pub(super) members: std::ops::Range<usize>,
    /// The most rows of a mini-batch.
    pub(super) batch: usize,
    /// All rows that are learned from.
    pub(super) examples: usize,
}

/// What a hidden layer leaves behind for its backward pass.
struct LayerState {
    saved: SavedEnsemble,
    pre: Vec<f32>,
    out: Vec<f32>,
    mask: Vec<f32>,
    dout: Vec<f32>,
}

impl Chunk {
    pub(super) fn new(
        network: &Network,
        config: &TrainConfig,
        sizes: ChunkSizes,
        mut rng: ChaCha8Rng,
    ) -> Self {
        let ChunkSizes { members, batch, examples } = sizes;
        let (first, members) = (members.start, members.len());
        let weights = |rng: &mut ChaCha8Rng| (0..examples).map(|_| Exp1.sample(rng)).collect();
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

    pub(super) fn run(&mut self, network: &Network, batch: &Batch<'_>, config: &TrainConfig) {
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
                *logit = bias + dot(x, weight);
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
            let mut gradients = EnsembleParameters { weight, scale_in, scale_out, bias };
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
pub(super) fn add(sum: &mut [f32], values: &[f32]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}
