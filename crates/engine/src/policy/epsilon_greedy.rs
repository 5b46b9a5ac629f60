//! Mostly the best, with probability ε any of those eligible, the best included:
//! `p(i) = (1 - ε) [i is best] + ε / n`.

use super::{Policy, best};

/// Picks the highest score, or with probability `epsilon` any.
#[derive(Clone, Copy, Debug)]
pub struct EpsilonGreedy {
    /// The share of picks that ignore the scores, 0 to 1.
    pub epsilon: f32,
}

impl Policy for EpsilonGreedy {
    fn name(&self) -> &'static str {
        "epsilon-greedy"
    }

    fn version(&self) -> u32 {
        1
    }

    fn propensities(&self, scores: &[f32]) -> Vec<f64> {
        let epsilon = f64::from(self.epsilon);
        let mut propensities = vec![epsilon / scores.len() as f64; scores.len()];
        if !scores.is_empty() {
            propensities[best(scores)] += 1.0 - epsilon;
        }
        propensities
    }
}
