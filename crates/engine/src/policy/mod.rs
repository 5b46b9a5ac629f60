//! The last word on what is in a mix: a policy picks one track after another from what is still
//! eligible, and states the probability of every pick, so that the log can later answer what
//! another policy would have earned.
//!
//! ```text
//! Belief of the short-list ─► Policy::prepare ─►
//!     Chooser::propensities(what is eligible) ─► a pick, and again
//! ```
//!
//! What is eligible is no concern of a policy ([`crate::mix::quota`] decides), nor is the order of
//! playing. One file per policy; [`draw`] runs one over a short-list, and over a log again.

pub mod belief;
pub mod beta_thompson;
pub mod draw;
pub mod ensemble_thompson;
pub mod epsilon_greedy;
pub mod gaussian_thompson;
pub mod greedy;
pub mod lin_ucb;
pub mod linear_thompson;
pub mod plackett_luce;
mod quadrature;

use std::str::FromStr;

use rand::{Rng, RngExt};
use segue_core::{Parameters, PolicySpec};

pub use belief::Belief;
pub use beta_thompson::BetaThompson;

use crate::UncertaintySource;

/// Chooses the tracks of a mix from its short-list. An implementation states the probability of
/// every pick, or it cannot be used here: off-policy estimates divide by it.
///
/// # Examples
/// ```
/// use segue_core::Parameters;
/// use segue_engine::policy::draw::generator;
/// use segue_engine::policy::{Belief, PolicyKind};
///
/// let epsilon = Parameters::default().with("epsilon", 0.3);
/// let policy = PolicyKind::EpsilonGreedy.build(&epsilon);
/// let belief = Belief::certain(vec![0.2, 0.9, 0.5]);
/// let chooser = policy.prepare(&belief, &mut generator(7));
/// let propensities = chooser.propensities(&[0, 1, 2]);
/// assert!((propensities[1] - 0.8).abs() < 1e-6, "the best, by 0.7, or as one of three, by 0.1");
/// assert!((propensities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
///
/// let after = chooser.propensities(&[0, 2]); // the best has been picked
/// assert!(after[1] > after[0], "the next best is likelier now");
/// ```
pub trait Policy: Send + Sync {
    /// Its name, such as `greedy`: what requests and logs call it. It never changes, or old logs
    /// could not be read.
    fn name(&self) -> &'static str;

    /// Its version, which is raised whenever the same belief and seed no longer give the same
    /// picks. A log names it, and [`redraw`](draw::redraw) refuses another.
    fn version(&self) -> u32;

    /// Where the uncertainty that it explores by comes from. The default is
    /// [`UncertaintySource::None`], for policies that go by scores alone.
    fn uncertainty_source(&self) -> UncertaintySource {
        UncertaintySource::None
    }

    /// Gets ready to choose among the tracks of a belief. Scores are finite and stand in the order
    /// of track ids, so that the first of equals is the same one everywhere. What is drawn from
    /// `rng` here is drawn once a slate.
    fn prepare<'a>(&self, belief: &'a Belief, rng: &mut dyn Rng) -> Box<dyn Chooser + 'a>;
}

/// A policy made ready for one belief: it gives the probability of each pick among what is still
/// eligible. [`Policy::prepare`] makes one for a slate.
pub trait Chooser {
    /// The probability with which each of the `eligible` tracks, given by position on the
    /// short-list, is chosen. One number each, in their order; they sum to 1 unless nothing is
    /// eligible.
    fn propensities(&self, eligible: &[usize]) -> Vec<f64>;

    /// Standard error of a propensity that was estimated by drawing from the belief; 0 where it is
    /// exact.
    fn standard_error(&self, propensity: f64) -> f64 {
        let _ = propensity;
        0.0
    }
}

