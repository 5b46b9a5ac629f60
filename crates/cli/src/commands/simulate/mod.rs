//! `segue simulate`: what becomes of listeners, where the truth is known because it was made up.

mod community;

use clap::{Args, Subcommand};

/// Try settings and policies on made-up listeners whose true taste is known.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Community(community::CommunityArgs),
}

/// Runs the simulation asked for.
pub(crate) fn run(args: SimulateArgs) -> anyhow::Result<()> {
    match args.what {
        What::Community(args) => community::run(args),
    }
}
