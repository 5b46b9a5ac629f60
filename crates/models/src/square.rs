//! The little linear algebra that closed-form statistics need: symmetric eigenvectors and Cholesky
//! factors of matrices with some dozens of rows, in `f64`, row-major. Jacobi rotations are slow and
//! exact, and here nothing is large.

use segue_engine::vector::products;

/// A square matrix of f64 in one slice, row after row: for the small systems of factor models and
/// beliefs, up to a few hundred rows.
#[derive(Clone, Debug)]
pub struct Square {
    /// Rows, and as many columns.
    pub n: usize,
    /// All `n · n` entries, row after row.
    pub values: Vec<f64>,
}

impl Square {
    /// A matrix of nothing but zeros, to be filled or added to.
    pub fn zeros(n: usize) -> Self {
        Self { n, values: vec![0.0; n * n] }
    }

    /// Ones on the diagonal: what multiplies into anything without changing it.
    pub fn identity(n: usize) -> Self {
        let mut matrix = Self::zeros(n);
        (0..n).for_each(|i| *matrix.at_mut(i, i) = 1.0);
        matrix
    }

    /// One entry, both places counted from 0.
    ///
    /// # Panics
    /// If it lies outside of the matrix.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.n + column]
    }

    /// One entry, to be changed.
    ///
    /// # Panics
    /// If it lies outside of the matrix.
    pub fn at_mut(&mut self, row: usize, column: usize) -> &mut f64 {
        &mut self.values[row * self.n + column]
    }

    /// Adds `weight · v vᵀ`.
    pub fn add_outer(&mut self, vector: &[f64], weight: f64) {
        for (row, &a) in self.values.chunks_exact_mut(self.n).zip(vector) {
            row.iter_mut().zip(vector).for_each(|(value, &b)| *value += weight * a * b);
        }
    }

    /// Adds `weight · other`.
    pub fn add(&mut self, other: &Self, weight: f64) {
        self.values.iter_mut().zip(&other.values).for_each(|(a, &b)| *a += weight * b);
    }

    /// The product with a vector of `n` entries.
    pub fn times(&self, vector: &[f64]) -> Vec<f64> {
        products(&self.values, vector)
    }

    /// The matrix product `self · other`, for matrices of the same size.
    pub fn multiply(&self, other: &Self) -> Self {
        let mut product = Self::zeros(self.n);
        for i in 0..self.n {
            for k in 0..self.n {
                let a = self.at(i, k);
                for j in 0..self.n {
                    *product.at_mut(i, j) += a * other.at(k, j);
                }
            }
        }
        product
    }

    /// Rows become columns.
    pub fn transposed(&self) -> Self {
        let mut transposed = Self::zeros(self.n);
        for i in 0..self.n {
            for j in 0..self.n {
                *transposed.at_mut(j, i) = self.at(i, j);
            }
        }
        transposed
    }

    /// `L` of the factorisation `self = L Lᵀ`; pivots below `floor`, above 0, are raised to it, so
    /// that a matrix which is only nearly positive definite still has one.
    pub fn cholesky(&self, floor: f64) -> Self {
        let n = self.n;
        let mut lower = Self::zeros(n);
        for i in 0..n {
            for j in 0..=i {
                let dot: f64 = (0..j).map(|k| lower.at(i, k) * lower.at(j, k)).sum();
                let rest = self.at(i, j) - dot;
                *lower.at_mut(i, j) =
                    if i == j { rest.max(floor).sqrt() } else { rest / lower.at(j, j) };
            }
        }
        lower
    }

    /// `L⁻¹` of that factorisation.
    pub fn inverse_cholesky(&self, floor: f64) -> Self {
        let n = self.n;
        let lower = self.cholesky(floor);
        let mut inverse = Self::zeros(n);
        for column in 0..n {
            for row in column..n {
                let unit = if row == column { 1.0 } else { 0.0 };
                let dot: f64 =
                    (column..row).map(|k| lower.at(row, k) * inverse.at(k, column)).sum();
                *inverse.at_mut(row, column) = (unit - dot) / lower.at(row, row);
            }
        }
        inverse
    }

    /// The inverse of a positive definite matrix.
    pub fn inverse(&self) -> Self {
        let inverse = self.inverse_cholesky(f64::MIN_POSITIVE);
        inverse.transposed().multiply(&inverse)
    }

    /// Eigenvalues of a symmetric matrix, largest first, and the eigenvectors as rows in the same
    /// order; the sign of each is that its largest component is positive, so that equal matrices
    /// give equal vectors.
    pub fn eigen(&self) -> (Vec<f64>, Vec<Vec<f64>>) {
        const SWEEPS: usize = 60;
        let n = self.n;
        let mut a = self.clone();
        let mut vectors = Self::identity(n);
        for _ in 0..SWEEPS {
            let off: f64 = (0..n)
                .flat_map(|i| (0..i).map(move |j| (i, j)))
                .map(|(i, j)| a.at(i, j).powi(2))
                .sum();
            let diagonal: f64 = (0..n).map(|i| a.at(i, i).powi(2)).sum();
            if off <= 1e-22 * diagonal {
                break;
            }
            for p in 0..n {
                for q in p + 1..n {
                    rotate(&mut a, &mut vectors, p, q);
                }
            }
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| a.at(j, j).total_cmp(&a.at(i, i)).then(i.cmp(&j)));
        let values = order.iter().map(|&i| a.at(i, i)).collect();
        let rows = order
            .iter()
            .map(|&i| with_fixed_sign((0..n).map(|row| vectors.at(row, i)).collect()))
            .collect();
        (values, rows)
    }
}

