//! `/model`: what was learned, whether it can be trusted, and which of the models serves.
//!
//! Comparing is a GET form (`left`, `right`); activating posts `back` to
//! `/models/{version}/activate`, which is also how one rolls back; training posts `back` to
//! `/models/train`, and to `/world/drop` for learning without a world.

use maud::{Markup, html};

use super::calibration::{Bin, calibration};
use super::layout::{Frame, page};
use super::urls;

/// Everything that `/model` shows: what serves now, how well it predicts, and which other models
/// there are.
#[derive(Clone, Debug, Default)]
pub struct ModelPage {
    /// What the active model learned, a sentence each; empty where no model is in use.
    pub learned: Vec<String>,
    /// How predictions and answers compare, from low to high; empty where nothing was held out of
    /// the training.
    pub calibration: Vec<Bin>,
    /// How well the active model ranks and predicts on data that it did not learn from.
    pub metrics: Vec<MetricView>,
    /// On what the metrics were measured, in a sentence; `None` where there are no metrics.
    pub measured_on: Option<String>,
    /// All models that can serve, newest first, the active one among them.
    pub models: Vec<ModelRow>,
    /// Two models side by side, where the address names two that exist.
    pub comparison: Option<ComparisonView>,
    /// What a training that is going on is at, in a sentence; `None` while nothing is trained.
    pub training: Option<String>,
    /// The world in use and how it is, in a sentence; `None` where none is in use.
    pub world: Option<String>,
    /// Whether the server trains by itself, which it does from the newest model on.
    pub learns_at_night: bool,
    /// Whether this visitor's key lets them train and activate; without it the buttons are left
    /// out.
    pub may_change: bool,
}

/// One figure of a model with its interval, worded and formatted for the page.
#[derive(Clone, Debug, Default)]
pub struct MetricView {
    /// Its name as the literature has it, such as "AUC" or "log loss".
    pub name: String,
    /// What it means, in a sentence for somebody who never met the metric.
    pub meaning: String,
    /// Its value as it is shown, rounded to the digits that the data support.
    pub value: String,
    /// Its 95 % interval as it is shown; `None` where none was computed.
    pub interval: Option<String>,
}

/// One model in the list of all, as a row of the table.
#[derive(Clone, Debug, Default)]
pub struct ModelRow {
    /// Its version, which is unique in the store and names it in addresses.
    pub version: String,
    /// What kind of model it is, by the name under which the store keeps it.
    pub kind: String,
    /// When it was trained, as text in UTC: "3 May 2026, 14:05 UTC".
    pub trained: String,
    /// How many answers its card reports on, as text; 0 where the card has no such figure.
    pub learned_from: String,
    /// Size of its weights on disk in bytes; 0 where the file cannot be read.
    pub bytes: u64,
    /// Its AUC with the name in front, formatted; a dash where it was not measured.
    pub headline: String,
    /// Whether mixes are made with it now; at most one model of the list serves.
    pub active: bool,
}

/// Two models side by side, figure by figure, with a sentence on which is better.
#[derive(Clone, Debug, Default)]
pub struct ComparisonView {
    /// The version of the model in the left column, the first one that the address names.
    pub left: String,
    /// The version of the model in the right column, the second one that the address names.
    pub right: String,
    /// The figures, one a row; a figure that a model lacks is shown as a dash.
    pub rows: Vec<ComparisonRow>,
    /// What the comparison comes to, in a sentence; it claims nothing that the intervals do not
    /// support.
    pub verdict: String,
}

/// One figure of two models. Each was measured on answers of its own.
#[derive(Clone, Debug, Default)]
pub struct ComparisonRow {
    /// The name of the figure, as in [`MetricView::name`].
    pub name: String,
    /// The value of the left model, formatted; a dash where it has none.
    pub left: String,
    /// The value of the right model, formatted; a dash where it has none.
    pub right: String,
    /// The right value minus the left one, with its sign; a dash where either is missing.
    pub difference: String,
}

