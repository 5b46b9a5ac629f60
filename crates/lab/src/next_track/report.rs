//! What is said of the models that were measured.

use segue_engine::full_ranking::{
    CaseMean, Comparison, RankingOutcomes, RankingSummary, compare, summarise,
};
use segue_engine::{Interactions, ItemIdx, ListenerIdx};
use segue_models::recommenders::{FusionWeights, RecommenderConfig};
use serde::Serialize;

use super::benchmark::{Benchmark, Entry};
use crate::report::{Text, TextTable};

/// What was measured, on what. As JSON it is the list of its models.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct NextTrackResult {
    /// What the data are called.
    #[serde(skip)]
    pub data: String,
    /// How many events, listeners and items there were, and how they were cut, in a sentence.
    #[serde(skip)]
    pub summary: String,
    /// Every model on every set of test cases.
    pub models: Vec<ModelResult>,
}

/// One model on one set of test cases.
#[derive(Clone, Debug, Serialize)]
pub struct ModelResult {
    /// Its name, as on the command line.
    pub model: &'static str,
    /// Own items shown of each new listener, where the protocol is about new listeners.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picks: Option<u32>,
    /// What it reached.
    #[serde(flatten)]
    pub standing: RankingSummary,
    /// Listeners of the data; a case is one of them, or one of them at one of several cuts, of whom
    /// there was something to ask.
    pub listeners: usize,
    /// Answers that were not asked for, since nobody had turned to them before the cut.
    pub new_items: usize,
    /// How much more it reaches than the first model, on the same listeners.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against_first: Option<Comparison>,
    /// Median seconds of learning over seeds.
    pub train_s: f64,
    /// Median seconds of testing over seeds.
    pub eval_s: f64,
    /// The most memory that was resident at once, in megabytes of 10⁶ bytes; `None` where the
    /// system does not tell.
    pub peak_mb: Option<f64>,
    /// How many seeds it was fitted with.
    pub seeds: usize,
    /// The settings it was fitted with; `None` for the fusion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<RecommenderConfig>,
    /// The weights that validation gave the members of the fusion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<FusionWeights>,
}

impl NextTrackResult {
    /// Summarises what was measured.
    pub(super) fn new(data: String, benchmark: &Benchmark<'_>, entries: Vec<Entry>) -> Self {
        let interactions = benchmark.interactions;
        let listeners = || (0..interactions.listeners() as u32).map(ListenerIdx);
        let Some(last) = benchmark.cuts.last() else {
            return Self { data, summary: String::new(), models: Vec::new() };
        };
        let training = listeners().flat_map(|row| last.training.history(row).items);
        let popularity = count(interactions, training.copied());
        let mut models = Vec::new();
        for (set, test) in last.tests.iter().enumerate() {
            let tests = || benchmark.cuts.iter().map(|cut| &cut.tests[set]);
            let answers = tests().flat_map(|test| {
                let candidates = test.candidates(&benchmark.options.protocol);
                let answers = test.cases.iter().flat_map(|case| case.answers(interactions).items);
                answers.copied().filter(move |&item| candidates.ranks(item))
            });
            let chosen = count(interactions, answers);
            let outcomes = |entry: &Entry| -> Vec<RankingOutcomes> {
                entry.runs.iter().map(|run| run.tests[set].clone()).collect()
            };
            let first = entries.first().map(outcomes).unwrap_or_default();
            for (place, entry) in entries.iter().enumerate() {
                let runs = outcomes(entry);
                models.push(ModelResult {
                    model: entry.name.name(),
                    picks: test.picks,
                    standing: summarise(&runs, &popularity, &chosen, benchmark.options.seed),
                    listeners: interactions.listeners(),
                    new_items: tests().map(|test| test.left_out.new_items).sum(),
                    against_first: (place > 0)
                        .then(|| compare(&runs, &first, benchmark.options.seed)),
                    train_s: median(entry.runs.iter().map(|run| run.train_s)),
                    eval_s: median(entry.runs.iter().map(|run| run.eval_s)),
                    peak_mb: entry.runs.iter().filter_map(|run| run.peak_mb).reduce(f64::max),
                    seeds: entry.runs.len(),
                    config: entry.config.clone(),
                    weights: entry.weights.clone(),
                });
            }
        }
        Self { data, summary: summary(benchmark), models }
    }

