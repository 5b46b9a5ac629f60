//! The network over packed sequences: item and position embeddings, the blocks, a last
//! normalisation. The output at a row is compared with item vectors to predict what follows.

use super::block::{BlockState, Dropout, Scratch, Sequences, sized};
use super::config::SasrecConfig;
use super::layout::Layout;
use crate::kernels::layer_norm::{self, Moments};
use crate::kernels::simd::{add_scaled, vectorised};
use crate::kernels::{dropout, layer_norm::SavedNorm};

/// The network as it stands.
#[derive(Clone, Copy)]
pub(super) struct Encoder<'a> {
    pub(super) config: &'a SasrecConfig,
    pub(super) layout: &'a Layout,
    pub(super) parameters: &'a [f32],
    /// Item vectors, `[items, dim]`.
    pub(super) table: &'a [f32],
}

/// What a forward pass leaves behind, and room for the backward pass.
#[derive(Debug, Default)]
pub(super) struct EncoderState {
    mask: Vec<f32>,
    blocks: Vec<BlockState>,
    last: Vec<f32>,
    moments: Vec<Moments>,
    scratch: Scratch,
    gradient: Vec<f32>,
}

impl Encoder<'_> {
    /// Encodes sequences.
    ///
    /// # Shapes
    /// `items` `[rows]` in the table, `lengths` of the sequences, `out` `[rows, dim]`.
    pub(super) fn forward(
        self,
        (items, lengths): (&[u32], &[u32]),
        state: &mut EncoderState,
        mut dropout: Option<Dropout<'_>>,
        out: &mut [f32],
    ) {
        let dim = self.config.dim;
        let len = items.len() * dim;
        state.blocks.resize_with(self.layout.blocks.len(), BlockState::default);
        let first = sized(&mut state.blocks[0].x, len);
        self.embed(items, lengths, first);
        if let Some(Dropout { share, rng }) = &mut dropout {
            dropout::forward(*share, *rng, first, sized(&mut state.mask, len));
        }
        let sequences = Sequences { config: self.config, lengths };
        for (i, block) in self.layout.blocks.iter().enumerate() {
            let (done, following) = state.blocks.split_at_mut(i + 1);
            let y = match following.first_mut() {
                Some(next) => sized(&mut next.x, len),
                None => sized(&mut state.last, len),
            };
            let dropout = dropout.as_mut().map(|d| Dropout { share: d.share, rng: &mut *d.rng });
            block.forward(self.parameters, sequences, &mut done[i], y, dropout);
        }
        let moments = sized(&mut state.moments, items.len());
        self.layout.norm.forward(self.parameters, &state.last[..len], moments, out);
    }

    /// Adds to the gradients of the parameters and computes those of the item vectors that were
    /// read.
    ///
    /// # Shapes
    /// `dout` as `out` of [`forward`](Self::forward), `dinput` likewise.
    pub(super) fn backward(
        self,
        lengths: &[u32],
        state: &mut EncoderState,
        dropped: bool,
        dout: &[f32],
        (dinput, gradients): (&mut [f32], &mut [f32]),
    ) {
        let rows = dout.len() / self.config.dim;
        let EncoderState { mask, blocks, last, moments, scratch, gradient } = state;
        let d = sized(gradient, dout.len());
        d.fill(0.0);
        let saved: SavedNorm<'_> =
            layer_norm::SavedNorm { x: &last[..dout.len()], moments: &moments[..rows] };
        self.layout.norm.backward(self.parameters, saved, (dout, d), gradients);
        let sequences = Sequences { config: self.config, lengths };
        for (block, state) in self.layout.blocks.iter().zip(blocks).rev() {
            block.backward(self.parameters, sequences, state, (d, gradients), (scratch, dropped));
        }
        if dropped {
            dropout::backward(&mask[..dout.len()], d);
        }
        self.embed_backward(lengths, d, (dinput, gradients));
    }

    /// Item vectors, scaled as in Vaswani 2017, plus position vectors. The last item always has the
    /// last position: what matters is how long ago something was played, not how much came before
    /// what is still remembered.
    fn embed(self, items: &[u32], lengths: &[u32], x: &mut [f32]) {
        let dim = self.config.dim;
        let positions = &self.parameters[self.layout.positions.clone()];
        let mut first = 0;
        for places in self.positions(lengths) {
            let rows = first..first + places.len();
            first = rows.end;
            let x = &mut x[rows.start * dim..rows.end * dim];
            x.copy_from_slice(&positions[places.start * dim..places.end * dim]);
            add_items(self.table, &items[rows], self.item_scale(), x);
        }
    }

    fn embed_backward(
        self,
        lengths: &[u32],
        d: &[f32],
        (dinput, gradients): (&mut [f32], &mut [f32]),
    ) {
        let dim = self.config.dim;
        let dpositions = &mut gradients[self.layout.positions.clone()];
        let mut first = 0;
        for places in self.positions(lengths) {
            let rows = first * dim..(first + places.len()) * dim;
            first += places.len();
            add(&mut dpositions[places.start * dim..places.end * dim], &d[rows]);
        }
        scaled(d, self.item_scale(), dinput);
    }

    /// The positions of each sequence.
    fn positions(self, lengths: &[u32]) -> impl Iterator<Item = std::ops::Range<usize>> {
        let longest = self.config.max_length;
        lengths.iter().map(move |&length| longest - length as usize..longest)
    }

    fn item_scale(self) -> f32 {
        (self.config.dim as f32).sqrt()
    }
}

vectorised! {
fn add_items(table: &[f32], items: &[u32], scale: f32, x: &mut [f32]) {
    let dim = x.len() / items.len();
    for (x, &item) in x.chunks_exact_mut(dim).zip(items) {
        add_scaled(x, scale, &table[item as usize * dim..][..dim]);
    }
}

fn add(sum: &mut [f32], values: &[f32]) {
    add_scaled(sum, 1.0, values);
}

fn scaled(values: &[f32], factor: f32, out: &mut [f32]) {
    out.iter_mut().zip(values).for_each(|(out, value)| *out = value * factor);
}
}
