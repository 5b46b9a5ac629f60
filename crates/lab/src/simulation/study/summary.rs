//! What a simulation says, in words and in tables: the same for the terminal and for the page.

use crate::simulation::trial::comparison::{Setting, TrialVerdict};
use crate::simulation::trial::measures::Measure;
use segue_engine::metrics::Estimate;

use super::{CommunityResult, ListenerModelResult};
use crate::report::TextTable;

/// What was simulated.
pub(super) fn subject(report: &CommunityResult) -> String {
    format!(
        "{} listeners, {} artists, mixes of {} over {} days after {} days of their own; policy \
        `{}`, nothing repeated within {} day(s), \
         model fitted anew every {} days; {} seed(s) from {}",
        report.listeners,
        report.artists,
        report.length,
        report.days,
        report.history_days,
        report.policy,
        report.no_repeat_days,
        report.model_refit_days,
        report.seeds.len(),
        report.seeds.first().unwrap_or(&0),
    )
}

/// The answer: for which settings listeners are better off in the end, and whatever the model of
/// listeners.
pub(super) fn answer(report: &CommunityResult) -> String {
    let Some(first) = report.models.first().and_then(|model| model.settings.first()) else {
        return String::new();
    };
    let last = dials(report, Measure::SatisfactionLast, TrialVerdict::More);
    let all = dials(report, Measure::Satisfaction, TrialVerdict::More);
    let worse = dials(report, Measure::SatisfactionLast, TrialVerdict::Less);
    let models = if report.models.len() > 1 { " in both models of listeners" } else { "" };
    format!(
        "Against dial {}{models}, listeners enjoy mixes more in the last third at dial {}, over \
        all days at dial {}; \
         less in the last third at dial {}.",
        first.explore,
        listed(&last),
        listed(&all),
        listed(&worse)
    )
}

/// Settings of which every model of listeners says the same.
fn dials(report: &CommunityResult, measure: Measure, verdict: TrialVerdict) -> Vec<f32> {
    let settings = report.models.first().map(|model| &model.settings[..]).unwrap_or_default();
    let agree = |place: &usize| {
        report.models.iter().all(|model| model.settings[*place].verdict(measure) == Some(verdict))
    };
    (0..settings.len()).filter(agree).map(|place| settings[place].explore).collect()
}

fn listed(dials: &[f32]) -> String {
    let dials: Vec<String> = dials.iter().map(f32::to_string).collect();
    if dials.is_empty() { "none".to_owned() } else { dials.join(", ") }
}

/// The tables of one model of listeners, each with its title.
pub(super) fn tables(model: &ListenerModelResult) -> [(&'static str, TextTable); 2] {
    let table = |header: &[&str], row: fn(&Setting) -> Vec<String>| {
        let mut table = TextTable::new(header.iter().copied());
        model.settings.iter().for_each(|setting| table.push(row(setting)));
        table
    };
    let better_off = table(
        &[
            "dial",
            "first third",
            "last third",
            "all days",
            "last third, gain",
            "seeds",
            "all days, gain",
            "enjoyed a day, last third, gain",
            "regret",
            "visits",
            "even from day",
        ],
        better_off,
    );
    let heard = table(
        &[
            "dial",
            "new",
            "satisfaction with new",
            "skipped",
            "discoveries",
            "generalist-specialist",
            "popularity lift",
            "Gini of exposure",
            "own listening, gain",
        ],
        heard,
    );
    [("Are they better off?", better_off), ("What do they hear?", heard)]
}

fn better_off(setting: &Setting) -> Vec<String> {
    let value = |measure| value(setting, measure);
    let gain = |measure| gain(setting, measure);
    vec![
        setting.explore.to_string(),
        value(Measure::SatisfactionFirst),
        value(Measure::SatisfactionLast),
        value(Measure::Satisfaction),
        gain(Measure::SatisfactionLast),
        seeds(setting),
        gain(Measure::Satisfaction),
        gain(Measure::EnjoyedLast),
        value(Measure::Regret),
        value(Measure::VisitsLast),
        setting.break_even_day.map_or_else(|| "never".to_owned(), |day| (day + 1).to_string()),
    ]
}

fn heard(setting: &Setting) -> Vec<String> {
    let value = |measure| value(setting, measure);
    vec![
        setting.explore.to_string(),
        value(Measure::NewShare),
        value(Measure::SatisfactionNew),
        value(Measure::SkipRate),
        value(Measure::Discoveries),
        value(Measure::Specialisation),
        value(Measure::PopularityLift),
        figure(setting.exposure_gini),
        gain(setting, Measure::OwnLast),
    ]
}

/// In how many seeds the last third is better than at the lowest setting.
fn seeds(setting: &Setting) -> String {
    let standing = setting.standing(Measure::SatisfactionLast);
    let by_seed = standing.map(|standing| &standing.by_seed[..]).unwrap_or_default();
    if by_seed.is_empty() {
        return String::new();
    }
    let better = by_seed.iter().filter(|difference| **difference > 0.0).count();
    format!("{better} of {}", by_seed.len())
}

fn value(setting: &Setting, measure: Measure) -> String {
    setting.standing(measure).map_or_else(|| "–".to_owned(), |standing| figure(standing.value.mean))
}

fn gain(setting: &Setting, measure: Measure) -> String {
    setting
        .standing(measure)
        .and_then(|standing| standing.difference)
        .map(interval)
        .unwrap_or_default()
}

/// A number to three places.
pub(super) fn figure(value: f64) -> String {
    format!("{value:.3}")
}

/// A difference with its interval.
pub(super) fn interval(estimate: Estimate) -> String {
    format!("{:+.3} [{:+.3}, {:+.3}]", estimate.mean, estimate.low, estimate.high)
}
