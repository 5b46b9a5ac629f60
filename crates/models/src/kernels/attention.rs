//! Causal self-attention of one sequence with several heads (Vaswani 2017): `softmax(Q Kᵀ / √dₕ)
//! V`, where each position sees itself and what came before.
//!
//! Queries go through in blocks of [`BLOCK`] rows against the keys up to the block's last row, so
//! that most of the upper triangle is never computed: half of the work on long sequences. Weights
//! are kept for the backward pass; recomputing them (as flash attention does) saves memory that a
//! micro-batch of a few sequences does not need.

use super::matmul::{Matrix, Output, matmul_strided};
use super::ranking_loss::MASKED;
use super::simd::{LANES, dot, exp, max_of, sum_of, vectorised};

/// Queries that go through together.
pub const BLOCK: usize = 32;

/// Sizes of the attention within one sequence, in which every position sees itself and those before
/// it. All slices that its methods take follow from these.
#[derive(Clone, Copy, Debug)]
pub struct CausalAttention {
    /// Positions.
    pub length: usize,
    /// Heads; they divide `dim`.
    pub heads: usize,
    /// Columns of all heads together.
    pub dim: usize,
}

/// Some queries and how many keys they see at most.
#[derive(Clone, Copy)]
struct Block {
    start: usize,
    rows: usize,
    keys: usize,
}

impl CausalAttention {
    /// Length of `weights`.
    pub fn weights_len(self) -> usize {
        self.heads * self.length * self.stride()
    }

    /// Length of the backward pass's `scratch`.
    pub fn scratch_len(self) -> usize {
        BLOCK.min(self.length) * self.stride()
    }

    /// How far apart rows of weights lie: whole vectors, so that no loop has a remainder.
    fn stride(self) -> usize {
        self.length.next_multiple_of(LANES)
    }

    fn blocks(self) -> impl Iterator<Item = Block> {
        (0..self.length).step_by(BLOCK).map(move |start| {
            let rows = BLOCK.min(self.length - start);
            Block { start, rows, keys: start + rows }
        })
    }

    /// Computes `out`; `weights` receives the attention weights, of which only the lower triangle
    /// means anything.
    ///
    /// # Shapes
    /// `qkv` `[length, 3 dim]` (queries, keys, values), `weights` `[heads, length, length]` with
    /// rows of whole vectors, `out` `[length, dim]`.
    pub fn forward(self, qkv: &[f32], weights: &mut [f32], out: &mut [f32]) {
        let (width, stride, row) = (self.dim / self.heads, 3 * self.dim, self.stride());
        let scale = (width as f32).sqrt().recip();
        for (head, weights) in
            weights[..self.weights_len()].chunks_exact_mut(self.length * row).enumerate()
        {
            let [queries, keys, values] = self.columns(head);
            for block in self.blocks() {
                let Block { start, rows, keys: seen } = block;
                let q = Matrix::strided(&qkv[start * stride + queries..], rows, width, stride);
                let k = Matrix::strided(&qkv[keys..], seen, width, stride);
                let v = Matrix::strided(&qkv[values..], seen, width, stride);
                let weights = &mut weights[start * row..][..rows * row];
                matmul_strided(weights, row, Output::Overwrite, q, k.t());
                causal_softmax(block, row, scale, weights);
                let weights = Matrix::strided(weights, rows, seen, row);
                let out = &mut out[start * self.dim + head * width..];
                matmul_strided(out, self.dim, Output::Overwrite, weights, v);
            }
        }
    }

    /// Computes the gradient of `qkv`; `scratch` is overwritten.
    ///
    /// # Shapes
    /// As in [`forward`](Self::forward), `dout` as `out`, `dqkv` as `qkv`.
    pub fn backward(
        self,
        saved: SavedAttention<'_>,
        dout: &[f32],
        scratch: &mut [f32],
        dqkv: &mut [f32],
    ) {
        let SavedAttention { qkv, weights } = saved;
        let (width, stride, row) = (self.dim / self.heads, 3 * self.dim, self.stride());
        let scale = (width as f32).sqrt().recip();
        dqkv.fill(0.0);
        for (head, weights) in
            weights[..self.weights_len()].chunks_exact(self.length * row).enumerate()
        {
            let [queries, keys, values] = self.columns(head);
            for block in self.blocks() {
                let Block { start, rows, keys: seen } = block;
                let q = Matrix::strided(&qkv[start * stride + queries..], rows, width, stride);
                let k = Matrix::strided(&qkv[keys..], seen, width, stride);
                let v = Matrix::strided(&qkv[values..], seen, width, stride);
                let dout = Matrix::strided(
                    &dout[start * self.dim + head * width..],
                    rows,
                    width,
                    self.dim,
                );
                let weights = &weights[start * row..][..rows * row];

                let dscores = &mut scratch[..rows * row];
                matmul_strided(dscores, row, Output::Overwrite, dout, v.t());
                softmax_backward(block, row, scale, weights, dscores);
                let weights = Matrix::strided(weights, rows, seen, row);
                let dscores = Matrix::strided(dscores, rows, seen, row);
                matmul_strided(
                    &mut dqkv[start * stride + queries..],
                    stride,
                    Output::Overwrite,
                    dscores,
                    k,
                );
                matmul_strided(&mut dqkv[keys..], stride, Output::Add, dscores.t(), q);
                matmul_strided(&mut dqkv[values..], stride, Output::Add, weights.t(), dout);
            }
        }
    }

