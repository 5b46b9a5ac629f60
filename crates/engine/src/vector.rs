//! Plain arithmetic on slices, one definition for the whole workspace.
//!
//! Sums run from the first element to the last, one addition after another, so that results are the
//! same bytes on every machine. Training kernels that add up several lanes side by side have
//! functions of their own (`segue_models::kernels::simd`): another order of summation rounds
//! differently.

use std::iter::Sum;
use std::ops::Mul;

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
