//! Mostly the best, with probability ε any of those eligible, the best included:
//! `p(i) = (1 - ε) [i is best] + ε / n`.

use rand::Rng;
use segue_core::Parameters;

use super::{Belief, Chooser, Policy, best};

/// Picks the highest score, of equals the first, or with probability `epsilon` any eligible track.
/// The simplest policy whose log can answer every question, at the price of picks at random.
#[derive(Clone, Copy, Debug)]
pub struct EpsilonGreedy {
    /// The share of picks that ignore the scores, 0 to 1; 0 is greedy, and 1 picks at random.
    pub epsilon: f32,
}

struct MostlyBest<'a> {
    epsilon: f64,
    scores: &'a [f32],
}

impl EpsilonGreedy {
    /// Reads `epsilon` from the parameters of a request, 0 where it is missing: then nothing is
    /// explored.
    pub fn tuned(parameters: &Parameters) -> Self {
        Self { epsilon: parameters.number("epsilon").unwrap_or(0.0) }
    }
}

impl Policy for EpsilonGreedy {
    fn name(&self) -> &'static str {
        "epsilon-greedy"
    }

    fn version(&self) -> u32 {
        1
    }

    fn prepare<'a>(&self, belief: &'a Belief, _: &mut dyn Rng) -> Box<dyn Chooser + 'a> {
        Box::new(MostlyBest { epsilon: f64::from(self.epsilon), scores: belief.scores() })
    }
}

impl Chooser for MostlyBest<'_> {
    fn propensities(&self, eligible: &[usize]) -> Vec<f64> {
        let mut propensities = vec![self.epsilon / eligible.len() as f64; eligible.len()];
        if let Some(best) = best(eligible, |i| self.scores[i]) {
            propensities[best] += 1.0 - self.epsilon;
        }
        propensities
    }
}
