//! What does the dial do to listeners in the long run? A made-up community lives through a season,
//! once for every setting.
//!
//! A catalogue is made up in which tracks arrive; listeners drift, tire of repeats, and are often
//! slow to say what they think. Mixes are made exactly as in serving, and the model learns from the
//! answers. What is reported is true enjoyment, which no recommender sees, against the lowest
//! setting of the dial.

mod learner;
mod page;
mod summary;

use anyhow::{Context as _, Result, bail};
use rayon::prelude::*;
use segue_core::Timestamp;
use segue_engine::policy::PolicyKind;
use segue_engine::sound::SoundSpace;
use segue_models::likability::LikabilityModel;
use serde::Serialize;

use super::listeners::ListenerModel;
use super::trial::comparison::{Measured, Setting, compare};
use super::trial::{Opening, Run, TrialArm, TrialConfig, run as run_arm};
use crate::progress::Progress;
use crate::report::{Report, Text};
use learner::LikabilityLearner;

pub use page::write_page;

/// A simulation of a community: how many people and artists, for how long, and which settings of
/// the dial are tried on them. The options of `segue simulate community` become this.
#[derive(Clone, Debug)]
pub struct CommunityOptions {
    /// Listeners, from 2.
    pub listeners: u32,
    /// Artists, about ten tracks each; one track in five is released on the way.
    pub artists: u32,
    /// Days that the trial lasts.
    pub days: u32,
    /// Days that listeners play by themselves before, for the model to learn from.
    pub history_days: u32,
    /// Settings of the dial, 0 to 1; the others are compared with the lowest.
    pub explore: Vec<f32>,
    /// How tracks are drawn from the short-list.
    pub policy: PolicyKind,
    /// Tracks in a mix.
    pub length: u32,
    /// Leave out works played within this many days.
    pub no_repeat_days: u32,
    /// Fit the model anew after every so many days; 0 for never.
    pub model_refit_days: u32,
    /// How listeners work. Believe what holds in both models.
    pub listener_models: Vec<ListenerModel>,
    /// How many worlds are drawn, each with its own listeners.
    pub seeds: u64,
    /// Seed of the first world.
    pub seed: u64,
}

/// What came of a simulation, beside the options that make it again.
#[derive(Clone, Debug, Serialize)]
pub struct CommunityResult {
    /// Listeners of each world.
    pub listeners: u32,
    /// Artists of each world.
    pub artists: u32,
    /// Days that the trial lasted.
    pub days: u32,
    /// Days before it.
    pub history_days: u32,
    /// How tracks were drawn.
    pub policy: &'static str,
    /// Tracks in a mix.
    pub length: u32,
    /// Days within which nothing was repeated.
    pub no_repeat_days: u32,
    /// Days between fits of the model.
    pub model_refit_days: u32,
    /// Seeds of the worlds.
    pub seeds: Vec<u64>,
    /// What came of it, by how listeners work.
    pub models: Vec<ListenerModelResult>,
}

/// What came of every setting of the dial where listeners work in one way. A finding that holds in
/// one model of listeners alone is one about that model.
#[derive(Clone, Debug, Serialize)]
pub struct ListenerModelResult {
    /// How they work.
    pub listener_model: ListenerModel,
    /// Every setting of the dial, the lowest first.
    pub settings: Vec<Setting>,
}

/// A world before its first mix, with the model that every arm begins with.
struct Scene {
    opening: Opening,
    sound: SoundSpace,
    model: LikabilityModel,
    seed: u64,
}

/// Draws, simulates, compares and summarises.
///
/// # Errors
/// If the dial is out of range or the model cannot be fitted.
pub fn run(options: &CommunityOptions, progress: &dyn Progress) -> Result<Report<CommunityResult>> {
    let arms = arms(options)?;
    let seeds: Vec<u64> = (options.seed..options.seed.saturating_add(options.seeds)).collect();
    let scenes = scenes(options, &seeds, progress)?;
    let runs = runs(options, &scenes, &arms, progress)?;
    let result = |&model: &ListenerModel| listener_model_result(model, &scenes, &arms, &runs);
    let found = CommunityResult {
        listeners: options.listeners,
        artists: options.artists,
        days: options.days,
        history_days: options.history_days,
        policy: options.policy.name(),
        length: options.length,
        no_repeat_days: options.no_repeat_days,
        model_refit_days: options.model_refit_days,
        models: options.listener_models.iter().map(result).collect(),
        seeds,
    };
    Ok(Report { text: text(&found), data: found })
}

