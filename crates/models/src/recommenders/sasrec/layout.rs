//! Where each parameter lies: all but the item embedding in one flat vector with named spans, so
//! that optimiser, checkpoint and gradient checks need not know the architecture. Names are those
//! of a PyTorch module (`bench/sasrec_torch.py`).

use std::ops::Range;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::config::{Block, SasrecConfig};
use crate::kernels::layer_norm::{self, Moments};
use crate::kernels::linear::Linear;
use crate::kernels::matmul::{Matrix, Output, matmul};

/// Standard deviation of fresh embeddings.
const EMBEDDING_DEVIATION: f32 = 0.02;

/// A named part of the parameters.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) name: String,
    pub(super) range: Range<usize>,
    pub(super) shape: Vec<usize>,
    start: Start,
}

/// What a parameter starts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Zeros,
    Ones,
    Normal,
    /// Uniform with the variance of Glorot & Bengio 2010.
    Xavier,
}

impl Span {
    /// Whether the optimiser shrinks it: matrices, neither norms nor biases nor embeddings.
    pub(super) fn decays(&self) -> bool {
        self.start == Start::Xavier
    }
}

/// A linear layer's parameters.
#[derive(Clone, Debug)]
pub(super) struct Affine {
    weight: Range<usize>,
    bias: Range<usize>,
    pub(super) input: usize,
    pub(super) output: usize,
}

/// A normalisation's parameters.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    weight: Range<usize>,
    bias: Range<usize>,
}

/// A block's parameters.
#[derive(Clone, Debug)]
pub(super) struct BlockLayout {
    pub(super) attention_norm: Norm,
    pub(super) attention_in: Affine,
    pub(super) attention_out: Affine,
    pub(super) attention_gate: Option<Affine>,
    pub(super) feed_forward_norm: Norm,
    pub(super) inner: Affine,
    pub(super) outer: Affine,
    pub(super) feed_forward_gate: Option<Affine>,
}

/// The item tower's parameters.
#[derive(Clone, Debug)]
pub(super) struct TowerLayout {
    pub(super) inner: Affine,
    pub(super) outer: Affine,
}

/// The whole network but its item embedding.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) positions: Range<usize>,
    pub(super) blocks: Vec<BlockLayout>,
    pub(super) norm: Norm,
    pub(super) tower: Option<TowerLayout>,
    pub(super) spans: Vec<Span>,
}

impl Layout {
    /// Lays out a network; `features` is the number of inputs of the tower, if there is one.
    pub(super) fn new(config: &SasrecConfig, features: Option<usize>) -> Self {
        let mut plan = Plan { spans: Vec::new() };
        let dim = config.dim;
        let positions =
            plan.span("position_embedding.weight", vec![config.max_length, dim], Start::Normal);
        let blocks =
            (0..config.blocks).map(|i| plan.block(&format!("blocks.{i}"), config)).collect();
        let norm = plan.norm("norm", dim);
        let tower = features.map(|features| TowerLayout {
            inner: plan.affine("tower.inner", features, config.tower_width),
            outer: plan.affine("tower.outer", config.tower_width, dim),
        });
        Self { positions, blocks, norm, tower, spans: plan.spans }
    }

    /// Number of parameters.
    pub(super) fn len(&self) -> usize {
        self.spans.last().map_or(0, |span| span.range.end)
    }

    /// Fresh parameters.
    pub(super) fn initialised(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let mut parameters = vec![0.0; self.len()];
        for span in &self.spans {
            let values = &mut parameters[span.range.clone()];
            match span.start {
                Start::Zeros => {}
                Start::Ones => values.fill(1.0),
                Start::Normal => fresh_embedding(values, rng),
                Start::Xavier => {
                    let bound = (6.0 / (span.shape[0] + span.shape[1]) as f32).sqrt();
                    values.iter_mut().for_each(|value| *value = rng.random_range(-bound..bound));
                }
            }
        }
        parameters
    }
}

/// Draws embeddings.
pub(super) fn fresh_embedding(values: &mut [f32], rng: &mut ChaCha8Rng) {
    for value in values {
        let z: f32 = StandardNormal.sample(rng);
        *value = EMBEDDING_DEVIATION * z;
    }
}

struct Plan {
    spans: Vec<Span>,
}

