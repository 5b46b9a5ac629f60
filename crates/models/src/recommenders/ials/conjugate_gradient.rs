//! Least squares for one side of a factorisation, by conjugate gradients (Takács et al. 2011,
//! "Applications of the conjugate gradient method for implicit feedback collaborative filtering").
//!
//! A row `x` with strengths `c` on the items that it is observed with solves
//!
//! ```text
//! (α₀ YᵀY + Σ_i c_i y_i y_iᵀ + λ_x I) x = Σ_i c_i y_i
//! ```
//!
//! Started from the row's last value, a few steps an iteration reach the loss of the exact solution
//! at a fraction of its cost: `f` per entry and step instead of `f²`. The shared part `α₀ YᵀY p` is
//! one matrix product for a batch of rows; the observed part reads each `y_i` once for both of its
//! uses, four at a time.

use pulp::{Arch, Simd, WithSimd};

use super::super::counts::Counts;
use super::config::IalsConfig;
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
    progress: Vec<Progress>,
    /// The observed rows of the fixed side, one after another, if they are few.
    gathered: Vec<f32>,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug)]
struct Progress {
    /// `λ_x`.
    lambda: f32,
    /// Squared residual before the first step.
    initial: f32,
    /// Squared residual now.
    square: f32,
}

/// Numbers of the fixed side that are copied together: they are read once for each step, and stay
/// in the second-level cache.
const GATHERED: usize = 1 << 16;

/// Solves for rows from `first` on, from what `x` holds on; rows without entries become zero.
///
/// # Shapes
/// `x` `[rows, stride]`.
pub(super) fn solve(
    fixed: Fixed<'_>,
    rows: Rows<'_>,
    first: usize,
    x: &mut [f32],
    scratch: &mut Scratch,
) {
    let (mut first, mut x) = (first, x);
    while !x.is_empty() {
        let count = group(rows.observed, first, x.len() / fixed.stride, fixed.stride);
        let (group, rest) = x.split_at_mut(count * fixed.stride);
        solve_group(fixed, rows, first, group, scratch);
        (first, x) = (first + count, rest);
    }
}

/// How many of the next rows have so few entries together that they can be gathered; at least one.
fn group(observed: &Counts, first: usize, rows: usize, stride: usize) -> usize {
    let start = observed.offsets()[first];
    let fits = |&row: &usize| (observed.offsets()[first + row + 1] - start) * stride <= GATHERED;
    (0..rows).take_while(fits).count().max(1)
}

fn solve_group(
    fixed: Fixed<'_>,
    rows: Rows<'_>,
    first: usize,
    x: &mut [f32],
    scratch: &mut Scratch,
) {
    let Rows { observed, config, stop } = rows;
    let stride = fixed.stride;
    let count = x.len() / stride;
    let Scratch { residuals, directions, images, progress, gathered } = scratch;
    for buffer in [&mut *residuals, directions, images] {
        buffer.resize(count * stride, 0.0);
    }
    let range = observed.offsets()[first]..observed.offsets()[first + count];
    gathered.clear();
    if range.len() * stride <= GATHERED {
        for &item in &observed.indices()[range.clone()] {
            gathered.extend_from_slice(&fixed.table[item as usize * stride..][..stride]);
        }
    }
    let equation = |row: usize, lambda: f32| {
        let (items, strengths) = observed.row(first + row);
        let begin = (observed.offsets()[first + row] - range.start) * stride;
        let gathered = gathered.get(begin..begin + items.len() * stride);
        Equation { table: fixed.table, items, strengths, gathered, lambda }
    };
    let gram = Matrix::new(fixed.gram, stride, stride);
    matmul(images, Output::Overwrite, Matrix::new(x, count, stride), gram);
    progress.clear();
    let buffers = rows_of(x, stride).zip(rows_of(residuals, stride)).zip(rows_of(images, stride));
    for (row, ((x, r), image)) in buffers.enumerate() {
        let lambda = config.ridge(observed.row(first + row).1, observed.columns());
        let square = Arch::new().dispatch(Start { equation: equation(row, lambda), x, r, image });
        progress.push(Progress { lambda, initial: square, square });
    }
    directions.copy_from_slice(residuals);
    for _ in 0..stop.steps {
        matmul(images, Output::Overwrite, Matrix::new(directions, count, stride), gram);
        let mut going = false;
        let buffers = rows_of(residuals, stride)
            .zip(rows_of(directions, stride))
            .zip(rows_of(images, stride));
        for (row, (((r, p), image), x)) in buffers.zip(rows_of(x, stride)).enumerate() {
            let Progress { lambda, initial, square } = progress[row];
            if square > initial * stop.tolerance {
                going = true;
                let equation = equation(row, lambda);
                progress[row].square =
                    Arch::new().dispatch(Step { equation, square, x, r, p, image });
            }
        }
        if !going {
            break;
        }
    }
}

