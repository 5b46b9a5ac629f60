//! What is printed: the answers beside what the log earned itself, then the weights that they rest
//! on.

use anyhow::Result;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use segue_lab::off_policy::interval::bootstrap;
use segue_lab::off_policy::{Answer, Contributions, Interval, Settings};
use serde::Serialize;

use crate::terminal::{print_line, table};

/// In the place of an interval.
const UNVARIED: &str = "none: nothing varies";

/// A plain mean with its interval.
#[derive(Serialize)]
pub(super) struct Mean {
    value: f64,
    /// None where all rewards are alike.
    interval: Option<Interval>,
}

impl Mean {
    pub(super) fn of(rewards: impl Iterator<Item = (f64, u32)>, settings: &Settings) -> Self {
        let contributions = Contributions::mean(rewards);
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        let varies = contributions.standard_error() > 0.0;
        let interval =
            varies.then(|| bootstrap(&contributions, settings.level, settings.resamples, &mut rng));
        Self { value: contributions.estimate(), interval }
    }

    fn shown_interval(&self) -> String {
        self.interval.as_ref().map_or_else(|| UNVARIED.to_owned(), between)
    }
}

/// Everything that was found.
#[derive(Serialize)]
pub(super) struct Report {
    log: String,
    policy: String,
    /// What a value is the mean reward of.
    unit: &'static str,
    level: f64,
    /// What the log's own policy earned.
    pub(super) logged: Option<Mean>,
    /// What the evaluated policy earned in its own log.
    pub(super) target_log: Option<Mean>,
    /// Pseudo-counts of the reward model, by fold; empty where it was given or there is none.
    pub(super) pseudo_counts: Vec<f64>,
    /// Thresholds that the one of `switch-dr` was chosen from.
    pub(super) switch_candidates: Vec<f64>,
    pub(super) answers: Vec<Answer>,
    notes: Vec<String>,
}

impl Report {
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

    /// Prints two tables and the notes.
    pub(super) fn print(&self) -> Result<()> {
        let percent = (self.level * 100.0).round();
        print_line(&format!(
            "mean reward of a {} under `{}`, from `{}`, with {percent} % intervals",
            self.unit, self.policy, self.log
        ))?;
        let mut rows = table(&["estimator", "value", "interval", "bound", ""]);
        if let Some(mean) = &self.logged {
            rows.add_row(["the log itself", &shown(mean.value), &mean.shown_interval(), "", ""]);
        }
        if let Some(mean) = &self.target_log {
            rows.add_row([
                "the policy's own log",
                &shown(mean.value),
                &mean.shown_interval(),
                "",
                "",
            ]);
        }
        for answer in &self.answers {
            let threshold =
                answer.threshold.map(|threshold| format!(" (weights to {threshold:.3})"));
            rows.add_row([
                format!("{}{}", answer.estimator, threshold.unwrap_or_default()),
                shown(answer.value),
                interval(answer),
                answer.bound.as_ref().map(between).unwrap_or_default(),
                if answer.refusal.is_some() { "refused" } else { "" }.to_owned(),
            ]);
        }
        print_line(&rows.to_string())?;
        self.print_weights()?;
        self.notes.iter().try_for_each(|note| print_line(note))
    }

    /// Every set of weights once, under the first estimator that uses it, and why it was refused.
    fn print_weights(&self) -> Result<()> {
        let mut rows = table(&[
            "weights of",
            &format!("{}s", self.unit),
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
            rows.add_row([
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
        print_line(&rows.to_string())?;
        reasons.iter().try_for_each(|(reason, refused)| {
            print_line(&format!("refused: {}: {reason}", refused.join(", ")))
        })
    }
}

/// A value in four digits.
fn shown(value: f64) -> String {
    let decimals =
        if value == 0.0 || !value.is_finite() { 4 } else { 3 - value.abs().log10().floor() as i32 };
    format!("{value:.*}", decimals.clamp(0, 9) as usize)
}

fn interval(answer: &Answer) -> String {
    match &answer.interval {
        Some(interval) => between(interval),
        None if answer.standard_error > 0.0 => "none: biased".to_owned(),
        None => UNVARIED.to_owned(),
    }
}

fn between(interval: &Interval) -> String {
    format!("[{}, {}]", shown(interval.low), shown(interval.high))
}
