//! `segue simulate community`: listeners live with mixes for a season, once for every setting of
//! the dial.

use clap::Args;
use segue_engine::policy::PolicyKind;
use segue_lab::simulation::listeners::ListenerModel;
use segue_lab::simulation::study::{self, CommunityOptions};

use crate::policy::policy_parser;
use crate::study::{Bar, StudyArgs};
use crate::terminal::say;

/// See what the dial does to listeners in the long run.
///
/// A catalogue is made up in which tracks arrive; listeners drift, tire of repeats, and are often
/// slow to say what they think. For each setting of the dial the same listeners live through the
/// same days, with mixes made exactly as `segue mix` makes them, and the model learns from their
/// answers. Two models of listeners, built independently, are tried: believe what holds in both.
/// What is reported is their true enjoyment, which no recommender sees, against the lowest setting
/// of the dial.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue simulate community --report dial.html
  segue simulate community --listeners 12 --seeds 1 --explore 0,0.3,1 \
        --listener-model taste-points --json")]
pub(crate) struct CommunityArgs {
    /// Listeners.
    #[arg(
        long,
        default_value_t = 24,
        value_parser = clap::value_parser!(u32).range(2..=1_000),
        value_name = "N"
    )]
    listeners: u32,
    /// Artists, about ten tracks each; one track in five is released on the way.
    #[arg(
        long,
        default_value_t = 150,
        value_parser = clap::value_parser!(u32).range(10..=5_000),
        value_name = "N"
    )]
    artists: u32,
    /// Days that the trial lasts.
    #[arg(
        long,
        default_value_t = 90,
        value_parser = clap::value_parser!(u32).range(3..=1_000),
        value_name = "N"
    )]
    days: u32,
    /// Days that listeners play by themselves before, for the model to learn from.
    #[arg(
        long,
        default_value_t = 60,
        value_parser = clap::value_parser!(u32).range(3..=1_000),
        value_name = "N"
    )]
    history_days: u32,
    /// Settings of the dial; the others are compared with the lowest.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "0,0.1,0.2,0.3,0.5,0.7,1",
        value_name = "0..1,…"
    )]
    explore: Vec<f32>,
    /// How tracks are drawn from the short-list.
    #[arg(
        long,
        default_value = "plackett-luce",
        value_name = "NAME",
        value_parser = policy_parser()
    )]
    policy: PolicyKind,
    /// Tracks in a mix.
    #[arg(
        long,
        default_value_t = 16,
        value_parser = clap::value_parser!(u32).range(1..=100),
        value_name = "N"
    )]
    length: u32,
    /// Leave out works played within this many days.
    #[arg(long, default_value_t = 1, value_name = "DAYS")]
    no_repeat_days: u32,
    /// Fit the model anew after every so many days; 0 for never.
    #[arg(long, default_value_t = 30, value_name = "DAYS")]
    model_refit_days: u32,
    /// How listeners work: taste-points, latent-factors or both.
    #[arg(long, default_value = "both", value_parser = listener_models, value_name = "NAME")]
    listener_model: ListenerModels,
    /// How many worlds are drawn, by the seed and those after it, each with its own listeners.
    #[arg(
        long,
        default_value_t = 4,
        value_parser = clap::value_parser!(u64).range(1..=1_000),
        value_name = "N"
    )]
    seeds: u64,
    #[command(flatten)]
    study: StudyArgs,
}

/// One model of listeners, or all.
#[derive(Clone, Debug)]
struct ListenerModels(Vec<ListenerModel>);

fn listener_models(name: &str) -> Result<ListenerModels, String> {
    if name == "both" {
        return Ok(ListenerModels(ListenerModel::ALL.to_vec()));
    }
    let unknown = || {
        format!(
            "unknown listener model `{name}`: expected `taste-points`, `latent-factors` or `both`"
        )
    };
    name.parse().map(|model| ListenerModels(vec![model])).map_err(|_| unknown())
}

/// Simulates and prints.
///
/// # Errors
/// If the dial is out of range, the model cannot be fitted or the page cannot be written.
pub(crate) fn run(args: CommunityArgs) -> anyhow::Result<()> {
    let options = CommunityOptions {
        listeners: args.listeners,
        artists: args.artists,
        days: args.days,
        history_days: args.history_days,
        explore: args.explore,
        policy: args.policy,
        length: args.length,
        no_repeat_days: args.no_repeat_days,
        model_refit_days: args.model_refit_days,
        listener_models: args.listener_model.0,
        seeds: args.seeds,
        seed: args.study.seed,
    };
    let report = study::run(&options, &Bar::default())?;
    if !args.study.json {
        say(&study::subject(&report.data));
    }
    args.study.tell(&report, study::write_page)
}