fn rows_of(values: &mut [f32], stride: usize) -> impl Iterator<Item = &mut [f32]> {
    values.chunks_exact_mut(stride)
}

/// What one row has to solve, but for the part that all rows share.
#[derive(Clone, Copy, Debug)]
struct Equation<'a> {
    table: &'a [f32],
    items: &'a [u32],
    strengths: &'a [f32],
    /// The items' rows of the table, if they have been gathered.
    gathered: Option<&'a [f32]>,
    lambda: f32,
}

/// The first residual, `Σ_i c_i y_i − A x`, from the shared part of `A x`; returns its square.
struct Start<'a> {
    equation: Equation<'a>,
    x: &'a mut [f32],
    r: &'a mut [f32],
    image: &'a [f32],
}

impl WithSimd for Start<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        if self.equation.items.is_empty() {
            self.x.fill(0.0);
            self.r.fill(0.0);
            return 0.0;
        }
        let (x, image) = (S::as_simd_f32s(self.x).0, S::as_simd_f32s(self.image).0);
        let r = S::as_mut_simd_f32s(self.r).0;
        let lambda = simd.splat_f32s(self.equation.lambda);
        for ((r, x), image) in r.iter_mut().zip(x).zip(image) {
            *r = simd.neg_f32s(simd.mul_add_e_f32s(lambda, *x, *image));
        }
        self.equation.add_observed(simd, x, |strength, dot| strength * (1.0 - dot), r);
        square(simd, r)
    }
}

/// One step along `p`, from the shared part of its image; returns the new squared residual.
struct Step<'a> {
    equation: Equation<'a>,
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
        self.equation.add_observed(simd, p, |strength, dot| strength * dot, image);
        let lambda = simd.splat_f32s(self.equation.lambda);
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
        for (((x, r), p), image) in x.iter_mut().zip(r.iter_mut()).zip(p.iter()).zip(image.iter()) {
            *x = simd.mul_add_e_f32s(ahead, *p, *x);
            *r = simd.mul_add_e_f32s(back, *image, *r);
        }
        let square = square(simd, r);
        let turn = simd.splat_f32s(square / self.square);
        for (p, r) in p.iter_mut().zip(r.iter()) {
            *p = simd.mul_add_e_f32s(turn, *p, *r);
        }
        square
    }
}

#[inline(always)]
fn square<S: Simd>(simd: S, values: &[S::f32s]) -> f32 {
    let sum = values
        .iter()
        .fold(simd.splat_f32s(0.0), |sum, value| simd.mul_add_e_f32s(*value, *value, sum));
    simd.reduce_sum_f32s(sum)
}

