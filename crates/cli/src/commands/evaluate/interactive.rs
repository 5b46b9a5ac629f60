//! `segue evaluate interactive`: how soon is a listener understood of whom nothing is known?

use std::str::FromStr;

use anyhow::{Result, bail};
use clap::Args;
use segue_engine::policy::PolicyKind;

use segue_lab::interactive::{self, Hiding, InteractiveModel, InteractiveOptions};

use super::events::EventArgs;
use crate::home::Home;
use crate::study::{Bar, print_report};

/// Propose items to listeners nobody has seen, one after another, learning from each answer.
///
/// Some listeners are hidden from all that learns. Items are proposed to them without repeats; the
/// answer is whether an item is among theirs. Counted are hits within the first proposals, with 95
/// % intervals that resample listeners. Every constant of a model or a policy is chosen by the same
/// protocol on listeners withheld from those known, then the model learns again from all of them.
/// Every model is measured greedily, and those that know how sure they are under the policies named
/// as well, so that what exploring adds shows in the column of the model's own greedy proposals.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct InteractiveArgs {
    #[command(flatten)]
    events: EventArgs,
    /// Models to measure: popularity, ease, bayes (linear regression over singular vectors),
    /// factor-analysis.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "popularity,ease,bayes,factor-analysis",
        value_name = "NAME,…"
    )]
    model: Vec<InteractiveModel>,
    /// Policies beside the greedy one, which is always measured.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "epsilon-greedy,lin-ucb,linear-thompson",
        value_name = "NAME,…"
    )]
    policy: Vec<PolicyKind>,
    /// Proposals to each listener.
    #[arg(long, default_value_t = 50, value_name = "N")]
    proposals: usize,
    /// Listeners hidden in each split, and at most how many of them are asked.
    #[arg(long, default_value = "500/300", value_name = "HIDDEN/ASKED")]
    unseen: Unseen,
    /// Ask listeners with at least so many items.
    #[arg(long, default_value_t = 20, value_name = "N")]
    min_likes: usize,
    /// Seed of everything random.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Split, choose and ask with this many seeds, the given one and those after it.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seeds: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

const EXAMPLE: &str = "\
Example:
  segue evaluate interactive --data user_artists.dat --item-column artistID --min-item-events 8 \
        --proposals 50 --unseen 500/300 --seeds 5";

/// `500/300`: so many hidden, and at most so many of them asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unseen {
    hidden: usize,
    asked: usize,
}

impl FromStr for Unseen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers =
            text.split_once('/').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        match numbers {
            Some((hidden, asked)) if asked >= 1 && hidden >= asked => Ok(Self { hidden, asked }),
            _ => Err(format!(
                "`{text}` is not HIDDEN/ASKED, as in `500/300`, with no more asked than hidden"
            )),
        }
    }
}

/// Reads, measures and prints.
///
/// # Errors
/// If the data cannot be read, too few listeners are left to learn from or to ask, or a model
/// cannot be fitted.
pub(crate) fn run(args: &InteractiveArgs, home: &Home) -> Result<()> {
    if args.seeds == 0 || args.proposals == 0 {
        bail!("`--seeds` and `--proposals` are at least 1");
    }
    let Unseen { hidden, asked } = args.unseen;
    let options = InteractiveOptions {
        models: args.model.clone(),
        policies: InteractiveOptions::policies(&args.policy)?,
        proposals: args.proposals,
        hiding: Hiding { hidden, asked, fewest_items: args.min_likes },
        seed: args.seed,
        seeds: args.seeds,
    };
    let bar = Bar::default();
    let interactions = args.events.load(home, &bar)?;
    let report = interactive::run(&options, args.events.name(), &interactions, &bar)?;
    print_report(&report, args.json)
}
