//! A calibration diagram as SVG: what was predicted against what came true, and how many rows lie
//! where.

use std::path::Path;

use anyhow::anyhow;
use plotters::prelude::*;
use segue_engine::metrics::CalibrationBin;

const SIZE: (u32, u32) = (560, 560);
const LARGEST_DOT: f64 = 14.0;

/// Draws one dot per bin, larger for more rows, beside the diagonal of a perfectly calibrated
/// model.
pub(crate) fn draw(path: &Path, title: &str, bins: &[CalibrationBin]) -> anyhow::Result<()> {
    let failed =
        |error: &dyn std::fmt::Display| anyhow!("cannot draw `{}`: {error}", path.display());
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE).map_err(|e| failed(&e))?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 18))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)
        .map_err(|e| failed(&e))?;
    chart
        .configure_mesh()
        .x_desc("predicted probability of liking")
        .y_desc("share that was liked")
        .label_style(("sans-serif", 13))
        .light_line_style(WHITE)
        .draw()
        .map_err(|e| failed(&e))?;
    chart
        .draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], BLACK.mix(0.4)))
        .map_err(|e| failed(&e))?;
    let points: Vec<(f64, f64)> = bins.iter().map(|bin| (bin.predicted, bin.observed)).collect();
    chart.draw_series(LineSeries::new(points, BLUE.mix(0.6))).map_err(|e| failed(&e))?;
    let most = bins.iter().map(|bin| bin.rows).max().unwrap_or(1) as f64;
    let dot = |bin: &CalibrationBin| {
        let radius = (LARGEST_DOT * (bin.rows as f64 / most).sqrt() / 2.0).max(2.0);
        Circle::new((bin.predicted, bin.observed), radius, BLUE.filled())
    };
    chart.draw_series(bins.iter().map(dot)).map_err(|e| failed(&e))?;
    area.present().map_err(|e| failed(&e))
}
