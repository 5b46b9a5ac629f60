//! `segue experiment readout`: what an experiment says so far.

use std::collections::BTreeMap;

use anyhow::Context as _;
use clap::Args;
use segue_core::{Impression, ListenerId, Timestamp};
use segue_engine::Catalogue;
use segue_engine::experiment::confidence::Interval;
use segue_engine::experiment::observation::{ListenerLog, Observation, observe};
use segue_engine::experiment::readout::{Metrics, Readout, readout};
use segue_engine::experiment::shadow::{ShadowReadout, compare_shadows};
use segue_engine::experiment::{Design, Mode};
use segue_store::{ExperimentEntry, Store};
use serde_json::json;

use super::day;
use crate::part::design_of;
use crate::terminal::{print_json, print_line, say, table};

/// Say what became of an experiment's mixes so far.
///
/// Satisfaction, skips and discovery are shares of all picks that a listener was shown: liked,
/// skipped or rejected, and liked and new. Each listener counts once, when their days of
/// observation are over. Intervals are at 95 % and hold whenever, and however often, you look;
/// import the listeners' latest plays before you do.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  segue experiment readout bolder\n  segue experiment readout bolder \
        --json"
)]
pub(super) struct ReadoutArgs {
    /// Its name.
    name: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ReadoutArgs, store: &Store) -> anyhow::Result<()> {
    let entry = store.experiments()?.into_iter().find(|entry| entry.name == args.name);
    let entry = entry.with_context(|| {
        format!("there is no experiment `{}`; `segue experiment list` shows them", args.name)
    })?;
    let design = design_of(&entry)?;
    let catalogue = segue::catalogue(store)?;
    let observations = observations(store, &catalogue, &design)?;
    let now = Timestamp::now();
    let found = readout(&design, &observations, now);
    let shadows = match design.mode() {
        Mode::Live => Vec::new(),
        Mode::Shadow => compare_shadows(&catalogue, &design, &observations, now),
    };
    if args.json {
        return print_json(&json!({
            "design": design,
            "started_at": entry.started_at,
            "stopped_at": entry.stopped_at,
            "readout": found,
            "shadows": shadows,
        }));
    }
    print(&entry, &design, &found, &shadows)
}

/// One observation per listener whom the experiment has shown a mix.
fn observations(
    store: &Store,
    catalogue: &Catalogue,
    design: &Design,
) -> anyhow::Result<Vec<Observation>> {
    let mut shadows: BTreeMap<ListenerId, Vec<Impression>> = BTreeMap::new();
    for (_, made) in store.experiment_impressions(design.name())? {
        let of_listener = shadows.entry(made.slate.listener.clone()).or_default();
        if !made.was_shown() {
            of_listener.push(made);
        }
    }
    let mut observations = Vec::new();
    for (listener, shadows) in shadows {
        let mut shown: Vec<Impression> =
            store.impressions(&listener, usize::MAX)?.into_iter().map(|(_, shown)| shown).collect();
        shown.sort_by_key(|shown| shown.at);
        let log = ListenerLog {
            shown,
            shadows,
            listens: store.listens(&listener)?,
            feedback: store.feedback(&listener)?,
        };
        observations.extend(observe(catalogue, design, &log));
    }
    Ok(observations)
}

fn print(
    entry: &ExperimentEntry,
    design: &Design,
    found: &Readout,
    shadows: &[ShadowReadout],
) -> anyhow::Result<()> {
    let until = entry
        .stopped_at
        .map_or_else(|| "still running".to_owned(), |stop| format!("to {}", day(stop)));
    print_line(&format!(
        "Experiment `{}`, from {}, {until}; listeners are observed for {} days from their first \
         mix",
        entry.name,
        day(entry.started_at),
        design.days()
    ))?;
    print_arms(design, found)?;
    if !shadows.is_empty() {
        print_shadows(shadows)?;
    }
    notes(found);
    Ok(())
}

fn print_arms(design: &Design, found: &Readout) -> anyhow::Result<()> {
    let mut rows = table(&[
        "",
        "",
        "listeners",
        "complete",
        "mixes",
        "plays",
        "liked",
        "skipped",
        "liked and new",
    ]);
    for (arm, settings) in found.arms.iter().zip(design.arms().iter().map(|arm| arm.settings)) {
        let counts =
            [arm.listeners as u64, arm.complete as u64, arm.counts.mixes, arm.counts.plays];
        let name = [arm.arm.clone(), settings.to_string()];
        rows.add_row(
            name.into_iter()
                .chain(counts.map(|count| count.to_string()))
                .chain(percentages(&arm.metrics)),
        );
    }
    for difference in &found.differences {
        let name = [format!("{} less {}", difference.arm, design.control().name)];
        let blank = std::iter::repeat_n(String::new(), 5);
        rows.add_row(name.into_iter().chain(blank).chain(percentages(&difference.metrics)));
    }
    print_line(&rows.to_string())
}

fn print_shadows(shadows: &[ShadowReadout]) -> anyhow::Result<()> {
    let header = [
        "shadow",
        "listeners",
        "complete",
        "mixes",
        "shown too",
        "more new",
        "more likely liked",
        "hint: liked",
    ];
    let no_hint = "none: it could not have made these mixes";
    let mut rows = table(&header);
    for shadow in shadows {
        let hint = shadow.hint.map(|hint| {
            format!(
                "{:.1} % instead of {:.1} %, from {} mixes worth {:.0} picks",
                hint.satisfaction * 100.0,
                hint.shown * 100.0,
                hint.mixes,
                hint.effective_picks
            )
        });
        rows.add_row([
            shadow.arm.clone(),
            shadow.listeners.to_string(),
            shadow.complete.to_string(),
            shadow.mixes.to_string(),
            shadow
                .overlap
                .map_or_else(|| "?".to_owned(), |overlap| format!("{:.1} %", overlap * 100.0)),
            percentage(shadow.new_share),
            percentage(shadow.likability),
            hint.unwrap_or_else(|| {
                if shadow.complete > 0 { no_hint } else { "none yet" }.to_owned()
            }),
        ]);
    }
    print_line(&rows.to_string())
}

fn percentages(metrics: &Metrics<Interval>) -> [String; 3] {
    [metrics.satisfaction, metrics.skip_rate, metrics.discovery].map(percentage)
}

fn percentage(Interval { mean, low, high }: Interval) -> String {
    let mean = mean.map_or_else(|| "?".to_owned(), |mean| format!("{:.1} %", mean * 100.0));
    format!("{mean} [{:.1}, {:.1}]", low * 100.0, high * 100.0)
}

/// What the reader should know before believing the table.
fn notes(found: &Readout) {
    if found.split.is_some_and(|split| split.mismatch) {
        say("listeners were not split as designed: mixes of some arm fail or are not logged. Do \
             not trust the differences.");
    }
    if found.unconfirmed > 0 {
        say(&format!(
            "{} complete listeners have no later play on record: import their latest plays, or \
             some of theirs may be missing here",
            found.unconfirmed
        ));
    }
    let decided = |difference: Interval| !difference.contains(0.0);
    let open = found.differences.iter().filter(|arm| !decided(arm.metrics.satisfaction));
    let open: Vec<String> = open.map(|arm| format!("`{}`", arm.arm)).collect();
    if !open.is_empty() {
        say(&format!("whether {} is liked more than the control is open", open.join(", ")));
    }
}
