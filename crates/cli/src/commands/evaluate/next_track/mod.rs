//! `segue evaluate next-track`: which model knows best what comes next?

mod contest;
mod data;
mod export;
mod memory;
mod page;
mod protocol;
mod report;
mod search;

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, bail};
use clap::Args;
use segue_models::recommenders::{RecommenderConfig, RecommenderKind, Timing};

use self::contest::Contest;
use self::data::DataArgs;
use self::protocol::{Protocol, ProtocolArgs};
use crate::home::Home;
use crate::terminal::{print_json, say};

/// Measure models of what a listener turns to next, ranking the full catalogue.
///
/// Every model learns from the same events, is chosen on validation, and is tested once on what
/// came after. Metrics are means over listeners with 95 % intervals; nothing is sampled. `fusion`
/// joins the other models named, with weights learned on validation. With `--search` the settings
/// of each model are drawn at random and the best on validation is tested; trials are kept and not
/// repeated, so a search that was cut off goes on.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NextTrackArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    protocol: ProtocolArgs,
    /// Models to measure, the first one is what the others are compared with.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "popularity,item-knn,ease",
        value_name = "NAME,…"
    )]
    model: Vec<ModelName>,
    /// Change a setting of a model, as in `ease.regularisation=50` or
    /// `item-knn.query.decay={"days":7}`.
    #[arg(long = "set", value_name = "MODEL.SETTING=VALUE")]
    settings: Vec<String>,
    /// Draw this many settings of each model and take the best on validation; the settings as they
    /// are count as the first.
    #[arg(long, value_name = "N")]
    search: Option<usize>,
    /// Before the test, learn once more from training and validation, with what validation chose.
    #[arg(long)]
    refit: bool,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Fit and test with this many seeds, the given one and those after it.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seeds: u64,
    /// Write the split into this folder as tab-separated files, to measure other programs on it.
    #[arg(long, value_name = "FOLDER")]
    export: Option<PathBuf>,
    /// Write a report with plots.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Print JSON: a list with one object per model.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  segue evaluate next-track --data sequences.txt --model popularity,item-knn,ease,fusion
  segue evaluate next-track --data plays.parquet --protocol temporal --test-days 7 --search 20 --report next.html
  segue evaluate next-track --data plays.csv --protocol new-listener --friends friends.csv --refit --json
  segue evaluate next-track --data plays.csv --features tracks.csv --protocol new-item --model popularity,sasrec
  segue evaluate next-track --model ease                          what the store holds";

/// A recommender, or the fusion of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ModelName {
    One(RecommenderKind),
    Fusion,
}

impl ModelName {
    fn name(self) -> &'static str {
        match self {
            Self::One(kind) => kind.name(),
            Self::Fusion => "fusion",
        }
    }
}

impl FromStr for ModelName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if name == "fusion" {
            return Ok(Self::Fusion);
        }
        RecommenderKind::from_str(name).map(Self::One).map_err(|error| format!("{error}, fusion"))
    }
}

impl NextTrackArgs {
    /// The recommenders named, with the settings asked for.
    fn configs(&self) -> Result<Vec<RecommenderConfig>> {
        let kinds = self.model.iter().filter_map(|name| match name {
            ModelName::One(kind) => Some(*kind),
            ModelName::Fusion => None,
        });
        let mut configs: Vec<_> = kinds.map(RecommenderConfig::new).collect();
        for setting in &self.settings {
            let Some((model, rest)) = setting.split_once('.') else {
                bail!("`--set {setting}` names no model, expected MODEL.SETTING=VALUE");
            };
            let Some(config) = configs.iter_mut().find(|config| config.kind().name() == model)
            else {
                bail!("`--set {setting}` is about `{model}`, which `--model` does not name");
            };
            *config = config
                .with(rest)
                .map_err(|problem| anyhow::anyhow!("`--set {setting}`: {problem}"))?;
        }
        if configs.len() < 2 && self.model.contains(&ModelName::Fusion) {
            bail!("`fusion` joins the other models of `--model`: name two at least");
        }
        Ok(configs)
    }
}

/// Reads, cuts, fits, tests and prints.
///
/// # Errors
/// If the data cannot be read or are too few for the protocol, or a model cannot be fitted.
pub(crate) fn run(args: &NextTrackArgs, home: &Home) -> Result<()> {
    if args.seeds == 0 || args.model.is_empty() {
        bail!("`--seeds` is at least 1, and `--model` names a model");
    }
    let configs = args.configs()?;
    let interactions = args.protocol.arrange(args.data.events.load(home)?, args.seed);
    let friends = args.data.load_friends(&interactions)?;
    let cut = args.protocol.cut(&interactions, &friends, args.seed)?;
    if let Some(folder) = &args.export {
        export::export(folder, &interactions, &cut)?;
    }
    let timing = match args.protocol.protocol {
        _ if interactions.is_dated() => Timing::Dated,
        Protocol::LeaveOneOut | Protocol::Temporal => Timing::Ordered,
        Protocol::Holdout | Protocol::NewListener | Protocol::NewItem => Timing::Unordered,
    };
    let features = args.data.load_features(&interactions)?;
    let features = features.as_ref();
    let contest = Contest {
        args,
        interactions: &interactions,
        cut: &cut,
        friends: &friends,
        features,
        timing,
    };
    let configs = match args.search {
        Some(trials) => search::search(&contest, configs, trials, &home.path()?.join("searches"))?,
        None => configs,
    };
    let entries = contest.run(&configs);
    for entry in &entries {
        if let Some(error) = &entry.error {
            say(&format!("left out: {error}"));
        }
    }
    let measured: Vec<_> = entries.into_iter().filter(|entry| entry.error.is_none()).collect();
    if measured.is_empty() {
        bail!("no model could be fitted");
    }
    let report = report::Report::new(&contest, measured);
    if let Some(path) = &args.report {
        page::write(path, &report)?;
    }
    if args.json { print_json(&report.models) } else { report.print() }
}