/// Chooses one of the `eligible` tracks, and gives its place among them and its propensity, which
/// is above 0.
///
/// # Panics
/// If nothing is eligible.
///
/// # Examples
/// ```
/// use segue_engine::policy::draw::generator;
/// use segue_engine::policy::{Belief, PlackettLuce, Policy, choose};
///
/// let belief = Belief::certain(vec![0.2, 0.9, 0.5]);
/// let mut rng = generator(7);
/// let chooser = PlackettLuce { temperature: 0.1 }.prepare(&belief, &mut rng);
/// let (place, propensity) = choose(chooser.as_ref(), &[0, 1, 2], &mut rng);
/// assert!(place < 3 && propensity > 0.0 && propensity <= 1.0);
/// ```
pub fn choose(chooser: &dyn Chooser, eligible: &[usize], rng: &mut dyn Rng) -> (usize, f64) {
    let propensities = chooser.propensities(eligible);
    let choice = sample(&propensities, rng.random());
    (choice, propensities[choice])
}

/// Inverts the cumulative distribution at `u`, 0 to 1. Where rounding leaves the sum short of `u`,
/// the last with a chance.
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

/// The place among `eligible` of the highest score, the first of equals.
fn best(eligible: &[usize], score: impl Fn(usize) -> f32) -> Option<usize> {
    let order = |&a: &usize, &b: &usize| score(eligible[a]).total_cmp(&score(eligible[b]));
    (0..eligible.len()).rev().max_by(order)
}

/// All of the probability on one of `count`, if there is any.
fn all_on(best: Option<usize>, count: usize) -> Vec<f64> {
    let mut propensities = vec![0.0; count];
    if let Some(best) = best {
        propensities[best] = 1.0;
    }
    propensities
}

/// The table of policies that a mix can be drawn by: a line each, which names the type and its
/// file. A type has a function `tuned` that makes it out of [`Parameters`].
macro_rules! policies {
    ($($(#[$meta:meta])* $policy:ident in $file:ident,)+) => {
        $(pub use $file::$policy;)+

        /// The policies that a mix can be drawn by, by name: what a request and the command line
        /// choose from. [`PolicyKind::build`] makes the policy itself.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum PolicyKind {
            $(
                #[doc = concat!("[`", stringify!($policy), "`].")]
                $(#[$meta])*
                $policy,
            )+
        }

        impl PolicyKind {
            /// All of them, in the order in which help lists them and logs are searched for their
            /// policy.
            pub const ALL: [Self; [$(stringify!($policy)),+].len()] = [$(Self::$policy),+];

            /// The policy, tuned. What it does not find among the parameters it takes from its own
            /// defaults, and what it does not know it leaves alone.
            pub fn build(self, parameters: &Parameters) -> Box<dyn Policy> {
                match self {
                    $(Self::$policy => Box::new($policy::tuned(parameters)),)+
                }
            }
        }
    };
}

policies! {
    Greedy in greedy,
    EpsilonGreedy in epsilon_greedy,
    /// The default: every slate has a chance, so that its log can answer most questions.
    #[default]
    PlackettLuce in plackett_luce,
    LinUcb in lin_ucb,
    LinearThompson in linear_thompson,
    EnsembleThompson in ensemble_thompson,
    GaussianThompson in gaussian_thompson,
}

impl PolicyKind {
    /// Its name, as in [`Policy::name`], such as `plackett-luce`: parsing it gives the kind back.
    pub fn name(self) -> &'static str {
        self.build(&Parameters::default()).name()
    }

    /// Which uncertainty about the scores the policy explores by: what a scorer is asked for before
    /// the policy draws. With [`UncertaintySource::None`] the scorer is not asked at all.
    pub fn uncertainty_source(self) -> UncertaintySource {
        self.build(&Parameters::default()).uncertainty_source()
    }
}

/// No policy has that name. The message lists the names that there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown policy `{found}`: expected one of {}", known_policies())]
pub struct UnknownPolicy {
    /// The name that was given, as the user typed it. Letter case matters.
    pub found: String,
}

fn known_policies() -> String {
    PolicyKind::ALL.map(|kind| format!("`{}`", kind.name())).join(", ")
}

impl FromStr for PolicyKind {
    type Err = UnknownPolicy;

    fn from_str(name: &str) -> Result<Self, UnknownPolicy> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| UnknownPolicy { found: name.to_owned() })
    }
}

/// A policy as a log holds it: name, version and the parameters that it was tuned with, which is
/// what [`logging_policy`](draw::logging_policy) builds it from again.
pub fn spec(policy: &dyn Policy, parameters: Parameters) -> PolicySpec {
    PolicySpec { parameters, ..PolicySpec::new(policy.name(), policy.version()) }
}
