//! Thompson sampling on independent Gaussian beliefs (Thompson 1933; Russo et al., "A tutorial on
//! Thompson sampling", 2018): every track's score is drawn from `N(score, deviation²)`, and the
//! highest is picked. Propensities are exact, by quadrature.
//!
//! Of a joint belief it reads the deviations alone: scores that move together count as independent
//! ones, which explores more than [`LinearThompson`](super::LinearThompson) where tracks resemble
//! each other. In return a log has no error in its propensities.

use rand::Rng;
use segue_core::Parameters;
use statrs::function::erf::erfc;

use super::quadrature::{BestOfDraws, Marginal};
use super::{Belief, Chooser, Policy, all_on, best};
use crate::UncertaintySource;

/// Draws each track's score on its own from a normal distribution and picks the highest. It reads
/// deviations alone and ignores how scores move together, and its propensities are exact.
#[derive(Clone, Copy, Debug)]
pub struct GaussianThompson;

/// Deviations from the mean within which all but 10⁻¹¹ of the mass lies.
const REACH: f64 = 6.8;
/// Deviations smaller than this share of the largest count as that: to the eye of the others both
/// are points.
const SHARPEST: f64 = 1e-6;
/// Deviations smaller than this share of a score's distance to the best score could not be told
/// from rounding.
const ROUNDING: f64 = 1e-9;

struct Gaussian {
    mean: f64,
    deviation: f64,
}

impl Marginal for Gaussian {
    fn window(&self) -> (f64, f64) {
        (self.mean - REACH * self.deviation, self.mean + REACH * self.deviation)
    }

    fn step(&self) -> f64 {
        self.deviation / 2.0
    }

    fn density(&self, x: f64) -> f64 {
        let z = (x - self.mean) / self.deviation;
        (-0.5 * z * z).exp() / (self.deviation * (2.0 * std::f64::consts::PI).sqrt())
    }

    fn distribution(&self, x: f64) -> f64 {
        0.5 * erfc((self.mean - x) / (self.deviation * std::f64::consts::SQRT_2))
    }
}

impl GaussianThompson {
    /// It has no parameters, so none are read. [`PolicyKind::build`](super::PolicyKind::build)
    /// calls it for the policy that a request names.
    pub fn tuned(_: &Parameters) -> Self {
        Self
    }
}

impl Policy for GaussianThompson {
    fn name(&self) -> &'static str {
        "gaussian-thompson"
    }

    fn version(&self) -> u32 {
        1
    }

    fn uncertainty_source(&self) -> UncertaintySource {
        UncertaintySource::Posterior
    }

    fn prepare<'a>(&self, belief: &'a Belief, _: &mut dyn Rng) -> Box<dyn Chooser + 'a> {
        let deviation = |track| f64::from(belief.deviation(track));
        let largest = (0..belief.len()).map(deviation).fold(0.0, f64::max);
        if largest == 0.0 {
            return Box::new(Sure(belief));
        }
        let highest = belief.scores().iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let gaussian = |track: usize| {
            let mean = f64::from(belief.scores()[track]) - f64::from(highest);
            let least = (largest * SHARPEST).max(mean.abs() * ROUNDING);
            Gaussian { mean, deviation: deviation(track).max(least) }
        };
        Box::new(BestOfDraws::new(&(0..belief.len()).map(gaussian).collect::<Vec<_>>()))
    }
}

/// Nothing is in doubt: the best is picked.
pub(super) struct Sure<'a>(pub(super) &'a Belief);

impl Chooser for Sure<'_> {
    fn propensities(&self, eligible: &[usize]) -> Vec<f64> {
        all_on(best(eligible, |track| self.0.scores()[track]), eligible.len())
    }
}
