//! `segue train`: the models behind mixes, as one set for every listener in the store.

use std::time::{Duration, Instant};

use clap::Args;
use segue::{Budget, Library, Start, TrainOptions, Trained, plain_name, stage_in_words};
use segue_models::likability::FitReport;
use segue_models::set::SetStage;
use segue_models::tabular::ensemble::HeldOut;
use serde_json::json;

use crate::home::{Home, open_library};
use crate::terminal::{self, print_json, print_line, say, say_if_only_played, table};

/// Learn what every listener likes, from their history and from how tracks sound.
///
/// One network learns across all listeners, so that one with a handful of likes is served as well
/// as one with thousands. The model is calibrated on what was held out, registered, and used from
/// then on; `segue models` goes back to an earlier one. The same data and seed give the same model,
/// byte for byte.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  segue train\n  \
    segue train --continue       with what came in since\n  \
    segue train --budget 30m\n  segue train --seed 7 --json")]
pub(crate) struct TrainArgs {
    /// Seed of everything random.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// How long it may take, such as 90s, 10m or 2h. What does not fit is shortened or left out,
    /// and the report says what; the work that fits is measured beforehand, so that it is no
    /// promise to the minute. By default the work is fixed, ten minutes on two slow cores, and the
    /// same on every machine.
    #[arg(long, value_name = "TIME", value_parser = parse_time, conflicts_with = "go_on")]
    budget: Option<Duration>,
    /// Memory that training any one model may take, in megabytes; those that need more are left
    /// out.
    #[arg(
        long,
        value_name = "MB",
        default_value_t = Budget::default().memory_mb,
        conflicts_with = "go_on"
    )]
    memory: usize,
    /// Go on from the models in use, with what came in since: in a fraction of the time, with the
    /// same models, settings and weights.
    #[arg(long = "continue")]
    go_on: bool,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: TrainArgs, home: &Home) -> anyhow::Result<()> {
    let mut library = open_library(home)?;
    let begun = Instant::now();
    let start = if args.go_on { Start::Continue } else { Start::Fresh };
    let budget = Budget { memory_mb: args.memory, ..Budget::default() };
    let budget = args.budget.map_or(budget, |time| budget.within(time));
    let trained = train(&mut library, &TrainOptions { seed: args.seed, start, budget })?;
    let seconds = begun.elapsed().as_secs_f64();
    if args.json {
        let Trained { version, card, drawn, .. } = trained;
        print_json(&json!({"version": version, "seconds": seconds, "card": card, "drawn": drawn}))?;
    } else {
        print_report(&trained, seconds)?;
    }
    say_if_only_played(&library)
}

fn parse_time(text: &str) -> Result<Duration, String> {
    let bad = || format!("`{text}` is no time such as 90s, 10m or 2h");
    let number = text.trim_end_matches(['s', 'm', 'h']);
    let unit = match &text[number.len()..] {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return Err(bad()),
    };
    let seconds = number.parse::<f64>().map_err(|_| bad())? * unit;
    Duration::try_from_secs_f64(seconds).map_err(|_| bad())
}

/// Trains on what the library holds; prints the report.
pub(crate) fn train_and_report(library: &mut Library, seed: u64) -> anyhow::Result<()> {
    let begun = Instant::now();
    let trained = train(library, &TrainOptions { seed, ..TrainOptions::default() })?;
    print_report(&trained, begun.elapsed().as_secs_f64())
}

fn train(library: &mut Library, options: &TrainOptions) -> anyhow::Result<Trained> {
    let bar = terminal::spinner("training");
    let mut progress = |stage: SetStage| bar.set_message(stage_in_words(stage));
    let trained = library.train(options, &mut progress);
    bar.finish_and_clear();
    let trained = trained?;
    say_if_known(trained.existed);
    Ok(trained)
}

/// A figure where something was measured; where nothing was, none is pretended.
fn told(is_measured: bool, figure: String) -> String {
    if is_measured { figure } else { "–".to_owned() }
}

fn say_if_known(existed: bool) {
    if existed {
        say("the data and the seed are those of a model that exists already: it is in use again");
    }
}

fn print_report(
    Trained { version, card, drawn, .. }: &Trained,
    seconds: f64,
) -> anyhow::Result<()> {
    let mut rows = table(&["model", "alone, NDCG@60", "weight, new", "weight, again"]);
    for member in &card.members {
        rows.add_row([
            plain_name(member.member.name()).to_owned(),
            told(card.new.is_some(), format!("{:.3}", member.ndcg_alone)),
            told(card.new.is_some(), format!("{:.2}", member.weight)),
            told(card.again.is_some(), format!("{:.2}", member.weight_known)),
        ]);
    }
    if !card.members.is_empty() {
        print_line(&rows.to_string())?;
    }
    for left_out in &card.left_out {
        print_line(&format!(
            "without {}: {}",
            plain_name(left_out.member.name()),
            left_out.reason
        ))?;
    }
    if *drawn > 0 {
        print_line(&format!(
            "of the world, {drawn} recordings are near to what is played here and are tracks of \
             the library"
        ))?;
    }
    for cut in &card.cuts {
        print_line(&format!("to keep to the budget: {cut}"))?;
    }
    if let Some(new) = &card.new {
        print_line(&format!(
            "what listeners tried next: NDCG@60 {:.3}, recall@20 {:.3} ({} questions held out)",
            new.ndcg, new.recall, new.cases
        ))?;
    }
    if let Some(again) = &card.again {
        print_line(&format!(
            "what they played again within a week: {:.1} % of 30 suggestions; by most played \
             {:.1} %, by lately played {:.1} % ({} questions held out)",
            100.0 * again.played,
            100.0 * again.most_played,
            100.0 * again.lately_played,
            again.cases
        ))?;
    }
    if let Some(likability) = &card.likability {
        print_likability(&likability.report)?;
    }
    if let Some(reason) = &card.without_likability {
        print_line(&format!("no likability: {reason}; mixes rank by what is played"))?;
    }
    print_line(&format!("models {version}, trained in {seconds:.1} s"))
}

fn print_likability(report: &FitReport) -> anyhow::Result<()> {
    let mut rows =
        table(&["likability, held out", "answers", "AUC", "accuracy", "log-loss", "ECE"]);
    let named = [("everything", &report.held_out), ("what listeners told", &report.feedback)];
    for (name, held_out) in
        named.into_iter().filter_map(|(name, held_out)| Some((name, held_out.as_ref()?)))
    {
        rows.add_row(row(name, held_out));
    }
    for (size, held_out) in &report.by_history {
        rows.add_row(row(&format!("with {size} known"), held_out));
    }
    print_line(&rows.to_string())
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