    /// The tables for a person.
    pub(super) fn text(&self) -> Vec<Text> {
        let mut text = vec![Text::Line(self.summary.clone())];
        for (picks, table) in self.tables() {
            text.extend(picks.map(|picks| Text::Line(format!("\n{picks} own items shown"))));
            text.push(Text::Table(table));
        }
        if self.models.iter().any(|model| model.standing.cases == 1) {
            let alone = "A single case has no interval: it does not tell how the next would go.";
            text.push(Text::Line(alone.to_owned()));
        }
        text
    }

    /// A table of all models for each number of own items shown.
    pub(super) fn tables(&self) -> Vec<(Option<u32>, TextTable)> {
        let mut picks: Vec<Option<u32>> = self.models.iter().map(|model| model.picks).collect();
        picks.dedup();
        let table = |picks: Option<u32>| {
            let mut table = TextTable::new(HEADER);
            self.models.iter().filter(|model| model.picks == picks).for_each(|model| {
                table.push(row(model));
            });
            (picks, table)
        };
        picks.into_iter().map(table).collect()
    }
}

/// Columns of the table.
const HEADER: [&str; 14] = [
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
fn row(model: &ModelResult) -> [String; 14] {
    let metric = |name: &str| &model.standing.metrics[name];
    let mean = |estimate: &Option<CaseMean>| {
        estimate.map_or_else(|| "–".to_owned(), |e| format!("{:.4}", e.mean))
    };
    let over = model.against_first.as_ref().map(|comparison| {
        let found = &comparison.differences["ndcg@10"];
        match (found.low, found.high) {
            (Some(low), Some(high)) => format!("{:+.4} [{low:+.4}, {high:+.4}]", found.mean),
            _ => format!("{:+.4}", found.mean),
        }
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

/// A mean with its interval, where there is one.
pub(super) fn with_interval(found: &CaseMean) -> String {
    match (found.low, found.high) {
        (Some(low), Some(high)) => format!("{:.4} [{low:.4}, {high:.4}]", found.mean),
        _ => format!("{:.4}", found.mean),
    }
}

fn summary(benchmark: &Benchmark<'_>) -> String {
    let (data, cuts) = (benchmark.interactions, benchmark.cuts);
    let tests = || cuts.iter().map(|cut| &cut.tests);
    let largest = cuts.first().map_or(0, |cut| cut.tests.len());
    let cases = |set: usize| tests().map(|tests| tests[set].cases.len()).sum::<usize>();
    let new_items = |set: usize| tests().map(|tests| tests[set].left_out.new_items).sum::<usize>();
    let most = (0..largest).map(cases).max().unwrap_or(0);
    let new = match (0..largest).map(new_items).max().unwrap_or(0) {
        0 => String::new(),
        new => format!(", {new} new items among their answers not asked for"),
    };
    let masked_cases =
        |set: usize| tests().map(|tests| tests[set].left_out.masked_cases).sum::<usize>();
    let masked = match (0..largest).map(masked_cases).max().unwrap_or(0) {
        0 => String::new(),
        masked => format!(", {masked} more are left out, their answers being in the history"),
    };
    let at = if cuts.len() > 1 { format!(" at {} cuts", cuts.len()) } else { String::new() };
    format!(
        "{} events of {} listeners over {} items; {} events train, {} cases validate, {most} cases \
        of {} listeners test{at}{masked}{new}; {}, {} seed(s) from {}",
        data.events(),
        data.listeners(),
        data.items(),
        cuts.last().map_or(0, |cut| cut.training.events()),
        cuts.iter().map(|cut| cut.validation.cases.len()).sum::<usize>(),
        data.listeners(),
        benchmark.options.protocol.describe(),
        benchmark.options.seeds,
        benchmark.options.seed,
    )
}

fn count(interactions: &Interactions, items: impl Iterator<Item = ItemIdx>) -> Vec<u32> {
    let mut counts = vec![0; interactions.items()];
    items.for_each(|item| counts[item.row()] += 1);
    counts
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let n = values.len();
    if n == 0 { f64::NAN } else { (values[(n - 1) / 2] + values[n / 2]) / 2.0 }
}
