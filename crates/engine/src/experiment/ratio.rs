//! Did the split come out as designed? If it did not, something keeps listeners of one arm from
//! being counted (mixes of it fail, say), and no difference between the arms means anything.
//!
//! The usual chi-square test may be looked at once. This one may be looked at after every listener
//! (Lindon & Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022): a gambler
//! who believes shares to be drawn from a Dirichlet with parameters `k p` bets against the designed
//! `p`,
//!
//! ```text
//! E_t = Π_i  (k p_a + count of a among the first i-1) / (k + i - 1) / p_a,
//! a the arm of listener i
//! ```
//!
//! and under the design `1 / max_{s≤t} E_s` is a p-value at any time. Nothing but ratios is
//! multiplied, so that no gamma function is needed.

use serde::Serialize;

/// The gambler's parameters sum to this: how firmly they believe in shares near the designed ones.
const FIRMNESS: f64 = 100.0;
/// The p-value below which a split counts as a mismatch: under a design carried out as it was
/// written, at most one experiment in a thousand ever gets there.
pub const SUSPICIOUS: f64 = 0.001;

/// How well the listeners that came in each arm agree with the designed shares, by [`check_ratio`].
/// It may be looked at as often as one likes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RatioCheck {
    /// The chance, at most, of ever seeing a split as far from the design as this one was at its
    /// farthest, had it been carried out.
    pub p_value: f64,
    /// Whether `p_value` is below [`SUSPICIOUS`]. If so, find out why before believing any
    /// difference between the arms.
    pub mismatch: bool,
}

/// Tests the arms of listeners, in the order in which these came, against the designed
/// probabilities, one an arm and together 1. Before the first listener the p-value is 1.
///
/// # Panics
/// If an arm is not a place in `probabilities`.
///
/// # Examples
/// ```
/// use segue_engine::experiment::ratio::check_ratio;
///
/// let as_designed = check_ratio(&[0.5, 0.5], (0..400).map(|listener| listener % 2));
/// assert!(!as_designed.mismatch);
///
/// let one_arm_gets_lost = check_ratio(&[0.5, 0.5], (0..400).map(|listener| listener % 5 / 4));
/// assert!(one_arm_gets_lost.mismatch && one_arm_gets_lost.p_value < 0.001);
/// ```
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
