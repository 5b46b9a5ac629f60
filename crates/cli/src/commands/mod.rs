//! The subcommands, one file each: `Args` say what can be typed, `run` does it.

mod backup;
mod completions;
mod connect;
mod demo;
mod doctor;
mod evaluate;
mod exclude;
mod experiment;
mod feedback;
mod forget;
mod history;
mod import;
mod keys;
mod lists;
mod man;
mod mix;
mod models;
mod next;
mod prune;
mod scan;
mod serve;
mod simulate;
mod status;
mod tracks;
mod train;
mod world;

use clap::Subcommand;

use crate::home::Home;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::DemoArgs),
    Import(import::ImportArgs),
    Scan(scan::ScanArgs),
    Train(train::TrainArgs),
    World(world::WorldArgs),
    Mix(mix::MixArgs),
    Lists(lists::ListsArgs),
    Connect(connect::ConnectArgs),
    Next(next::NextArgs),
    History(history::HistoryArgs),
    #[command(visible_alias = "tell")]
    Feedback(feedback::FeedbackArgs),
    Serve(serve::ServeArgs),
    Keys(keys::KeysArgs),
    Evaluate(evaluate::EvaluateArgs),
    Simulate(simulate::SimulateArgs),
    Experiment(experiment::ExperimentArgs),
    Status(status::StatusArgs),
    Exclude(exclude::ExcludeArgs),
    Tracks(tracks::TracksArgs),
    Models(models::ModelsArgs),
    Backup(backup::BackupArgs),
    Doctor(doctor::DoctorArgs),
    Prune(prune::PruneArgs),
    Forget(forget::ForgetArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Command {
    /// Runs the subcommand over the library folder that `home` names.
    pub(crate) fn run(self, home: &Home) -> anyhow::Result<()> {
        match self {
            Self::Demo(args) => demo::run(args),
            Self::Import(args) => import::run(args, home),
            Self::Scan(args) => scan::run(args, home),
            Self::Train(args) => train::run(args, home),
            Self::World(args) => world::run(args, home),
            Self::Mix(args) => mix::run(args, home),
            Self::Lists(args) => lists::run(args, home),
            Self::Connect(args) => connect::run(args, home),
            Self::Next(args) => next::run(&args, home),
            Self::History(args) => history::run(args, home),
            Self::Feedback(args) => feedback::run(&args, home),
            Self::Serve(args) => serve::run(args, home),
            Self::Keys(args) => keys::run(args, home),
            Self::Evaluate(args) => evaluate::run(args, home),
            Self::Simulate(args) => simulate::run(args),
            Self::Experiment(args) => experiment::run(args, home),
            Self::Status(args) => status::run(args, home),
            Self::Exclude(args) => exclude::run(args, home),
            Self::Tracks(args) => tracks::run(args, home),
            Self::Models(args) => models::run(args, home),
            Self::Backup(args) => backup::run(args, home),
            Self::Doctor(args) => doctor::run(&args, home),
            Self::Prune(args) => prune::run(&args, home),
            Self::Forget(args) => forget::run(args, home),
            Self::Completions(args) => completions::run(&args),
            Self::Man(args) => man::run(&args),
        }
    }
}