fn arms(options: &CommunityOptions) -> Result<Vec<TrialArm>> {
    let mut dial = options.explore.clone();
    if dial.is_empty() || dial.iter().any(|explore| !(0.0..=1.0).contains(explore)) {
        bail!("`--explore` takes settings from 0 to 1");
    }
    dial.sort_by(f32::total_cmp);
    dial.dedup();
    let arm = |explore| TrialArm {
        explore,
        policy: options.policy,
        length: options.length,
        no_repeat_days: options.no_repeat_days,
        refit_days: options.model_refit_days,
    };
    Ok(dial.into_iter().map(arm).collect())
}

fn scenes(
    options: &CommunityOptions,
    seeds: &[u64],
    progress: &dyn Progress,
) -> Result<Vec<Scene>> {
    let kinds: Vec<(ListenerModel, u64)> = options
        .listener_models
        .iter()
        .flat_map(|&model| seeds.iter().map(move |&seed| (model, seed)))
        .collect();
    progress.begin(Some(kinds.len() as u64), "beginning");
    let scene = |&(model, seed): &(ListenerModel, u64)| -> Result<Scene> {
        let opening = Opening::draw(&TrialConfig {
            seed,
            model,
            listeners: options.listeners as usize,
            artists: options.artists as usize,
            history_days: options.history_days,
            days: options.days,
            start: Timestamp::from_second(1_767_225_600)
                .context("the first of January 2026 is a moment")?,
        });
        let sound = SoundSpace::from_catalogue(&opening.world.catalogue);
        let (released, profiles) = opening.fit_set();
        let model = learner::fit(&released, &profiles, seed)?;
        progress.advance(1);
        Ok(Scene { opening, sound, model, seed })
    };
    let scenes = kinds.par_iter().map(scene).collect();
    progress.end();
    scenes
}

/// Scene after scene, the runs of all arms.
fn runs(
    options: &CommunityOptions,
    scenes: &[Scene],
    arms: &[TrialArm],
    progress: &dyn Progress,
) -> Result<Vec<Vec<Run>>> {
    let days = scenes.len() as u64 * arms.len() as u64 * u64::from(options.days);
    progress.begin(Some(days), "days");
    let run = |scene: &Scene, arm: &TrialArm| -> Result<Run> {
        let mut learner =
            LikabilityLearner::new(scene.model.clone(), &scene.opening.world.catalogue, scene.seed);
        Ok(run_arm(&scene.opening, arm, &mut learner, &mut |_| progress.advance(1))?)
    };
    let runs = scenes
        .par_iter()
        .map(|scene| arms.par_iter().map(|arm| run(scene, arm)).collect())
        .collect::<Result<Vec<Vec<Run>>>>();
    progress.end();
    runs
}

fn listener_model_result(
    model: ListenerModel,
    scenes: &[Scene],
    arms: &[TrialArm],
    runs: &[Vec<Run>],
) -> ListenerModelResult {
    let own: Vec<(&Scene, &Vec<Run>)> =
        scenes.iter().zip(runs).filter(|(scene, _)| scene.opening.model() == model).collect();
    let measured = |place: usize| -> Vec<Measured<'_>> {
        own.iter()
            .map(|(scene, runs)| Measured { run: &runs[place], sound: &scene.sound })
            .collect()
    };
    let arms: Vec<_> =
        arms.iter().enumerate().map(|(place, arm)| (arm.explore, measured(place))).collect();
    ListenerModelResult { listener_model: model, settings: compare(&arms, 0) }
}

/// In words what [`run`] simulated, for a person to read before the tables.
pub fn subject(found: &CommunityResult) -> String {
    summary::subject(found)
}

fn text(found: &CommunityResult) -> Vec<Text> {
    let mut text = Vec::new();
    for model in &found.models {
        for (title, table) in summary::tables(model) {
            let name = model.listener_model.name();
            text.push(Text::Line(format!("\nListeners: {name}. {title}")));
            text.push(Text::Table(table));
        }
    }
    text.push(Text::Line(format!("\n{}", summary::answer(found))));
    text
}
