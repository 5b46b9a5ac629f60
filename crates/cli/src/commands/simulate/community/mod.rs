//! `segue simulate community`: listeners live with mixes for a season, once for every setting of
//! the dial.

mod figures;
mod learner;
mod page;
mod summary;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use rayon::prelude::*;
use segue_core::Timestamp;
use segue_engine::policy::PolicyKind;
use segue_engine::sound::SoundSpace;
use segue_lab::simulation::listeners::ListenerModel;
use segue_lab::simulation::trial::comparison::{Measured, Setting, compare};
use segue_lab::simulation::trial::{Arm, Opening, Run, TrialConfig, run as run_arm};
use segue_models::likability::LikabilityModel;
use serde::Serialize;

use crate::policy::policy_parser;
use crate::terminal::{self, print_json, print_line, say, table};
use learner::LikabilityLearner;

/// See what the dial does to listeners in the long run.
///
/// A catalogue is made up in which tracks arrive; listeners drift, tire of repeats, and are often
/// slow to say what they think. For each setting of the dial the same listeners live through the
/// same days, with mixes made exactly as `segue mix` makes them, and the model learns from their
/// answers. Two models of listeners, built independently, are tried: believe what holds in both.
/// What is reported is their true enjoyment, which no recommender sees, against the lowest setting
/// of the dial.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue simulate community --report dial.html
  segue simulate community --listeners 12 --seeds 1 --explore 0,0.3,1 --listener-model taste-points --json")]
pub(crate) struct CommunityArgs {
    /// Listeners.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(2..=1_000), value_name = "N")]
    listeners: u32,
    /// Artists, about ten tracks each; one track in five is released on the way.
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u32).range(10..=5_000), value_name = "N")]
    artists: u32,
    /// Days that the trial lasts.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(3..=1_000), value_name = "N")]
    days: u32,
    /// Days that listeners play by themselves before, for the model to learn from.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(3..=1_000), value_name = "N")]
    history_days: u32,
    /// Settings of the dial; the others are compared with the lowest.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "0,0.1,0.2,0.3,0.5,0.7,1",
        value_name = "0..1,…"
    )]
    explore: Vec<f32>,
    /// How tracks are drawn from the short-list.
    #[arg(long, default_value = "plackett-luce", value_name = "NAME", value_parser = policy_parser())]
    policy: PolicyKind,
    /// Tracks in a mix.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=100), value_name = "N")]
    length: u32,
    /// Leave out works played within this many days.
    #[arg(long, default_value_t = 1, value_name = "DAYS")]
    no_repeat_days: u32,
    /// Fit the model anew after every so many days; 0 for never.
    #[arg(long, default_value_t = 30, value_name = "DAYS")]
    model_refit_days: u32,
    /// How listeners work: taste-points, latent-factors or both.
    #[arg(long, default_value = "both", value_parser = listener_models, value_name = "NAME")]
    listener_model: ListenerModels,
    /// How many worlds are drawn, each with its own listeners.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=1_000), value_name = "N")]
    seeds: u64,
    /// Seed of the first world.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Write a page with plots.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// One model of listeners, or all.
#[derive(Clone, Debug)]
struct ListenerModels(Vec<ListenerModel>);

fn listener_models(name: &str) -> Result<ListenerModels, String> {
    if name == "both" {
        return Ok(ListenerModels(ListenerModel::ALL.to_vec()));
    }
    let unknown = || {
        format!(
            "unknown listener model `{name}`: expected `taste-points`, `latent-factors` or `both`"
        )
    };
    name.parse().map(|model| ListenerModels(vec![model])).map_err(|_| unknown())
}

/// What came of a simulation.
#[derive(Debug, Serialize)]
struct Report {
    listeners: u32,
    artists: u32,
    days: u32,
    history_days: u32,
    policy: &'static str,
    length: u32,
    no_repeat_days: u32,
    model_refit_days: u32,
    seeds: Vec<u64>,
    models: Vec<ModelReport>,
}

/// One model of listeners.
#[derive(Debug, Serialize)]
struct ModelReport {
    listener_model: ListenerModel,
    settings: Vec<Setting>,
}

/// A world before its first mix, with the model that every arm begins with.
struct Scene {
    opening: Opening,
    sound: SoundSpace,
    model: LikabilityModel,
    seed: u64,
}

