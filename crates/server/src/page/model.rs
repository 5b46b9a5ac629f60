//! `/model`: what was learned, whether it can be trusted, and which of the models serves.
//!
//! Comparing is a GET form (`left`, `right`); activating posts `back` to
//! `/models/{version}/activate`, which is also how one rolls back; training posts `back` to
//! `/models/train`.

use maud::{Markup, html};

use super::calibration::{Bin, calibration};
use super::layout::{Frame, page};
use super::{urls, words};

/// Everything on the page.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// What was learned, a sentence each.
    pub learned: Vec<String>,
    /// How predictions and answers compare; empty where nothing was held out.
    pub calibration: Vec<Bin>,
    /// How good the active model is.
    pub metrics: Vec<Metric>,
    /// On what the metrics were measured, in a sentence.
    pub measured_on: Option<String>,
    /// All models, newest first.
    pub models: Vec<ModelRow>,
    /// Two of them side by side, if asked for.
    pub comparison: Option<Comparison>,
    /// What a training that is going on is at.
    pub training: Option<String>,
    /// Whether this visitor may train and activate.
    pub may_change: bool,
}

/// A figure with its interval.
#[derive(Clone, Debug, Default)]
pub struct Metric {
    /// Its name: "AUC".
    pub name: String,
    /// What it means, in a sentence.
    pub meaning: String,
    /// Its value, formatted.
    pub value: String,
    /// Its 95 % interval, formatted.
    pub interval: Option<String>,
}

/// A model in the list.
#[derive(Clone, Debug, Default)]
pub struct ModelRow {
    /// Its name.
    pub version: String,
    /// What kind it is.
    pub kind: String,
    /// When it was trained, as text.
    pub trained: String,
    /// What it learned from, as text.
    pub learned_from: String,
    /// Size of its weights in bytes.
    pub bytes: u64,
    /// Its leading figure, formatted.
    pub headline: String,
    /// Whether it serves.
    pub active: bool,
}

/// Two models side by side.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// The first.
    pub left: String,
    /// The second.
    pub right: String,
    /// Figure by figure.
    pub rows: Vec<ComparisonRow>,
    /// What it comes to, in a sentence.
    pub verdict: String,
}

/// One figure of two models.
#[derive(Clone, Debug, Default)]
pub struct ComparisonRow {
    /// Its name.
    pub name: String,
    /// Of the first, formatted.
    pub left: String,
    /// Of the second, formatted.
    pub right: String,
    /// Their difference with its interval, formatted.
    pub difference: String,
}

/// The page.
pub fn view(frame: &Frame, model: &Model) -> Markup {
    let main = html! {
        div.page-head { h1 { "What Segue learned" } }
        (learned(model))
        div.pair {
            @if !model.metrics.is_empty() { (metrics(model)) }
            @if !model.calibration.is_empty() { (calibrated(model)) }
        }
        (models(frame, model))
        @if model.models.len() > 1 { (compare(model)) }
    };
    page(frame, "What Segue learned", &main)
}

fn learned(model: &Model) -> Markup {
    html! {
        @if model.learned.is_empty() {
            p.empty {
                "Nothing yet. It takes a handful of songs that you enjoyed and a handful that you \
                 did not: "
                a href="/import" { "add a longer history" } ", or find a few tracks and say what \
                    you think of them."
            }
        }
        ul.learned { @for sentence in &model.learned { li { (sentence) } } }
    }
}

fn metrics(model: &Model) -> Markup {
    html! {
        section aria-labelledby="metrics-title" {
            h2 #metrics-title { "How good is it?" }
            @if let Some(sentence) = &model.measured_on { p { (sentence) } }
            dl.figures { @for metric in &model.metrics {
                div {
                    dt { (metric.name) }
                    dd {
                        strong { (metric.value) }
                        @if let Some(interval) = &metric.interval { " " small { (interval) } }
                        p.small { (metric.meaning) }
                    }
                }
            } }
        }
    }
}

