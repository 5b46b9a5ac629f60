//! Losses that teach a model to put the next item before others, on logits.
//!
//! Each row is one position of a sequence: the logit of its target, and those of other items, which
//! either all rows share or each row drew for itself. Softmax over the target and uniform negatives
//! approaches the full softmax as negatives grow (Klenitskiy & Vasilev 2023; Petrov & Macdonald
//! 2023): their number matters more than the architecture.

use super::simd::{exp, max_of, sigmoid, sum_of, vectorised};

/// A logit that no softmax sees: for negatives that are the row's own target.
pub const MASKED: f32 = -1e30;

vectorised! {
/// Softmax cross-entropy of each target against the others in its row: `ln(e^{s₊} + Σ e^{s₋}) -
/// s₊`, summed over rows and multiplied by `weight`. Logits are replaced by their gradients.
///
/// # Shapes
/// `targets` `[rows]`, `others` `[rows, negatives]`.
pub fn sampled_softmax(targets: &mut [f32], others: &mut [f32], weight: f32) -> f64 {
    let negatives = others.len() / targets.len().max(1);
    let mut loss = 0.0;
    for (target, others) in targets.iter_mut().zip(others.chunks_exact_mut(negatives)) {
        let largest = max_of(others).max(*target);
        for other in &mut *others {
            *other = exp(*other - largest);
        }
        let shifted = *target - largest;
        let own = exp(shifted);
        let total = own + sum_of(others, |e| e);
        loss += f64::from(total.ln() - shifted);
        let factor = weight / total;
        for other in others {
            *other *= factor;
        }
        *target = own * factor - weight;
    }
    loss * f64::from(weight)
}

/// Softmax cross-entropy over a whole catalogue: `ln Σ e^s - s₊`, summed over rows and multiplied
/// by `weight`. Logits are replaced by their gradients.
///
/// # Shapes
/// `logits` `[rows, items]`, `targets` `[rows]`, each below `items`.
pub fn full_softmax(items: usize, logits: &mut [f32], targets: &[u32], weight: f32) -> f64 {
    let mut loss = 0.0;
    for (logits, &target) in logits.chunks_exact_mut(items).zip(targets) {
        let largest = max_of(logits);
        let shifted = logits[target as usize] - largest;
        for logit in &mut *logits {
            *logit = exp(*logit - largest);
        }
        let total = sum_of(logits, |e| e);
        loss += f64::from(total.ln() - shifted);
        let factor = weight / total;
        for logit in &mut *logits {
            *logit *= factor;
        }
        logits[target as usize] -= weight;
    }
    loss * f64::from(weight)
}

fn scaled_sigmoids(values: &mut [f32], factor: f32) {
    for value in values {
        *value = factor * sigmoid(*value);
    }
}
}

/// Generalised binary cross-entropy (gSASRec, Petrov & Macdonald 2023): `β softplus(-s₊) + Σ
/// softplus(s₋)`, divided by the number of terms, summed over rows and multiplied by `weight`.
/// Logits are replaced by their gradients; β = 1 is the binary cross-entropy of SASRec.
///
/// # Shapes
/// `targets` `[rows]`, `others` `[rows, negatives]`.
pub fn generalised_bce(beta: f32, targets: &mut [f32], others: &mut [f32], weight: f32) -> f64 {
    let negatives = others.len() / targets.len().max(1);
    let weight = weight / (negatives + 1) as f32;
    let mut loss = 0.0;
    for (target, others) in targets.iter_mut().zip(others.chunks_exact_mut(negatives)) {
        loss +=
            f64::from(beta) * softplus(-*target) + others.iter().map(|&x| softplus(x)).sum::<f64>();
        *target = -weight * beta * sigmoid(-*target);
    }
    scaled_sigmoids(others, weight);
    loss * f64::from(weight)
}

