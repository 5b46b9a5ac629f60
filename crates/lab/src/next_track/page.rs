//! The report as one HTML file with its charts inside, readable without anything else.

use std::path::Path;

use anyhow::Result;
use maud::html;
use segue_charts::{Axes, Axis, Figure, css_colour};
use segue_engine::full_ranking::{CaseMean, RankingMetric};

use super::report::{ModelResult, NextTrackResult, with_interval};
use crate::page::{self, table};

/// Writes the page.
///
/// # Errors
/// If the file cannot be written.
pub fn write_page(path: &Path, found: &NextTrackResult) -> Result<()> {
    let tables = found.tables();
    let settings = settings(found)?;
    let title = format!("What comes next: {}", found.data);
    let body = html! {
        p { (found.summary) }
        @for (picks, rows) in &tables {
            @if let Some(picks) = picks { h2 { (picks) " own items shown" } }
            (table(rows))
            (intervals(found, *picks, RankingMetric::NdcgAt10).view())
        }
        @if tables.len() > 1 {
            h2 { "As more is known of a listener" }
            (learning_curve(found).view())
        }
        h2 { "Settings" }
        ul { @for (model, settings) in settings { li { (model) ": " code { (settings) } } } }
    };
    page::write(path, &title, &body)
}

/// The settings of each model, or the weights of the fusion.
fn settings(found: &NextTrackResult) -> Result<Vec<(&'static str, String)>> {
    let first = found.models.first().and_then(|model| model.picks);
    let mut settings = Vec::new();
    for model in found.models.iter().filter(|model| model.picks == first) {
        let text = match (&model.config, &model.weights) {
            (Some(config), _) => serde_json::to_string(config)?,
            (None, Some(weights)) => serde_json::to_string(weights)?,
            (None, None) => continue,
        };
        settings.push((model.model, text));
    }
    Ok(settings)
}

/// One row per model: the mean and its interval.
fn intervals(found: &NextTrackResult, picks: Option<u32>, metric: RankingMetric) -> Figure<String> {
    let models = found.models.iter().filter(|model| model.picks == picks);
    let estimate = |model: &ModelResult| (model.model, model.standing.metrics[metric.name()]);
    let estimates: Vec<_> = models.map(estimate).collect();
    let most = estimates.iter().map(|(_, e)| e.high.unwrap_or(e.mean)).fold(1e-6, f64::max);
    let rows = estimates.len();
    let names = estimates.iter().map(|(name, _)| (*name).to_owned()).collect();
    let height = 70.0 + 34.0 * rows as f64;
    let axes = Axes::new(Axis::new(0.0, most * 1.05, metric.name()), Axis::of_rows(names), height);
    let colour = css_colour(0, 1);
    let marks = html! {
        @for (place, (_, e)) in estimates.iter().enumerate() {
            @let y = rows as f64 - place as f64 - 0.5;
            @if let (Some(low), Some(high)) = (e.low, e.high) {
                (axes.line(&[(low, y), (high, y)], colour))
            }
            (axes.dot((e.mean, y), 5.0, colour))
        }
    };
    let row = |(name, e): &(&str, CaseMean)| vec![(*name).to_owned(), with_interval(e)];
    let best = estimates.iter().max_by(|a, b| a.1.mean.total_cmp(&b.1.mean));
    Figure {
        finding: best.map_or_else(String::new, |(name, e)| {
            format!("{name} reaches the most by {}, {:.4}", metric.name(), e.mean)
        }),
        caption: html! { "Means over cases with 95 % intervals." },
        height,
        drawing: axes.draw(marks),
        columns: vec!["Model".to_owned(), metric.name().to_owned()],
        rows: estimates.iter().map(row).collect(),
    }
}

/// A line per model over the number of items shown.
fn learning_curve(found: &NextTrackResult) -> Figure<String> {
    let metric = RankingMetric::NdcgAt100.name();
    let shown = |model: &ModelResult| f64::from(model.picks.unwrap_or(0));
    let reached = |model: &ModelResult| model.standing.metrics[metric].mean;
    let right = found.models.iter().map(shown).fold(1.0, f64::max);
    let top = found.models.iter().map(reached).fold(1e-6, f64::max);
    let mut names: Vec<&str> = found.models.iter().map(|model| model.model).collect();
    names.sort_unstable();
    names.dedup();
    let axes = Axes::new(
        Axis::new(0.0, right, "own items shown"),
        Axis::new(0.0, top * 1.1, metric),
        420.0,
    );
    let colour = |place: usize| css_colour(place, names.len());
    let key: Vec<(&str, &str)> =
        names.iter().enumerate().map(|(place, &name)| (name, colour(place))).collect();
    let points = |name: &str| -> Vec<(f64, f64)> {
        let own = found.models.iter().filter(|model| model.model == name);
        own.map(|model| (shown(model), reached(model))).collect()
    };
    let marks = html! {
        @for (name, colour) in &key {
            @let points = points(name);
            (axes.line(&points, colour))
            @for point in &points { (axes.dot(*point, 3.0, colour)) }
        }
        (axes.key(&key))
    };
    let row = |model: &ModelResult| {
        vec![shown(model).to_string(), model.model.to_owned(), format!("{:.4}", reached(model))]
    };
    Figure {
        finding: format!("{metric} by the number of own items shown"),
        caption: html! { "Means over new listeners, a line for each model." },
        height: axes.height(),
        drawing: axes.draw(marks),
        columns: ["Items shown", "Model", metric].map(str::to_owned).to_vec(),
        rows: found.models.iter().map(row).collect(),
    }
}
