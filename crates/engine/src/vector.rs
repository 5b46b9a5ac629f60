//! Plain arithmetic on slices, one definition for the whole workspace.
//!
//! Sums run from the first element to the last, one addition after another, so that results are the
//! same bytes on every machine. Training kernels that add up several lanes side by side have
//! functions of their own (`segue_models::kernels::simd`): another order of summation rounds
//! differently.

use std::iter::Sum;
use std::ops::{AddAssign, Mul};

/// The inner product `Σ aᵢ bᵢ`, added up from the first element to the last in the type of the
/// elements. Where one slice is longer, its further elements are left out.
///
/// # Examples
/// ```
/// use segue_engine::vector::dot;
///
/// assert_eq!(dot(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 32.0);
/// ```
pub fn dot<T: Copy + Mul<Output = T> + Sum>(a: &[T], b: &[T]) -> T {
    a.iter().zip(b).map(|(&a, &b)| a * b).sum()
}

/// The inner products of the rows of a matrix with a vector: each as [`dot`] has it, to the last
/// bit but the sign of zero. One sum waits for each of its additions in turn, so four rows are
/// added up side by side.
///
/// # Shapes
/// `rows` `[n, vector]`, the result `[n]`.
///
/// # Examples
/// ```
/// use segue_engine::vector::products;
///
/// assert_eq!(products(&[1.0, 2.0, 3.0, 4.0], &[1.0, 10.0]), [21.0, 43.0]);
/// ```
pub fn products<T>(rows: &[T], vector: &[T]) -> Vec<T>
where
    T: Copy + Default + Mul<Output = T> + Sum + AddAssign,
{
    let width = vector.len().max(1);
    let mut products = Vec::with_capacity(rows.len() / width);
    let mut blocks = rows.chunks_exact(4 * width);
    for block in &mut blocks {
        let (first, second) = block.split_at(2 * width);
        let ((a, b), (c, d)) = (first.split_at(width), second.split_at(width));
        let mut sums = [T::default(); 4];
        for ((((&a, &b), &c), &d), &value) in a.iter().zip(b).zip(c).zip(d).zip(vector) {
            sums[0] += a * value;
            sums[1] += b * value;
            sums[2] += c * value;
            sums[3] += d * value;
        }
        products.extend(sums);
    }
    products.extend(blocks.remainder().chunks_exact(width).map(|row| dot(row, vector)));
    products
}

/// Sums of [`dot_in_lanes`] that stand side by side.
const LANES: usize = 8;

/// The inner product, added up in eight sums that stand side by side and are added up last: the
/// same bytes on every machine, and other ones than [`dot`] gives. For single products in hot
/// loops, where nobody compares last bits. Both are of one length.
///
/// # Examples
/// ```
/// use segue_engine::vector::dot_in_lanes;
///
/// let ones = [1.0; 19];
/// assert_eq!(dot_in_lanes(&ones, &ones), 19.0);
/// ```
pub fn dot_in_lanes(a: &[f32], b: &[f32]) -> f32 {
    debug_assert_eq!(a.len(), b.len());
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum::<f32>() + dot(a_rest, b_rest)
}

/// The logistic function `1 / (1 + e⁻ˣ)`: from log-odds to a probability, 0 to 1. It saturates
/// without overflow.
///
/// # Examples
/// ```
/// use segue_engine::vector::sigmoid;
///
/// assert_eq!(sigmoid(0.0), 0.5);
/// assert_eq!(sigmoid(-1e4), 0.0);
/// ```
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// [`sigmoid`] in single precision, for networks whose weights are `f32`. It is a function of its
/// own because going through `f64` would round differently than the models that were saved.
pub fn sigmoid_f32(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn numbers(rng: &mut ChaCha8Rng, count: usize) -> Vec<f32> {
        (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
    }

    #[test]
    fn sums_side_by_side_are_those_of_one_row_after_another_to_the_last_bit() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for (rows, width) in [(0, 3), (1, 1), (3, 5), (4, 64), (11, 17)] {
            let (matrix, vector) = (numbers(&mut rng, rows * width), numbers(&mut rng, width));
            let slow: Vec<f32> = matrix.chunks_exact(width).map(|row| dot(row, &vector)).collect();
            assert_eq!(products(&matrix, &vector), slow, "{rows} by {width}");
        }
    }

    #[test]
    fn sums_in_lanes_are_those_in_order_but_for_rounding() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for width in 0..40 {
            let (a, b) = (numbers(&mut rng, width), numbers(&mut rng, width));
            assert!((dot_in_lanes(&a, &b) - dot(&a, &b)).abs() < 1e-5, "{width}");
        }
    }
}
