//! `segue evaluate`: how good the models are, on data that the caller brings.

mod calibration_plot;
mod labelled_csv;
mod likability;
mod new_listener;

use clap::{Args, Subcommand};

/// Measure models on a data set, with intervals.
#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Likability(likability::LikabilityArgs),
    NewListener(new_listener::NewListenerArgs),
}

/// Runs the evaluation asked for.
pub(crate) fn run(args: EvaluateArgs) -> anyhow::Result<()> {
    match args.task {
        Task::Likability(args) => likability::run(args),
        Task::NewListener(args) => new_listener::run(&args),
    }
}
