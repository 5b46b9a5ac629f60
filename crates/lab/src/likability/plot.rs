//! A calibration diagram as SVG: what was predicted against what came true, and how many rows lie
//! where.

use std::path::Path;

use anyhow::Context as _;
use maud::html;
use segue_charts::{Axes, Axis, css_colour};
use segue_engine::metrics::CalibrationBin;

const HEIGHT: f64 = 640.0;
const LARGEST_DOT: f64 = 7.0;

/// Draws one dot per bin, larger for more rows, beside the diagonal of a perfectly calibrated
/// model.
///
/// # Errors
/// If the file cannot be written.
pub fn draw_calibration(path: &Path, title: &str, bins: &[CalibrationBin]) -> anyhow::Result<()> {
    let x = Axis::new(0.0, 1.0, "predicted probability of liking");
    let axes = Axes::new(x, Axis::new(0.0, 1.0, "share that was liked"), HEIGHT);
    let points: Vec<(f64, f64)> = bins.iter().map(|bin| (bin.predicted, bin.observed)).collect();
    let most = bins.iter().map(|bin| bin.rows).max().unwrap_or(1) as f64;
    let radius = |bin: &CalibrationBin| (LARGEST_DOT * (bin.rows as f64 / most).sqrt()).max(2.0);
    let colour = css_colour(0, 1);
    let marks = html! {
        (axes.line(&[(0.0, 0.0), (1.0, 1.0)], "#8889"))
        (axes.line(&points, colour))
        @for bin in bins { (axes.dot((bin.predicted, bin.observed), radius(bin), colour)) }
    };
    std::fs::write(path, axes.svg_file(title, marks))
        .with_context(|| format!("cannot draw `{}`", path.display()))
}
