//! What is said of the models that were measured.

use anyhow::Result;
use segue_engine::full_ranking::{Comparison, Outcomes, Standing, compare, summarise};
use segue_engine::metrics::Estimate;
use segue_engine::{Interactions, ListenerIdx};
use segue_models::recommenders::{FusionWeights, RecommenderConfig};
use serde::Serialize;

use super::contest::{Contest, Entry};
use crate::terminal::{print_line, table};

/// What was measured, on what.
pub(super) struct Report {
    pub(super) data: String,
    pub(super) summary: String,
    pub(super) models: Vec<ModelReport>,
}

/// One model on one set of test cases.
#[derive(Serialize)]
pub(super) struct ModelReport {
    pub(super) model: &'static str,
    /// Own items shown of each new listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) picks: Option<u32>,
    #[serde(flatten)]
    pub(super) standing: Standing,
    /// How much more it reaches than the first model, on the same listeners.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) against_first: Option<Comparison>,
    pub(super) train_s: f64,
    pub(super) eval_s: f64,
    pub(super) peak_mb: Option<f64>,
    pub(super) seeds: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) config: Option<RecommenderConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) weights: Option<FusionWeights>,
}

impl Report {
    /// Summarises what was measured.
    pub(super) fn new(contest: &Contest<'_>, entries: Vec<Entry>) -> Self {
        let interactions = contest.interactions;
        let listeners = || (0..interactions.listeners() as u32).map(ListenerIdx);
        let popularity =
            count(interactions, listeners().map(|row| contest.cut.training.history(row).items));
        let mut models = Vec::new();
        for (set, test) in contest.cut.tests.iter().enumerate() {
            let chosen =
                count(interactions, test.cases.iter().map(|case| case.answers(interactions).items));
            let outcomes = |entry: &Entry| -> Vec<Outcomes> {
                entry.runs.iter().map(|run| run.tests[set].clone()).collect()
            };
            let first = entries.first().map(outcomes).unwrap_or_default();
            for (place, entry) in entries.iter().enumerate() {
                let runs = outcomes(entry);
                models.push(ModelReport {
                    model: entry.name.name(),
                    picks: test.picks,
                    standing: summarise(&runs, &popularity, &chosen, contest.args.seed),
                    against_first: (place > 0).then(|| compare(&runs, &first, contest.args.seed)),
                    train_s: median(entry.runs.iter().map(|run| run.train_s)),
                    eval_s: median(entry.runs.iter().map(|run| run.eval_s)),
                    peak_mb: entry.runs.iter().filter_map(|run| run.peak_mb).reduce(f64::max),
                    seeds: entry.runs.len(),
                    config: entry.config.clone(),
                    weights: entry.weights.clone(),
                });
            }
        }
        Self { data: contest.args.data.events.name(), summary: summary(contest), models }
    }

    /// The tables for a person.
    pub(super) fn print(&self) -> Result<()> {
        print_line(&self.summary)?;
        let mut picks: Vec<Option<u32>> = self.models.iter().map(|model| model.picks).collect();
        picks.dedup();
        for picks in picks {
            if let Some(picks) = picks {
                print_line(&format!("\n{picks} own items shown"))?;
            }
            let mut rows = table(&HEADER);
            for model in self.models.iter().filter(|model| model.picks == picks) {
                rows.add_row(row(model));
            }
            print_line(&rows.to_string())?;
        }
        Ok(())
    }
}

/// Columns of the table.
pub(super) const HEADER: [&str; 14] = [
    "model",
    "NDCG@10",
    "recall@10",
    "recall@20",
    "NDCG@100",
    "MRR",
    "NDCG@10 over first",
    "repeats",
    "new",
    "coverage",
    "novelty",
    "popularity",
    "train",
    "test",
];

/// A model as a row under [`HEADER`].
pub(super) fn row(model: &ModelReport) -> [String; 14] {
    let metric = |name: &str| &model.standing.metrics[name];
    let with_interval = |e: &Estimate| format!("{:.4} [{:.4}, {:.4}]", e.mean, e.low, e.high);
    let mean = |estimate: &Option<Estimate>| {
        estimate.map_or_else(|| "–".to_owned(), |e| format!("{:.4}", e.mean))
    };
    let over = model.against_first.as_ref().map(|comparison| {
        let e = &comparison.differences["ndcg@10"];
        format!("{:+.4} [{:+.4}, {:+.4}]", e.mean, e.low, e.high)
    });
    [
        model.model.to_owned(),
        with_interval(metric("ndcg@10")),
        with_interval(metric("recall@10")),
        format!("{:.4}", metric("recall@20").mean),
        format!("{:.4}", metric("ndcg@100").mean),
        format!("{:.4}", metric("mrr").mean),
        over.unwrap_or_default(),
        mean(&model.standing.repeats),
        mean(&model.standing.discoveries),
        format!("{:.3}", model.standing.coverage),
        format!("{:.1} bit", model.standing.novelty_bits),
        model.standing.popularity_bias.map_or_else(|| "–".to_owned(), |bias| format!("×{bias:.2}")),
        format!("{:.1} s", model.train_s),
        format!("{:.1} s", model.eval_s),
    ]
}

fn summary(contest: &Contest<'_>) -> String {
    let (data, cut) = (contest.interactions, contest.cut);
    let test: usize = cut.tests.iter().map(|test| test.cases.len()).max().unwrap_or(0);
    format!(
        "{} events of {} listeners over {} items; {} events train, {} cases validate, {test} listeners test; {}, {} seed(s) from {}",
        data.events(),
        data.listeners(),
        data.items(),
        cut.training.events(),
        cut.validation.cases.len(),
        contest.args.protocol.describe(),
        contest.args.seeds,
        contest.args.seed,
    )
}

fn count<'a>(
    interactions: &Interactions,
    lists: impl Iterator<Item = &'a [segue_engine::ItemIdx]>,
) -> Vec<u32> {
    let mut counts = vec![0; interactions.items()];
    lists.flatten().for_each(|item| counts[item.row()] += 1);
    counts
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let n = values.len();
    if n == 0 { f64::NAN } else { (values[(n - 1) / 2] + values[n / 2]) / 2.0 }
}
