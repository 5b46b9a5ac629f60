//! Thompson sampling over the members of an ensemble (bootstrapped Thompson sampling; Osband & Van
//! Roy 2015): for each pick a member is drawn, and its favourite among what is eligible is picked.
//! The propensity of a track is the share of members whose favourite it is, exactly.
//!
//! Members are read back from a belief whose factors are `(member_k - score) / √K`.

use rand::Rng;
use segue_core::Parameters;

use super::{Belief, Chooser, Policy, all_on, best};
use crate::UncertaintySource;

/// Draws a member of the ensemble for each pick and takes that member's favourite, so that tracks
/// the members disagree on are tried. Without members it picks the best score.
#[derive(Clone, Copy, Debug)]
pub struct EnsembleThompson;

struct Members<'a> {
    belief: &'a Belief,
    spread: f32,
}

impl EnsembleThompson {
    /// It has no parameters, so none are read. [`PolicyKind::build`](super::PolicyKind::build)
    /// calls it for the policy that a request names.
    pub fn tuned(_: &Parameters) -> Self {
        Self
    }
}

impl Policy for EnsembleThompson {
    fn name(&self) -> &'static str {
        "ensemble-thompson"
    }

    fn version(&self) -> u32 {
        1
    }

    fn uncertainty_source(&self) -> UncertaintySource {
        UncertaintySource::Members
    }

    fn prepare<'a>(&self, belief: &'a Belief, _: &mut dyn Rng) -> Box<dyn Chooser + 'a> {
        Box::new(Members { belief, spread: (belief.width() as f32).sqrt() })
    }
}

impl Chooser for Members<'_> {
    fn propensities(&self, eligible: &[usize]) -> Vec<f64> {
        let members = self.belief.width();
        if members == 0 {
            return all_on(best(eligible, |i| self.belief.scores()[i]), eligible.len());
        }
        let mut propensities = vec![0.0; eligible.len()];
        for member in 0..members {
            let score =
                |i: usize| self.belief.scores()[i] + self.spread * self.belief.factors(i)[member];
            if let Some(favourite) = best(eligible, score) {
                propensities[favourite] += 1.0 / members as f64;
            }
        }
        propensities
    }
}
