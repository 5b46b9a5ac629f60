//! Which playlists should a carousel show, when hardly any is streamed and feedback comes in
//! batches? Held against "Carousel Personalization in Music Streaming Apps with Contextual Bandits"
//! (Bendada, Salha & Bontempelli, RecSys 2020): [`world`] makes up listeners, [`policies`] and
//! [`logistic`] fill carousels, [`share_prior`] learns from older playlists, [`run`] plays rounds.
//!
//! ```sh
//! cargo run --release -p segue-lab --example carousel -- --trials 5
//! ```
#![allow(clippy::print_stdout)] // what it measures is its output

mod logistic;
mod policies;
mod run;
mod share_prior;
#[cfg(test)]
mod tests;
mod world;

use anyhow::{Result, bail};
use clap::Parser;
use comfy_table::{ContentArrangement, Table, presets};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use segue_engine::metrics::Estimate;
use segue_engine::policy::beta_thompson::ShareBelief;
use serde::Serialize;

use logistic::{LogisticBelief, LogisticThompson};
use policies::{EpsilonGreedy, KlUcb, Random, SegmentThompson};
use run::{CarouselPolicy, Plan, run as simulate};
use share_prior::fit_share_prior;
use world::{CarouselConfig, World};

/// Fill carousels of playlists for listeners in segments.
///
/// The setting of "Carousel Personalization in Music Streaming Apps with Contextual Bandits"
/// (RecSys 2020) on synthetic listeners. Policies learn at the end of each round from the cards
/// that were seen. Printed is the regret: how many more listeners would have streamed something, in
/// expectation, had each seen their own best carousel, over all rounds, with a bootstrap 95 %
/// interval over trials. What a policy is tuned by is chosen on a world of another seed.
#[derive(Debug, Parser)]
#[command(after_help = "Example:\n  carousel --trials 5\n  \
    carousel --segments 100 --listeners 40000 --batch 20000 \
    --policies thompson-pessimistic,thompson-fitted --trials 1")]
struct CarouselArgs {
    /// Segments of listeners; published: 100.
    #[arg(long, default_value_t = 20, value_name = "N")]
    segments: usize,
    /// Listeners; published: 974,960.
    #[arg(long, default_value_t = 8_000, value_name = "N")]
    listeners: usize,
    /// Playlists; published: 862.
    #[arg(long, default_value_t = 862, value_name = "N")]
    playlists: usize,
    /// Cards of a carousel; published: 12.
    #[arg(long, default_value_t = 12, value_name = "N")]
    slots: usize,
    /// Rounds; published: 100.
    #[arg(long, default_value_t = 100, value_name = "N")]
    rounds: usize,
    /// Listeners drawn each round; published: 20,000, as many a segment as here by default.
    #[arg(long, default_value_t = 4_000, value_name = "N")]
    batch: usize,
    /// Displays of each older playlist in each segment, of which a prior is learned.
    #[arg(long, default_value_t = 100, value_name = "N")]
    warm_displays: u32,
    /// Policies to compare.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "random,epsilon-greedy,kl-ucb,thompson-naive,thompson-pessimistic,\
            thompson-fitted,logistic-thompson",
        value_name = "NAME,…"
    )]
    policies: Vec<Kind>,
    /// Worlds to repeat it in.
    #[arg(long, default_value_t = 5, value_name = "N")]
    trials: u64,
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
    Random,
    EpsilonGreedy,
    KlUcb,
    ThompsonNaive,
    ThompsonPessimistic,
    ThompsonFitted,
    LogisticThompson,
}

impl Kind {
    /// What it may be tuned by; a policy with one setting needs no tuning.
    fn settings(self) -> &'static [f64] {
        match self {
            // Share of carousels at random.
            Self::EpsilonGreedy => &[0.01, 0.03, 0.1, 0.3],
            // Factor of the exploration; 1 as published.
            Self::KlUcb => &[0.001, 0.01, 0.1, 1.0],
            // Precision of the weights.
            Self::LogisticThompson => &[30.0, 100.0, 300.0, 1000.0],
            Self::Random
            | Self::ThompsonNaive
            | Self::ThompsonPessimistic
            | Self::ThompsonFitted => &[1.0],
        }
    }

    fn policy(self, setting: f64, world: &World, fitted: ShareBelief) -> Box<dyn CarouselPolicy> {
        let segments =
            |successes, failures| SegmentThompson::new(world, ShareBelief { successes, failures });
        match self {
            Self::Random => Box::new(Random),
            Self::EpsilonGreedy => Box::new(EpsilonGreedy::new(world, setting)),
            Self::KlUcb => Box::new(KlUcb::new(world, setting)),
            Self::ThompsonNaive => Box::new(segments(1.0, 1.0)),
            Self::ThompsonPessimistic => Box::new(segments(1.0, 99.0)),
            Self::ThompsonFitted => Box::new(SegmentThompson::new(world, fitted)),
            Self::LogisticThompson => {
                let logit = (fitted.mean() / (1.0 - fitted.mean())).ln();
                let prior = LogisticBelief::new(
                    world.config().dimensions,
                    setting as f32,
                    (logit as f32, 1.0),
                );
                Box::new(LogisticThompson::new(world, &prior))
            }
        }
    }
}

