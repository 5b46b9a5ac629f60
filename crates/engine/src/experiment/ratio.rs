//! Did the split come out as designed? If it did not, something keeps listeners of one arm from
//! being counted (mixes of it fail, say), and no difference between the arms means anything.
//!
//! The usual chi-square test may be looked at once. This one may be looked at after every listener
//! (Lindon & Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022): a gambler
//! who believes shares to be drawn from a Dirichlet with parameters `k p` bets against the designed
//! `p`,
//!
//! ```text
//! E_t = Π_i  (k p_a + count of a among the first i-1) / (k + i - 1) / p_a,      a the arm of listener i
//! ```
//!
//! and under the design `1 / max_{s≤t} E_s` is a p-value at any time. Nothing but ratios is
//! multiplied, so that no gamma function is needed.

use serde::Serialize;

/// The gambler's parameters sum to this: how firmly they believe in shares near the designed ones.
const FIRMNESS: f64 = 100.0;
/// A split this unlikely under the design is called a mismatch.
pub const SUSPICIOUS: f64 = 0.001;

/// How well a split agrees with its design.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RatioCheck {
    /// The chance, at most, of ever seeing a split as far from the design as this one was at its
    /// farthest, had it been carried out.
    pub p_value: f64,
    /// Whether that is too small to go on.
    pub mismatch: bool,
}

/// Tests the arms of listeners, in the order in which these came, against the designed
/// probabilities.
pub fn check_ratio(probabilities: &[f64], arms: impl IntoIterator<Item = usize>) -> RatioCheck {
    let mut counts = vec![0.0; probabilities.len()];
    let (mut log_capital, mut highest) = (0.0_f64, 0.0_f64);
    for (seen, arm) in arms.into_iter().enumerate() {
        let expected = (FIRMNESS * probabilities[arm] + counts[arm]) / (FIRMNESS + seen as f64);
        log_capital += (expected / probabilities[arm]).ln();
        highest = highest.max(log_capital);
        counts[arm] += 1.0;
    }
    let p_value = (-highest).exp();
    RatioCheck { p_value, mismatch: p_value < SUSPICIOUS }
}
