//! How soon is a good show found, when its worth takes two months to be seen? Held against
//! "Impatient Bandits" (McDonald, Maystre, Lalmas, Russo & Ciosek, KDD 2023): [`shows`] makes up
//! what listeners come back to, [`progressive`] is what is believed while traces still come in.
//!
//! ```sh
//! cargo run --release -p segue-lab --example delayed -- --actions 50,200 --trials 10
//! ```
#![allow(clippy::print_stdout)] // what it measures is its output

mod progressive;
mod shows;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Parser;
use comfy_table::{ContentArrangement, Table, presets};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use segue_engine::metrics::Estimate;
use serde::Serialize;

use progressive::{ProgressiveBelief, ProxyBelief, TraceMoments, TracePrior};
use shows::{DAYS, Plan, Show, Sight, Trace, TraceBelief};

/// Find good shows whose worth is seen late.
///
/// The setting of "Impatient Bandits" (KDD 2023). A show is worth the days, out of the 59 after a
/// first listen, on which listeners come back; every day so many listens are given to shows by
/// Thompson sampling over a belief about each. A belief is progressive (uses every day of every
/// trace seen so far), oracle (sees a trace at once), delayed (waits until it is complete) or
/// day-two (goes by the first day alone). Printed is the mean regret of a listen over all days,
/// with a bootstrap 95 % interval over trials.
#[derive(Debug, Parser)]
#[command(after_help = "Example:\n  delayed --actions 50,200 --trials 10\n  \
    delayed --beliefs progressive,delayed --shows 50 --prior-shows 50 --traces 500 --days 90")]
struct DelayedArgs {
    /// Shows to choose from.
    #[arg(long, default_value_t = 200, value_name = "N")]
    shows: usize,
    /// Older shows, of which the prior is learned.
    #[arg(long, default_value_t = 200, value_name = "N")]
    prior_shows: usize,
    /// Traces of each show, from which listens are drawn.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    traces: usize,
    /// Listens a day.
    #[arg(long, value_delimiter = ',', default_value = "10,50,200", value_name = "N,…")]
    actions: Vec<usize>,
    /// Days.
    #[arg(long, default_value_t = 180, value_name = "N")]
    days: usize,
    /// Beliefs to compare.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "progressive,oracle,delayed,day-two",
        value_name = "NAME,…"
    )]
    beliefs: Vec<Kind>,
    /// How often to do it all again, each time with shows of its own.
    #[arg(long, default_value_t = 10, value_name = "N")]
    trials: u64,
    /// Take the shows from a file instead of drawing them, the same for all trials: a trace is 8
    /// bytes, the lowest first, with the days from the lowest bit up; a show is `--traces` of them;
    /// older shows come first.
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// Seed of everything random.
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Progressive,
    Oracle,
    Delayed,
    DayTwo,
}

impl Kind {
    fn belief(self, prior: &TracePrior, shows: usize) -> (Box<dyn TraceBelief>, Sight) {
        match self {
            Self::Progressive => (Box::new(ProgressiveBelief::new(prior, shows)), Sight::DayByDay),
            Self::Oracle => (Box::new(ProxyBelief::complete(prior, shows)), Sight::AtOnce),
            Self::Delayed => (Box::new(ProxyBelief::complete(prior, shows)), Sight::DayByDay),
            Self::DayTwo => (Box::new(ProxyBelief::next_day(prior, shows)), Sight::DayByDay),
        }
    }
}

/// What was measured of one belief.
#[derive(Serialize)]
struct Row {
    actions: usize,
    belief: Kind,
    regret: Estimate,
    /// How much more than progressive, trial by trial.
    behind: Option<Estimate>,
    trials: Vec<f64>,
}

#[derive(Serialize)]
struct Report {
    shows: usize,
    prior_shows: usize,
    traces: usize,
    days: usize,
    trials: u64,
    seed: u64,
    rows: Vec<Row>,
}

/// Shows to choose from, and what is known of others.
struct World {
    shows: Vec<Show>,
    prior: TracePrior,
}

fn main() -> Result<()> {
    let args = DelayedArgs::parse();
    print(&args, &measure(&args)?)
}

/// Simulates every belief with every number of listens a day.
fn measure(args: &DelayedArgs) -> Result<Report> {
    if args.shows == 0 || args.prior_shows < 2 || args.traces < 2 || args.actions.contains(&0) {
        bail!(
            "`--shows` and `--actions` are at least 1, `--prior-shows` and `--traces` at least 2"
        );
    }
    if args.days == 0 || args.trials == 0 {
        bail!("`--days` and `--trials` are at least 1");
    }
    let given = args.catalogue.as_deref().map(|path| read(path, args)).transpose()?;
    let trial = |trial: u64| {
        let mut rng = generator(args.seed + trial, 0);
        let drawn = given.is_none().then(|| draw(args, &mut rng));
        let world = given.as_ref().or(drawn.as_ref()).expect("drawn if not given");
        regrets(args, world, args.seed + trial)
    };
    let trials: Vec<Vec<f64>> = (0..args.trials).into_par_iter().map(trial).collect();
    Ok(report(args, &trials))
}

fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

fn draw(args: &DelayedArgs, rng: &mut impl Rng) -> World {
    let older: Vec<TraceMoments> =
        (0..args.prior_shows).map(|_| moments(&Show::draw(args.traces, rng))).collect();
    let shows = (0..args.shows).map(|_| Show::draw(args.traces, rng)).collect();
    World { shows, prior: TracePrior::fit(&older) }
}

fn moments(show: &Show) -> TraceMoments {
    TraceMoments { mean: show.mean(), covariance: show.covariance() }
}

fn read(path: &Path, args: &DelayedArgs) -> Result<World> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let (words, _) = bytes.as_chunks::<8>();
    let traces: Vec<Trace> =
        words.iter().map(|word| Trace::from_bits(u64::from_le_bytes(*word))).collect();
    let mut shows =
        traces.chunks_exact(args.traces).map(|traces| Show::from_traces(traces.to_vec()));
    let older: Vec<TraceMoments> =
        shows.by_ref().take(args.prior_shows).map(|show| moments(&show)).collect();
    let shows: Vec<Show> = shows.take(args.shows).collect();
    if shows.len() < args.shows {
        bail!(
            "`{}` holds {} traces of {DAYS} days: {} shows of {} are needed",
            path.display(),
            traces.len(),
            args.prior_shows + args.shows,
            args.traces
        );
    }
    Ok(World { shows, prior: TracePrior::fit(&older) })
}

/// Mean regret of a listen, for every number of listens and within it every belief.
fn regrets(args: &DelayedArgs, world: &World, seed: u64) -> Vec<f64> {
    let mut regrets = Vec::new();
    for &actions in &args.actions {
        for &kind in &args.beliefs {
            let (mut belief, sight) = kind.belief(&world.prior, world.shows.len());
            let plan = Plan { days: args.days, actions };
            let mut rng = generator(seed, 1 + actions as u64);
            let daily = shows::run(&world.shows, plan, belief.as_mut(), sight, &mut rng);
            regrets.push(daily.iter().sum::<f64>() / args.days as f64);
        }
    }
    regrets
}

fn report(args: &DelayedArgs, trials: &[Vec<f64>]) -> Report {
    let cases = args
        .actions
        .iter()
        .flat_map(|&actions| args.beliefs.iter().map(move |&kind| (actions, kind)));
    let cases: Vec<(usize, Kind)> = cases.collect();
    let values = |column: usize| -> Vec<f64> { trials.iter().map(|trial| trial[column]).collect() };
    let row = |(column, &(actions, belief)): (usize, &(usize, Kind))| {
        let progressive = cases.iter().position(|case| *case == (actions, Kind::Progressive));
        let behind = progressive.filter(|&other| other != column).map(|other| {
            let more: Vec<f64> = trials.iter().map(|trial| trial[column] - trial[other]).collect();
            Estimate::from_values(&more, args.seed)
        });
        let trials = values(column);
        Row { actions, belief, regret: Estimate::from_values(&trials, args.seed), behind, trials }
    };
    Report {
        shows: args.shows,
        prior_shows: args.prior_shows,
        traces: args.traces,
        days: args.days,
        trials: args.trials,
        seed: args.seed,
        rows: cases.iter().enumerate().map(row).collect(),
    }
}

fn print(args: &DelayedArgs, report: &Report) -> Result<()> {
    if args.json {
        println!("{}", serde_json::to_string_pretty(report)?);
        return Ok(());
    }
    println!(
        "{} shows, a prior of {} others, {} days, {} trial(s); regret in days of coming back, of \
        {DAYS}",
        report.shows, report.prior_shows, report.days, report.trials
    );
    let mut rows = Table::new();
    rows.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    rows.set_header(["listens a day", "belief", "mean regret", "more than progressive"]);
    let shown = |estimate: &Estimate| {
        format!("{:.2} [{:.2}, {:.2}]", estimate.mean, estimate.low, estimate.high)
    };
    for row in &report.rows {
        let name = clap::ValueEnum::to_possible_value(&row.belief).expect("no belief is hidden");
        rows.add_row([
            row.actions.to_string(),
            name.get_name().to_owned(),
            shown(&row.regret),
            row.behind.as_ref().map(shown).unwrap_or_default(),
        ]);
    }
    println!("{rows}");
    Ok(())
}
