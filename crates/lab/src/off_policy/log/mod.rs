//! What would another policy have earned? A log is read, weighed, and asked.
//!
//! The log is a file of choices ([`LogColumns`]) or the mixes that a store holds
//! ([`LoggedMixOptions`]). [`from_file`] and [`from_library`] answer by all estimators that it
//! allows; [`refusal`] says whether any of them may be relied on.

mod file;
mod mixes;
mod report;
mod target;

use std::path::Path;

use anyhow::{Result, bail};
use segue::Library;

use super::selection::{candidate_thresholds, switch_threshold};
use super::slates::Weighting;
use super::{
    EstimateSettings, LoggedSlate, PolicyEstimate, RefusalLimits, Round, SingleAction,
    SlateEstimator, estimate_rounds, estimate_slates,
};
use crate::progress::Progress;
use crate::report::Report;

pub use file::LogColumns;
pub use mixes::LoggedMixOptions;
pub use report::{Mean, PolicyResult};

/// What is estimated, from which log, by which estimators, and when they are to refuse. The options
/// of `segue evaluate policy` become this.
#[derive(Clone, Debug)]
pub struct PolicyOptions {
    /// The policy to be evaluated. Of a store it is one that mixes can be drawn by, of a file
    /// `uniform` or any name for what its columns or a log of its own give.
    pub policy: String,
    /// Names of estimators; empty for all that the log allows.
    pub estimators: Vec<String>,
    /// Also give inverse propensity scores with weights cut off here, above 0.
    pub clip: Option<f64>,
    /// Weight up to which `switch-dr` follows the log; `None` has it chosen from the data (SLOPE).
    pub switch_threshold: Option<f64>,
    /// Columns of a file.
    pub columns: LogColumns,
    /// Which mixes of a store.
    pub mixes: LoggedMixOptions,
    /// How often intervals are to hold the truth, 0.5 to 1.
    pub level: f64,
    /// Beyond which an estimator refuses to answer.
    pub limits: RefusalLimits,
    /// Seed of folds and resampling.
    pub seed: u64,
}

/// Folds of the reward model.
const FOLDS: usize = 5;

/// A log, weighed.
enum Weighed {
    Rounds(Vec<Round>),
    Slates(Vec<LoggedSlate>),
}

/// Asks a file of choices, CSV or Parquet, a row each.
///
/// # Errors
/// If the file cannot be read, does not say what is needed, or allows none of the estimators.
pub fn from_file(
    path: &Path,
    options: &PolicyOptions,
    progress: &dyn Progress,
) -> Result<Report<PolicyResult>> {
    options.check()?;
    let (weighed, found) = file::load(path, options, progress)?;
    answer(options, &weighed, found)
}

/// Asks the mixes that a store holds, with what listeners did with every pick afterwards. The store
/// is opened once the options make sense.
///
/// # Errors
/// If the policy is none of Segue's own, there is no mix, or none can be weighed under the policy.
pub fn from_library(
    options: &PolicyOptions,
    open: impl FnOnce() -> Result<Library>,
) -> Result<Report<PolicyResult>> {
    options.check()?;
    let kind = options.mixes.check(&options.policy)?;
    let library = open()?;
    let dataset = library.dataset()?;
    let (weighed, found) = mixes::load(library.store(), &dataset, kind, options)?;
    answer(options, &weighed, found)
}

fn answer(
    options: &PolicyOptions,
    weighed: &Weighed,
    mut found: PolicyResult,
) -> Result<Report<PolicyResult>> {
    found.answers = match weighed {
        Weighed::Rounds(rounds) => {
            found.switch_candidates = candidate_thresholds(rounds);
            estimate_rounds(rounds, &options.single_action(rounds), &options.settings())
        }
        Weighed::Slates(slates) => {
            estimate_slates(slates, &options.for_slates(), &options.settings())
        }
    };
    if found.answers.is_empty() {
        bail!(
            "none of {} can be computed from this log: {}",
            options.estimators.join(", "),
            "rounds and slates have estimators of their own, and some need the policy's whole \
            distribution"
        );
    }
    Ok(Report { text: found.text(), data: found })
}

/// An error if no answer may be relied on.
///
/// # Errors
/// The last refusal, where every estimator refused.
pub fn refusal(answers: &[PolicyEstimate]) -> Result<()> {
    match answers.iter().filter_map(|answer| answer.refusal).next_back() {
        Some(refusal) if answers.iter().all(|answer| answer.refusal.is_some()) => {
            Err(anyhow::Error::new(refusal)
                .context("this log cannot say what the policy would have earned"))
        }
        _ => Ok(()),
    }
}

impl PolicyOptions {
    fn check(&self) -> Result<()> {
        if !(0.5..1.0).contains(&self.level) {
            bail!("`--level` lies between 0.5 and 1");
        }
        if self.clip.is_some_and(|clip| clip.is_nan() || clip <= 0.0) {
            bail!("`--clip` is above 0");
        }
        if self.switch_threshold.is_some_and(|threshold| threshold.is_nan() || threshold < 0.0) {
            bail!("`--switch-threshold` is 0 or above");
        }
        Ok(())
    }

    fn settings(&self) -> EstimateSettings {
        EstimateSettings {
            level: self.level,
            seed: self.seed,
            limits: self.limits,
            ..EstimateSettings::default()
        }
    }

    fn asks_for(&self, name: &str) -> bool {
        self.estimators.is_empty() || self.estimators.iter().any(|asked| asked == name)
    }

    fn single_action(&self, rounds: &[Round]) -> Vec<SingleAction> {
        let mut estimators = vec![
            SingleAction::InversePropensity { clip: f64::INFINITY },
            SingleAction::SelfNormalised,
            SingleAction::Direct,
            SingleAction::DoublyRobust,
        ];
        if self.asks_for("switch-dr")
            && let Some(threshold) = self.switch_threshold.or_else(|| switch_threshold(rounds))
        {
            estimators.push(SingleAction::SwitchDoublyRobust { threshold });
        }
        estimators.retain(|estimator| self.asks_for(estimator.name()));
        estimators.extend(self.clip.map(|clip| SingleAction::InversePropensity { clip }));
        estimators
    }

    /// Self-normalised products say little that the plain ones do not: they are given where they
    /// are asked for.
    fn for_slates(&self) -> Vec<SlateEstimator> {
        let rare = SlateEstimator::SelfNormalised(Weighting::Whole);
        let wanted = |estimator: &SlateEstimator| {
            self.asks_for(estimator.name()) && (*estimator != rare || !self.estimators.is_empty())
        };
        SlateEstimator::ALL.into_iter().filter(wanted).collect()
    }
}
