//! Inverse of a symmetric positive definite matrix that is too large for anything but matrix
//! products.
//!
//! Block Gauss-Jordan elimination by the symmetric sweep (Goodnight 1979): sweeping the block `k`
//! with `P = A_kk⁻¹` turns
//!
//! ```text
//! A_ij ← A_ij − A_ik P A_kj      A_ik ← A_ik P      A_kk ← −P
//! ```
//!
//! and after all blocks the matrix is `−A⁻¹`. It stays symmetric, so only the lower triangle is
//! held, as horizontal panels that end at the diagonal: half the memory, `n³` operations like a
//! Cholesky factor and its inverse, and all of them but the small diagonal blocks are products of
//! contiguous matrices. Each panel is one thread's, so that the result does not depend on their
//! number. Rejected: LAPACK through a crate (a C or Fortran build, and nothing to gain on two
//! cores).

use rayon::prelude::*;

use crate::kernels::matmul::{Matrix, Output, matmul};

/// Rows of a panel: wide enough for products near the peak, small enough for a diagonal block to be
/// inverted plainly.
const PANEL: usize = 128;

/// The lower triangle of a symmetric matrix, panel after panel.
#[derive(Clone, Debug)]
pub(super) struct SymmetricMatrix {
    size: usize,
    panels: Vec<Panel>,
}

/// Some rows of it, up to the last one's diagonal.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    first: usize,
    rows: usize,
    values: Vec<f32>,
}

impl Panel {
    /// The rows of the matrix that it holds.
    pub(super) fn rows(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.rows
    }

    /// Entries of a row.
    pub(super) fn width(&self) -> usize {
        self.first + self.rows
    }

    /// The entries of one row of the matrix; those past the diagonal are scratch.
    pub(super) fn row_mut(&mut self, row: usize) -> &mut [f32] {
        let width = self.width();
        &mut self.values[(row - self.first) * width..][..width]
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.values[(row - self.first) * self.width()..][..self.width()]
    }
}

/// The matrix has no inverse that single precision could tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Singular;

impl SymmetricMatrix {
    /// All zero.
    pub(super) fn zeros(size: usize) -> Self {
        let panels = (0..size).step_by(PANEL).map(|first| {
            let rows = PANEL.min(size - first);
            Panel { first, rows, values: vec![0.0; rows * (first + rows)] }
        });
        Self { size, panels: panels.collect() }
    }

    /// Its panels, to fill: rows up to the diagonal.
    pub(super) fn panels_mut(&mut self) -> &mut [Panel] {
        &mut self.panels
    }

    /// Calls back for every entry of the lower triangle: row, column, value.
    pub(super) fn for_each_lower(&self, mut visit: impl FnMut(usize, &[f32])) {
        for panel in &self.panels {
            panel.rows().for_each(|row| visit(row, &panel.row(row)[..=row]));
        }
    }

    /// Replaces the matrix by its inverse.
    pub(super) fn invert(mut self) -> Result<Self, Singular> {
        let mut column = vec![0.0; self.size * PANEL];
        let mut swept = vec![0.0; self.size * PANEL];
        for k in 0..self.panels.len() {
            self.sweep(k, &mut column, &mut swept)?;
        }
        self.panels.par_iter_mut().for_each(|panel| panel.values.iter_mut().for_each(|x| *x = -*x));
        Ok(self)
    }

    fn sweep(&mut self, k: usize, column: &mut [f32], swept: &mut [f32]) -> Result<(), Singular> {
        let (first, width) = (self.panels[k].first, self.panels[k].rows);
        let (column, swept) = (&mut column[..self.size * width], &mut swept[..self.size * width]);
        let minus_p = negative_inverse(&self.panels[k])?;
        self.copy_block_column(k, column);
        // `swept` = −C P, with no row for the block itself.
        let p = Matrix::new(&minus_p, width, width);
        swept.par_chunks_mut(PANEL * width).zip(column.par_chunks(PANEL * width)).for_each(
            |(out, c)| {
                matmul(out, Output::Overwrite, Matrix::new(c, c.len() / width, width), p);
            },
        );
        let (column, swept) = (&*column, &*swept);
        self.panels.par_iter_mut().enumerate().for_each(|(i, panel)| {
            let (rows, reach) = (panel.rows, panel.width());
            if i != k {
                let left = Matrix::new(&swept[panel.first * width..][..rows * width], rows, width);
                let right = Matrix::new(&column[..reach * width], reach, width);
                matmul(&mut panel.values, Output::Add, left, right.t());
            }
            if i > k {
                for row in panel.rows() {
                    let from = &swept[row * width..][..width];
                    let to = &mut panel.row_mut(row)[first..first + width];
                    to.iter_mut().zip(from).for_each(|(to, from)| *to = -from);
                }
            }
        });
        let panel = &mut self.panels[k];
        for row in 0..width {
            let entries = panel.row_mut(first + row);
            for (column, entry) in entries[..first].iter_mut().enumerate() {
                *entry = -swept[column * width + row];
            }
            entries[first..].copy_from_slice(&minus_p[row * width..][..width]);
        }
        Ok(())
    }

