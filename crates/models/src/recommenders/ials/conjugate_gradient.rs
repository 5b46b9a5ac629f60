//! Least squares for one side of a factorisation, by conjugate gradients (Takács et al. 2011, "Applications of the
//! conjugate gradient method for implicit feedback collaborative filtering").
//!
//! A row `x` with strengths `c` on the items that it is observed with solves
//!
//! ```text
//! (α₀ YᵀY + Σ_i c_i y_i y_iᵀ + λ_x I) x = Σ_i c_i y_i
//! ```
//!
//! Started from the row's last value, a few steps an iteration reach the loss of the exact solution at a fraction of its cost:
//! `f` per entry and step instead of `f²`. The shared part `α₀ YᵀY p` is one matrix product for a batch of rows; the
//! observed part reads each `y_i` once for both of its uses, four at a time.

use pulp::{Arch, Simd, WithSimd};

use super::super::counts::Counts;
use super::IalsConfig;
use crate::kernels::matmul::{Matrix, Output, matmul};

/// Factors are padded with zeros to a multiple of it, so that no register is ever half full.
pub(super) const LANES: usize = 16;

/// Rows that share a matrix product.
pub(super) const BATCH: usize = 64;

/// The side that stays fixed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fixed<'a> {
    /// `Y`, `[rows, stride]`.
    pub(super) table: &'a [f32],
    /// `α₀ YᵀY`, `[stride, stride]`.
    pub(super) gram: &'a [f32],
    /// Padded number of factors.
    pub(super) stride: usize,
}

/// The side that is solved for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    /// With which rows of the other side each was observed, how strongly.
    pub(super) observed: &'a Counts,
    /// Its configuration says what `λ_x` is and how much weight what was not observed has.
    pub(super) config: &'a IalsConfig,
    /// When a row is good enough.
    pub(super) stop: Stop,
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    /// After so many steps.
    pub(super) steps: usize,
    /// Once the squared residual has shrunk by so much.
    pub(super) tolerance: f32,
}

/// What a thread needs for one batch after another.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    residuals: Vec<f32>,
    directions: Vec<f32>,
    images: Vec<f32>,
    /// Squared residual of each row, before the first step and now.
    squares: Vec<(f32, f32)>,
}

/// Solves for rows from `first` on, from what `x` holds on; rows without entries become zero.
///
/// # Shapes
/// `x` `[rows, stride]`, at most [`BATCH`] rows.
pub(super) fn solve(fixed: Fixed<'_>, rows: Rows<'_>, first: usize, x: &mut [f32], scratch: &mut Scratch) {
    let Rows { observed, config, stop } = rows;
    let ridge = |entries: usize| config.ridge(entries, observed.columns());
    let stride = fixed.stride;
    let rows = x.len() / stride;
    let Scratch { residuals, directions, images, squares } = scratch;
    for buffer in [&mut *residuals, directions, images] {
        buffer.resize(rows * stride, 0.0);
    }
    let gram = Matrix::new(fixed.gram, stride, stride);
    matmul(images, Output::Overwrite, Matrix::new(x, rows, stride), gram);
    squares.clear();
    for (row, ((x, r), image)) in
        rows_of(x, stride).zip(rows_of(residuals, stride)).zip(rows_of(images, stride)).enumerate()
    {
        let entries = observed.row(first + row);
        if entries.0.is_empty() {
            x.fill(0.0);
            r.fill(0.0);
        } else {
            let lambda = ridge(entries.0.len());
            r.iter_mut().zip(&*x).zip(&*image).for_each(|((r, x), image)| *r = -image - lambda * x);
            add_observed(fixed, entries, x, Toward { target: 1.0, sign: -1.0 }, r);
        }
        let square = dot(r, r);
        squares.push((square, square));
    }
    directions.copy_from_slice(residuals);
    for _ in 0..stop.steps {
        matmul(images, Output::Overwrite, Matrix::new(directions, rows, stride), gram);
        let mut going = false;
        let buffers =
            rows_of(residuals, stride).zip(rows_of(directions, stride)).zip(rows_of(images, stride));
        for (row, (((r, p), image), x)) in buffers.zip(rows_of(x, stride)).enumerate() {
            let (initial, square) = squares[row];
            if square <= initial * stop.tolerance || square == 0.0 {
                continue;
            }
            going = true;
            let entries = observed.row(first + row);
            let lambda = ridge(entries.0.len());
            add_observed(fixed, entries, p, Toward { target: 0.0, sign: 1.0 }, image);
            squares[row].1 = step(lambda, square, x, r, p, image);
        }
        if !going {
            break;
        }
    }
}