/// The page.
pub fn view(frame: &Frame, model: &ModelPage) -> Markup {
    let main = html! {
        div.page-head { h1 { "What Segue learned" } }
        (learned(model))
        div.pair {
            @if !model.metrics.is_empty() { (metrics(model)) }
            @if !model.calibration.is_empty() { (calibrated(frame, model)) }
        }
        @if let Some(world) = &model.world { (world_in_use(frame, model, world)) }
        (models(frame, model))
        @if model.models.len() > 1 { (compare(model)) }
    };
    page(frame, "What Segue learned", &main)
}

fn learned(model: &ModelPage) -> Markup {
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

fn metrics(model: &ModelPage) -> Markup {
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

fn calibrated(frame: &Frame, model: &ModelPage) -> Markup {
    html! {
        section aria-labelledby="calibration-title" {
            h2 #calibration-title { "Does it mean what it says?" }
            p { "When it says 70 %, seven in ten should be liked. Each dot is a batch of \
                predictions that nobody had answered when they were made." }
            (calibration(&frame.words, &model.calibration))
        }
    }
}

fn world_in_use(frame: &Frame, model: &ModelPage, world: &str) -> Markup {
    html! {
        section aria-labelledby="world-title" {
            h2 #world-title { "What other people play" }
            p { (world) }
            @if model.may_change {
                form method="post" action="/world/drop" {
                    input type="hidden" name="back" value=(urls::local(&frame.here));
                    button.quiet type="submit" { "Go on without it" }
                }
            }
        }
    }
}

fn models(frame: &Frame, model: &ModelPage) -> Markup {
    html! {
        section aria-labelledby="models-title" {
            h2 #models-title { "Models" }
            @if !model.models.is_empty() {
                p {
                    @if model.learns_at_night { "Each night it learns from what was played. " }
                    "If an older one suited you better, go back to it: it serves until you or an \
                    import train another. The ten newest are kept."
                }
            }
            @if let Some(training) = &model.training {
                p.note role="status" { (training) } progress aria-label="Learning" {}
            }
            @if model.may_change && model.training.is_none() {
                form method="post" action="/models/train" data-waits="Learning: seconds to a few \
                    minutes" {
                    input type="hidden" name="back" value=(urls::local(&frame.here));
                    button.primary type="submit" {
                        @if model.models.is_empty() { "Learn now" } @else { "Learn again now" }
                    }
                }
            }
            @if !model.models.is_empty() { (list(frame, model)) }
        }
    }
}

fn list(frame: &Frame, model: &ModelPage) -> Markup {
    let words = &frame.words;
    html! {
        div.scroll tabindex="0" role="region" aria-label="All models" {
            table.models {
                thead { tr {
                    @for name in ["Model", "Trained", "Learned from", "Measured"] {
                        th scope="col" { (name) }
                    }
                    th.number scope="col" { "Size" } th scope="col" { "Serves" }
                } }
                tbody { @for row in &model.models { tr.active[row.active] {
                    th scope="row" { (row.version) p.small { (row.kind) } }
                    td { (row.trained) } td { (row.learned_from) } td { (row.headline) }
                    td.number { (words.bytes(row.bytes)) }
                    td { (serves(frame, model, row)) }
                } } }
            }
        }
    }
}

fn serves(frame: &Frame, model: &ModelPage, row: &ModelRow) -> Markup {
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

fn compare(model: &ModelPage) -> Markup {
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
            select name=(name) {
                @for model in models {
                    option value=(model.version) selected[model.version == chosen] {
                        (model.version)
                    }
                }
            }
        }
    }
}

fn comparison_table(comparison: &ComparisonView) -> Markup {
    html! {
        p.lead { (comparison.verdict) }
        div.scroll tabindex="0" role="region" aria-label="Two models side by side" {
            table {
                thead {
                    tr {
                        th scope="col" { "Figure" }
                        @for name in [&comparison.left, &comparison.right] {
                            th.number scope="col" { (name) }
                        }
                        th.number scope="col" { "Difference" }
                    }
                }
                tbody { @for row in &comparison.rows {
                    tr {
                        th scope="row" { (row.name) }
                        @for value in [&row.left, &row.right, &row.difference] {
                            td.number { (value) }
                        }
                    }
                } }
            }
        }
    }
}
