//! `segue evaluate`: how good the models are, on data that the caller brings.

mod events;
mod interactive;
mod likability;
mod mix;
mod new_listener;
mod next_track;
mod policy;

use clap::{Args, Subcommand};

use crate::home::Home;

/// Measure models on a data set, with intervals.
#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Interactive(interactive::InteractiveArgs),
    Likability(likability::LikabilityArgs),
    Mix(Box<mix::EvaluateMixArgs>),
    NewListener(new_listener::NewListenerArgs),
    NextTrack(Box<next_track::NextTrackArgs>),
    Policy(Box<policy::PolicyArgs>),
}

/// Runs the evaluation asked for.
pub(crate) fn run(args: EvaluateArgs, home: &Home) -> anyhow::Result<()> {
    match args.task {
        Task::Interactive(args) => interactive::run(&args, home),
        Task::Likability(args) => likability::run(args),
        Task::Mix(args) => mix::run(&args, home),
        Task::NewListener(args) => new_listener::run(&args),
        Task::NextTrack(args) => next_track::run(&args, home),
        Task::Policy(args) => policy::run(*args, home),
    }
}