    /// Where the queries, keys and values of a head begin in a row.
    fn columns(self, head: usize) -> [usize; 3] {
        let first = head * (self.dim / self.heads);
        [first, self.dim + first, 2 * self.dim + first]
    }
}

vectorised! {
/// Turns scores into weights, row by row; keys of the future and what fills the last vector get 0.
fn causal_softmax(block: Block, stride: usize, scale: f32, weights: &mut [f32]) {
    for (row, weights) in weights.chunks_exact_mut(stride).enumerate() {
        let weights = &mut weights[..block.keys.next_multiple_of(LANES)];
        weights[block.start + row + 1..].fill(MASKED);
        let largest = max_of(weights);
        for weight in &mut *weights {
            *weight = exp((*weight - largest) * scale);
        }
        let inverse = sum_of(weights, |weight| weight).recip();
        for weight in weights {
            *weight *= inverse;
        }
    }
}

/// Turns gradients of weights into those of scores before scaling: `dS = P ⊙ (dP - Σ P dP) ·
/// scale`.
fn softmax_backward(block: Block, stride: usize, scale: f32, weights: &[f32], dscores: &mut [f32]) {
    let width = block.keys.next_multiple_of(LANES);
    for (dscores, weights) in dscores.chunks_exact_mut(stride).zip(weights.chunks_exact(stride)) {
        let (dscores, weights) = (&mut dscores[..width], &weights[..width]);
        // Weights beyond the keys are 0, but what the scratch holds there may be no number.
        dscores[block.keys..].fill(0.0);
        let mean = dot(dscores, weights);
        for (d, weight) in dscores.iter_mut().zip(weights) {
            *d = weight * (*d - mean) * scale;
        }
    }
}
}

/// What the backward pass needs of the forward pass.
#[derive(Clone, Copy, Debug)]
pub struct SavedAttention<'a> {
    /// The input.
    pub qkv: &'a [f32],
    /// The attention weights.
    pub weights: &'a [f32],
}

#[cfg(test)]
mod tests {
    use segue_engine::vector::dot;

    use super::super::testing::{assert_close, finite_differences, normals, wide};
    use super::*;

    /// One position, head and column at a time.
    fn reference(sizes: CausalAttention, qkv: &[f64]) -> Vec<f64> {
        let CausalAttention { length, heads, dim } = sizes;
        let width = dim / heads;
        let row = |position: usize, part: usize, head: usize| {
            &qkv[position * 3 * dim + part * dim + head * width..][..width]
        };
        let mut out = Vec::new();
        for position in 0..length {
            for head in 0..heads {
                let q = row(position, 0, head);
                let score = |key: usize| dot(q, row(key, 1, head)) / (width as f64).sqrt();
                let total: f64 = (0..=position).map(|key| score(key).exp()).sum();
                for column in 0..width {
                    let values =
                        (0..=position).map(|key| score(key).exp() * row(key, 2, head)[column]);
                    out.push(values.sum::<f64>() / total);
                }
            }
        }
        out
    }

    fn check(sizes: CausalAttention) {
        let n = sizes.length * sizes.dim;
        let (qkv, dout) = (normals(1, 3 * n), normals(2, n));
        // Whatever buffers held before must not shine through.
        let (mut weights, mut out) = (vec![f32::NAN; sizes.weights_len()], vec![f32::NAN; n]);
        sizes.forward(&qkv, &mut weights, &mut out);
        assert_close(&out, &reference(sizes, &wide(&qkv)), 1e-5);

        let (mut scratch, mut dqkv) = (vec![f32::NAN; sizes.scratch_len()], vec![f32::NAN; 3 * n]);
        sizes.backward(
            SavedAttention { qkv: &qkv, weights: &weights },
            &dout,
            &mut scratch,
            &mut dqkv,
        );
        let loss = |x: &[f64]| dot(&reference(sizes, x), &wide(&dout));
        assert_close(&dqkv, &finite_differences(&wide(&qkv), loss), 1e-4);
    }

    #[test]
    fn outputs_and_gradients_follow_the_reference() {
        check(CausalAttention { length: 1, heads: 1, dim: 2 });
        check(CausalAttention { length: 7, heads: 2, dim: 6 });
    }

    #[test]
    fn sequences_longer_than_a_block_follow_the_reference() {
        check(CausalAttention { length: BLOCK + 5, heads: 2, dim: 4 });
    }

    #[test]
    fn the_future_does_not_change_the_past() {
        let sizes = CausalAttention { length: 70, heads: 2, dim: 8 };
        let mut qkv = normals(1, 70 * 24);
        let run = |qkv: &[f32]| {
            let (mut weights, mut out) = (vec![0.0; sizes.weights_len()], vec![0.0; 70 * 8]);
            sizes.forward(qkv, &mut weights, &mut out);
            out
        };
        let before = run(&qkv);
        qkv[40 * 24..].iter_mut().for_each(|x| *x = 3.0 - *x);
        let after = run(&qkv);
        assert_eq!(before[..40 * 8], after[..40 * 8]);
        assert_ne!(before[40 * 8..], after[40 * 8..]);
    }
}
