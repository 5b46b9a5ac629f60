//! `segue evaluate next-track`: which model knows best what comes next?

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use segue_engine::full_ranking::HistoryUse;
use segue_lab::next_track::{
    self, GivenSplit, NextTrackData, NextTrackOptions, NextTrackProtocol, ProtocolOptions,
    RankedModel, SearchOptions,
};

use super::events::EventArgs;
use crate::home::Home;
use crate::study::{Bar, StudyArgs};

/// Measure models of what a listener turns to next, ranking the full catalogue.
///
/// Every model learns from the same events, is chosen on validation, and is tested once on what
/// came after. Metrics are means over cases, a listener each or a listener at one of several cuts,
/// with 95 % intervals; nothing is sampled. Temporal cuts rank and ask for what somebody had turned
/// to before the cut; `--protocol new-item` is about what nobody had. `fusion` joins the other
/// models named, with weights learned on validation. With `--search` the settings of each model are
/// drawn at random and the best on validation is tested; trials are kept and not repeated, so a
/// search that was cut off goes on.
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
    model: Vec<RankedModel>,
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
    /// Fit and test with this many seeds, the given one and those after it.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seeds: u64,
    /// Write the split into this folder as tab-separated files, to measure other programs on it.
    #[arg(long, value_name = "FOLDER")]
    export: Option<PathBuf>,
    #[command(flatten)]
    study: StudyArgs,
}

const EXAMPLES: &str = "\
Examples:
  segue evaluate next-track --data sequences.txt --model popularity,item-knn,ease,fusion
  segue evaluate next-track --data plays.parquet --protocol temporal --test-days 7 --search 20 \
        --report next.html
  segue evaluate next-track --data plays.csv --protocol new-listener --friends friends.csv --refit \
        --json
  segue evaluate next-track --data plays.csv --features tracks.csv --protocol new-item \
        --model popularity,sasrec
  segue evaluate next-track --data train.csv --test test.csv --model popularity,ease    \
        a given split
  segue evaluate next-track --model ease                          what the store holds";

/// Which data.
#[derive(Debug, Args)]
struct DataArgs {
    #[command(flatten)]
    events: EventArgs,
    /// Test on the events of this file, and learn from all of `--data`: a split that was made
    /// elsewhere. It has the columns of `--data`; the history of a listener is their events there,
    /// and validation is held out of these.
    #[arg(
        long,
        value_name = "FILE",
        requires = "data",
        conflicts_with_all = ["protocol", "test_days", "gap_minutes", "cuts", "share", "picks"]
    )]
    test: Option<PathBuf>,
    /// File of pairs of listeners who are friends.
    #[arg(long, value_name = "FILE")]
    friends: Option<PathBuf>,
    /// CSV of audio features of the items, for models that look at sound.
    #[arg(long, value_name = "FILE")]
    features: Option<PathBuf>,
}

/// The protocol and its options.
#[derive(Debug, Args)]
struct ProtocolArgs {
    /// How to cut.
    #[arg(long, value_enum, default_value_t = ProtocolArg::LeaveOneOut)]
    protocol: ProtocolArg,
    /// Whether items of the history are ranked [default: masked, but kept with temporal, as
    /// listeners repeat, and with a `--test` that asks for some].
    #[arg(long, value_enum)]
    history: Option<HistoryArg>,
    /// Length of the test period, and of the validation period before it (temporal).
    #[arg(long, default_value_t = 1.0, value_name = "DAYS")]
    test_days: f64,
    /// Pause before each period that is neither trained on nor shown (temporal).
    #[arg(long, default_value_t = 30.0, value_name = "MINUTES")]
    gap_minutes: f64,
    /// Ask everybody at so many moments, one test period apart, each with models that learned from
    /// what came before it (temporal) [default: 1, but 5 for fewer than 20 listeners].
    #[arg(long, value_name = "N")]
    cuts: Option<usize>,
    /// Share of each listener's events (holdout), of the listeners (new-listener) or of the items
    /// (new-item) that tests; as much again validates.
    #[arg(long, default_value_t = 0.2, value_name = "SHARE")]
    share: f64,
    /// Numbers of own items shown of each new listener.
    #[arg(long, value_delimiter = ',', default_value = "0,1,3,5,10", value_name = "K,…")]
    picks: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ProtocolArg {
    /// The last event of each listener tests, the second last validates.
    LeaveOneOut,
    /// Two cuts in time for all listeners: days of test, and of validation before.
    Temporal,
    /// A random share of each listener's items, whatever their order.
    Holdout,
    /// Listeners hidden from training, of whom a few items are shown.
    NewListener,
    /// Items hidden from training, ranked among themselves.
    NewItem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HistoryArg {
    Masked,
    Kept,
}

impl ProtocolArgs {
    fn options(&self) -> ProtocolOptions {
        ProtocolOptions {
            protocol: match self.protocol {
                ProtocolArg::LeaveOneOut => NextTrackProtocol::LeaveOneOut,
                ProtocolArg::Temporal => NextTrackProtocol::Temporal,
                ProtocolArg::Holdout => NextTrackProtocol::Holdout,
                ProtocolArg::NewListener => NextTrackProtocol::NewListener,
                ProtocolArg::NewItem => NextTrackProtocol::NewItem,
            },
            history: self.history.map(|history| match history {
                HistoryArg::Masked => HistoryUse::Masked,
                HistoryArg::Kept => HistoryUse::Kept,
            }),
            test_days: self.test_days,
            gap_minutes: self.gap_minutes,
            cuts: self.cuts,
            share: self.share,
            picks: self.picks.clone(),
        }
    }
}

impl NextTrackArgs {
    fn options(&self, home: &Home) -> Result<NextTrackOptions> {
        let search = self.search.map(|trials| {
            Ok::<_, anyhow::Error>(SearchOptions { trials, folder: home.path()?.join("searches") })
        });
        Ok(NextTrackOptions {
            protocol: self.protocol.options(),
            configs: RankedModel::configs(&self.model, &self.settings)?,
            models: self.model.clone(),
            search: search.transpose()?,
            refit: self.refit,
            seed: self.study.seed,
            seeds: self.seeds,
            export: self.export.clone(),
        })
    }
}

/// Reads, measures and prints.
///
/// # Errors
/// If the data cannot be read or are too few for the protocol, or a model cannot be fitted.
pub(crate) fn run(args: &NextTrackArgs, home: &Home) -> Result<()> {
    if args.seeds == 0 || args.model.is_empty() {
        bail!("`--seeds` is at least 1, and `--model` names a model");
    }
    let mut options = args.options(home)?;
    let bar = Bar::default();
    let mut interactions = args.data.events.load(home, &bar)?;
    let mut trained = None;
    if let Some(path) = &args.data.test {
        let test = args.data.events.load_test(path, &bar)?;
        let split = GivenSplit::new(interactions, &test, args.study.seed)?;
        options.protocol.protocol = NextTrackProtocol::Given;
        if split.repeats {
            options.protocol.history.get_or_insert(HistoryUse::Kept);
        }
        (interactions, trained) = (split.interactions, Some(split.trained));
    }
    let data = NextTrackData {
        name: args.data.events.name(),
        interactions,
        trained,
        friends: args.data.friends.clone(),
        features: args.data.features.clone(),
        columns: args.data.events.columns(),
    };
    let report = next_track::run(&options, data, &bar)?;
    args.study.tell(&report, next_track::write_page)
}
