//! What was measured, for machines and for a person.

use std::collections::BTreeMap;

use segue_engine::Interactions;
use segue_engine::metrics::Estimate;
use segue_engine::policy::PolicyKind;
use serde::Serialize;

use super::benchmark::Entry;
use super::{InteractiveOptions, compare, curve, hits};
use crate::report::{Text, TextTable};

/// What every model reached under every policy, beside the size of the data and the number of
/// conversations.
#[derive(Clone, Debug, Serialize)]
pub struct InteractiveResult {
    /// What the data are called.
    pub data: String,
    /// Listeners, those known and those asked.
    pub listeners: usize,
    /// Items that can be proposed.
    pub items: usize,
    /// How many splits were asked.
    pub seeds: u64,
    /// Conversations of all seeds.
    pub conversations: usize,
    /// A model under a policy each.
    pub entries: Vec<EntryResult>,
}

/// The figures of one model under one policy: hits by the number of proposals, how much more they
/// are than those of greedy models, and what a choice costs.
#[derive(Clone, Debug, Serialize)]
pub struct EntryResult {
    /// Its name, as on the command line.
    pub model: &'static str,
    /// Its name, as on the command line.
    pub policy: &'static str,
    /// Constants that withheld listeners chose, seed by seed.
    pub chosen: Vec<String>,
    /// Mean hits within so many proposals.
    pub hits: BTreeMap<usize, Estimate>,
    /// How many more they are than those of each model proposing greedily, its own included.
    pub over_greedy: BTreeMap<&'static str, BTreeMap<usize, Estimate>>,
    /// Mean hits within each number of proposals, from 1.
    pub curve: Vec<f64>,
    /// Median time of a choice, belief included.
    pub choose_us: f64,
    /// Median time of learning from an answer.
    pub learn_us: f64,
}

impl InteractiveResult {
    /// Summarises.
    pub(super) fn new(
        data: String,
        options: &InteractiveOptions,
        interactions: &Interactions,
        entries: &[Entry],
    ) -> Self {
        Self {
            data,
            listeners: interactions.listeners(),
            items: interactions.items(),
            seeds: options.seeds,
            conversations: entries.first().map_or(0, |entry| entry.conversations.len()),
            entries: entries.iter().map(|entry| entry_report(options, entry, entries)).collect(),
        }
    }

    /// The tables for a person.
    pub(super) fn text(&self) -> Vec<Text> {
        let mut text = vec![Text::Line(format!(
            "{} listeners, {} items; {} conversations, {} seed(s)",
            self.listeners, self.items, self.conversations, self.seeds
        ))];
        let Some(first) = self.entries.first() else { return text };
        let within: Vec<usize> = first.hits.keys().copied().collect();
        let mut header = vec!["model".to_owned(), "policy".to_owned()];
        header.extend(within.iter().map(|k| format!("hits@{k}")));
        header.extend(["choose", "learn", "chosen"].map(str::to_owned));
        let mut rows = TextTable::new(header);
        for entry in &self.entries {
            let mut row = vec![entry.model.to_owned(), entry.policy.to_owned()];
            row.extend(
                entry.hits.values().map(|e| format!("{:.2} [{:.2}, {:.2}]", e.mean, e.low, e.high)),
            );
            row.push(format!("{:.0} µs", entry.choose_us));
            row.push(format!("{:.1} µs", entry.learn_us));
            row.push(entry.chosen.join("; "));
            rows.push(row);
        }
        text.push(Text::Table(rows));
        for k in within {
            text.push(Text::Line(format!("\nhits@{k} more than proposing greedily by")));
            text.push(Text::Table(self.differences(k)));
        }
        text
    }

    fn differences(&self, k: usize) -> TextTable {
        let greedy: Vec<&str> =
            self.entries.iter().filter(|e| e.policy == "greedy").map(|e| e.model).collect();
        let mut rows = TextTable::new([&["model", "policy"], greedy.as_slice()].concat());
        for entry in &self.entries {
            let mut row = vec![entry.model.to_owned(), entry.policy.to_owned()];
            row.extend(greedy.iter().map(|model| {
                let difference = entry.over_greedy.get(model).map(|differences| differences[&k]);
                difference.map_or_else(String::new, |e| {
                    format!("{:+.2} [{:+.2}, {:+.2}]", e.mean, e.low, e.high)
                })
            }));
            rows.push(row);
        }
        rows
    }
}

/// The first ten proposals and all of them.
fn within(proposals: usize) -> impl Iterator<Item = usize> {
    [10, proposals].into_iter().filter(move |&k| k <= proposals)
}

fn entry_report(options: &InteractiveOptions, entry: &Entry, entries: &[Entry]) -> EntryResult {
    let greedy = |other: &&Entry| other.policy == PolicyKind::Greedy && !is_same(other, entry);
    let differences = |other: &Entry| -> BTreeMap<usize, Estimate> {
        let more = |k| compare(&entry.conversations, &other.conversations, k, options.seed);
        within(options.proposals).map(|k| (k, more(k))).collect()
    };
    EntryResult {
        model: entry.model.name(),
        policy: entry.policy.name(),
        chosen: entry.chosen.clone(),
        hits: within(options.proposals)
            .map(|k| (k, hits(&entry.conversations, k, options.seed)))
            .collect(),
        over_greedy: entries
            .iter()
            .filter(greedy)
            .map(|o| (o.model.name(), differences(o)))
            .collect(),
        curve: curve(&entry.conversations, options.proposals),
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
