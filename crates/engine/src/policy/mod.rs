//! The last word on what is in a mix: a policy picks one track after another from what is still eligible, and states the
//! probability of every pick, so that the log can later answer what another policy would have earned.
//!
//! What is eligible is no concern of a policy ([`crate::mix::quota`] decides), nor is the order of playing. One file per
//! policy: [`greedy`], [`epsilon_greedy`], [`plackett_luce`]; [`draw`] runs one over a short-list, and over a log again.

pub mod draw;
pub mod epsilon_greedy;
pub mod greedy;
pub mod plackett_luce;

use std::str::FromStr;

use rand::{Rng, RngExt};

pub use epsilon_greedy::EpsilonGreedy;
pub use greedy::Greedy;
pub use plackett_luce::PlackettLuce;

/// Chooses one of the tracks that are eligible.
pub trait Policy: Send + Sync {
    /// Its name, such as `greedy`.
    fn name(&self) -> &'static str;

    /// Raised whenever the same scores and seed no longer give the same picks.
    fn version(&self) -> u32;

    /// The probability with which each is chosen, given the scores of all that are eligible; they sum to 1. Scores are
    /// finite and stand in the order of track ids, so that the first of equals is the same one everywhere.
    fn propensities(&self, scores: &[f32]) -> Vec<f64>;

    /// Chooses one, and gives its position and its propensity, which is above 0.
    ///
    /// # Panics
    /// If nothing is eligible.
    fn choose(&self, scores: &[f32], rng: &mut dyn Rng) -> (usize, f64) {
        let propensities = self.propensities(scores);
        let position = sample(&propensities, rng.random());
        (position, propensities[position])
    }
}

/// Inverts the cumulative distribution at `u`, 0 to 1. Where rounding leaves the sum short of `u`, the last with a chance.
fn sample(propensities: &[f64], u: f64) -> usize {
    let mut cumulative = 0.0;
    let mut last = None;
    for (position, &propensity) in propensities.iter().enumerate().filter(|(_, p)| **p > 0.0) {
        cumulative += propensity;
        last = Some(position);
        if u < cumulative {
            break;
        }
    }
    last.expect("something eligible has a chance")
}

/// Position of the highest score, the first of equals.
fn best(scores: &[f32]) -> usize {
    let order = |&a: &usize, &b: &usize| scores[a].total_cmp(&scores[b]);
    (0..scores.len()).rev().max_by(order).expect("something is eligible")
}

/// The policies to choose from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyKind {
    /// [`Greedy`].
    Greedy,
    /// [`EpsilonGreedy`].
    EpsilonGreedy,
    /// [`PlackettLuce`], the default: every slate has a chance, so that its log can answer most questions.
    #[default]
    PlackettLuce,
}

impl PolicyKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Greedy, Self::EpsilonGreedy, Self::PlackettLuce];

    /// The policy, with the temperature and the share of chance that it is to use.
    pub fn build(self, temperature: f32, epsilon: f32) -> Box<dyn Policy> {
        match self {
            Self::Greedy => Box::new(Greedy),
            Self::EpsilonGreedy => Box::new(EpsilonGreedy { epsilon }),
            Self::PlackettLuce => Box::new(PlackettLuce { temperature }),
        }
    }

    /// Its name, as in [`Policy::name`].
    pub fn name(self) -> &'static str {
        self.build(1.0, 0.0).name()
    }
}

/// No policy has that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown policy `{0}`: expected `greedy`, `epsilon-greedy` or `plackett-luce`")]
pub struct UnknownPolicy(pub String);

impl FromStr for PolicyKind {
    type Err = UnknownPolicy;

    fn from_str(name: &str) -> Result<Self, UnknownPolicy> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| UnknownPolicy(name.to_owned()))
    }
}

/// Name and version of a policy as a log holds them, such as `greedy/1`.
pub fn label(policy: &dyn Policy) -> String {
    format!("{}/{}", policy.name(), policy.version())
}
