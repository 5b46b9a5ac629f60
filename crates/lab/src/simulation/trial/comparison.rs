//! Arms side by side: every setting of the dial against the first, paired by seed and listener.
//!
//! Intervals resample listeners of all seeds together. Listeners of one seed share a world and a
//! model, so with few seeds these intervals are somewhat narrow; the difference of each seed stands
//! beside them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::measures::{Measure, gini};
use super::{Day, Run};
use segue_engine::metrics::Estimate;
use segue_engine::sound::SoundSpace;

/// Days over which curves are smoothed.
pub const SMOOTHED_DAYS: usize = 7;

/// A run with what it takes to measure it.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// The run.
    pub run: &'a Run,
    /// How its tracks sound.
    pub sound: &'a SoundSpace,
}

/// One setting of the dial over all seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// The dial.
    pub explore: f32,
    /// The measures by their names; one that has no value under this setting is left out.
    pub measures: BTreeMap<String, MeasureSummary>,
    /// Gini coefficient of exposure over works, mean over seeds.
    pub exposure_gini: f64,
    /// Mean satisfaction with a track of a mix, day by day, over [`SMOOTHED_DAYS`].
    pub satisfaction: Vec<f64>,
    /// What a listener enjoyed in mixes up to each day, less the same under the first setting.
    pub gained: Vec<f64>,
    /// How much satisfaction the first third costs against the first setting.
    pub price: f64,
    /// The day from which on a listener has enjoyed at least as much in all as under the first
    /// setting; `None` for never.
    pub break_even_day: Option<usize>,
}

/// A measure over the listeners of all seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasureSummary {
    /// Mean over listeners.
    pub value: Estimate,
    /// Mean of the paired differences to the first setting; none for itself, and where nothing can
    /// be paired.
    pub difference: Option<Estimate>,
    /// The mean difference of each seed.
    pub by_seed: Vec<f64>,
}

impl Setting {
    /// What the measure says, if it has a value.
    pub fn standing(&self, measure: Measure) -> Option<&MeasureSummary> {
        self.measures.get(measure.name())
    }

    /// What the paired differences of a measure to the first setting say.
    pub fn verdict(&self, measure: Measure) -> Option<TrialVerdict> {
        self.standing(measure)?.difference.as_ref().map(TrialVerdict::of)
    }
}

/// What the interval of a paired difference between two arms says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrialVerdict {
    /// All of it is above 0.
    More,
    /// It holds 0.
    Unclear,
    /// All of it is below 0.
    Less,
}

impl TrialVerdict {
    /// Reads an interval: a difference is told where all of it lies on one side of 0.
    pub fn of(difference: &Estimate) -> Self {
        match (difference.low > 0.0, difference.high < 0.0) {
            (true, _) => Self::More,
            (_, true) => Self::Less,
            _ => Self::Unclear,
        }
    }
}

/// Compares arms. `arms` holds the dial of each and its runs, one per seed in the same order of
/// seeds; the first is what the others are held against. `seed` is that of the resampling.
pub fn compare(arms: &[(f32, Vec<Measured<'_>>)], seed: u64) -> Vec<Setting> {
    let Some((_, first)) = arms.first() else { return Vec::new() };
    let curve_of_first = enjoyed_so_far(first);
    arms.iter()
        .enumerate()
        .map(|(place, (explore, runs))| {
            let against = if place == 0 { &[][..] } else { first };
            let standing = |measure: Measure| {
                Some((measure.name().to_owned(), standing(measure, runs, against, seed)?))
            };
            let measures: BTreeMap<String, MeasureSummary> =
                Measure::ALL.into_iter().filter_map(standing).collect();
            let price = measures.get(Measure::SatisfactionFirst.name()).and_then(|m| m.difference);
            let gained: Vec<f64> = enjoyed_so_far(runs)
                .iter()
                .zip(&curve_of_first)
                .map(|(own, first)| own - first)
                .collect();
            Setting {
                explore: *explore,
                exposure_gini: mean(runs.iter().map(|measured| gini(&measured.run.exposures))),
                satisfaction: smoothed_satisfaction(runs),
                price: price.map_or(0.0, |difference| -difference.mean),
                break_even_day: break_even(&gained),
                measures,
                gained,
            }
        })
        .collect()
}

fn standing(
    measure: Measure,
    runs: &[Measured<'_>],
    against: &[Measured<'_>],
    seed: u64,
) -> Option<MeasureSummary> {
    let values = |measured: &Measured<'_>| -> Vec<Option<f64>> {
        measured.run.courses.iter().map(|course| measure.of(course, measured.sound)).collect()
    };
    let all: Vec<f64> = runs.iter().flat_map(values).flatten().collect();
    let (mut differences, mut by_seed) = (Vec::new(), Vec::new());
    for (own, against) in runs.iter().zip(against) {
        let pairs = values(own).into_iter().zip(values(against));
        let paired: Vec<f64> = pairs.filter_map(|(own, against)| Some(own? - against?)).collect();
        by_seed.push(mean(paired.iter().copied()));
        differences.extend(paired);
    }
    (!all.is_empty()).then(|| MeasureSummary {
        value: Estimate::from_values(&all, seed),
        difference: (!differences.is_empty()).then(|| Estimate::from_values(&differences, seed)),
        by_seed,
    })
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// Sums of one day over everybody.
fn by_day(runs: &[Measured<'_>], value: impl Fn(&Day) -> f64) -> Vec<f64> {
    let courses = || runs.iter().flat_map(|measured| &measured.run.courses);
    let days = courses().map(|course| course.days.len()).max().unwrap_or(0);
    (0..days)
        .map(|day| courses().filter_map(|course| course.days.get(day)).map(&value).sum())
        .collect()
}

fn smoothed_satisfaction(runs: &[Measured<'_>]) -> Vec<f64> {
    let enjoyment = by_day(runs, |day| day.enjoyment);
    let heard = by_day(runs, |day| f64::from(day.heard));
    let around = |day: usize| {
        day.saturating_sub(SMOOTHED_DAYS / 2)..(day + SMOOTHED_DAYS / 2 + 1).min(heard.len())
    };
    (0..heard.len())
        .map(|day| {
            let plays: f64 = heard[around(day)].iter().sum();
            enjoyment[around(day)].iter().sum::<f64>() / plays.max(1.0)
        })
        .collect()
}

fn enjoyed_so_far(runs: &[Measured<'_>]) -> Vec<f64> {
    let listeners =
        runs.iter().map(|measured| measured.run.courses.len()).sum::<usize>().max(1) as f64;
    let mut so_far = 0.0;
    let add = |today: f64| {
        so_far += today / listeners;
        so_far
    };
    by_day(runs, |day| day.enjoyment).into_iter().map(add).collect()
}

/// The first day of the last stretch on which nothing is lost.
fn break_even(gained: &[f64]) -> Option<usize> {
    let last_loss = gained.iter().rposition(|&gain| gain < 0.0);
    let day = last_loss.map_or(0, |day| day + 1);
    (day < gained.len()).then_some(day)
}
