//! Off-policy evaluation: what a policy would have earned, told from the log of another one.
//!
//! A log says what was chosen, with which probability, and what came of it. Weighting every outcome
//! by how much more often the policy in question (the *target*) would have made that choice gives
//! its value without showing anybody anything:
//!
//! ```text
//! Round { reward, propensity, target } ─► Estimator ─► Contributions ─► value, interval
//!                     weight = target / propensity ─► Diagnostics   ─► Refusal, or not
//! ```
//!
//! [`single_action`] holds the estimators for one choice a round, [`slates`] those for choices that
//! are drawn one after the other and earn together, [`reward_model`] what direct and doubly robust
//! estimators lean on, [`selection`] how a threshold is chosen from the data. A log that never did
//! what the target does cannot answer, whatever the arithmetic yields: [`refusal`] says so, with
//! what to do about it.

pub mod contributions;
pub mod diagnostics;
pub mod impressions;
pub mod interval;
pub mod log;
pub mod refusal;
pub mod reward_model;
pub mod selection;
pub mod single_action;
pub mod slates;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

pub use contributions::Contributions;
pub use diagnostics::Diagnostics;
pub use interval::EstimateInterval;
pub use refusal::{Refusal, RefusalLimits};
pub use reward_model::{CrossFitted, RewardModel, RewardObservation};
pub use single_action::SingleAction;
pub use slates::{LoggedSlate, SlateEstimator};

/// One choice of the log, with all that estimators need to know of it: what it earned, and how
/// likely the log's policy and the evaluated one were to make it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round {
    /// What came of it.
    pub reward: f64,
    /// Probability with which the log's policy made the choice, above 0; within a slate, given the
    /// choices before it.
    pub propensity: f64,
    /// Probability with which the target would have made it.
    pub target: f64,
    /// What a reward model expects, where there is one.
    pub prediction: Option<Prediction>,
    /// The target's probability of everything that the log's policy could not choose, where that is
    /// known.
    pub unsupported: Option<f64>,
    /// What the round belongs to that is drawn as one: a listener. Rounds of a cluster are
    /// resampled together.
    pub cluster: u32,
}

impl Round {
    /// How many times as often the target makes this choice.
    pub fn weight(&self) -> f64 {
        self.target / self.propensity
    }
}

/// What a reward model that has not seen the round expects of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// The reward of the choice that was made.
    pub logged: f64,
    /// The mean reward of the target's choices.
    pub expected: f64,
}

/// How estimates are made and when they are refused.
#[derive(Clone, Copy, Debug)]
pub struct EstimateSettings {
    /// Coverage asked of intervals, such as .95.
    pub level: f64,
    /// Resamples behind a bootstrap interval.
    pub resamples: usize,
    /// Seed of the resampling.
    pub seed: u64,
    /// What a log must meet.
    pub limits: RefusalLimits,
}

impl Default for EstimateSettings {
    fn default() -> Self {
        Self { level: 0.95, resamples: 2_000, seed: 0, limits: RefusalLimits::default() }
    }
}

/// What an estimator says, or why it does not.
///
/// ```
/// use segue_lab::off_policy::{Round, EstimateSettings, SingleAction, estimate_rounds};
///
/// // Two choices, each logged half of the time; only the first is ever rewarded. The policy in
/// // question would make it nine times in ten.
/// let round = |row: u32| Round {
///     reward: f64::from(row % 2),
///     propensity: 0.5,
///     target: if row % 2 == 1 { 0.9 } else { 0.1 },
///     prediction: None,
///     unsupported: Some(0.0),
///     cluster: row,
/// };
/// let rounds: Vec<Round> = (0..1_000).map(round).collect();
/// let estimators = [SingleAction::SelfNormalised];
/// let estimates = estimate_rounds(&rounds, &estimators, &EstimateSettings::default());
/// assert!((estimates[0].value - 0.9).abs() < 1e-9 && estimates[0].refusal.is_none());
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct PolicyEstimate {
    /// The estimator's usual short name.
    pub estimator: &'static str,
    /// The estimated mean reward of a round or of a slate. Given even where it is refused, so that
    /// it can be compared.
    pub value: f64,
    /// How much it would vary from log to log, clusters taken as they are.
    pub standard_error: f64,
    /// The bootstrap interval; none where the estimator is biased by design, because resampling
    /// shows noise and no bias, and none where nothing varies, such as rewards that are all 0.
    pub interval: Option<EstimateInterval>,
    /// The empirical Bernstein interval, which holds for any number of rounds; none where the
    /// estimator is no plain mean of independent, bounded rounds.
    pub bound: Option<EstimateInterval>,
    /// The threshold beyond which weights are not used, if the estimator has one.
    pub threshold: Option<f64>,
    /// The weights it rests on.
    pub diagnostics: Diagnostics,
    /// Why it must not be relied on.
    pub refusal: Option<Refusal>,
}

/// Answers with every estimator that has what it needs: those that lean on a reward model are left
/// out without predictions.
pub fn estimate_rounds(
    rounds: &[Round],
    estimators: &[SingleAction],
    settings: &EstimateSettings,
) -> Vec<PolicyEstimate> {
    let diagnostics = Diagnostics::of_rounds(rounds);
    let answer = |estimator: &SingleAction| {
        let contributions = estimator.contributions(rounds)?;
        let refusal = settings.limits.refuse(&diagnostics, estimator.uses_weights());
        let span = estimator.span(rounds);
        let mut answer =
            describe(estimator.name(), &contributions, span, diagnostics.clone(), settings);
        answer.threshold = estimator.threshold();
        if estimator.is_biased(diagnostics.largest_weight) {
            (answer.interval, answer.bound) = (None, None);
        }
        answer.refusal = refusal;
        Some(answer)
    };
    estimators.iter().filter_map(answer).collect()
}

/// Answers with every estimator that has what it needs, as [`estimate_rounds`]: the value is that
/// of a whole slate.
pub fn estimate_slates(
    slates: &[LoggedSlate],
    estimators: &[SlateEstimator],
    settings: &EstimateSettings,
) -> Vec<PolicyEstimate> {
    let answer = |estimator: &SlateEstimator| {
        let contributions = estimator.contributions(slates)?;
        let diagnostics = Diagnostics::of_slates(slates, estimator.weighting());
        let refusal = settings.limits.refuse(&diagnostics, true);
        let mut answer = describe(estimator.name(), &contributions, None, diagnostics, settings);
        answer.refusal = refusal;
        Some(answer)
    };
    estimators.iter().filter_map(answer).collect()
}

fn describe(
    estimator: &'static str,
    contributions: &Contributions,
    span: Option<f64>,
    diagnostics: Diagnostics,
    settings: &EstimateSettings,
) -> PolicyEstimate {
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let standard_error = contributions.standard_error();
    let varies = standard_error > 0.0;
    PolicyEstimate {
        estimator,
        value: contributions.estimate(),
        standard_error,
        interval: varies.then(|| {
            interval::bootstrap(contributions, settings.level, settings.resamples, &mut rng)
        }),
        bound: span
            .and_then(|span| interval::empirical_bernstein(contributions, span, settings.level)),
        threshold: None,
        diagnostics,
        refusal: None,
    }
}