/// One Jacobi rotation that makes `a[p, q]` zero.
fn rotate(a: &mut Square, vectors: &mut Square, p: usize, q: usize) {
    let apq = a.at(p, q);
    if apq == 0.0 {
        return;
    }
    let theta = (a.at(q, q) - a.at(p, p)) / (2.0 * apq);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cos = 1.0 / (t * t + 1.0).sqrt();
    let sin = t * cos;
    for k in 0..a.n {
        let (akp, akq) = (a.at(k, p), a.at(k, q));
        *a.at_mut(k, p) = cos * akp - sin * akq;
        *a.at_mut(k, q) = sin * akp + cos * akq;
    }
    for k in 0..a.n {
        let (apk, aqk) = (a.at(p, k), a.at(q, k));
        *a.at_mut(p, k) = cos * apk - sin * aqk;
        *a.at_mut(q, k) = sin * apk + cos * aqk;
        let (vkp, vkq) = (vectors.at(k, p), vectors.at(k, q));
        *vectors.at_mut(k, p) = cos * vkp - sin * vkq;
        *vectors.at_mut(k, q) = sin * vkp + cos * vkq;
    }
}

fn with_fixed_sign(mut vector: Vec<f64>) -> Vec<f64> {
    let largest = vector.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
    if largest < 0.0 {
        vector.iter_mut().for_each(|value| *value = -*value);
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Square {
        Square { n: 3, values: vec![4.0, 1.0, 0.5, 1.0, 3.0, -0.2, 0.5, -0.2, 2.0] }
    }

    #[test]
    fn eigenvectors_rebuild_the_matrix() {
        let (values, vectors) = example().eigen();
        let mut rebuilt = Square::zeros(3);
        values.iter().zip(&vectors).for_each(|(&value, vector)| rebuilt.add_outer(vector, value));
        for (a, b) in rebuilt.values.iter().zip(&example().values) {
            assert!((a - b).abs() < 1e-10, "{a} is not {b}");
        }
        assert!(values.is_sorted_by(|a, b| a >= b));
    }

    #[test]
    fn the_inverse_cholesky_factor_whitens() {
        let inverse = example().inverse_cholesky(1e-9);
        let white = inverse.multiply(&example()).multiply(&inverse.transposed());
        for (a, b) in white.values.iter().zip(&Square::identity(3).values) {
            assert!((a - b).abs() < 1e-10, "{a} is not {b}");
        }
    }
}
