//! `segue forget`: a listener's rows and everything that was derived from them, gone.

use std::io::{IsTerminal as _, Write as _};

use anyhow::bail;
use clap::Args;
use segue_core::ListenerId;

use crate::home::{Home, open_library};
use crate::terminal::{print_json, say};

/// Remove a listener: plays, feedback, mixes, connections to servers, and the models that learned
/// from them.
///
/// This cannot be undone. Models trained on the listener's history are removed too; `segue train`
/// makes a new one from who is left.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  segue forget --listener ann\n  segue forget --listener ann --yes \
        --json"
)]
pub(crate) struct ForgetArgs {
    /// Whom to forget.
    #[arg(long, value_name = "NAME")]
    listener: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: ForgetArgs, home: &Home) -> anyhow::Result<()> {
    let mut library = open_library(home)?;
    if !args.yes && !confirmed(&args.listener)? {
        bail!("nothing was removed; pass `--yes` to go ahead without being asked");
    }
    let report = library.forget(&ListenerId::new(args.listener.as_str()))?;
    if !report.found {
        bail!("there is no listener `{}`; `segue status` lists them", args.listener);
    }
    if args.json {
        return print_json(&report);
    }
    say(&format!(
        "forgot `{}`: {} plays, {} statements, {} friendships, {} mixes, {} exclusions, {} tracks \
         that nobody else knew, {} models",
        args.listener,
        report.listens,
        report.feedback,
        report.friendships,
        report.impressions,
        report.exclusions,
        report.tracks,
        report.models.len()
    ));
    if report.active_model_removed {
        say("the model in use had learned from them and is gone: run `segue train`");
    }
    if !report.erased {
        say("something else was reading the store, so that old bytes may remain on disk until it \
             is opened again");
    }
    Ok(())
}

fn confirmed(listener: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    eprint!("Remove everything known about `{listener}`? This cannot be undone. [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
