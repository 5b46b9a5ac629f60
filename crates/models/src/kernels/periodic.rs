//! Periodic embeddings of numbers (Gorishniy 2022, "On Embeddings for Numerical Features in Tabular
//! Deep Learning", PLR): `ReLU(Linear([sin 2πcx, cos 2πcx]))` with learned frequencies `c` and a
//! linear layer of its own for each feature.
//!
//! A plain network bends a number only at its ReLU kinks and prefers smooth functions; liking,
//! however, often has several modes along one feature (slow *and* fast songs). Sines of learned
//! frequencies give it that detail. The linear layer is one per feature, not shared ("PLR lite"):
//! with a dozen features the parameters are few either way.

use std::f32::consts::PI;

use super::matmul::{Matrix, Output, matmul};
use super::simd::vectorised;

/// Sizes of the embeddings of all features over one batch, and where they go in a wider row.
#[derive(Clone, Copy, Debug)]
pub struct Periodic {
    /// Rows.
    pub batch: usize,
    /// Numbers per row.
    pub features: usize,
    /// Frequencies per feature.
    pub frequencies: usize,
    /// Length of one feature's embedding.
    pub dim: usize,
}

/// The parameters of the embedding, or, with `&mut` slices, the gradients that a backward pass adds
/// to: both have the same shapes.
#[derive(Debug)]
pub struct PeriodicParameters<T> {
    /// Frequencies, `[features, frequencies]`.
    pub frequencies: T,
    /// Weights, `[features, dim, 2 * frequencies]`, sines first.
    pub weight: T,
    /// Biases, `[features, dim]`.
    pub bias: T,
}

impl Periodic {
    /// Length of [`forward`](Self::forward)'s `waves`.
    pub fn waves_len(self) -> usize {
        self.features * self.batch * 2 * self.frequencies
    }

    /// Length of [`forward`](Self::forward)'s `out`.
    pub fn out_len(self) -> usize {
        self.features * self.batch * self.dim
    }

    /// Computes the embeddings; `waves` keeps the sines and cosines for the backward pass.
    ///
    /// # Shapes
    /// `x` `[features, batch]`, `waves` `[features, batch, 2 * frequencies]`, `out` `[features,
    /// batch, dim]`.
    pub fn forward(
        self,
        x: &[f32],
        p: &PeriodicParameters<&[f32]>,
        waves: &mut [f32],
        out: &mut [f32],
    ) {
        let n = self.frequencies;
        for feature in 0..self.features {
            let frequencies = &p.frequencies[feature * n..][..n];
            let x = &x[feature * self.batch..][..self.batch];
            let waves = &mut waves[feature * self.batch * 2 * n..][..self.batch * 2 * n];
            fill_waves(x, frequencies, waves);
            let out = &mut out[feature * self.batch * self.dim..][..self.batch * self.dim];
            for row in out.chunks_exact_mut(self.dim) {
                row.copy_from_slice(&p.bias[feature * self.dim..][..self.dim]);
            }
            let weight = Matrix::new(
                &p.weight[feature * self.dim * 2 * n..][..self.dim * 2 * n],
                self.dim,
                2 * n,
            );
            matmul(out, Output::Add, Matrix::new(waves, self.batch, 2 * n), weight.t());
            out.iter_mut().for_each(|y| *y = y.max(0.0));
        }
    }

    /// Adds to the gradients of the parameters. `dout` is overwritten; `dwaves` is scratch as large
    /// as `waves`.
    ///
    /// # Shapes
    /// As in [`forward`](Self::forward), `out` what it computed.
    pub fn backward(
        self,
        saved: &SavedPeriodic<'_>,
        p: &PeriodicParameters<&[f32]>,
        scratch: Scratch<'_>,
        gradients: &mut PeriodicParameters<&mut [f32]>,
    ) {
        let n = self.frequencies;
        let Scratch { dout, dwaves } = scratch;
        dout.iter_mut().zip(saved.out).for_each(|(d, y)| *d = if *y > 0.0 { *d } else { 0.0 });
        for feature in 0..self.features {
            let x = &saved.x[feature * self.batch..][..self.batch];
            let waves = &saved.waves[feature * self.batch * 2 * n..][..self.batch * 2 * n];
            let dout = &dout[feature * self.batch * self.dim..][..self.batch * self.dim];
            for row in dout.chunks_exact(self.dim) {
                let dbias = &mut gradients.bias[feature * self.dim..][..self.dim];
                dbias.iter_mut().zip(row).for_each(|(sum, d)| *sum += d);
            }
            let span = feature * self.dim * 2 * n..(feature + 1) * self.dim * 2 * n;
            let dout = Matrix::new(dout, self.batch, self.dim);
            let dweight = &mut gradients.weight[span.clone()];
            matmul(dweight, Output::Add, dout.t(), Matrix::new(waves, self.batch, 2 * n));

            let dwaves = &mut dwaves[..self.batch * 2 * n];
            matmul(dwaves, Output::Overwrite, dout, Matrix::new(&p.weight[span], self.dim, 2 * n));
            let dfrequencies = &mut gradients.frequencies[feature * n..][..n];
            for ((row, drow), &x) in
                waves.chunks_exact(2 * n).zip(dwaves.chunks_exact(2 * n)).zip(x)
            {
                let ((sines, cosines), (dsines, dcosines)) = (row.split_at(n), drow.split_at(n));
                for i in 0..n {
                    dfrequencies[i] +=
                        2.0 * PI * x * (dsines[i] * cosines[i] - dcosines[i] * sines[i]);
                }
            }
        }
    }
}

