//! One transformer block over packed rows: sequences lie one after another without padding, so that
//! short histories cost what they are long.
//!
//! `x ← x + [σ(x Wᵍ)] ⊙ dropout(attention(norm(x)))`, then `x ← x + [σ(x Wᵍ)] ⊙
//! dropout(feed_forward(norm(x)))`; the gates in brackets, and SwiGLU instead of ReLU, make it a
//! LiGR block.

use rand_chacha::ChaCha8Rng;

use super::config::SasrecConfig;
use super::layout::{Affine, BlockLayout};
use crate::kernels::activation::Activation;
use crate::kernels::attention::{self, CausalAttention};
use crate::kernels::layer_norm::{self, Moments};
use crate::kernels::matmul::Output;
use crate::kernels::simd::vectorised;
use crate::kernels::{dropout, gate};

/// Random numbers and the share of activations that training drops.
pub(super) struct Dropout<'a> {
    pub(super) share: f32,
    pub(super) rng: &'a mut ChaCha8Rng,
}

/// What a block leaves behind for its backward pass.
#[derive(Debug, Default)]
pub(super) struct BlockState {
    pub(super) x: Vec<f32>,
    attention_moments: Vec<Moments>,
    attention_normed: Vec<f32>,
    qkv: Vec<f32>,
    weights: Vec<f32>,
    attended: Vec<f32>,
    attention: Branch,
    middle: Vec<f32>,
    feed_forward_moments: Vec<Moments>,
    feed_forward_normed: Vec<f32>,
    inner: Vec<f32>,
    active: Vec<f32>,
    active_mask: Vec<f32>,
    feed_forward: Branch,
}

/// What a residual branch leaves behind.
#[derive(Debug, Default)]
struct Branch {
    out: Vec<f32>,
    mask: Vec<f32>,
    gate: Vec<f32>,
}

/// Room that backward passes overwrite.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    branch: Vec<f32>,
    wide: Vec<f32>,
    narrow: Vec<f32>,
    attention: Vec<f32>,
}

/// Network sizes and sequence lengths.
#[derive(Clone, Copy)]
pub(super) struct Sequences<'a> {
    pub(super) config: &'a SasrecConfig,
    pub(super) lengths: &'a [u32],
}

impl Sequences<'_> {
    pub(super) fn rows(self) -> usize {
        self.lengths.iter().map(|&length| length as usize).sum()
    }

    /// The attention of each sequence, with its first row and where its weights begin.
    fn attentions(self) -> impl Iterator<Item = (CausalAttention, usize, usize)> {
        let SasrecConfig { heads, dim, .. } = *self.config;
        self.lengths.iter().scan((0, 0), move |(row, weight), &length| {
            let attention = CausalAttention { length: length as usize, heads, dim };
            let place = (attention, *row, *weight);
            *row += attention.length;
            *weight += attention.weights_len();
            Some(place)
        })
    }
}

/// Makes room for exactly `len` elements whose contents do not matter.
pub(super) fn sized<T: Clone + Default>(buffer: &mut Vec<T>, len: usize) -> &mut [T] {
    if buffer.len() < len {
        buffer.resize(len, T::default());
    }
    &mut buffer[..len]
}

impl BlockLayout {
    /// Reads `state.x` and writes the block's output.
    ///
    /// # Shapes
    /// `state.x` and `out` `[rows, dim]`.
    pub(super) fn forward(
        &self,
        parameters: &[f32],
        sequences: Sequences<'_>,
        state: &mut BlockState,
        out: &mut [f32],
        mut dropout: Option<Dropout<'_>>,
    ) {
        let (rows, dim) = (sequences.rows(), sequences.config.dim);
        let x = &state.x[..rows * dim];
        let normed = sized(&mut state.attention_normed, rows * dim);
        let moments = sized(&mut state.attention_moments, rows);
        self.attention_norm.forward(parameters, x, moments, normed);
        let qkv = sized(&mut state.qkv, rows * 3 * dim);
        self.attention_in.forward(parameters, normed, qkv);
        let weights = sequences.attentions().map(|(a, ..)| a.weights_len()).sum();
        let weights = sized(&mut state.weights, weights);
        let attended = sized(&mut state.attended, rows * dim);
        for (attention, row, weight) in sequences.attentions() {
            let out = &mut attended[row * dim..][..attention.length * dim];
            attention.forward(&qkv[row * 3 * dim..], &mut weights[weight..], out);
        }
        self.attention_out.forward(
            parameters,
            attended,
            sized(&mut state.attention.out, rows * dim),
        );
        let middle = sized(&mut state.middle, rows * dim);
        state.attention.join(
            parameters,
            self.attention_gate.as_ref(),
            (x, middle),
            dropout.as_mut(),
        );

        let normed = sized(&mut state.feed_forward_normed, rows * dim);
        let moments = sized(&mut state.feed_forward_moments, rows);
        self.feed_forward_norm.forward(parameters, middle, moments, normed);
        let inner = sized(&mut state.inner, rows * self.inner.output);
        self.inner.forward(parameters, normed, inner);
        let active = sized(&mut state.active, rows * self.outer.input);
        if self.is_gated() {
            gate::swiglu(self.outer.input, inner, active);
        } else {
            relu(inner, active);
        }
        if let Some(Dropout { share, rng }) = &mut dropout {
            dropout::forward(
                *share,
                *rng,
                active,
                sized(&mut state.active_mask, rows * self.outer.input),
            );
        }
        self.outer.forward(parameters, active, sized(&mut state.feed_forward.out, rows * dim));
        let gate = self.feed_forward_gate.as_ref();
        state.feed_forward.join(parameters, gate, (middle, out), dropout.as_mut());
    }

