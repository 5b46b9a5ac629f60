//! Dropout (Srivastava 2014), inverted: what stays is scaled up in training, so that prediction
//! needs no change.

use rand::Rng;

/// Drops each element with the given probability and scales the others by `1 / (1 - probability)`.
///
/// `mask` receives 0 or that factor, for [`backward`]. The probability is rounded to 1/65536: two
/// elements are decided by one random word, because drawing the mask would otherwise cost as much
/// as the matrix product beside it.
pub fn forward(probability: f32, rng: &mut impl Rng, values: &mut [f32], mask: &mut [f32]) {
    let threshold = (probability * 65536.0).round() as u32;
    let keep = 65536.0 / (65536.0 - threshold as f32);
    for pair in mask.chunks_mut(2) {
        let word = rng.next_u32();
        for (slot, half) in pair.iter_mut().zip([word & 0xffff, word >> 16]) {
            *slot = if half < threshold { 0.0 } else { keep };
        }
    }
    backward(mask, values);
}

/// Applies a mask to a gradient.
pub fn backward(mask: &[f32], gradient: &mut [f32]) {
    gradient.iter_mut().zip(mask).for_each(|(g, m)| *g *= m);
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_mean_is_kept_and_the_stated_share_dropped() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (mut values, mut mask) = (vec![1.0f32; 100_001], vec![0.0f32; 100_001]);
        forward(0.3, &mut rng, &mut values, &mut mask);
        assert_eq!(values, mask);
        let dropped = values.iter().filter(|v| **v == 0.0).count() as f64 / 100_001.0;
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / 100_001.0;
        assert!((dropped - 0.3).abs() < 0.01, "dropped {dropped}");
        assert!((mean - 1.0).abs() < 0.02, "mean {mean}");
    }

    #[test]
    fn probability_zero_changes_nothing() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (mut values, mut mask) = (vec![3.0f32; 9], vec![0.0f32; 9]);
        forward(0.0, &mut rng, &mut values, &mut mask);
        assert_eq!(values, [3.0; 9]);
    }
}