/// What the backward pass needs of the forward pass.
#[derive(Debug)]
pub struct SavedPeriodic<'a> {
    /// The input.
    pub x: &'a [f32],
    /// Sines and cosines.
    pub waves: &'a [f32],
    /// The output.
    pub out: &'a [f32],
}

/// What the backward pass overwrites.
#[derive(Debug)]
pub struct Scratch<'a> {
    /// Gradient of the output.
    pub dout: &'a mut [f32],
    /// Room for the gradient of the waves of one feature.
    pub dwaves: &'a mut [f32],
}

vectorised! {
    /// Sines and cosines of one feature, `[batch, 2 * frequencies]`.
    fn fill_waves(x: &[f32], frequencies: &[f32], waves: &mut [f32]) {
        let n = frequencies.len();
        for (row, &x) in waves.chunks_exact_mut(2 * n).zip(x) {
            let (sines, cosines) = row.split_at_mut(n);
            sines.iter_mut().zip(frequencies).for_each(|(s, c)| *s = sin_of_turns(c * x));
            cosines.iter_mut().zip(frequencies).for_each(|(s, c)| *s = sin_of_turns(c * x + 0.25));
        }
    }
}

/// `sin(2π t)`, to 2e-7, as a polynomial that the compiler can vectorise: the library's sine took
/// half of a training step.
#[inline(always)]
fn sin_of_turns(t: f32) -> f32 {
    let r = t - t.round_ties_even();
    // Fold [-0.5, 0.5] turns onto [-0.25, 0.25]: sin(π - a) = sin(a).
    let folded = if r > 0.25 {
        0.5 - r
    } else if r < -0.25 {
        -0.5 - r
    } else {
        r
    };
    let a = 2.0 * PI * folded;
    let a2 = a * a;
    // Taylor series to the 11th power; the remainder at π/2 is below 6e-8.
    let series = 1.0
        + a2 * (-1.0 / 6.0
            + a2 * (1.0 / 120.0
                + a2 * (-1.0 / 5040.0 + a2 * (1.0 / 362_880.0 + a2 * (-1.0 / 39_916_800.0)))));
    a * series
}

#[cfg(test)]
mod tests {
    use segue_engine::vector::dot;

    use super::super::testing::{assert_close, finite_differences, normals, wide};
    use super::*;

    const SIZES: Periodic = Periodic { batch: 5, features: 2, frequencies: 3, dim: 4 };

    fn reference(x: &[f64], p: &PeriodicParameters<&[f64]>) -> Vec<f64> {
        let Periodic { batch, features, frequencies, dim } = SIZES;
        let mut out = Vec::new();
        for feature in 0..features {
            for row in 0..batch {
                let x = x[feature * batch + row];
                let c = &p.frequencies[feature * frequencies..][..frequencies];
                let turn = |c: &f64| 2.0 * std::f64::consts::PI * c * x;
                let waves: Vec<f64> = c
                    .iter()
                    .map(|c| turn(c).sin())
                    .chain(c.iter().map(|c| turn(c).cos()))
                    .collect();
                for d in 0..dim {
                    let weight =
                        &p.weight[(feature * dim + d) * 2 * frequencies..][..2 * frequencies];
                    out.push((p.bias[feature * dim + d] + dot(weight, &waves)).max(0.0));
                }
            }
        }
        out
    }

    #[test]
    fn outputs_and_gradients_follow_the_reference() {
        let (x, frequencies, weight, bias) =
            (normals(1, 10), normals(2, 6), normals(3, 48), normals(4, 8));
        let p = PeriodicParameters {
            frequencies: &frequencies[..],
            weight: &weight[..],
            bias: &bias[..],
        };
        let (mut waves, mut out) = (vec![0.0; SIZES.waves_len()], vec![0.0; SIZES.out_len()]);
        SIZES.forward(&x, &p, &mut waves, &mut out);
        let (x64, f64s, w64, b64) = (wide(&x), wide(&frequencies), wide(&weight), wide(&bias));
        let run = |f: &[f64], w: &[f64], b: &[f64]| {
            reference(&x64, &PeriodicParameters { frequencies: f, weight: w, bias: b })
        };
        assert_close(&out, &run(&f64s, &w64, &b64), 1e-5);

        let dout = normals(5, SIZES.out_len());
        let dout64 = wide(&dout);
        let (mut df, mut dw, mut db) = (vec![0.0; 6], vec![0.0; 48], vec![0.0; 8]);
        let mut gradients =
            PeriodicParameters { frequencies: &mut df[..], weight: &mut dw[..], bias: &mut db[..] };
        let saved = SavedPeriodic { x: &x, waves: &waves, out: &out };
        let mut scratch = (dout, vec![0.0; SIZES.waves_len()]);
        let scratch = Scratch { dout: &mut scratch.0, dwaves: &mut scratch.1 };
        SIZES.backward(&saved, &p, scratch, &mut gradients);
        assert_close(&df, &finite_differences(&f64s, |f| dot(&run(f, &w64, &b64), &dout64)), 1e-4);
        assert_close(&dw, &finite_differences(&w64, |w| dot(&run(&f64s, w, &b64), &dout64)), 1e-4);
        assert_close(&db, &finite_differences(&b64, |b| dot(&run(&f64s, &w64, b), &dout64)), 1e-4);
    }

    #[test]
    fn the_polynomial_sine_follows_the_library() {
        for i in -4000..4000 {
            let t = i as f32 / 1000.0;
            let want = (2.0 * std::f64::consts::PI * f64::from(t)).sin();
            assert!((f64::from(sin_of_turns(t)) - want).abs() < 2e-6, "at {t} turns");
        }
    }
}
