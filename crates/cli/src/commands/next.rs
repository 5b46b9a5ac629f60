//! `segue next`: what a listener is likely to turn to now.

use clap::Args;
use segue::next_track::{NextTrack, Played};
use serde::Serialize;

use crate::home::{Home, open_library};
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
    let library = open_library(home)?;
    let listener = library.listener(args.listener.as_deref())?;
    let played = if args.new { Played::Never } else { Played::Any };
    let (dataset, next) = library.next(&listener, args.length, played)?;
    let shown = |next: &NextTrack| {
        let track = dataset.catalogue.track(next.track);
        Next {
            track: track.id.to_string(),
            artists: track.artists.clone(),
            title: track.display_title().to_owned(),
            share: next.share,
            played_before: next.played_before,
        }
    };
    let next: Vec<Next> = next.iter().map(shown).collect();
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
