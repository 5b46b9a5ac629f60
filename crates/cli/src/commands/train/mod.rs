//! `segue train`: one likability model for every listener in the store, or one model of what they
//! turn to next.

pub(crate) mod next_track;

use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use segue_core::{ListenerId, Timestamp};
use segue_models::likability::{FitReport, LikabilityConfig, LikabilityModel, Stage};
use segue_models::tabular::ensemble::HeldOut;
use segue_store::{NewModel, Store};
use serde_json::json;

use self::next_track::Start;
use crate::dataset::{load_dataset, open_store};
use crate::home::Home;
use crate::terminal::{self, print_json, print_line, say, table};
use segue_home::Dataset;

/// Learn what every listener likes, from their history and from how tracks sound.
///
/// One network learns across all listeners, so that one with a handful of likes is served as well
/// as one with thousands. The model is calibrated on what was held out, registered, and used from
/// then on; `segue models` goes back to an earlier one. The same data and seed give the same model,
/// byte for byte.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  segue train\n  segue train --seed 7 --json\n  segue train --next-track\n  segue train --next-track --continue      with what was imported since"
)]
pub(crate) struct TrainArgs {
    /// Seed of everything random.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Learn what follows what instead: a sequence model, for `segue next`.
    #[arg(long)]
    next_track: bool,
    /// Go on from the next-track model in use, with what was played since, instead of starting
    /// anew.
    #[arg(long = "continue", requires = "next_track")]
    go_on: bool,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: TrainArgs, home: &Home) -> anyhow::Result<()> {
    let mut store = open_store(home)?;
    if args.next_track {
        let start = if args.go_on { Start::FromModelInUse } else { Start::Fresh };
        return next_track::train(&mut store, start, args.seed, args.json);
    }
    let dataset = load_dataset(&store)?;
    let begun = Instant::now();
    let (version, report) = fit_with_bar(&mut store, &dataset, args.seed)?;
    let seconds = begun.elapsed().as_secs_f64();
    if args.json {
        return print_json(&json!({"version": version, "seconds": seconds, "report": report}));
    }
    print_report(&version, &report, seconds)
}

/// Trains on a data set and registers the model; prints the report.
pub(crate) fn train_into(store: &mut Store, dataset: &Dataset, seed: u64) -> anyhow::Result<()> {
    let begun = Instant::now();
    let (version, report) = fit_with_bar(store, dataset, seed)?;
    print_report(&version, &report, begun.elapsed().as_secs_f64())
}

fn fit_with_bar(
    store: &mut Store,
    dataset: &Dataset,
    seed: u64,
) -> anyhow::Result<(String, FitReport)> {
    let bar = terminal::steps(0, "training");
    let mut progress = |stage: Stage| match stage {
        Stage::Episodes => bar.set_message("drawing episodes"),
        Stage::Training { done, of } => {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
            bar.set_message("networks");
        }
        Stage::Calibrating => bar.set_message("calibrating"),
    };
    let fitted = fit_and_register(store, dataset, seed, &mut progress);
    bar.finish_and_clear();
    fitted
}

/// Trains on a data set and registers the model, which is in use from then on.
pub(crate) fn fit_and_register(
    store: &mut Store,
    dataset: &Dataset,
    seed: u64,
    progress: &mut dyn FnMut(Stage),
) -> anyhow::Result<(String, FitReport)> {
    let config = LikabilityConfig::default();
    let fitted =
        LikabilityModel::fit(&dataset.catalogue, &dataset.profiles, config, seed, progress);
    let (model, report) = fitted?;
    let learned_from: Vec<ListenerId> = dataset
        .profiles
        .iter()
        .filter(|profile| profile.labelled().next().is_some())
        .map(|profile| profile.listener.clone())
        .collect();
    let version = model.version().to_owned();
    if store.models()?.iter().any(|entry| entry.version == version) {
        say("the data and the seed are those of a model that exists already: it is in use again");
        store.activate(&version)?;
        return Ok((version, report));
    }
    let (weights, card) = model.to_bytes();
    let card = String::from_utf8(card).context("the card of the model is not text")?;
    store.register_model(&NewModel {
        version: &version,
        kind: "likability",
        created_at: Timestamp::now(),
        card: &card,
        weights: &weights,
        listeners: &learned_from,
    })?;
    Ok((version, report))
}

fn print_report(version: &str, report: &FitReport, seconds: f64) -> anyhow::Result<()> {
    let mut rows = table(&["held out", "answers", "AUC", "accuracy", "log-loss", "ECE"]);
    let named = [("everything", &report.held_out), ("what listeners told", &report.feedback)];
    for (name, held_out) in
        named.into_iter().filter_map(|(name, held_out)| Some((name, held_out.as_ref()?)))
    {
        rows.add_row(row(name, held_out));
    }
    for (size, held_out) in &report.by_history {
        rows.add_row(row(&format!("with {size} known"), held_out));
    }
    print_line(&rows.to_string())?;
    print_line(&format!("model {version}, trained on {} rows in {seconds:.1} s", report.rows))
}

fn row(name: &str, held_out: &HeldOut) -> [String; 6] {
    let figure =
        |value: f64| if value.is_finite() { format!("{value:.3}") } else { "–".to_owned() };
    [
        name.to_owned(),
        held_out.rows.to_string(),
        figure(held_out.auc.unwrap_or(f64::NAN)),
        figure(held_out.accuracy),
        figure(held_out.log_loss),
        figure(held_out.ece),
    ]
}