    /// `C`: the columns of block `k` as rows of all other blocks; its own rows are zero.
    fn copy_block_column(&self, k: usize, column: &mut [f32]) {
        let (first, width) = (self.panels[k].first, self.panels[k].rows);
        column.fill(0.0);
        for row in 0..width {
            for (i, &value) in self.panels[k].row(first + row)[..first].iter().enumerate() {
                column[i * width + row] = value;
            }
        }
        for panel in &self.panels[k + 1..] {
            for row in panel.rows() {
                column[row * width..][..width]
                    .copy_from_slice(&panel.row(row)[first..first + width]);
            }
        }
    }
}

/// `−A_kk⁻¹` of a panel's diagonal block, in double precision: errors made here would spread to
/// every other block.
fn negative_inverse(panel: &Panel) -> Result<Vec<f32>, Singular> {
    let (n, first) = (panel.rows, panel.first);
    let mut a = vec![0.0f64; n * n];
    for row in 0..n {
        for column in 0..=row {
            let value = f64::from(panel.row(first + row)[first + column]);
            (a[row * n + column], a[column * n + row]) = (value, value);
        }
    }
    // The sweep again, one row at a time.
    let mut pivot_row = vec![0.0; n];
    for k in 0..n {
        pivot_row.copy_from_slice(&a[k * n..][..n]);
        let pivot = pivot_row[k];
        if pivot.is_nan() || pivot <= 0.0 {
            return Err(Singular);
        }
        for row in (0..n).filter(|&row| row != k) {
            let factor = pivot_row[row] / pivot;
            let entries = &mut a[row * n..][..n];
            entries.iter_mut().zip(&pivot_row).for_each(|(entry, above)| *entry -= factor * above);
            entries[k] = factor;
        }
        a[k * n..][..n].iter_mut().for_each(|entry| *entry /= pivot);
        a[k * n + k] = -1.0 / pivot;
    }
    Ok(a.into_iter().map(|value| value as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::{assert_close, normals};

    /// Gauss-Jordan on the matrix beside the identity.
    fn reference(n: usize, values: &[f64]) -> Vec<f64> {
        let mut rows: Vec<Vec<f64>> = (0..n)
            .map(|r| {
                let identity = (0..n).map(|c| f64::from(u8::from(r == c)));
                values[r * n..][..n].iter().copied().chain(identity).collect()
            })
            .collect();
        for k in 0..n {
            let pivot = rows[k][k];
            rows[k].iter_mut().for_each(|x| *x /= pivot);
            let above = rows[k].clone();
            for (r, row) in rows.iter_mut().enumerate().filter(|(r, _)| *r != k) {
                assert_ne!(r, k);
                let factor = row[k];
                row.iter_mut().zip(&above).for_each(|(x, a)| *x -= factor * a);
            }
        }
        rows.into_iter().flat_map(|row| row[n..].to_vec()).collect()
    }

    /// `X Xᵀ + λ I` of few random columns.
    fn definite(n: usize) -> (SymmetricMatrix, Vec<f64>) {
        let x = normals(3, n * 20);
        let entry = |r: usize, c: usize| {
            let dot: f32 =
                x[r * 20..][..20].iter().zip(&x[c * 20..][..20]).map(|(a, b)| a * b).sum();
            dot + if r == c { 2.0 } else { 0.0 }
        };
        let mut matrix = SymmetricMatrix::zeros(n);
        for panel in matrix.panels_mut() {
            for row in panel.rows() {
                panel.row_mut(row)[..=row]
                    .iter_mut()
                    .enumerate()
                    .for_each(|(c, x)| *x = entry(row, c));
            }
        }
        let full = (0..n).flat_map(|r| (0..n).map(move |c| f64::from(entry(r.max(c), r.min(c)))));
        (matrix, full.collect())
    }

    #[test]
    fn the_inverse_is_that_of_plain_elimination() {
        for n in [1, 5, PANEL, PANEL + 1, 2 * PANEL + 77] {
            let (matrix, full) = definite(n);
            let wanted = reference(n, &full);
            matrix.invert().unwrap().for_each_lower(|row, found| {
                assert_close(found, &wanted[row * n..][..=row], 2e-5);
            });
        }
    }

    #[test]
    fn a_matrix_without_inverse_is_refused() {
        let mut matrix = SymmetricMatrix::zeros(3);
        for row in 0..3 {
            matrix.panels_mut()[0].row_mut(row).fill(1.0);
        }
        assert_eq!(matrix.invert().unwrap_err(), Singular);
    }
}
