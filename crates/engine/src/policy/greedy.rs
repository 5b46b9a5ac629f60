//! Always the best: no exploration beyond what the dial reserves. Its log says nothing of what it
//! did not pick.

use rand::Rng;
use segue_core::Parameters;

use super::{Belief, Chooser, Policy, all_on, best};

/// Picks the highest score, of equals the first, with probability 1. Nothing is explored, so its
/// log cannot tell how other picks would have done.
#[derive(Clone, Copy, Debug)]
pub struct Greedy;

struct Best<'a>(&'a [f32]);

impl Greedy {
    /// It has no parameters, so none are read. [`PolicyKind::build`](super::PolicyKind::build)
    /// calls it for the policy that a request names.
    pub fn tuned(_: &Parameters) -> Self {
        Self
    }
}

impl Policy for Greedy {
    fn name(&self) -> &'static str {
        "greedy"
    }

    fn version(&self) -> u32 {
        1
    }

    fn prepare<'a>(&self, belief: &'a Belief, _: &mut dyn Rng) -> Box<dyn Chooser + 'a> {
        Box::new(Best(belief.scores()))
    }
}

impl Chooser for Best<'_> {
    fn propensities(&self, eligible: &[usize]) -> Vec<f64> {
        all_on(best(eligible, |i| self.0[i]), eligible.len())
    }
}