/// What was measured of one policy.
#[derive(Serialize)]
struct Row {
    policy: Kind,
    setting: Option<f64>,
    /// Over all rounds.
    regret: Estimate,
    /// Over the last tenth of the rounds, per 1,000 carousels.
    late_regret: Estimate,
    /// Mean over trials of the regret up to each round.
    cumulative: Vec<f64>,
}

#[derive(Serialize)]
struct Report {
    segments: usize,
    listeners: usize,
    playlists: usize,
    rounds: usize,
    batch: usize,
    trials: u64,
    seed: u64,
    /// Mean probability of a stream, of any playlist and of those of the best carousel, in the
    /// first world.
    mean_probability: f64,
    best_probability: f64,
    /// Prior means and strengths that were fitted, a world each.
    fitted_priors: Vec<(f64, f64)>,
    /// The regret over all rounds of each segment's best carousel.
    best_of_segments: Estimate,
    rows: Vec<Row>,
}

/// A world with what is known beforehand.
struct Ready {
    world: World,
    fitted: ShareBelief,
    seed: u64,
}

/// Seeds of worlds to tune on are so much higher.
const TUNING: u64 = 1 << 32;

fn main() -> Result<()> {
    let args = CarouselArgs::parse();
    print(&args, &measure(&args)?)
}

/// Simulates every policy in every world.
fn measure(args: &CarouselArgs) -> Result<Report> {
    if args.segments == 0 || args.listeners < args.segments || args.slots > args.playlists {
        bail!(
            "a segment has at least one listener, and a carousel no more `--slots` than there are \
            playlists"
        );
    }
    if args.slots == 0 || args.rounds == 0 || args.batch == 0 || args.trials == 0 {
        bail!("`--slots`, `--rounds`, `--batch` and `--trials` are at least 1");
    }
    let tuned: Vec<f64> = tune(args);
    let worlds: Vec<Ready> = (0..args.trials).map(|trial| ready(args, args.seed + trial)).collect();
    let cases: Vec<(usize, &Ready)> = worlds
        .iter()
        .flat_map(|world| (0..args.policies.len()).map(move |policy| (policy, world)))
        .collect();
    let regrets: Vec<Vec<f64>> = cases
        .par_iter()
        .map(|&(policy, ready)| regrets(args, args.policies[policy], tuned[policy], ready))
        .collect();
    let row = |policy: usize| {
        let trials = regrets.iter().skip(policy).step_by(args.policies.len());
        row(args, (args.policies[policy], tuned[policy]), &trials.collect::<Vec<_>>())
    };
    let rows = (0..args.policies.len()).map(row).collect();
    Ok(report(args, &worlds, rows))
}

fn ready(args: &CarouselArgs, seed: u64) -> Ready {
    let config = CarouselConfig {
        segments: args.segments,
        listeners: args.listeners,
        playlists: args.playlists,
        slots: args.slots,
        ..CarouselConfig::default()
    };
    let world = World::draw(config, seed);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(2);
    let fitted = fit_share_prior(&world.warm_counts(args.warm_displays, &mut rng));
    Ready { world, fitted, seed }
}

fn regrets(args: &CarouselArgs, kind: Kind, setting: f64, ready: &Ready) -> Vec<f64> {
    let mut policy = kind.policy(setting, &ready.world, ready.fitted);
    let plan = Plan { rounds: args.rounds, batch: args.batch };
    simulate(&ready.world, plan, policy.as_mut(), ready.seed)
}

/// The setting of each policy with the least regret in a world that is not measured on.
fn tune(args: &CarouselArgs) -> Vec<f64> {
    let cases: Vec<(Kind, f64)> = args
        .policies
        .iter()
        .filter(|kind| kind.settings().len() > 1)
        .flat_map(|&kind| kind.settings().iter().map(move |&setting| (kind, setting)))
        .collect();
    let ready = (!cases.is_empty()).then(|| ready(args, args.seed + TUNING));
    let regret = |&(kind, setting): &(Kind, f64)| {
        ready.as_ref().map_or(0.0, |ready| regrets(args, kind, setting, ready).iter().sum())
    };
    let sums: Vec<f64> = cases.par_iter().map(regret).collect();
    let best = |&kind: &Kind| {
        let own = cases.iter().zip(&sums).filter(|((other, _), _)| *other == kind);
        own.min_by(|a, b| a.1.total_cmp(b.1)).map_or(1.0, |((_, setting), _)| *setting)
    };
    args.policies.iter().map(best).collect()
}