fn rows_of(values: &mut [f32], stride: usize) -> impl Iterator<Item = &mut [f32]> {
    values.chunks_exact_mut(stride)
}

/// One step along `p`, whose image lacks the ridge still; returns the new squared residual.
fn step(lambda: f32, square: f32, x: &mut [f32], r: &mut [f32], p: &mut [f32], image: &mut [f32]) -> f32 {
    struct Step<'a> {
        lambda: f32,
        square: f32,
        x: &'a mut [f32],
        r: &'a mut [f32],
        p: &'a mut [f32],
        image: &'a mut [f32],
    }
    impl WithSimd for Step<'_> {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            let (x, r) = (S::as_mut_simd_f32s(self.x).0, S::as_mut_simd_f32s(self.r).0);
            let (p, image) = (S::as_mut_simd_f32s(self.p).0, S::as_mut_simd_f32s(self.image).0);
            let lambda = simd.splat_f32s(self.lambda);
            let mut curvature = simd.splat_f32s(0.0);
            for (p, image) in p.iter().zip(image.iter_mut()) {
                *image = simd.mul_add_e_f32s(lambda, *p, *image);
                curvature = simd.mul_add_e_f32s(*p, *image, curvature);
            }
            let curvature = simd.reduce_sum_f32s(curvature);
            if curvature.is_nan() || curvature <= 0.0 {
                return 0.0;
            }
            let length = self.square / curvature;
            let (ahead, back) = (simd.splat_f32s(length), simd.splat_f32s(-length));
            let mut square = simd.splat_f32s(0.0);
            for (((x, r), p), image) in x.iter_mut().zip(r.iter_mut()).zip(p.iter()).zip(image.iter()) {
                *x = simd.mul_add_e_f32s(ahead, *p, *x);
                *r = simd.mul_add_e_f32s(back, *image, *r);
                square = simd.mul_add_e_f32s(*r, *r, square);
            }
            let square = simd.reduce_sum_f32s(square);
            let turn = simd.splat_f32s(square / self.square);
            for (p, r) in p.iter_mut().zip(r.iter()) {
                *p = simd.mul_add_e_f32s(turn, *p, *r);
            }
            square
        }
    }
    Arch::new().dispatch(Step { lambda, square, x, r, p, image })
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The coefficient of `y_i` is `c_i (target + sign y_i·x)`.
#[derive(Clone, Copy, Debug)]
struct Toward {
    target: f32,
    sign: f32,
}

/// `out += Σ_i c_i (target + sign y_i·x) y_i`.
fn add_observed(fixed: Fixed<'_>, entries: (&[u32], &[f32]), x: &[f32], toward: Toward, out: &mut [f32]) {
    Arch::new().dispatch(Observed { fixed, entries, x, toward, out });
}

struct Observed<'a> {
    fixed: Fixed<'a>,
    entries: (&'a [u32], &'a [f32]),
    x: &'a [f32],
    toward: Toward,
    out: &'a mut [f32],
}

impl WithSimd for Observed<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (fours, rest) = self.entries.0.as_chunks::<4>();
        let (strengths, rest_strengths) = self.entries.1.as_chunks::<4>();
        let (x, out) = (S::as_simd_f32s(self.x).0, S::as_mut_simd_f32s(self.out).0);
        for (items, strengths) in fours.iter().zip(strengths) {
            add_rows(simd, self.fixed, items, strengths, x, self.toward, out);
        }
        for (item, strength) in rest.iter().zip(rest_strengths) {
            add_rows(simd, self.fixed, &[*item], &[*strength], x, self.toward, out);
        }
    }
}

