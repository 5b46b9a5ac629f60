//! When a log cannot answer, and what to do about it.
//!
//! An estimate from a log that does not hold the answer looks like any other. So limits are checked
//! on the weights alone, before rewards can make them look reasonable, and what fails is marked
//! with its reason.

use serde::Serialize;

use super::Diagnostics;

/// What a log must meet before an estimate is given. An estimate from a log that says nothing of
/// the evaluated policy looks like any other, so that it is refused instead.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RefusalLimits {
    /// Fewest rounds, or slates, that the weighted log must be worth. With fewer, intervals do not
    /// hold what they promise.
    pub effective_samples: f64,
    /// Most standard errors that the mean weight may be off 1, over an allowance for few clusters.
    /// Four are exceeded by chance once in 16,000 logs.
    pub weight_deviations: f64,
    /// Largest share of the target's choices that the log could not have made.
    pub unsupported: f64,
}

impl Default for RefusalLimits {
    fn default() -> Self {
        Self { effective_samples: 100.0, weight_deviations: 4.0, unsupported: 0.05 }
    }
}

/// Why an estimate must not be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Refusal {
    /// There is nothing to learn from.
    #[error("the log is empty")]
    Empty,
    /// The log's policy left nothing to chance.
    #[error(
        "{} % of the log was chosen without chance, so that it says nothing of other choices: log \
        with a policy that \
         explores, such as `plackett-luce`, and ask again", percent(*share)
    )]
    Deterministic {
        /// The share of choices made without chance.
        share: f64,
    },
    /// The target does what the log could not.
    #[error(
        "{} % of the policy's choices were never made in the log, or could not be ({} % are \
        allowed): ask about a policy that keeps to what was offered, or log with one that gives \
        everything a chance",
        percent(*found), percent(*limit)
    )]
    Unsupported {
        /// The share of the target's choices that could not be logged.
        found: f64,
        /// The largest share allowed.
        limit: f64,
    },
    /// Weights do not average to 1.
    #[error(
        "the mean weight is {mean:.3} ± {error:.3}, more than {limit} standard errors from 1: {}",
        hint(*mean)
    )]
    MeanWeight {
        /// The mean weight.
        mean: f64,
        /// Its standard error.
        error: f64,
        /// Most standard errors allowed.
        limit: f64,
    },
    /// Too little of the log is left.
    #[error(
        "the log is worth {found:.0} samples of this policy and {needed} are needed: {}",
        shortage(*found, *logged, *heaviest_share)
    )]
    EffectiveSamples {
        /// How many samples the log is worth.
        found: f64,
        /// How many it must be worth.
        needed: f64,
        /// How many were logged.
        logged: usize,
        /// The share of all weight on the heaviest hundredth.
        heaviest_share: f64,
    },
}

fn percent(share: f64) -> f64 {
    (share * 1000.0).round() / 10.0
}

/// What there is too little of: rows, or rows that this policy would have made.
fn shortage(found: f64, logged: usize, heaviest_share: f64) -> String {
    if found > logged as f64 / 2.0 {
        return format!("{logged} were logged; collect more");
    }
    format!(
        "of {logged} that were logged, one hundredth carries {} % of the weight; ask about a \
        policy nearer to the log's or about \
         fewer positions, or collect more",
        percent(heaviest_share)
    )
}

fn hint(mean: f64) -> &'static str {
    if mean < 1.0 {
        "either the log's policy could not choose some of what this policy chooses, or logged \
        propensities are too large"
    } else {
        "logged propensities are too small for how often these choices were made, or the policy's \
        do not sum to 1"
    }
}

impl RefusalLimits {
    /// The first limit that is not met. An estimator that does not use weights depends on the log's
    /// support only.
    pub fn refuse(&self, diagnostics: &Diagnostics, uses_weights: bool) -> Option<Refusal> {
        let Diagnostics { mean_weight: mean, mean_weight_error: error, .. } = *diagnostics;
        if diagnostics.rounds == 0 {
            return Some(Refusal::Empty);
        }
        if diagnostics.certain_share > 0.99 && !diagnostics.same_policy {
            return Some(Refusal::Deterministic { share: diagnostics.certain_share });
        }
        if let Some(found) = diagnostics.unsupported.filter(|found| *found > self.unsupported) {
            return Some(Refusal::Unsupported { found, limit: self.unsupported });
        }
        if !uses_weights {
            return None;
        }
        // Choices too rare to have been made leave the mean off 1 in a way that its error does not
        // show, most of all where all weights happen to be the same: what a cluster of weight 1
        // adds is allowed as well as each standard error.
        let error_of_one = 1.0 / diagnostics.clusters as f64;
        let allowed =
            self.weight_deviations * (error_of_one + if error.is_finite() { error } else { 0.0 });
        if (mean - 1.0).abs() > allowed {
            return Some(Refusal::MeanWeight { mean, error, limit: self.weight_deviations });
        }
        if diagnostics.effective_samples < self.effective_samples {
            return Some(Refusal::EffectiveSamples {
                found: diagnostics.effective_samples,
                needed: self.effective_samples,
                logged: diagnostics.rounds,
                heaviest_share: diagnostics.heaviest_share,
            });
        }
        None
    }
}
