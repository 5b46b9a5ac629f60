//! What is printed: the answers beside what the log earned itself, then the weights that they rest
//! on.

use crate::off_policy::interval::bootstrap;
use crate::off_policy::{Contributions, EstimateInterval, EstimateSettings, PolicyEstimate};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::report::{Text, TextTable};

/// In the place of an interval.
const UNVARIED: &str = "none: nothing varies";

/// A plain mean of what was logged with its interval: what the policy of the log earned, beside
/// which estimates for others are read.
#[derive(Clone, Debug, Serialize)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// Where it lies with the probability asked for; `None` where all rewards are alike.
    pub interval: Option<EstimateInterval>,
}

impl Mean {
    pub(super) fn of(
        rewards: impl Iterator<Item = (f64, u32)>,
        settings: &EstimateSettings,
    ) -> Self {
        let contributions = Contributions::mean(rewards);
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        let varies = contributions.standard_error() > 0.0;
        let interval =
            varies.then(|| bootstrap(&contributions, settings.level, settings.resamples, &mut rng));
        Self { value: contributions.estimate(), interval }
    }

    fn row(&self, name: &str) -> [String; 5] {
        let (empty, value) = (String::new, shown(self.value));
        [name.to_owned(), value, self.shown_interval(), empty(), empty()]
    }

    fn shown_interval(&self) -> String {
        self.interval.as_ref().map_or_else(|| UNVARIED.to_owned(), between)
    }
}

/// What a policy would have earned, by several estimators, beside what the log earned itself.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyResult {
    /// Where the choices were logged.
    pub log: String,
    /// The policy in question.
    pub policy: String,
    /// What a value is the mean reward of: a `round` or a `slate`.
    pub unit: &'static str,
    /// How often intervals are to hold the truth, 0.5 to 1.
    pub level: f64,
    /// What the log's own policy earned.
    pub logged: Option<Mean>,
    /// What the evaluated policy earned in its own log.
    pub target_log: Option<Mean>,
    /// Pseudo-counts of the reward model, by fold; empty where it was given or there is none.
    pub pseudo_counts: Vec<f64>,
    /// Thresholds that the one of `switch-dr` was chosen from.
    pub switch_candidates: Vec<f64>,
    /// An answer an estimator, refused ones included.
    pub answers: Vec<PolicyEstimate>,
    /// What a reader has to know of how the log was read.
    pub notes: Vec<String>,
}

impl PolicyResult {
    pub(super) fn new(log: String, policy: &str, level: f64) -> Self {
        Self {
            log,
            policy: policy.to_owned(),
            unit: "round",
            level,
            logged: None,
            target_log: None,
            pseudo_counts: Vec::new(),
            switch_candidates: Vec::new(),
            answers: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(super) fn in_slates(self) -> Self {
        Self { unit: "slate", ..self }
    }

    pub(super) fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }

    /// Two tables and the notes, for a person.
    pub(super) fn text(&self) -> Vec<Text> {
        let percent = (self.level * 100.0).round();
        let mut text = vec![Text::Line(format!(
            "mean reward of a {} under `{}`, from `{}`, with {percent} % intervals",
            self.unit, self.policy, self.log
        ))];
        let mut rows = TextTable::new(["estimator", "value", "interval", "bound", ""]);
        if let Some(mean) = &self.logged {
            rows.push(mean.row("the log itself"));
        }
        if let Some(mean) = &self.target_log {
            rows.push(mean.row("the policy's own log"));
        }
        for answer in &self.answers {
            let threshold =
                answer.threshold.map(|threshold| format!(" (weights to {threshold:.3})"));
            rows.push([
                format!("{}{}", answer.estimator, threshold.unwrap_or_default()),
                shown(answer.value),
                interval(answer),
                answer.bound.as_ref().map(between).unwrap_or_default(),
                if answer.refusal.is_some() { "refused" } else { "" }.to_owned(),
            ]);
        }
        text.push(Text::Table(rows));
        self.weights(&mut text);
        text.extend(self.notes.iter().cloned().map(Text::Line));
        text
    }

    /// Every set of weights once, under the first estimator that uses it, and why it was refused.
    fn weights(&self, text: &mut Vec<Text>) {
        let units = format!("{}s", self.unit);
        let mut rows = TextTable::new([
            "weights of",
            &units,
            "worth",
            "mean weight",
            "median",
            "99 %",
            "largest",
            "out of reach",
        ]);
        let mut seen = Vec::new();
        let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
        for answer in &self.answers {
            if let Some(refusal) = &answer.refusal {
                let reason = refusal.to_string();
                match reasons.iter_mut().find(|(other, _)| *other == reason) {
                    Some((_, refused)) => refused.push(answer.estimator),
                    None => reasons.push((reason, vec![answer.estimator])),
                }
            }
            let weights = &answer.diagnostics;
            if seen.contains(&weights) {
                continue;
            }
            seen.push(weights);
            let quantile = |wanted: f64| {
                weights
                    .weight_quantiles
                    .iter()
                    .find(|(share, _)| *share == wanted)
                    .map_or(f64::NAN, |(_, w)| *w)
            };
            rows.push([
                answer.estimator.to_owned(),
                weights.rounds.to_string(),
                format!("{:.0}", weights.effective_samples),
                format!("{:.3} ± {:.3}", weights.mean_weight, weights.mean_weight_error),
                format!("{:.3}", quantile(0.5)),
                format!("{:.2}", quantile(0.99)),
                format!("{:.2}", weights.largest_weight),
                weights.unsupported.map_or_else(
                    || "unknown".to_owned(),
                    |share| format!("{:.1} %", share * 100.0),
                ),
            ]);
        }
        text.push(Text::Table(rows));
        text.extend(reasons.iter().map(|(reason, refused)| {
            Text::Line(format!("refused: {}: {reason}", refused.join(", ")))
        }));
    }
}

/// A value in four digits.
fn shown(value: f64) -> String {
    let decimals =
        if value == 0.0 || !value.is_finite() { 4 } else { 3 - value.abs().log10().floor() as i32 };
    format!("{value:.*}", decimals.clamp(0, 9) as usize)
}

fn interval(answer: &PolicyEstimate) -> String {
    match &answer.interval {
        Some(interval) => between(interval),
        None if answer.standard_error > 0.0 => "none: biased".to_owned(),
        None => UNVARIED.to_owned(),
    }
}

fn between(interval: &EstimateInterval) -> String {
    format!("[{}, {}]", shown(interval.low), shown(interval.high))
}
