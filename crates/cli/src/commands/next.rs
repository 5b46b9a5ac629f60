//! `segue next`: what a listener is likely to turn to now.

use anyhow::Context as _;
use clap::Args;
use segue_engine::full_ranking::top_k;
use segue_engine::{ListenerIdx, Query, Recommender as _, Seconds};
use serde::Serialize;

use super::train::next_track::{interactions, model_in_use};
use crate::dataset::{choose_listener, load_dataset, open_store};
use crate::home::Home;
use crate::terminal::{print_json, print_line, table};

/// Say what a listener is likely to turn to next, going on from what they played last.
///
/// The sequence model of `segue train --next-track` reads the listener's latest plays; a listener
/// it was not trained on is read like any other. Shares are of all that could follow. Unlike `segue
/// mix` nothing is balanced, explored or logged: this is the model's plain answer.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  segue next\n  segue next --listener ann --length 20 --new --json"
)]
pub(crate) struct NextArgs {
    /// For whom; needed if there are several listeners.
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 10, value_name = "N")]
    length: usize,
    /// Leave out what the listener has played before.
    #[arg(long)]
    new: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Next {
    track: String,
    artists: Vec<String>,
    title: String,
    /// Probability among everything that could follow, 0 to 1.
    share: f64,
    played_before: bool,
}

pub(crate) fn run(args: &NextArgs, home: &Home) -> anyhow::Result<()> {
    let store = open_store(home)?;
    let listener = choose_listener(&store, args.listener.as_deref())?;
    let model = model_in_use(&store)?
        .context("no next-track model has been trained yet; run `segue train --next-track`")?;
    let dataset = load_dataset(&store)?;
    let plays = interactions(&store, &dataset.catalogue, &model.items)?;
    let row = (0..plays.listeners() as u32)
        .map(ListenerIdx)
        .find(|&row| plays.listener_name(row) == listener.as_str());
    let history = row.map(|row| plays.history(row)).unwrap_or_default();
    // What came into the store after training has no row in the model yet.
    let items = model.items.len();
    let known: Vec<_> = history.items.iter().copied().filter(|item| item.row() < items).collect();
    let query = Query {
        history: segue_engine::History { items: &known, ..Default::default() },
        now: history.times.last().map(|last| Seconds(last.0 + 1)),
        friends: &[],
    };
    let mut scores = vec![0.0; items];
    model.network.score(&[query], &mut scores);
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = scores.iter().map(|&score| f64::from(score - highest).exp()).sum();
    let shares: Vec<f64> =
        scores.iter().map(|&score| f64::from(score - highest).exp() / total).collect();
    if args.new {
        known.iter().for_each(|item| scores[item.row()] = f32::NEG_INFINITY);
    }
    let mut top = Vec::new();
    top_k(&scores, args.length, &mut top);
    let works: std::collections::HashMap<&str, _> = dataset
        .catalogue
        .rows()
        .map(|row| (dataset.catalogue.track(row).work.as_str(), dataset.catalogue.track(row)))
        .collect();
    let next = top.iter().filter_map(|item| {
        let track = works.get(model.items[item.row()].as_str())?;
        Some(Next {
            track: track.id.to_string(),
            artists: track.artists.clone(),
            title: track.display_title().to_owned(),
            share: shares[item.row()],
            played_before: known.contains(item),
        })
    });
    let next: Vec<Next> = next.collect();
    if args.json {
        return print_json(&next);
    }
    let mut rows = table(&["", "artist", "title", "", "share"]);
    for (number, next) in next.iter().enumerate() {
        let mark = if next.played_before { "" } else { "new" };
        rows.add_row([
            (number + 1).to_string(),
            next.artists.join(", "),
            next.title.clone(),
            mark.to_owned(),
            format!("{:.1} %", next.share * 100.0),
        ]);
    }
    print_line(&rows.to_string())
}
