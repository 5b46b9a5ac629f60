//! `segue evaluate policy`: what would another policy have earned?

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use segue_lab::off_policy::RefusalLimits;
use segue_lab::off_policy::log::{self, LogColumns, LoggedMixOptions, PolicyOptions};

use crate::home::{Home, read_library};
use crate::study::{Bar, print_report};

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
    mixes: EvaluateMixArgs,
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
  segue evaluate policy --policy greedy                          \
        would the best guesses have been liked more often than what was drawn?
  segue evaluate policy --policy plackett-luce --temperature .2 --first 5
                                                                 \
        the first five picks of sharper mixes
  segue evaluate policy --log random.csv --policy uniform        \
        a file of choices against choosing at random
  segue evaluate policy --log random.csv --policy bts --target-log bts.csv --reward-column click
                                                                 \
        what another log's policy would have earned here
  segue evaluate policy --log shown.parquet --policy new --target-column p_new \
        --listener-column user --json
                                                                 probabilities of your own
  segue evaluate policy --log slates.csv --policy new --target-column p_new --slate-column slate
                                                                 \
        lists, a row a pick, probabilities given the picks before";

/// Which columns hold what.
#[derive(Debug, Args)]
struct ColumnArgs {
    /// Column of the action [default: one of `action`, `item_id`, `item`, `track_id`, `track`].
    #[arg(long, value_name = "COLUMN", requires = "log")]
    action_column: Option<String>,
    /// Column of the reward [default: one of `reward`, `click`, `liked`].
    #[arg(long, value_name = "COLUMN", requires = "log")]
    reward_column: Option<String>,
    /// Column of the probability with which the action was chosen [default: one of `propensity`,
    /// `propensity_score`, `pscore`].
    #[arg(long, value_name = "COLUMN", requires = "log")]
    propensity_column: Option<String>,
    /// Column of the position [default: `position`, if there is one].
    #[arg(long, value_name = "COLUMN", requires = "log")]
    position_column: Option<String>,
    /// Column of the listener, whose rows are resampled together [default: one of `listener`,
    /// `user_id`, `user`, if there is one].
    #[arg(long, value_name = "COLUMN", requires = "log")]
    listener_column: Option<String>,
    /// Column that names the slate a row belongs to; probabilities are then those given the picks
    /// before it.
    #[arg(long, value_name = "COLUMN", requires = "log", requires = "target_column")]
    slate_column: Option<String>,
    /// Column of the probability with which the evaluated policy would have chosen the action.
    #[arg(long, value_name = "COLUMN", requires = "log")]
    target_column: Option<String>,
    /// Log of the evaluated policy, with the same columns: its share of choices by action and
    /// position is taken for the policy.
    #[arg(long, value_name = "FILE", requires = "log", conflicts_with = "target_column")]
    target_log: Option<PathBuf>,
    /// Column of a reward model's expectation for the action [default: a model of the means by
    /// action and position].
    #[arg(long, value_name = "COLUMN", requires = "log", requires = "expected_column")]
    predicted_column: Option<String>,
    /// Column of its expectation for the evaluated policy's choice.
    #[arg(long, value_name = "COLUMN", requires = "log", requires = "predicted_column")]
    expected_column: Option<String>,
}

/// Which mixes, and what counts.
#[derive(Debug, Args)]
struct EvaluateMixArgs {
    /// Only this listener's mixes [default: everybody's].
    #[arg(long, value_name = "NAME", conflicts_with = "log")]
    listener: Option<String>,
    /// A pick earns 1 if it is played through or liked within so many days after the mix was made,
    /// else 0.
    #[arg(
        long,
        default_value_t = 1,
        value_name = "DAYS",
        value_parser = clap::value_parser!(u32).range(1..),
        conflicts_with = "log"
    )]
    days: u32,
    /// Look at the first so many picks drawn, which weights spread less over [default: all].
    #[arg(long, value_name = "N", conflicts_with = "log")]
    first: Option<usize>,
    /// Temperature of the evaluated policy [default: that of each mix].
    #[arg(long, value_name = "T", conflicts_with = "log")]
    temperature: Option<f32>,
    /// Share of draws that the evaluated policy leaves to chance [default: that of each mix].
    #[arg(long, value_name = "SHARE", conflicts_with = "log")]
    epsilon: Option<f32>,
    /// Optimism of the evaluated policy [default: that of each mix].
    #[arg(long, value_name = "DEVIATIONS", conflicts_with = "log")]
    optimism: Option<f32>,
}

/// Reads, weighs, estimates and prints.
///
/// # Errors
/// If the log cannot be read, does not say what is needed, or no estimator may answer.
pub(crate) fn run(args: PolicyArgs, home: &Home) -> Result<()> {
    let as_json = args.json;
    let log = args.log.clone();
    let options = args.options();
    let report = match &log {
        Some(path) => log::from_file(path, &options, &Bar::default())?,
        None => log::from_library(&options, || read_library(home))?,
    };
    print_report(&report, as_json)?;
    log::refusal(&report.data.answers)
}

impl PolicyArgs {
    fn options(self) -> PolicyOptions {
        let (columns, mixes) = (self.columns, self.mixes);
        PolicyOptions {
            policy: self.policy,
            estimators: self.estimator,
            clip: self.clip,
            switch_threshold: self.switch_threshold,
            columns: LogColumns {
                action: columns.action_column,
                reward: columns.reward_column,
                propensity: columns.propensity_column,
                position: columns.position_column,
                listener: columns.listener_column,
                slate: columns.slate_column,
                target: columns.target_column,
                target_log: columns.target_log,
                predicted: columns.predicted_column,
                expected: columns.expected_column,
            },
            mixes: LoggedMixOptions {
                listener: mixes.listener,
                days: mixes.days,
                first: mixes.first,
                temperature: mixes.temperature,
                epsilon: mixes.epsilon,
                optimism: mixes.optimism,
            },
            level: self.level,
            limits: RefusalLimits {
                effective_samples: self.min_effective_samples,
                weight_deviations: self.max_weight_deviations,
                unsupported: self.max_unsupported,
            },
            seed: self.seed,
        }
    }
}
