//! The item tower: from what is known of an item (audio features) to a part of its vector, so that
//! an item nobody has played has a place among those that were.
//!
//! `vector = id embedding + W₂ relu(W₁ features + b₁) + b₂`. In training the id embedding of some
//! items is left out, so that the tower alone learns to place an item; an item never seen in
//! training has no id embedding.

use super::block::sized;
use super::layout::TowerLayout;
use crate::kernels::activation::Activation;
use crate::kernels::matmul::Output;

/// Items that go through together.
const TILE: usize = 256;

/// Room for a forward and a backward pass.
#[derive(Debug, Default)]
pub(super) struct TowerState {
    input: Vec<f32>,
    inner: Vec<f32>,
    active: Vec<f32>,
    out: Vec<f32>,
    dactive: Vec<f32>,
}

/// The tower as it stands.
#[derive(Clone, Copy)]
pub(super) struct Tower<'a> {
    pub(super) layout: &'a TowerLayout,
    pub(super) parameters: &'a [f32],
    /// Encoded features, `[items, inputs]`.
    pub(super) features: &'a [f32],
}

impl Tower<'_> {
    /// Adds the tower's part to the vectors of some items.
    ///
    /// # Shapes
    /// `vectors` `[items.len(), dim]`.
    pub(super) fn add_to(self, items: &[u32], state: &mut TowerState, vectors: &mut [f32]) {
        let dim = self.layout.outer.output;
        for (items, vectors) in items.chunks(TILE).zip(vectors.chunks_mut(TILE * dim)) {
            self.hidden(items, state);
            let out = sized(&mut state.out, items.len() * dim);
            let active = &state.active[..items.len() * self.layout.outer.input];
            self.layout.outer.forward(self.parameters, active, out);
            vectors.iter_mut().zip(out).for_each(|(vector, out)| *vector += *out);
        }
    }

    /// Adds to the gradients of the tower, given those of the vectors.
    ///
    /// # Shapes
    /// As in [`add_to`](Self::add_to).
    pub(super) fn backward(
        self,
        items: &[u32],
        state: &mut TowerState,
        dvectors: &[f32],
        gradients: &mut [f32],
    ) {
        let TowerLayout { inner, outer } = self.layout;
        for (items, d) in items.chunks(TILE).zip(dvectors.chunks(TILE * outer.output)) {
            self.hidden(items, state);
            let width = items.len() * outer.input;
            let dactive = sized(&mut state.dactive, width);
            outer.backward(
                self.parameters,
                (&state.active[..width], d),
                gradients,
                (Output::Overwrite, dactive),
            );
            Activation::Relu.backward(&state.inner[..width], dactive);
            inner.backward_weights((&state.input[..items.len() * inner.input], dactive), gradients);
        }
    }

    fn hidden(self, items: &[u32], state: &mut TowerState) {
        let TowerLayout { inner, .. } = self.layout;
        let input = sized(&mut state.input, items.len() * inner.input);
        for (row, &item) in input.chunks_exact_mut(inner.input).zip(items) {
            row.copy_from_slice(&self.features[item as usize * inner.input..][..inner.input]);
        }
        let hidden = sized(&mut state.inner, items.len() * inner.output);
        inner.forward(self.parameters, input, hidden);
        Activation::Relu.forward(hidden, sized(&mut state.active, items.len() * inner.output));
    }
}
