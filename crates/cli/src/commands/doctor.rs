//! `segue doctor`: is everything that is stored still what it was?

use anyhow::bail;
use clap::Args;
use segue::LibraryCheck;

use super::connect::in_a_line;
use crate::home::{Home, read_library};
use crate::terminal::{print_json, print_line};

/// Look for damage in the store, what was made from it, the models and the world in use, and say
/// what to do about it.
///
/// It reads everything and changes nothing; Segue may be in use meanwhile. Servers that it is
/// connected to are listed with what failed there last, and not asked. A bit that flipped inside of
/// a title or a play time cannot be told from a change that was meant, and is not found.
#[derive(Debug, Args)]
#[command(
    after_help = "It ends with an error if anything is wrong.\n\nExamples:\n  segue doctor\n  \
        segue --home /mnt/disk/segue-2026-11-22 doctor    is that backup sound?\n  \
        segue doctor --json"
)]
pub(crate) struct DoctorArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &DoctorArgs, home: &Home) -> anyhow::Result<()> {
    let check = read_library(home)?.check()?;
    if args.json {
        print_json(&check)?;
    } else {
        print_check(&check)?;
    }
    match check.problems.len() {
        0 => Ok(()),
        1 => bail!("the library is not whole: 1 problem"),
        more => bail!("the library is not whole: {more} problems"),
    }
}

fn print_check(check: &LibraryCheck) -> anyhow::Result<()> {
    let world = if check.worlds > 0 { ", the world in use" } else { "" };
    print_line(&format!(
        "Read: {} plays of {} listeners, {} tracks, {} models{world}",
        check.listens, check.listeners, check.tracks, check.models
    ))?;
    for connection in &check.connections {
        print_line(&format!("Connected {}", in_a_line(connection)))?;
    }
    for problem in &check.problems {
        print_line(&format!("- {}\n  {}", problem.found, problem.remedy))?;
    }
    if check.problems.is_empty() {
        print_line("No damage found")?;
    }
    Ok(())
}
