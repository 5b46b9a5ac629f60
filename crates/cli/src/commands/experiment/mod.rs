//! `segue experiment`: mixes with different settings, side by side.

mod readout;

use anyhow::bail;
use clap::{Args, Subcommand};
use segue_core::Timestamp;
use segue_engine::experiment::assignment::arm_of;
use segue_engine::experiment::{Arm, Design, Mode};
use segue_store::{ExperimentEntry, Store};
use serde_json::json;

use crate::home::{Home, open_library, read_library};
use crate::part::design_of;
use crate::terminal::{print_json, print_line, say, table};

/// Try different settings on different listeners and see what becomes of it.
///
/// Listeners are split by a hash of their name and the experiment's, once and for all; each mix
/// gets the settings of its listener's arm and is logged with it. The readout may be looked at as
/// often as you like: its intervals allow for that. With `--shadow` everybody gets the first arm,
/// and what the others would have shown is only logged. It takes dozens of listeners to learn
/// anything: with a handful the readout says so.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue experiment start bolder --arm control:explore=0.3 --arm bold:explore=0.6
  segue experiment start thompson --arm control --arm lt:explore=0.4,policy=linear-thompson \
        --share 80,20
  segue experiment start dry --arm control --arm bold:explore=0.6 --shadow
  segue experiment list
  segue experiment readout bolder --json
  segue experiment stop bolder")]
pub(crate) struct ExperimentArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Start(StartArgs),
    /// List experiments, oldest first.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    Readout(readout::ReadoutArgs),
    /// Stop an experiment for good. What it showed is kept, and its name with it.
    Stop {
        /// Its name.
        name: String,
    },
}

/// Start an experiment; it runs until it is stopped, and one runs at a time.
#[derive(Debug, Args)]
struct StartArgs {
    /// Its name, which must be new: it decides who is in which arm.
    name: String,
    /// An arm: a name and its settings of explore, policy, artist-cap, album-cap and
    /// no-repeat-days. The first is the control.
    #[arg(long = "arm", value_name = "NAME:SETTING=VALUE,…", required = true)]
    arms: Vec<Arm>,
    /// Shares of the arms, in their order [default: equal ones].
    #[arg(long, value_delimiter = ',', value_name = "N,…", conflicts_with = "shadow")]
    share: Vec<u32>,
    /// Show everybody the control, and only log what the others would have shown.
    #[arg(long)]
    shadow: bool,
    /// For how many days from their first mix a listener is observed.
    #[arg(long, default_value_t = 7, value_name = "N")]
    days: u32,
}

pub(crate) fn run(args: ExperimentArgs, home: &Home) -> anyhow::Result<()> {
    let mut library = match args.what {
        What::List { .. } | What::Readout(_) => read_library(home)?,
        What::Start(_) | What::Stop { .. } => open_library(home)?,
    };
    let store = library.store_mut();
    match args.what {
        What::Start(args) => start(store, args),
        What::List { json } => list(&store.experiments()?, json),
        What::Readout(args) => readout::run(&args, store),
        What::Stop { name } => {
            store.stop_experiment(&name, Timestamp::now())?;
            say(&format!(
                "experiment `{name}` is stopped; `segue experiment readout {name}` says what came \
                 of it"
            ));
            Ok(())
        }
    }
}

fn start(store: &mut Store, args: StartArgs) -> anyhow::Result<()> {
    let mut arms = args.arms;
    if !args.share.is_empty() && args.share.len() != arms.len() {
        bail!("there are {} shares for {} arms", args.share.len(), arms.len());
    }
    for (arm, share) in arms.iter_mut().zip(args.share) {
        arm.share = share;
    }
    let mode = if args.shadow { Mode::Shadow } else { Mode::Live };
    let design = Design::from_parts(&args.name, arms, mode, args.days)?;
    store.start_experiment(design.name(), &serde_json::to_string(&design)?, Timestamp::now())?;
    say(&format!("experiment `{}` is running", design.name()));
    let listeners = store.listeners()?;
    for arm in design.arms() {
        let who = match mode {
            Mode::Shadow if arm.name == design.control().name => "shown to everybody".to_owned(),
            Mode::Shadow => "a shadow".to_owned(),
            Mode::Live => {
                let in_it = listeners
                    .iter()
                    .filter(|listener| arm_of(&design, &listener.id).name == arm.name);
                format!("{} of {} known listeners", in_it.count(), listeners.len())
            }
        };
        say(&format!("  {}: {}; {who}", arm.name, arm.settings));
    }
    Ok(())
}

fn list(experiments: &[ExperimentEntry], as_json: bool) -> anyhow::Result<()> {
    let designs: Vec<Design> = experiments.iter().map(design_of).collect::<anyhow::Result<_>>()?;
    if as_json {
        let rows = experiments.iter().zip(&designs).map(|(entry, design)| {
            json!({
                "design": design, "started_at": entry.started_at, "stopped_at": entry.stopped_at,
            })
        });
        return print_json(&rows.collect::<Vec<_>>());
    }
    let mut rows = table(&["experiment", "arms", "mode", "started", "stopped"]);
    for (entry, design) in experiments.iter().zip(&designs) {
        let arms = design
            .arms()
            .iter()
            .map(|arm| format!("{} ({}, share {})", arm.name, arm.settings, arm.share));
        let mode = match design.mode() {
            Mode::Live => "live",
            Mode::Shadow => "shadow",
        };
        rows.add_row([
            entry.name.clone(),
            arms.collect::<Vec<_>>().join("; "),
            mode.to_owned(),
            day(entry.started_at),
            entry.stopped_at.map(day).unwrap_or_else(|| "running".to_owned()),
        ]);
    }
    print_line(&rows.to_string())
}

fn day(moment: Timestamp) -> String {
    moment.to_string()[..10].to_owned()
}
