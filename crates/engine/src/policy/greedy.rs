//! Always the best: no exploration beyond what the dial reserves. Its log says nothing of what it
//! did not pick.

use rand::Rng;
use segue_core::Parameters;

use super::{Belief, Chooser, Policy, all_on, best};

/// Picks the highest score, of equals the first.
#[derive(Clone, Copy, Debug)]
pub struct Greedy;

struct Best<'a>(&'a [f32]);

impl Greedy {
    /// Takes no parameters.
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
