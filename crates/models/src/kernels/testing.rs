//! What kernel tests share: random inputs, comparison with a stated tolerance, finite differences.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Standard normal numbers.
pub(crate) fn normals(seed: u64, n: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| StandardNormal.sample(&mut rng)).collect()
}

/// The same numbers, wider.
pub(crate) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x)).collect()
}

/// Fails unless every element is within `tolerance` of what is wanted, relative to the larger of 1
/// and its size.
pub(crate) fn assert_close(found: &[f32], wanted: &[f64], tolerance: f64) {
    assert_eq!(found.len(), wanted.len());
    for (i, (&found, &wanted)) in found.iter().zip(wanted).enumerate() {
        let error = (f64::from(found) - wanted).abs() / wanted.abs().max(1.0);
        assert!(error < tolerance, "element {i}: {found} instead of {wanted}");
    }
}

/// Gradient of `loss` at `at` by central differences, in `f64`.
pub(crate) fn finite_differences(at: &[f64], loss: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let step = 1e-5;
    let mut moved = at.to_vec();
    (0..at.len())
        .map(|i| {
            moved[i] = at[i] + step;
            let above = loss(&moved);
            moved[i] = at[i] - step;
            let below = loss(&moved);
            moved[i] = at[i];
            (above - below) / (2.0 * step)
        })
        .collect()
}
