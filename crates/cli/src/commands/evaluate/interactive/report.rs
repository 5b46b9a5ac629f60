//! What was measured, for machines and for a person.

use std::collections::BTreeMap;

use anyhow::Result;
use segue_engine::Interactions;
use segue_engine::metrics::Estimate;
use segue_engine::policy::PolicyKind;
use segue_lab::interactive::{compare, curve, hits};
use serde::Serialize;

use super::InteractiveArgs;
use super::contest::Entry;
use crate::terminal::{print_line, table};

/// All of it.
#[derive(Serialize)]
pub(super) struct Report {
    data: String,
    listeners: usize,
    items: usize,
    seeds: u64,
    /// Conversations of all seeds.
    conversations: usize,
    entries: Vec<EntryReport>,
}

/// One model under one policy.
#[derive(Serialize)]
struct EntryReport {
    model: &'static str,
    policy: &'static str,
    /// Constants that withheld listeners chose, seed by seed.
    chosen: Vec<String>,
    /// Mean hits within so many proposals.
    hits: BTreeMap<usize, Estimate>,
    /// How many more they are than those of each model proposing greedily, its own included.
    over_greedy: BTreeMap<&'static str, BTreeMap<usize, Estimate>>,
    /// Mean hits within each number of proposals, from 1.
    curve: Vec<f64>,
    /// Median time of a choice, belief included.
    choose_us: f64,
    /// Median time of learning from an answer.
    learn_us: f64,
}

impl Report {
    /// Summarises.
    pub(super) fn new(
        args: &InteractiveArgs,
        interactions: &Interactions,
        entries: &[Entry],
    ) -> Self {
        Self {
            data: args.events.name(),
            listeners: interactions.listeners(),
            items: interactions.items(),
            seeds: args.seeds,
            conversations: entries.first().map_or(0, |entry| entry.conversations.len()),
            entries: entries.iter().map(|entry| entry_report(args, entry, entries)).collect(),
        }
    }

    /// The tables for a person.
    pub(super) fn print(&self) -> Result<()> {
        print_line(&format!(
            "{} listeners, {} items; {} conversations, {} seed(s)",
            self.listeners, self.items, self.conversations, self.seeds
        ))?;
        let Some(first) = self.entries.first() else { return Ok(()) };
        let within: Vec<usize> = first.hits.keys().copied().collect();
        let mut header = vec!["model".to_owned(), "policy".to_owned()];
        header.extend(within.iter().map(|k| format!("hits@{k}")));
        header.extend(["choose", "learn", "chosen"].map(str::to_owned));
        let mut rows = table(&header.iter().map(String::as_str).collect::<Vec<_>>());
        for entry in &self.entries {
            let mut row = vec![entry.model.to_owned(), entry.policy.to_owned()];
            row.extend(
                entry.hits.values().map(|e| format!("{:.2} [{:.2}, {:.2}]", e.mean, e.low, e.high)),
            );
            row.push(format!("{:.0} µs", entry.choose_us));
            row.push(format!("{:.1} µs", entry.learn_us));
            row.push(entry.chosen.join("; "));
            rows.add_row(row);
        }
        print_line(&rows.to_string())?;
        within.into_iter().try_for_each(|k| self.print_differences(k))
    }

    fn print_differences(&self, k: usize) -> Result<()> {
        print_line(&format!("\nhits@{k} more than proposing greedily by"))?;
        let greedy: Vec<&str> =
            self.entries.iter().filter(|e| e.policy == "greedy").map(|e| e.model).collect();
        let mut rows = table(&[&["model", "policy"], greedy.as_slice()].concat());
        for entry in &self.entries {
            let mut row = vec![entry.model.to_owned(), entry.policy.to_owned()];
            row.extend(greedy.iter().map(|model| {
                let difference = entry.over_greedy.get(model).map(|differences| differences[&k]);
                difference.map_or_else(String::new, |e| {
                    format!("{:+.2} [{:+.2}, {:+.2}]", e.mean, e.low, e.high)
                })
            }));
            rows.add_row(row);
        }
        print_line(&rows.to_string())
    }
}

/// The first ten proposals and all of them.
fn within(proposals: usize) -> impl Iterator<Item = usize> {
    [10, proposals].into_iter().filter(move |&k| k <= proposals)
}

fn entry_report(args: &InteractiveArgs, entry: &Entry, entries: &[Entry]) -> EntryReport {
    let greedy = |other: &&Entry| other.policy == PolicyKind::Greedy && !is_same(other, entry);
    let differences = |other: &Entry| -> BTreeMap<usize, Estimate> {
        let more = |k| compare(&entry.conversations, &other.conversations, k, args.seed);
        within(args.proposals).map(|k| (k, more(k))).collect()
    };
    EntryReport {
        model: entry.model.name(),
        policy: entry.policy.name(),
        chosen: entry.chosen.clone(),
        hits: within(args.proposals)
            .map(|k| (k, hits(&entry.conversations, k, args.seed)))
            .collect(),
        over_greedy: entries
            .iter()
            .filter(greedy)
            .map(|o| (o.model.name(), differences(o)))
            .collect(),
        curve: curve(&entry.conversations, args.proposals),
        choose_us: median(&entry.times.choose_us),
        learn_us: median(&entry.times.learn_us),
    }
}

fn is_same(one: &Entry, other: &Entry) -> bool {
    (one.model, one.policy) == (other.model, other.policy)
}

fn median(values: &[f32]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).map_or(f64::NAN, |&value| f64::from(value))
}