/// Draws, simulates, compares and prints.
///
/// # Errors
/// If the dial is out of range, the model cannot be fitted or the page cannot be written.
pub(crate) fn run(args: &CommunityArgs) -> anyhow::Result<()> {
    let arms = arms(args)?;
    let seeds: Vec<u64> = (args.seed..args.seed.saturating_add(args.seeds)).collect();
    let models = &args.listener_model.0;
    let scenes = scenes(args, models, &seeds)?;
    let runs = runs(args, &scenes, &arms)?;
    let report = Report {
        listeners: args.listeners,
        artists: args.artists,
        days: args.days,
        history_days: args.history_days,
        policy: args.policy.name(),
        length: args.length,
        no_repeat_days: args.no_repeat_days,
        model_refit_days: args.model_refit_days,
        models: models.iter().map(|&model| model_report(model, &scenes, &arms, &runs)).collect(),
        seeds,
    };
    if let Some(path) = &args.report {
        page::write(path, &report)?;
    }
    if args.json { print_json(&report) } else { print(&report) }
}

fn arms(args: &CommunityArgs) -> anyhow::Result<Vec<Arm>> {
    let mut dial = args.explore.clone();
    if dial.is_empty() || dial.iter().any(|explore| !(0.0..=1.0).contains(explore)) {
        bail!("`--explore` takes settings from 0 to 1");
    }
    dial.sort_by(f32::total_cmp);
    dial.dedup();
    let arm = |explore| Arm {
        explore,
        policy: args.policy,
        length: args.length,
        no_repeat_days: args.no_repeat_days,
        refit_days: args.model_refit_days,
    };
    Ok(dial.into_iter().map(arm).collect())
}

fn scenes(
    args: &CommunityArgs,
    models: &[ListenerModel],
    seeds: &[u64],
) -> anyhow::Result<Vec<Scene>> {
    let kinds: Vec<(ListenerModel, u64)> =
        models.iter().flat_map(|&model| seeds.iter().map(move |&seed| (model, seed))).collect();
    let bar = terminal::steps(kinds.len() as u64, "beginning");
    let scene = |&(model, seed): &(ListenerModel, u64)| -> anyhow::Result<Scene> {
        let opening = Opening::draw(&TrialConfig {
            seed,
            model,
            listeners: args.listeners as usize,
            artists: args.artists as usize,
            history_days: args.history_days,
            days: args.days,
            start: Timestamp::from_second(1_767_225_600)
                .context("the first of January 2026 is a moment")?,
        });
        let sound = SoundSpace::from_catalogue(&opening.world.catalogue);
        let (released, profiles) = opening.lesson();
        let model = learner::fit(&released, &profiles, seed)?;
        bar.inc(1);
        Ok(Scene { opening, sound, model, seed })
    };
    let scenes = kinds.par_iter().map(scene).collect();
    bar.finish_and_clear();
    scenes
}

/// Scene after scene, the runs of all arms.
fn runs(args: &CommunityArgs, scenes: &[Scene], arms: &[Arm]) -> anyhow::Result<Vec<Vec<Run>>> {
    let bar =
        terminal::steps(scenes.len() as u64 * arms.len() as u64 * u64::from(args.days), "days");
    let run = |scene: &Scene, arm: &Arm| -> anyhow::Result<Run> {
        let mut learner =
            LikabilityLearner::new(scene.model.clone(), &scene.opening.world.catalogue, scene.seed);
        Ok(run_arm(&scene.opening, arm, &mut learner, &mut |_| bar.inc(1))?)
    };
    let runs = scenes
        .par_iter()
        .map(|scene| arms.par_iter().map(|arm| run(scene, arm)).collect())
        .collect::<anyhow::Result<Vec<Vec<Run>>>>();
    bar.finish_and_clear();
    runs
}

fn model_report(
    model: ListenerModel,
    scenes: &[Scene],
    arms: &[Arm],
    runs: &[Vec<Run>],
) -> ModelReport {
    let own: Vec<(&Scene, &Vec<Run>)> =
        scenes.iter().zip(runs).filter(|(scene, _)| scene.opening.model() == model).collect();
    let measured = |place: usize| -> Vec<Measured<'_>> {
        own.iter()
            .map(|(scene, runs)| Measured { run: &runs[place], sound: &scene.sound })
            .collect()
    };
    let arms: Vec<_> =
        arms.iter().enumerate().map(|(place, arm)| (arm.explore, measured(place))).collect();
    ModelReport { listener_model: model, settings: compare(&arms, 0) }
}

fn print(report: &Report) -> anyhow::Result<()> {
    say(&summary::subject(report));
    for model in &report.models {
        for summary::Table { title, header, rows } in summary::tables(model) {
            print_line(&format!("\nListeners: {}. {title}", model.listener_model.name()))?;
            let mut shown = table(&header);
            rows.into_iter().for_each(|row| {
                shown.add_row(row);
            });
            print_line(&shown.to_string())?;
        }
    }
    print_line(&format!("\n{}", summary::answer(report)))
}
