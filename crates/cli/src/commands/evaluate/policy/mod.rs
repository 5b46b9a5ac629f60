//! `segue evaluate policy`: what would another policy have earned?

mod file;
mod mixes;
mod report;
mod target;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use segue_lab::off_policy::selection::{candidate_thresholds, switch_threshold};
use segue_lab::off_policy::slates::Weighting;
use segue_lab::off_policy::{
    Answer, Limits, LoggedSlate, Round, Settings, SingleAction, SlateEstimator, answer_rounds,
    answer_slates,
};

use self::file::ColumnArgs;
use self::mixes::MixArgs;
use crate::home::Home;
use crate::terminal::print_json;

/// Estimate what a policy would have earned, from the log of another one.
///
/// Reads the mixes that Segue has shown, with what the listener did with every pick afterwards, or
/// a CSV or Parquet file of logged choices: an action, a reward, the probability with which it was
/// chosen. Nothing is shown to anybody. Several estimators answer side by side, each with a 95 %
/// interval, and are refused with a reason where the log cannot answer: too little overlap, choices
/// that it never made, probabilities that cannot be right.
///
/// Of the store, `--policy` is one that mixes can be drawn by (`segue mix --help` lists them). Of a
/// file, it is `uniform`, or any name for what `--target-log` or `--target-column` gives.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PolicyArgs {
    /// CSV or Parquet of logged choices, a row each [default: the mixes in the store].
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// The policy to be evaluated.
    #[arg(long, value_name = "NAME")]
    policy: String,
    /// Estimators [default: all that the log allows].
    #[arg(long, value_delimiter = ',', value_parser = ESTIMATORS, value_name = "NAME,…")]
    estimator: Vec<String>,
    /// Also give inverse propensity scores with weights cut off here.
    #[arg(long, value_name = "WEIGHT")]
    clip: Option<f64>,
    /// Weight up to which `switch-dr` follows the log [default: chosen from the data, SLOPE].
    #[arg(long, value_name = "WEIGHT")]
    switch_threshold: Option<f64>,
    #[command(flatten)]
    columns: ColumnArgs,
    #[command(flatten)]
    mixes: MixArgs,
    /// How often intervals are to hold the truth.
    #[arg(long, default_value_t = 0.95, value_name = "0..1")]
    level: f64,
    /// Refuse if the weighted log is worth fewer samples.
    #[arg(long, default_value_t = 100.0, value_name = "N")]
    min_effective_samples: f64,
    /// Refuse if more of the policy's choices than this share are out of the log's reach.
    #[arg(long, default_value_t = 0.05, value_name = "SHARE")]
    max_unsupported: f64,
    /// Refuse if the mean weight is more standard errors than this from 1.
    #[arg(long, default_value_t = 4.0, value_name = "N")]
    max_weight_deviations: f64,
    /// Seed of folds and resampling.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

const ESTIMATORS: [&str; 12] = [
    "ips",
    "snips",
    "dm",
    "dr",
    "switch-dr",
    "sips",
    "snsips",
    "rips",
    "snrips",
    "cascade-dr",
    "iips",
    "sniips",
];

const EXAMPLES: &str = "\
Examples:
  segue evaluate policy --policy greedy                          would the best guesses have been liked more often than what was drawn?
  segue evaluate policy --policy plackett-luce --temperature .2 --first 5
                                                                 the first five picks of sharper mixes
  segue evaluate policy --log random.csv --policy uniform        a file of choices against choosing at random
  segue evaluate policy --log random.csv --policy bts --target-log bts.csv --reward-column click
                                                                 what another log's policy would have earned here
  segue evaluate policy --log shown.parquet --policy new --target-column p_new --listener-column user --json
                                                                 probabilities of your own
  segue evaluate policy --log slates.csv --policy new --target-column p_new --slate-column slate
                                                                 lists, a row a pick, probabilities given the picks before";

/// Folds of the reward model.
const FOLDS: usize = 5;

/// A log, weighed.
enum Weighed {
    Rounds(Vec<Round>),
    Slates(Vec<LoggedSlate>),
}

/// Reads, weighs, estimates and prints.
///
/// # Errors
/// If the log cannot be read, does not say what is needed, or no estimator may answer.
pub(crate) fn run(args: &PolicyArgs, home: &Home) -> Result<()> {
    args.check()?;
    let (weighed, mut report) = match &args.log {
        Some(path) => file::load(path, args)?,
        None => mixes::load(args, home)?,
    };
    report.answers = match &weighed {
        Weighed::Rounds(rounds) => {
            report.switch_candidates = candidate_thresholds(rounds);
            answer_rounds(rounds, &args.single_action(rounds), &args.settings())
        }
        Weighed::Slates(slates) => answer_slates(slates, &args.for_slates(), &args.settings()),
    };
    if report.answers.is_empty() {
        bail!(
            "none of {} can be computed from this log: {}",
            args.estimator.join(", "),
            "rounds and slates have estimators of their own, and some need the policy's whole distribution"
        );
    }
    if args.json {
        print_json(&report)?;
    } else {
        report.print()?;
    }
    refuse(&report.answers)
}

/// An error if nothing may be relied on.
fn refuse(answers: &[Answer]) -> Result<()> {
    match answers.iter().filter_map(|answer| answer.refusal).next_back() {
        Some(refusal) if answers.iter().all(|answer| answer.refusal.is_some()) => {
            Err(anyhow::Error::new(refusal)
                .context("this log cannot say what the policy would have earned"))
        }
        _ => Ok(()),
    }
}

impl PolicyArgs {
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

    fn settings(&self) -> Settings {
        let limits = Limits {
            effective_samples: self.min_effective_samples,
            weight_deviations: self.max_weight_deviations,
            unsupported: self.max_unsupported,
        };
        Settings { level: self.level, seed: self.seed, limits, ..Settings::default() }
    }

    fn asks_for(&self, name: &str) -> bool {
        self.estimator.is_empty() || self.estimator.iter().any(|asked| asked == name)
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
            self.asks_for(estimator.name()) && (*estimator != rare || !self.estimator.is_empty())
        };
        SlateEstimator::ALL.into_iter().filter(wanted).collect()
    }
}
