//! Thompson sampling on independent Beta beliefs, the belief about a share of successes (Thompson
//! 1933; Chapelle & Li, NIPS 2011): every track's probability is drawn from `Beta(a, b)`, and the
//! highest is picked. Propensities are exact, by quadrature over the logit
//! `y`, on which the density `σ(y)ᵃ σ(-y)ᵇ / B(a, b)` is smooth whatever `a` and `b`.
//!
//! The scores of its belief are probabilities and the deviations those of the Betas, matched by
//! moments: with mean `m` and variance `v`, `a + b = m (1 - m) / v - 1` and `a = m (a + b)`. A Beta
//! that comes from counts is matched exactly. It is for callers who count ([`ShareBelief`]), and
//! not among the policies of a mix, whose scores are no probabilities.

use rand::Rng;
use statrs::function::beta::{beta_reg, ln_beta};

use super::gaussian_thompson::Sure;
use super::quadrature::{BestOfDraws, Marginal};
use super::{Belief, Chooser, Policy};
use crate::vector::sigmoid;

/// Draws each track's probability of success from its own Beta belief and picks the highest. It is
/// for callers who count successes; make its belief by [`ShareBelief::belief`].
///
/// # Examples
/// ```
/// use segue_engine::policy::beta_thompson::ShareBelief;
/// use segue_engine::policy::draw::generator;
/// use segue_engine::policy::{BetaThompson, Policy};
///
/// // 8 of 10 plays liked against 1 of 2, both with a uniform prior.
/// let counted = [
///     ShareBelief { successes: 9.0, failures: 3.0 },
///     ShareBelief { successes: 2.0, failures: 2.0 },
/// ];
/// let belief = ShareBelief::belief(&counted);
/// let propensities = BetaThompson.prepare(&belief, &mut generator(1)).propensities(&[0, 1]);
/// assert!(propensities[0] > 0.8 && propensities[1] > 0.1, "the little known one has its chance");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BetaThompson;

/// What counting tells of a share of successes: the Beta distribution `Beta(successes, failures)`,
/// with prior ones included. Both 1 without data is the uniform prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShareBelief {
    /// Successes so far together with those of the prior: above 0, and not necessarily a whole
    /// number.
    pub successes: f64,
    /// Failures so far together with those of the prior: above 0, and not necessarily a whole
    /// number.
    pub failures: f64,
}

/// Shapes below this are taken for it: most of such a Beta's mass is where rounding makes it 0 or
/// 1.
const LEAST_SHAPE: f64 = 0.05;
/// Where both shapes are above this they are scaled down to it: as far as the continued fraction of
/// the distribution goes.
const LARGEST_SHAPE: f64 = 1e4;
/// Not more than this mass lies on either side of the window.
const TAIL: f64 = 1e-11;
/// The density on the logit has poles at ±iπ, which bounds the length over which it is nearly a
/// polynomial.
const LONGEST_STEP: f64 = 0.7;

impl ShareBelief {
    /// The Beta distribution of that mean and standard deviation. Where there is none, or it could
    /// not be worked with, the nearest one with a mean inside of 0..1 and workable shapes.
    pub fn from_moments(mean: f64, deviation: f64) -> Self {
        let mean = mean.clamp(1e-9, 1.0 - 1e-9);
        let largest = LARGEST_SHAPE / mean.min(1.0 - mean);
        let strength = (mean * (1.0 - mean) / deviation.powi(2) - 1.0).min(largest);
        let shape = |share: f64| (share * strength).max(LEAST_SHAPE);
        Self { successes: shape(mean), failures: shape(1.0 - mean) }
    }

    /// The mean of the belief, `a / (a + b)`: the expected share of successes, between 0 and 1.
    pub fn mean(&self) -> f64 {
        self.successes / (self.successes + self.failures)
    }

    /// The standard deviation of the belief, `√(m (1 - m) / (a + b + 1))`: how far the share may be
    /// from its mean. It shrinks as counts grow.
    pub fn deviation(&self) -> f64 {
        (self.mean() * (1.0 - self.mean()) / (self.successes + self.failures + 1.0)).sqrt()
    }

    /// The belief that [`BetaThompson`] goes by: the mean of each share as its score, its deviation
    /// as its doubt, in the given order.
    pub fn belief(shares: &[Self]) -> Belief {
        let deviations: Vec<f32> = shares.iter().map(|share| share.deviation() as f32).collect();
        Belief::independent(shares.iter().map(|share| share.mean() as f32).collect(), &deviations)
    }
}

/// The distribution of the logit of a share.
struct LogitBeta {
    share: ShareBelief,
    ln_beta: f64,
    window: (f64, f64),
}

impl LogitBeta {
    fn new(share: ShareBelief) -> Self {
        let ShareBelief { successes, failures } = share;
        let window = (lower_end(successes, failures), -lower_end(failures, successes));
        Self { share, ln_beta: ln_beta(successes, failures), window }
    }
}

/// A point below which next to nothing lies, found by going down from the mode.
fn lower_end(successes: f64, failures: f64) -> f64 {
    let stride = (1.0 / successes + 1.0 / failures).sqrt();
    let mode = (successes / failures).ln();
    let mut point = mode - 4.0 * stride;
    while beta_reg(successes, failures, sigmoid(point)) > TAIL {
        point -= stride;
    }
    point
}

impl Marginal for LogitBeta {
    fn window(&self) -> (f64, f64) {
        self.window
    }

    fn step(&self) -> f64 {
        let ShareBelief { successes, failures } = self.share;
        (0.5 * (1.0 / successes + 1.0 / failures).sqrt()).min(LONGEST_STEP)
    }

    fn density(&self, y: f64) -> f64 {
        let ln_share = |y: f64| if y < 0.0 { y - y.exp().ln_1p() } else { -(-y).exp().ln_1p() };
        (self.share.successes * ln_share(y) + self.share.failures * ln_share(-y) - self.ln_beta)
            .exp()
    }

    fn distribution(&self, y: f64) -> f64 {
        beta_reg(self.share.successes, self.share.failures, sigmoid(y))
    }
}

impl Policy for BetaThompson {
    fn name(&self) -> &'static str {
        "beta-thompson"
    }

    fn version(&self) -> u32 {
        1
    }

    fn prepare<'a>(&self, belief: &'a Belief, _: &mut dyn Rng) -> Box<dyn Chooser + 'a> {
        if (0..belief.len()).all(|track| belief.deviation(track) == 0.0) {
            return Box::new(Sure(belief));
        }
        let marginal = |track: usize| {
            let (mean, deviation) = (belief.scores()[track], belief.deviation(track));
            LogitBeta::new(ShareBelief::from_moments(f64::from(mean), f64::from(deviation)))
        };
        Box::new(BestOfDraws::new(&(0..belief.len()).map(marginal).collect::<Vec<_>>()))
    }
}
