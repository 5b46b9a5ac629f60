//! The report as one HTML file with its plots inside, readable without anything else.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use plotters::prelude::*;
use segue_engine::full_ranking::Metric;

use super::report::{HEADER, ModelReport, Report, row};

/// Writes the page.
pub(super) fn write(path: &Path, report: &Report) -> Result<()> {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\n<style>{STYLE}</style></head>\n\
         <body><main><h1>{title}</h1>\n<p>{}</p>\n",
        escape(&report.summary),
        title = escape(&format!("What comes next: {}", report.data)),
    );
    let mut picks: Vec<Option<u32>> = report.models.iter().map(|model| model.picks).collect();
    picks.dedup();
    for &picks in &picks {
        let models: Vec<&ModelReport> =
            report.models.iter().filter(|model| model.picks == picks).collect();
        if let Some(picks) = picks {
            writeln!(page, "<h2>{picks} own items shown</h2>")?;
        }
        write_table(&mut page, &models)?;
        writeln!(page, "<figure>{}</figure>", intervals(&models, Metric::NdcgAt10)?)?;
    }
    if picks.len() > 1 {
        writeln!(
            page,
            "<h2>As more is known of a listener</h2>\n<figure>{}</figure>",
            learning_curve(report)?
        )?;
    }
    write_settings(&mut page, report)?;
    page.push_str("</main></body></html>\n");
    fs::write(path, page).with_context(|| format!("cannot write `{}`", path.display()))
}

const STYLE: &str = "\
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0}main{max-width:72rem;margin:auto;padding:1rem}\
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem}th,td{padding:.3rem .6rem;text-align:right;white-space:nowrap}\
th:first-child,td:first-child{text-align:left}tr+tr{border-top:1px solid #8884}figure{margin:1rem 0;overflow-x:auto}\
figure svg{background:#fff;border-radius:.5rem;max-width:100%;height:auto}code{overflow-wrap:anywhere}";

fn write_table(page: &mut String, models: &[&ModelReport]) -> Result<()> {
    page.push_str("<div class=\"wide\"><table><thead><tr>");
    for name in HEADER {
        write!(page, "<th scope=\"col\">{name}</th>")?;
    }
    page.push_str("</tr></thead><tbody>\n");
    for model in models {
        page.push_str("<tr>");
        for cell in row(model) {
            write!(page, "<td>{}</td>", escape(&cell))?;
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody></table></div>\n");
    Ok(())
}

fn write_settings(page: &mut String, report: &Report) -> Result<()> {
    page.push_str("<h2>Settings</h2>\n<ul>\n");
    let first = report.models.first().and_then(|model| model.picks);
    for model in report.models.iter().filter(|model| model.picks == first) {
        let settings = match (&model.config, &model.weights) {
            (Some(config), _) => serde_json::to_string(config)?,
            (None, Some(weights)) => serde_json::to_string(weights)?,
            (None, None) => continue,
        };
        writeln!(page, "<li>{}: <code>{}</code></li>", model.model, escape(&settings))?;
    }
    page.push_str("</ul>\n");
    Ok(())
}

/// One row per model: the mean and its interval.
fn intervals(models: &[&ModelReport], metric: Metric) -> Result<String> {
    let estimates: Vec<_> =
        models.iter().map(|model| (model.model, model.standing.metrics[metric.name()])).collect();
    let most = estimates.iter().map(|(_, e)| e.high).fold(1e-6, f64::max);
    let rows = estimates.len();
    let mut svg = String::new();
    {
        let area =
            SVGBackend::with_string(&mut svg, (760, 70 + 34 * rows as u32)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(150)
            .build_cartesian_2d(0.0..most * 1.05, 0.0..rows as f64)
            .map_err(failed)?;
        let label = |y: &f64| {
            let place = rows as f64 - y - 0.5;
            let named = (place.fract().abs() < 1e-9 && place >= 0.0)
                .then(|| estimates.get(place as usize))
                .flatten();
            named.map_or_else(String::new, |(name, _)| (*name).to_owned())
        };
        chart
            .configure_mesh()
            .disable_y_mesh()
            .y_labels(2 * rows + 1)
            .y_label_formatter(&label)
            .x_desc(metric.name())
            .label_style(("sans-serif", 14))
            .light_line_style(WHITE)
            .draw()
            .map_err(failed)?;
        for (place, (_, e)) in estimates.iter().enumerate() {
            let y = rows as f64 - place as f64 - 0.5;
            chart
                .draw_series(LineSeries::new([(e.low, y), (e.high, y)], BLUE.stroke_width(2)))
                .map_err(failed)?;
            chart.draw_series([Circle::new((e.mean, y), 5, BLUE.filled())]).map_err(failed)?;
        }
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

/// A line per model over the number of items shown.
fn learning_curve(report: &Report) -> Result<String> {
    let metric = Metric::NdcgAt100.name();
    let shown = |model: &ModelReport| f64::from(model.picks.unwrap_or(0));
    let right = report.models.iter().map(shown).fold(1.0, f64::max);
    let top =
        report.models.iter().map(|model| model.standing.metrics[metric].mean).fold(1e-6, f64::max);
    let mut names: Vec<&str> = report.models.iter().map(|model| model.model).collect();
    names.sort_unstable();
    names.dedup();
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (760, 420)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(60)
            .build_cartesian_2d(0.0..right, 0.0..top * 1.1)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_desc("own items shown")
            .y_desc(metric)
            .label_style(("sans-serif", 14))
            .light_line_style(WHITE)
            .draw()
            .map_err(failed)?;
        for (place, name) in names.into_iter().enumerate() {
            let own = report.models.iter().filter(|model| model.model == name);
            let points: Vec<(f64, f64)> =
                own.map(|model| (shown(model), model.standing.metrics[metric].mean)).collect();
            let colour = Palette99::pick(place).to_rgba();
            chart
                .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))
                .map_err(failed)?
                .label(name)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2))
                });
            chart
                .draw_series(points.iter().map(|&point| Circle::new(point, 3, colour.filled())))
                .map_err(failed)?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.8))
            .label_font(("sans-serif", 14))
            .draw()
            .map_err(failed)?;
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("cannot draw a plot: {error}")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
