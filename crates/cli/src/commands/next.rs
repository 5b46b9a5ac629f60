//! `segue next`: what comes next, going on from what a listener played last.

use clap::Args;
use segue_core::Timestamp;
use segue_engine::experiment::Part;
use segue_engine::mix::filters::Familiarity;
use segue_engine::pipeline::MixRequest;

use super::mix::{as_json, explained_for, print_mix, say_if_fallback};
use crate::home::{Home, read_library};
use crate::terminal::{print_json, say};

/// Say what comes next, going on from what a listener played last.
///
/// A mix that goes on from the latest sitting, at most ten plays of it, as `segue mix --after` goes
/// on from a track, with the dial at rest. Nothing is drawn by chance and nothing is logged as
/// shown, nor is it part of an experiment: the answer stays the same until something is played,
/// said or trained.
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
    length: u32,
    /// Leave out what the listener knows.
    #[arg(long)]
    new: bool,
    /// Print JSON, as `segue mix --json` does.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &NextArgs, home: &Home) -> anyhow::Result<()> {
    let library = read_library(home)?;
    let listener = library.listener(args.listener.as_deref())?;
    let snapshot = library.snapshot()?;
    say_if_fallback(&snapshot);
    let profile = snapshot.profile(library.store(), &listener)?;
    let request = MixRequest {
        length: args.length,
        familiarity: if args.new { Familiarity::New } else { Familiarity::Any },
        ..MixRequest::going_on(&snapshot.catalogue, &profile, Timestamp::now())
    };
    let outcome = snapshot.mix(&profile, &request).map_err(|error| {
        explained_for(error, request.familiarity, snapshot.nothing_new(&profile))
    })?;
    if args.json {
        return print_json(&as_json(&snapshot.catalogue, &outcome, &Part::None));
    }
    outcome.notes.iter().for_each(|note| say(&format!("note: {note}")));
    print_mix(&snapshot.catalogue, &outcome)
}