fn row(args: &CarouselArgs, (policy, setting): (Kind, f64), trials: &[&Vec<f64>]) -> Row {
    let late = args.rounds - args.rounds.div_ceil(10);
    let sums: Vec<f64> = trials.iter().map(|regrets| regrets.iter().sum()).collect();
    let late_carousels = ((args.rounds - late) * args.batch) as f64;
    let lates: Vec<f64> = trials
        .iter()
        .map(|regrets| regrets[late..].iter().sum::<f64>() / late_carousels * 1e3)
        .collect();
    let mean = |round: usize| {
        trials.iter().map(|regrets| regrets[round]).sum::<f64>() / trials.len() as f64
    };
    let mut sum = 0.0;
    Row {
        policy,
        setting: (policy.settings().len() > 1).then_some(setting),
        regret: Estimate::from_values(&sums, args.seed),
        late_regret: Estimate::from_values(&lates, args.seed),
        cumulative: (0..args.rounds)
            .map(|round| {
                sum += mean(round);
                sum
            })
            .collect(),
    }
}

fn report(args: &CarouselArgs, worlds: &[Ready], rows: Vec<Row>) -> Report {
    let (mean_probability, best_probability) = probabilities(&worlds[0].world);
    let segments: Vec<f64> = worlds
        .iter()
        .map(|ready| segment_regret(&ready.world) * (args.rounds * args.batch) as f64)
        .collect();
    let prior =
        |ready: &Ready| (ready.fitted.mean(), ready.fitted.successes + ready.fitted.failures);
    Report {
        segments: args.segments,
        listeners: args.listeners,
        playlists: args.playlists,
        rounds: args.rounds,
        batch: args.batch,
        trials: args.trials,
        seed: args.seed,
        mean_probability,
        best_probability,
        fitted_priors: worlds.iter().map(prior).collect(),
        best_of_segments: Estimate::from_values(&segments, args.seed),
        rows,
    }
}

fn probabilities(world: &World) -> (f64, f64) {
    let mean = |values: &mut dyn Iterator<Item = f32>| {
        let (sum, count) =
            values.fold((0.0, 0.0), |(sum, count), value| (sum + f64::from(value), count + 1.0));
        sum / count
    };
    let listeners = 0..world.config().listeners;
    let all = mean(
        &mut listeners.clone().flat_map(|listener| world.probabilities(listener).iter().copied()),
    );
    let best = |listener: usize| {
        world.best(listener).into_iter().map(move |i| world.probabilities(listener)[i])
    };
    (all, mean(&mut listeners.flat_map(best)))
}

/// How much is lost, a carousel, by showing all of a segment the same.
fn segment_regret(world: &World) -> f64 {
    let slates = world.best_of_segments();
    let listeners = world.config().listeners;
    let regret = |listener: usize| {
        world.reward(listener, &world.best(listener))
            - world.reward(listener, &slates[world.segment(listener)])
    };
    (0..listeners).map(regret).sum::<f64>() / listeners as f64
}

fn print(args: &CarouselArgs, report: &Report) -> Result<()> {
    if args.json {
        println!("{}", serde_json::to_string_pretty(report)?);
        return Ok(());
    }
    println!(
        "synthetic: {} listeners in {} segments, {} playlists, {} rounds of {} carousels, {} \
        trial(s); a stream is {:.2} % likely, {:.1} % on the best carousels",
        report.listeners,
        report.segments,
        report.playlists,
        report.rounds,
        report.batch,
        report.trials,
        report.mean_probability * 100.0,
        report.best_probability * 100.0
    );
    let (mean, strength) = report.fitted_priors[0];
    println!(
        "prior fitted on older playlists, first trial: mean {mean:.4}, strength {strength:.0}"
    );
    let mut rows = Table::new();
    rows.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    rows.set_header(["policy", "tuned", "cumulative regret", "late regret per 1,000"]);
    let shown = |estimate: &Estimate, digits: usize| {
        format!(
            "{:.digits$} [{:.digits$}, {:.digits$}]",
            estimate.mean, estimate.low, estimate.high
        )
    };
    for row in &report.rows {
        let name = clap::ValueEnum::to_possible_value(&row.policy).expect("no policy is hidden");
        rows.add_row([
            name.get_name().to_owned(),
            row.setting.map(|setting| setting.to_string()).unwrap_or_default(),
            shown(&row.regret, 0),
            shown(&row.late_regret, 1),
        ]);
    }
    rows.add_row([
        "best of each segment".to_owned(),
        String::new(),
        shown(&report.best_of_segments, 0),
        String::new(),
    ]);
    println!("{rows}");
    Ok(())
}