impl Equation<'_> {
    /// `out += Σ_i coefficient(c_i, y_i·x) y_i`.
    #[inline(always)]
    fn add_observed<S: Simd>(
        self,
        simd: S,
        x: &[S::f32s],
        coefficient: impl Fn(f32, f32) -> f32 + Copy,
        out: &mut [S::f32s],
    ) {
        let stride = size_of_val(x) / size_of::<f32>();
        let vectors = |values| -> &[S::f32s] { &S::as_simd_f32s(values).0[..x.len()] };
        let listed =
            |entry: usize| vectors(&self.table[self.items[entry] as usize * stride..][..stride]);
        match self.gathered {
            Some(rows) => {
                let gathered = |entry: usize| vectors(&rows[entry * stride..][..stride]);
                add_all(simd, gathered, self.strengths, (x, coefficient), out);
            }
            None => add_all(simd, listed, self.strengths, (x, coefficient), out),
        }
    }
}

#[inline(always)]
fn add_all<'a, S: Simd>(
    simd: S,
    row: impl Fn(usize) -> &'a [S::f32s],
    strengths: &[f32],
    (x, coefficient): (&[S::f32s], impl Fn(f32, f32) -> f32 + Copy),
    out: &mut [S::f32s],
) {
    const SIDE_BY_SIDE: usize = 4;
    let (groups, rest) = strengths.as_chunks::<SIDE_BY_SIDE>();
    for (group, strengths) in groups.iter().enumerate() {
        let first = group * SIDE_BY_SIDE;
        let rows = [row(first), row(first + 1), row(first + 2), row(first + 3)];
        add_rows(simd, rows, strengths, (x, coefficient), out);
    }
    for (i, strength) in rest.iter().enumerate() {
        add_rows(simd, [row(groups.len() * SIDE_BY_SIDE + i)], &[*strength], (x, coefficient), out);
    }
}

/// A few rows side by side, which hides the latency of their sums. Closures over arrays
/// (`from_fn`, `map`) would be functions of their own, compiled for no registers but the least.
#[inline(always)]
fn add_rows<S: Simd, const ROWS: usize>(
    simd: S,
    mut rows: [&[S::f32s]; ROWS],
    strengths: &[f32; ROWS],
    (x, coefficient): (&[S::f32s], impl Fn(f32, f32) -> f32),
    out: &mut [S::f32s],
) {
    let n = x.len();
    let out = &mut out[..n];
    for row in &mut rows {
        *row = &row[..n];
    }
    let mut dots = [simd.splat_f32s(0.0); ROWS];
    for i in 0..n {
        for (dot, row) in dots.iter_mut().zip(rows) {
            *dot = simd.mul_add_e_f32s(row[i], x[i], *dot);
        }
    }
    let mut coefficients = dots;
    for (sum, &strength) in coefficients.iter_mut().zip(strengths) {
        *sum = simd.splat_f32s(coefficient(strength, simd.reduce_sum_f32s(*sum)));
    }
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
    fn gradient(
        table: &[f64],
        gram: &[f64],
        entries: (&[u32], &[f32]),
        lambda: f64,
        x: &[f64],
    ) -> Vec<f64> {
        let f = x.len();
        let mut gradient: Vec<f64> = (0..f)
            .map(|a| lambda * x[a] + (0..f).map(|b| gram[a * f + b] * x[b]).sum::<f64>())
            .collect();
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
        let config = IalsConfig {
            regularisation: 0.2,
            unobserved_weight: Some(0.05),
            ..IalsConfig::default()
        };
        let rows = Rows {
            observed: &observed,
            config: &config,
            stop: Stop { steps: 100, tolerance: 1e-12 },
        };
        solve(fixed, rows, 0, &mut x, &mut Scratch::default());
        assert!(x[stride..2 * stride].iter().all(|&x| x == 0.0), "nothing observed, nothing known");
        for row in [0, 2] {
            let entries = observed.row(row);
            let lambda = f64::from(config.ridge(entries.1, items));
            let x = wide(&x[row * stride..][..stride]);
            let gradient = gradient(&wide(&table), &wide(&gram), entries, lambda, &x);
            assert!(gradient.iter().all(|g| g.abs() < 1e-3), "{gradient:?}");
        }
    }
}