fn calibrated(model: &Model) -> Markup {
    html! {
        section aria-labelledby="calibration-title" {
            h2 #calibration-title { "Does it mean what it says?" }
            p { "When it says 70 %, seven in ten should be liked. Each dot is a batch of \
                predictions that nobody had answered when they were made." }
            (calibration(&model.calibration))
        }
    }
}

fn models(frame: &Frame, model: &Model) -> Markup {
    html! {
        section aria-labelledby="models-title" {
            h2 #models-title { "Models" }
            @if !model.models.is_empty() { p { "The newest serves. If an older one suited you \
                better, go back to it: nothing is lost either way." } }
            @if let Some(training) = &model.training { p.note role="status" { (training) } progress aria-label="Learning" {} }
            @if model.may_change && model.training.is_none() {
                form method="post" action="/models/train" data-waits="Learning: seconds to a few \
                    minutes" {
                    input type="hidden" name="back" value=(urls::local(&frame.here));
                    button.primary type="submit" { @if model.models.is_empty() { "Learn now" } @else { "Learn again now" } }
                }
            }
            @if !model.models.is_empty() { (list(frame, model)) }
        }
    }
}

fn list(frame: &Frame, model: &Model) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="All models" {
            table.models {
                thead { tr {
                    @for name in ["Model", "Trained", "Learned from", "Measured"] { th scope="col" { (name) } }
                    th.number scope="col" { "Size" } th scope="col" { "Serves" }
                } }
                tbody { @for row in &model.models { tr.active[row.active] {
                    th scope="row" { (row.version) p.small { (row.kind) } }
                    td { (row.trained) } td { (row.learned_from) } td { (row.headline) }
                    td.number { (words::bytes(row.bytes)) }
                    td { (serves(frame, model, row)) }
                } } }
            }
        }
    }
}

fn serves(frame: &Frame, model: &Model, row: &ModelRow) -> Markup {
    html! {
        @if row.active { strong.serving { "● now" } }
        @else if model.may_change {
            form method="post" action=(urls::activate_model(&row.version)) {
                input type="hidden" name="back" value=(urls::local(&frame.here));
                button.quiet type="submit" { "Use this" span.unseen { " model, " (row.version) } }
            }
        } @else { "–" }
    }
}

fn compare(model: &Model) -> Markup {
    let chosen = model.comparison.as_ref();
    let left = chosen.map_or(model.models[0].version.as_str(), |comparison| &comparison.left);
    let right = chosen.map_or(model.models[1].version.as_str(), |comparison| &comparison.right);
    html! {
        section #compare aria-labelledby="compare-title" {
            h2 #compare-title { "Side by side" }
            form.inline method="get" action="/model#compare" {
                (choice("left", "This", left, &model.models))
                (choice("right", "with this", right, &model.models))
                button type="submit" { "Compare" }
            }
            @if let Some(comparison) = chosen { (comparison_table(comparison)) }
        }
    }
}

fn choice(name: &str, label: &str, chosen: &str, models: &[ModelRow]) -> Markup {
    html! {
        label.field {
            span { (label) }
            select name=(name) { @for model in models { option value=(model.version) selected[model.version == chosen] { (model.version) } } }
        }
    }
}

fn comparison_table(comparison: &Comparison) -> Markup {
    html! {
        p.lead { (comparison.verdict) }
        div.scroll tabindex="0" role="region" aria-label="Two models side by side" {
            table {
                thead { tr { th scope="col" { "Figure" } @for name in [&comparison.left, &comparison.right] { th.number scope="col" { (name) } } th.number scope="col" { "Difference" } } }
                tbody { @for row in &comparison.rows {
                    tr { th scope="row" { (row.name) } @for value in [&row.left, &row.right, &row.difference] { td.number { (value) } } }
                } }
            }
        }
    }
}
