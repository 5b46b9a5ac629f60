//! Weighted binary cross-entropy on logits: `Σ w (softplus(z) - y z) / Σ w`.

use segue_engine::vector::sigmoid_f32;

/// Computes the loss and writes its gradient with respect to the logits.
///
/// Targets may lie between 0 and 1 (label smoothing). A total weight of 0 gives loss 0 and gradient
/// 0.
///
/// # Shapes
/// All slices `[batch]`.
pub fn loss_and_gradient(
    logits: &[f32],
    targets: &[f32],
    weights: &[f32],
    gradient: &mut [f32],
) -> f64 {
    let total: f64 = weights.iter().map(|&w| f64::from(w)).sum();
    if total <= 0.0 {
        gradient.fill(0.0);
        return 0.0;
    }
    let mut loss = 0.0;
    for (((&z, &y), &w), g) in logits.iter().zip(targets).zip(weights).zip(gradient) {
        loss += f64::from(w * (softplus(z) - y * z));
        *g = (f64::from(w * (sigmoid_f32(z) - y)) / total) as f32;
    }
    loss / total
}

/// `ln(1 + eˣ)` without overflow.
fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, finite_differences, normals, wide};
    use super::*;

    fn reference(logits: &[f64], targets: &[f64], weights: &[f64]) -> f64 {
        let rows = logits.iter().zip(targets).zip(weights);
        let sum: f64 = rows
            .map(|((z, y), w)| {
                let p = 1.0 / (1.0 + (-z).exp());
                -w * (y * p.ln() + (1.0 - y) * (1.0 - p).ln())
            })
            .sum();
        sum / weights.iter().sum::<f64>()
    }

    #[test]
    fn loss_and_gradient_follow_the_reference() {
        let logits = normals(1, 20);
        let targets: Vec<f32> = (0..20).map(|i| [0.0, 1.0, 0.95][i % 3]).collect();
        let weights: Vec<f32> = (0..20).map(|i| 0.5 + i as f32).collect();
        let mut gradient = vec![0.0; 20];
        let loss = loss_and_gradient(&logits, &targets, &weights, &mut gradient);
        let (targets, weights) = (wide(&targets), wide(&weights));
        assert!((loss - reference(&wide(&logits), &targets, &weights)).abs() < 1e-5);
        assert_close(
            &gradient,
            &finite_differences(&wide(&logits), |z| reference(z, &targets, &weights)),
            1e-5,
        );
    }

    #[test]
    fn extreme_logits_stay_finite() {
        let mut gradient = [0.0; 2];
        let loss = loss_and_gradient(&[1e30, -1e30], &[0.0, 1.0], &[1.0, 1.0], &mut gradient);
        assert!(loss.is_finite() && gradient.iter().all(|g| g.is_finite()));
    }

    #[test]
    fn rows_of_weight_zero_teach_nothing() {
        let mut gradient = [5.0; 2];
        assert_eq!(loss_and_gradient(&[1.0, 2.0], &[0.0, 1.0], &[0.0, 0.0], &mut gradient), 0.0);
        assert_eq!(gradient, [0.0; 2]);
    }
}
