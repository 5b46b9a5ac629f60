//! Thompson sampling on a Bayesian last layer (Agrawal & Goyal, ICML 2013; over a network's
//! embeddings "neural-linear", Riquelme, Tucker & Snoek, ICLR 2018): a draw of the layer's weights
//! is a draw of all scores together, and the best of it is picked.
//!
//! The probability that a track is the best of a draw has no closed form. So [`DRAWS`] draws are
//! made once a slate from the slate's own seed, each pick takes the best of one of them at random,
//! and the propensity is the share of draws whose best it is. Given the draws that is exact, and a
//! log drawn again gives it to the last bit; as an estimate over all draws it has the standard
//! error `√(p (1 - p) / draws)`, which is logged beside it.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use segue_core::Parameters;

use super::{Belief, Chooser, Policy, best};
use crate::UncertaintySource;
use crate::vector::dot;

/// How many draws from the belief are made for each slate. The standard error of a propensity is
/// then at most `√(1/4/1024)`, about 0.016.
pub const DRAWS: usize = 1024;

/// Picks the best of one draw from the joint belief, as Thompson sampling on a Bayesian last layer
/// does: tracks that resemble each other go up and down together.
#[derive(Clone, Copy, Debug)]
pub struct LinearThompson {
    /// How many draws the propensities are measured on; with one, the pick is its best and the
    /// propensity says nothing.
    pub draws: usize,
}

impl Default for LinearThompson {
    fn default() -> Self {
        Self { draws: DRAWS }
    }
}

/// Scores `[draws, tracks]`.
struct Draws {
    tracks: usize,
    scores: Vec<f32>,
}

impl LinearThompson {
    /// It has no parameters: how many draws are made belongs to the
    /// [version](super::Policy::version), because a log is drawn again by it.
    pub fn tuned(_: &Parameters) -> Self {
        Self::default()
    }
}

impl Policy for LinearThompson {
    fn name(&self) -> &'static str {
        "linear-thompson"
    }

    fn version(&self) -> u32 {
        1
    }

    fn uncertainty_source(&self) -> UncertaintySource {
        UncertaintySource::Posterior
    }

    fn prepare<'a>(&self, belief: &'a Belief, rng: &mut dyn Rng) -> Box<dyn Chooser + 'a> {
        let mut scores = Vec::with_capacity(self.draws * belief.len());
        let mut direction = vec![0.0f32; belief.width()];
        for _ in 0..self.draws {
            direction.iter_mut().for_each(|z| *z = StandardNormal.sample(rng));
            let shift = |i: usize| dot(belief.factors(i), &direction);
            scores.extend(belief.scores().iter().enumerate().map(|(i, score)| score + shift(i)));
        }
        Box::new(Draws { tracks: belief.len(), scores })
    }
}

impl Chooser for Draws {
    fn propensities(&self, eligible: &[usize]) -> Vec<f64> {
        let mut counts = vec![0_u32; eligible.len()];
        let draws = self.scores.chunks_exact(self.tracks.max(1));
        let count = draws.len() as f64;
        for scores in draws {
            if let Some(favourite) = best(eligible, |i| scores[i]) {
                counts[favourite] += 1;
            }
        }
        counts.into_iter().map(|times| f64::from(times) / count).collect()
    }

    fn standard_error(&self, propensity: f64) -> f64 {
        let draws = self.scores.len() / self.tracks.max(1);
        (propensity * (1.0 - propensity) / draws as f64).sqrt()
    }
}
