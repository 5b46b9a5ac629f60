//! Always the best: no exploration beyond what the dial reserves. Its log says nothing of what it did not pick.

use super::{Policy, best};

/// Picks the highest score, of equals the first.
#[derive(Clone, Copy, Debug)]
pub struct Greedy;

impl Policy for Greedy {
    fn name(&self) -> &'static str {
        "greedy"
    }

    fn version(&self) -> u32 {
        1
    }

    fn propensities(&self, scores: &[f32]) -> Vec<f64> {
        let mut propensities = vec![0.0; scores.len()];
        if !scores.is_empty() {
            propensities[best(scores)] = 1.0;
        }
        propensities
    }
}
