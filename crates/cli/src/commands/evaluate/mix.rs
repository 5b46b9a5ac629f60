//! `segue evaluate mix`: how good are the mixes that a library gets?

use anyhow::{Result, bail};
use clap::Args;
use segue::{Dataset, PolicyKind};
use segue_lab::mix::{self, HeldOutPlays, MixData, MixOptions};
use segue_lab::progress::Progress;

use super::events::EventArgs;
use crate::home::{Home, read_library};
use crate::policy::policy_parser;
use crate::study::{Bar, StudyArgs};

/// Measure mixes on what listeners played after a moment in the past.
///
/// Models are fitted on the plays before the cut, and mixes are made as they are served: the whole
/// way from retrieval to policy and caps. Judged are what is known (was it played in the following
/// week?) and what is new (did the listener turn to it at all?), beside rules that need no model
/// and each member of the set of models alone, all under the same caps. By default the newest tenth
/// of everybody's own plays is put aside. Of histories without dates a fifth of the works is put
/// aside instead. Tracks of which nothing but later plays is known are taken out of the catalogue.
/// Where a world is in use, its songs are drawn anew by what was played before the cut, and its
/// models are in the set.
///
/// Means are over listeners, or over a listener at one of several cuts, with 95 % intervals. Nobody
/// was shown these mixes, so that what was not come across counts as a miss: compare figures with
/// those beside them.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EvaluateMixArgs {
    #[command(flatten)]
    events: EventArgs,
    /// Put aside this many days before the newest play of all, instead of the newest tenth of
    /// everybody's plays.
    #[arg(long, value_name = "DAYS")]
    test_days: Option<f64>,
    /// Ask at so many moments, one period apart, each with models that learned from what came
    /// before it [default: 1, but 5 for fewer than 20 listeners].
    #[arg(long, value_name = "N")]
    cuts: Option<usize>,
    /// Make mixes for at most this many listeners, drawn by the seed; everybody's plays are learned
    /// from.
    #[arg(long, default_value_t = 200, value_name = "N")]
    listeners: usize,
    /// Tracks in a mix.
    #[arg(long, default_value_t = 30, value_name = "N")]
    length: u32,
    /// Settings of the dial, from 0, what is known, to 1, what is new.
    #[arg(long, value_delimiter = ',', default_value = "0,0.3,0.5,1", value_name = "SHARE,…")]
    explore: Vec<f32>,
    /// Policies that draw.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "greedy,plackett-luce",
        value_parser = policy_parser(),
        value_name = "NAME,…"
    )]
    policy: Vec<PolicyKind>,
    /// No caps by artist and album and no pause before a repeat, for mixes and rules alike: lists
    /// as research has them.
    #[arg(long)]
    no_rules: bool,
    #[command(flatten)]
    study: StudyArgs,
}

const EXAMPLES: &str = "\
Examples:
  segue evaluate mix                                    what the store holds
  segue evaluate mix --test-days 7 --cuts 9 --json
  segue evaluate mix --explore 0,1 --policy greedy --no-rules --report mix.html
  segue evaluate mix --data plays.parquet --listeners 500";

impl EvaluateMixArgs {
    fn options(&self) -> MixOptions {
        let mut options = MixOptions {
            cuts: self.cuts,
            listeners: self.listeners,
            dials: self.explore.clone(),
            policies: self.policy.clone(),
            seed: self.study.seed,
            ..MixOptions::default()
        };
        if let Some(days) = self.test_days {
            options.held_out = HeldOutPlays::Days(days);
        }
        options.request.length = self.length;
        if self.no_rules { options.without_rules() } else { options }
    }

    fn data(&self, home: &Home, progress: &dyn Progress) -> Result<MixData> {
        let name = self.events.name();
        if self.events.is_file() {
            return Ok(MixData::from_events(name, &self.events.load(home, progress)?));
        }
        if self.events.has_core() {
            bail!(
                "`--min-listener-events` and `--min-item-events` are for a file given as `--data`"
            );
        }
        let library = read_library(home)?;
        let (catalogue, plays) = Dataset::plays(library.store())?;
        Ok(MixData { name, catalogue, plays, world: library.world()? })
    }
}

/// Reads, measures and prints.
///
/// # Errors
/// If the data cannot be read, nobody has played enough, or models cannot be fitted.
pub(crate) fn run(args: &EvaluateMixArgs, home: &Home) -> Result<()> {
    let bar = Bar::default();
    let data = args.data(home, &bar)?;
    let report = mix::run(&args.options(), &data, &bar)?;
    args.study.tell(&report, mix::write_page)
}