impl Plan {
    fn span(&mut self, name: &str, shape: Vec<usize>, start: Start) -> Range<usize> {
        let first = self.spans.last().map_or(0, |span| span.range.end);
        let range = first..first + shape.iter().product::<usize>();
        self.spans.push(Span { name: name.to_owned(), range: range.clone(), shape, start });
        range
    }

    fn affine_named(&mut self, names: [&str; 2], input: usize, output: usize) -> Affine {
        let weight = self.span(names[0], vec![output, input], Start::Xavier);
        Affine { weight, bias: self.span(names[1], vec![output], Start::Zeros), input, output }
    }

    fn affine(&mut self, name: &str, input: usize, output: usize) -> Affine {
        self.affine_named([&format!("{name}.weight"), &format!("{name}.bias")], input, output)
    }

    fn norm(&mut self, name: &str, dim: usize) -> Norm {
        let weight = self.span(&format!("{name}.weight"), vec![dim], Start::Ones);
        Norm { weight, bias: self.span(&format!("{name}.bias"), vec![dim], Start::Zeros) }
    }

    fn block(&mut self, name: &str, config: &SasrecConfig) -> BlockLayout {
        let (dim, hidden) = (config.dim, config.dim * config.expansion);
        let gated = config.block == Block::Ligr;
        let projections = [
            &format!("{name}.attention.in_proj_weight"),
            &format!("{name}.attention.in_proj_bias"),
        ];
        BlockLayout {
            attention_norm: self.norm(&format!("{name}.attention_norm"), dim),
            attention_in: self.affine_named([projections[0], projections[1]], dim, 3 * dim),
            attention_out: self.affine(&format!("{name}.attention.out_proj"), dim, dim),
            attention_gate: gated.then(|| self.affine(&format!("{name}.attention_gate"), dim, dim)),
            feed_forward_norm: self.norm(&format!("{name}.feed_forward_norm"), dim),
            inner: self.affine(
                &format!("{name}.inner"),
                dim,
                if gated { 2 * hidden } else { hidden },
            ),
            outer: self.affine(&format!("{name}.outer"), hidden, dim),
            feed_forward_gate: gated
                .then(|| self.affine(&format!("{name}.feed_forward_gate"), dim, dim)),
        }
    }
}

impl Affine {
    /// `y = x Wᵀ + b`.
    pub(super) fn forward(&self, parameters: &[f32], x: &[f32], y: &mut [f32]) {
        let layer = self.sizes(x.len() / self.input);
        layer.forward(x, &parameters[self.weight.clone()], &parameters[self.bias.clone()], y);
    }

    /// Adds to the gradients of weight and bias; adds or writes that of the input.
    pub(super) fn backward(
        &self,
        parameters: &[f32],
        (x, dy): (&[f32], &[f32]),
        gradients: &mut [f32],
        (mode, dx): (Output, &mut [f32]),
    ) {
        self.backward_weights((x, dy), gradients);
        let weight = Matrix::new(&parameters[self.weight.clone()], self.output, self.input);
        matmul(dx, mode, Matrix::new(dy, dy.len() / self.output, self.output), weight);
    }

    /// Adds to the gradients of weight and bias.
    pub(super) fn backward_weights(&self, (x, dy): (&[f32], &[f32]), gradients: &mut [f32]) {
        let [dweight, dbias] = gradients
            .get_disjoint_mut([self.weight.clone(), self.bias.clone()])
            .expect("spans do not overlap");
        self.sizes(x.len() / self.input).backward_weights(x, dy, dweight, dbias);
    }

    fn sizes(&self, batch: usize) -> Linear {
        Linear { batch, input: self.input, output: self.output }
    }
}

impl Norm {
    /// Normalises rows.
    pub(super) fn forward(
        &self,
        parameters: &[f32],
        x: &[f32],
        moments: &mut [Moments],
        y: &mut [f32],
    ) {
        layer_norm::forward(
            x,
            &parameters[self.weight.clone()],
            &parameters[self.bias.clone()],
            moments,
            y,
        );
    }

    /// Adds to the gradients of weight, bias and input.
    pub(super) fn backward(
        &self,
        parameters: &[f32],
        saved: layer_norm::SavedNorm<'_>,
        (dy, dx): (&[f32], &mut [f32]),
        gradients: &mut [f32],
    ) {
        let dparameters = gradients
            .get_disjoint_mut([self.weight.clone(), self.bias.clone()])
            .expect("spans do not overlap");
        layer_norm::backward(saved, &parameters[self.weight.clone()], dy, dx, dparameters);
    }
}
