//! Plackett-Luce (Luce 1959; Plackett 1975): each pick is drawn from what remains in proportion to `exp(score / τ)`.
//!
//! The whole slate has the probability `Π_t exp(s_t / τ) / Σ_{i eligible at t} exp(s_i / τ)`, a product of the recorded
//! propensities. The softmax is taken relative to the highest score, so that nothing overflows.

use super::Policy;

/// Draws in proportion to the exponential of the score.
#[derive(Clone, Copy, Debug)]
pub struct PlackettLuce {
    /// τ, above 0: towards 0 the best is always drawn, with large τ all are drawn alike.
    pub temperature: f32,
}

impl Policy for PlackettLuce {
    fn name(&self) -> &'static str {
        "plackett-luce"
    }

    fn version(&self) -> u32 {
        1
    }

    fn propensities(&self, scores: &[f32]) -> Vec<f64> {
        let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        // A subtraction of equal scores is 0 even where the division by a tiny temperature would overflow.
        let weight = |&score: &f32| (f64::from(score - highest) / f64::from(self.temperature)).exp();
        let weights: Vec<f64> = scores.iter().map(weight).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / sum).collect()
    }
}