/// The same for a few rows side by side, which hides the latency of their sums.
#[inline(always)]
fn add_rows<S: Simd, const ROWS: usize>(
    simd: S,
    fixed: Fixed<'_>,
    items: &[u32; ROWS],
    strengths: &[f32; ROWS],
    x: &[S::f32s],
    toward: Toward,
    out: &mut [S::f32s],
) {
    let n = x.len();
    let row =
        |item: u32| &S::as_simd_f32s(&fixed.table[item as usize * fixed.stride..][..fixed.stride]).0[..n];
    let rows: [&[S::f32s]; ROWS] = items.map(row);
    let out = &mut out[..n];
    let mut dots = [simd.splat_f32s(0.0); ROWS];
    for i in 0..n {
        for (dot, row) in dots.iter_mut().zip(rows) {
            *dot = simd.mul_add_e_f32s(row[i], x[i], *dot);
        }
    }
    let coefficients: [S::f32s; ROWS] = std::array::from_fn(|r| {
        simd.splat_f32s(strengths[r] * (toward.target + toward.sign * simd.reduce_sum_f32s(dots[r])))
    });
    for i in 0..n {
        for (coefficient, row) in coefficients.iter().zip(rows) {
            out[i] = simd.mul_add_e_f32s(*coefficient, row[i], out[i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::counts::RowsBuilder;
    use super::*;
    use crate::kernels::testing::{normals, wide};

    /// Gradient of the quadratic that a row minimises, in double precision.
    fn gradient(table: &[f64], gram: &[f64], entries: (&[u32], &[f32]), lambda: f64, x: &[f64]) -> Vec<f64> {
        let f = x.len();
        let mut gradient: Vec<f64> =
            (0..f).map(|a| lambda * x[a] + (0..f).map(|b| gram[a * f + b] * x[b]).sum::<f64>()).collect();
        for (&item, &strength) in entries.0.iter().zip(entries.1) {
            let y = &table[item as usize * f..][..f];
            let error = y.iter().zip(x).map(|(y, x)| y * x).sum::<f64>() - 1.0;
            gradient.iter_mut().zip(y).for_each(|(g, y)| *g += f64::from(strength) * error * y);
        }
        gradient
    }

    #[test]
    fn enough_steps_solve_the_normal_equations() {
        let (stride, items) = (32, 50);
        let table = normals(1, items * stride);
        let mut gram = vec![0.0; stride * stride];
        let y = Matrix::new(&table, items, stride);
        matmul(&mut gram, Output::Overwrite, y.t(), y);
        gram.iter_mut().for_each(|g| *g *= 0.1);
        let mut rows = RowsBuilder::new(items);
        rows.push(|row| row.extend([(3, 1.0), (7, 2.0), (8, 0.5), (9, 1.0), (20, 1.0), (49, 3.0)]));
        rows.push(|_| {});
        rows.push(|row| row.push((0, 1.0)));
        let observed = rows.finish();
        let mut x = normals(2, 3 * stride);
        let fixed = Fixed { table: &table, gram: &gram, stride };
        let config = IalsConfig { regularisation: 0.2, ..IalsConfig::default() };
        let rows = Rows { observed: &observed, config: &config, stop: Stop { steps: 100, tolerance: 1e-12 } };
        solve(fixed, rows, 0, &mut x, &mut Scratch::default());
        assert!(x[stride..2 * stride].iter().all(|&x| x == 0.0), "nothing observed, nothing known");
        for row in [0, 2] {
            let entries = observed.row(row);
            let lambda = 0.2 * (entries.0.len() as f64 + 0.1 * items as f64);
            let x = wide(&x[row * stride..][..stride]);
            let gradient = gradient(&wide(&table), &wide(&gram), entries, lambda, &x);
            assert!(gradient.iter().all(|g| g.abs() < 1e-3), "{gradient:?}");
        }
    }
}