    /// Turns the gradient of the output, in place, into that of the input; adds to the gradients of
    /// the parameters.
    ///
    /// # Shapes
    /// `d` `[rows, dim]`.
    pub(super) fn backward(
        &self,
        parameters: &[f32],
        sequences: Sequences<'_>,
        state: &mut BlockState,
        (d, gradients): (&mut [f32], &mut [f32]),
        (scratch, dropped): (&mut Scratch, bool),
    ) {
        let (rows, dim) = (sequences.rows(), sequences.config.dim);
        let hidden = self.outer.input;
        let Scratch { branch, wide, narrow, attention } = scratch;
        let middle = &state.middle[..rows * dim];
        let gate = self.feed_forward_gate.as_ref();
        let dbranch =
            state.feed_forward.split(parameters, gate, (middle, d, gradients), (branch, dropped));
        let (dactive, dinner) =
            sized(wide, rows * (hidden + self.inner.output)).split_at_mut(rows * hidden);
        let active = &state.active[..rows * hidden];
        self.outer.backward(parameters, (active, dbranch), gradients, (Output::Overwrite, dactive));
        if dropped {
            dropout::backward(&state.active_mask[..rows * hidden], dactive);
        }
        let inner = &state.inner[..rows * self.inner.output];
        if self.is_gated() {
            gate::swiglu_backward(hidden, inner, dactive, dinner);
        } else {
            relu_backward(inner, dactive, dinner);
        }
        let normed = &state.feed_forward_normed[..rows * dim];
        let dnormed = sized(narrow, rows * dim);
        self.inner.backward(parameters, (normed, dinner), gradients, (Output::Overwrite, dnormed));
        let saved =
            layer_norm::SavedNorm { x: middle, moments: &state.feed_forward_moments[..rows] };
        self.feed_forward_norm.backward(parameters, saved, (dnormed, d), gradients);

        let x = &state.x[..rows * dim];
        let gate = self.attention_gate.as_ref();
        let dbranch = state.attention.split(parameters, gate, (x, d, gradients), (branch, dropped));
        let dattended = sized(narrow, rows * dim);
        let attended = &state.attended[..rows * dim];
        self.attention_out.backward(
            parameters,
            (attended, dbranch),
            gradients,
            (Output::Overwrite, dattended),
        );
        let dqkv = sized(wide, rows * 3 * dim);
        for (sizes, row, weight) in sequences.attentions() {
            let saved = attention::SavedAttention {
                qkv: &state.qkv[row * 3 * dim..],
                weights: &state.weights[weight..],
            };
            let dqkv = &mut dqkv[row * 3 * dim..][..sizes.length * 3 * dim];
            sizes.backward(
                saved,
                &dattended[row * dim..],
                sized(attention, sizes.scratch_len()),
                dqkv,
            );
        }
        let normed = &state.attention_normed[..rows * dim];
        let dnormed = sized(narrow, rows * dim);
        self.attention_in.backward(
            parameters,
            (normed, dqkv),
            gradients,
            (Output::Overwrite, dnormed),
        );
        let saved = layer_norm::SavedNorm { x, moments: &state.attention_moments[..rows] };
        self.attention_norm.backward(parameters, saved, (dnormed, d), gradients);
    }

    fn is_gated(&self) -> bool {
        self.attention_gate.is_some()
    }
}

impl Branch {
    /// Drops from the branch's output and joins it to what runs beside: `out = x + [σ(x Wᵍ)] ⊙
    /// branch`.
    fn join(
        &mut self,
        parameters: &[f32],
        gate: Option<&Affine>,
        (x, out): (&[f32], &mut [f32]),
        dropout: Option<&mut Dropout<'_>>,
    ) {
        let branch = &mut self.out[..x.len()];
        if let Some(Dropout { share, rng }) = dropout {
            dropout::forward(*share, *rng, branch, sized(&mut self.mask, x.len()));
        }
        match gate {
            None => sum(x, branch, out),
            Some(affine) => {
                let gate = sized(&mut self.gate, x.len());
                affine.forward(parameters, x, gate);
                out.copy_from_slice(x);
                gate::gated_add(gate, branch, out);
            }
        }
    }

    /// The gradient of the branch before dropout, given that of the joined output, which turns into
    /// that of the input beside the branch.
    fn split<'a>(
        &mut self,
        parameters: &[f32],
        gate: Option<&Affine>,
        (x, d, gradients): (&[f32], &'a mut [f32], &mut [f32]),
        (room, dropped): (&'a mut Vec<f32>, bool),
    ) -> &'a [f32] {
        let dbranch = sized(room, x.len());
        match gate {
            None if !dropped => return d,
            None => dbranch.copy_from_slice(d),
            Some(affine) => {
                let (dgate, value) = (&mut self.gate[..x.len()], &self.out[..x.len()]);
                dbranch.copy_from_slice(value);
                gate::gated_add_backward(dgate, dbranch, d);
                affine.backward(parameters, (x, dgate), gradients, (Output::Add, d));
            }
        }
        if dropped {
            dropout::backward(&self.mask[..x.len()], dbranch);
        }
        dbranch
    }
}

vectorised! {
fn relu(x: &[f32], y: &mut [f32]) {
    Activation::Relu.forward(x, y);
}

fn relu_backward(x: &[f32], dy: &[f32], dx: &mut [f32]) {
    dx.iter_mut().zip(dy).zip(x).for_each(|((dx, dy), x)| *dx = if *x > 0.0 { *dy } else { 0.0 });
}

fn sum(x: &[f32], y: &[f32], out: &mut [f32]) {
    out.iter_mut().zip(x).zip(y).for_each(|((out, x), y)| *out = x + y);
}
}
