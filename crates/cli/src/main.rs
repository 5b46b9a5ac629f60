//! `segue`: the binary, where everything meets. One file per subcommand under `commands`.
//!
//! Data goes to stdout, everything else to stderr. Exit status 0 is success, 1 failure, 2 a command
//! line that cannot be understood.

mod commands;
mod home;
mod part;
mod policy;
mod study;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::commands::Command;
use crate::home::Home;

/// Gives back within seconds what building a snapshot and scoring a pool have worked with. Of a
/// server that answers for hours others keep several times what is in use: `docs/measurements.md`.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A music recommender that learns what you like from what you played and how it sounds, and mixes
/// what you love with what you might love.
#[derive(Debug, Parser)]
#[command(name = "segue", version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    home: Home,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  segue demo                                        see the whole loop on made-up listeners
  segue import my_spotify_data.zip tracks.csv       read an export and a table of audio features
  segue train                                       learn what each listener likes
  segue mix --explore 0.4 --export m3u8 > mix.m3u8  a mix of 30, four in ten of them new
  segue connect subsonic https://music.example --user ann    lists in the player you already have
  segue feedback like 3                             say what you think of a track: it counts at once
  segue history 2026 --picture 2026.png             the year in review, to read or to share
  segue evaluate likability --data songs.csv --label liked
  segue evaluate next-track --data plays.csv --model popularity,ease,sasrec,fusion
  segue evaluate mix                                what your mixes would have been worth
  segue evaluate policy --policy greedy             \
        what another policy would have earned, from the log
  segue simulate community --report dial.html       \
        what the dial does to made-up listeners in a season";

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command.run(&cli.home) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if terminal::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::report_error(&error);
            ExitCode::FAILURE
        }
    }
}
