//! The binary `segue`.

mod commands;

use clap::{Parser, Subcommand};

/// A music recommender that learns what you like.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure models.
    #[command(subcommand)]
    Evaluate(Evaluate),
}

#[derive(Subcommand)]
enum Evaluate {
    /// How well likability is predicted on a table of liked and disliked songs.
    Likability(commands::evaluate::likability::LikabilityArgs),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Evaluate(Evaluate::Likability(args)) => commands::evaluate::likability::run(args),
    }
}
