//! LinUCB (Li, Chu, Langford & Schapire, WWW 2010): the highest upper confidence bound, `score_i +
//! α √(x_iᵀ Σ x_i)`, the root being the standard deviation of the belief. It is deterministic, so
//! its log says nothing of what it did not pick.

use rand::Rng;
use segue_core::Parameters;

use super::{Belief, Chooser, Policy, all_on, best};
use crate::UncertaintySource;

/// Picks the highest upper confidence bound, `score + optimism · deviation`, of equals the first.
/// It explores what is in doubt without chance: every propensity is 1 or 0.
#[derive(Clone, Copy, Debug)]
pub struct LinUcb {
    /// α: how many standard deviations are added to the score. 0 is greedy; the larger, the more it
    /// tries what is in doubt.
    pub optimism: f32,
}

struct UpperBounds(Vec<f32>);

impl LinUcb {
    /// Reads `optimism` from the parameters of a request, 0 where it is missing: then it picks as
    /// [`Greedy`](super::Greedy) does.
    pub fn tuned(parameters: &Parameters) -> Self {
        Self { optimism: parameters.number("optimism").unwrap_or(0.0) }
    }
}

impl Policy for LinUcb {
    fn name(&self) -> &'static str {
        "lin-ucb"
    }

    fn version(&self) -> u32 {
        1
    }

    fn uncertainty_source(&self) -> UncertaintySource {
        UncertaintySource::Posterior
    }

    fn prepare<'a>(&self, belief: &'a Belief, _: &mut dyn Rng) -> Box<dyn Chooser + 'a> {
        let bound = |(i, &score): (usize, &f32)| score + self.optimism * belief.deviation(i);
        Box::new(UpperBounds(belief.scores().iter().enumerate().map(bound).collect()))
    }
}

impl Chooser for UpperBounds {
    fn propensities(&self, eligible: &[usize]) -> Vec<f64> {
        all_on(best(eligible, |i| self.0[i]), eligible.len())
    }
}