/// β of gBCE for `negatives` drawn of `items`: `α (t (1 - 1/α) + 1/α)` with
/// `α = negatives / (items - 1)`; `t = 0` leaves plain binary cross-entropy, `t = 1` undoes all
/// overconfidence.
pub fn calibrating_beta(negatives: usize, items: usize, t: f32) -> f32 {
    let alpha = negatives.min(items - 1) as f32 / (items - 1) as f32;
    alpha * (t * (1.0 - alpha.recip()) + alpha.recip())
}

/// `ln(1 + eˣ)` without overflow.
fn softplus(x: f32) -> f64 {
    f64::from(x.max(0.0)) + f64::from((-x.abs()).exp().ln_1p())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, finite_differences, normals, wide};
    use super::*;

    const ROWS: usize = 3;
    const NEGATIVES: usize = 19;

    fn check(fast: impl Fn(&mut [f32], &mut [f32]) -> f64, reference: impl Fn(f64, &[f64]) -> f64) {
        let (mut targets, mut others) = (normals(1, ROWS), normals(2, ROWS * NEGATIVES));
        let (targets64, others64) = (wide(&targets), wide(&others));
        let slow = |t: &[f64], o: &[f64]| -> f64 {
            t.iter().zip(o.chunks_exact(NEGATIVES)).map(|(t, o)| reference(*t, o)).sum()
        };
        let loss = fast(&mut targets, &mut others);
        assert!((loss - slow(&targets64, &others64)).abs() < 1e-5);
        assert_close(&targets, &finite_differences(&targets64, |t| slow(t, &others64)), 1e-5);
        assert_close(&others, &finite_differences(&others64, |o| slow(&targets64, o)), 1e-5);
    }

    #[test]
    fn sampled_softmax_follows_the_reference() {
        check(
            |targets, others| sampled_softmax(targets, others, 0.5),
            |t, o| 0.5 * ((t.exp() + o.iter().map(|x| x.exp()).sum::<f64>()).ln() - t),
        );
    }

    #[test]
    fn generalised_bce_follows_the_reference() {
        let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
        for beta in [1.0, 0.3] {
            check(
                |targets, others| generalised_bce(beta, targets, others, 0.5),
                |t, o| {
                    let positive = logistic(t).powf(f64::from(beta)).ln();
                    let sum = positive + o.iter().map(|x| (1.0 - logistic(*x)).ln()).sum::<f64>();
                    -0.5 * sum / (NEGATIVES + 1) as f64
                },
            );
        }
    }

    #[test]
    fn full_softmax_follows_the_reference() {
        let (targets, mut logits) = ([4, 0, 18], normals(2, ROWS * NEGATIVES));
        let logits64 = wide(&logits);
        let slow = |logits: &[f64]| -> f64 {
            let rows = logits.chunks_exact(NEGATIVES).zip(targets);
            rows.map(|(l, t)| 0.5 * (l.iter().map(|x| x.exp()).sum::<f64>().ln() - l[t as usize]))
                .sum()
        };
        let loss = full_softmax(NEGATIVES, &mut logits, &targets, 0.5);
        assert!((loss - slow(&logits64)).abs() < 1e-5);
        assert_close(&logits, &finite_differences(&logits64, slow), 1e-5);
    }

    #[test]
    fn masked_negatives_teach_nothing_and_extreme_logits_stay_finite() {
        let (mut target, mut others) = ([2.0], [MASKED, 1e4]);
        assert!(sampled_softmax(&mut target, &mut others, 1.0).is_finite());
        assert_eq!(others[0], 0.0);
        assert_eq!(others[1], 1.0);
        let (mut target, mut others) = ([-1e4], [MASKED, 1e4]);
        assert!(generalised_bce(0.5, &mut target, &mut others, 1.0).is_finite());
        assert!(others[0].abs() < 1e-37, "{}", others[0]);
    }

    #[test]
    fn beta_runs_from_one_to_the_sampling_rate() {
        assert_eq!(calibrating_beta(10, 101, 0.0), 1.0);
        assert!((calibrating_beta(10, 101, 1.0) - 0.1).abs() < 1e-6);
    }
}
