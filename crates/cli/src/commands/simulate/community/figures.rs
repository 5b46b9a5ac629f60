//! Plots of a simulation as SVG. Whatever is black is drawn in the colour of the page's text, so
//! that they can be read by day and by night.

use anyhow::{Result, anyhow};
use plotters::prelude::*;
use segue_engine::metrics::Estimate;

/// Colours for settings of the dial, from the familiar end to the far one.
pub(super) const DIAL_COLOURS: [RGBColor; 7] = [
    RGBColor(0x5b, 0x6e, 0xe0),
    RGBColor(0x1d, 0x94, 0xd2),
    RGBColor(0x12, 0xa3, 0x92),
    RGBColor(0x58, 0xa9, 0x3a),
    RGBColor(0xbd, 0x9a, 0x17),
    RGBColor(0xe2, 0x7f, 0x2b),
    RGBColor(0xd9, 0x4a, 0x63),
];
/// Colours for the models of listeners.
pub(super) const MODEL_COLOURS: [RGBColor; 2] = [DIAL_COLOURS[1], DIAL_COLOURS[5]];

const GRID: RGBColor = RGBColor(0x88, 0x88, 0x89);
const LABEL: (&str, u32) = ("sans-serif", 15);

/// The colour of one of `count` settings, spread over all of them.
pub(super) fn dial_colour(place: usize, count: usize) -> RGBColor {
    let last = DIAL_COLOURS.len() - 1;
    let spread = if count > 1 { place as f64 * last as f64 / (count - 1) as f64 } else { 0.0 };
    DIAL_COLOURS[spread.round() as usize]
}

/// A colour as CSS has it.
pub(super) fn css(colour: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2)
}

/// One line of a plot.
pub(super) struct Line {
    pub(super) colour: RGBColor,
    pub(super) values: Vec<f64>,
}

/// Values over the days of the trial, the first day being 1.
pub(super) fn over_days(lines: &[Line], unit: &str) -> Result<String> {
    let days = lines.iter().map(|line| line.values.len()).max().unwrap_or(0).max(2);
    let bounds = bounds(lines.iter().flat_map(|line| line.values.iter().copied()), false);
    draw((620, 330), (1.0..days as f64, bounds.0..bounds.1), ("day", unit), |chart| {
        for line in lines {
            let points = (1..).zip(&line.values).map(|(day, &value)| (f64::from(day), value));
            chart
                .draw_series(LineSeries::new(points, line.colour.stroke_width(2)))
                .map_err(failed)?;
        }
        Ok(())
    })
}

/// Dots with their intervals over the dial.
pub(super) struct Series {
    pub(super) colour: RGBColor,
    pub(super) points: Vec<(f64, Estimate)>,
}

/// Values against the dial, one colour per model of listeners.
pub(super) fn over_dial(series: &[Series], unit: &str, with_zero: bool) -> Result<String> {
    let estimates =
        || series.iter().flat_map(|series| series.points.iter().map(|(_, estimate)| estimate));
    let bounds = bounds(estimates().flat_map(|e| [e.low, e.high]), with_zero);
    draw((480, 290), (-0.04..1.04, bounds.0..bounds.1), ("dial", unit), |chart| {
        for (place, series) in series.iter().enumerate() {
            // A little apart, so that intervals do not hide one another.
            let aside = 0.008 * (2.0 * place as f64 - 1.0);
            let middle = series.points.iter().map(|(dial, estimate)| (dial + aside, estimate.mean));
            let line = LineSeries::new(middle.clone(), series.colour.stroke_width(2));
            chart.draw_series(line).map_err(failed)?;
            for (dial, estimate) in &series.points {
                let ends = [(dial + aside, estimate.low), (dial + aside, estimate.high)];
                chart
                    .draw_series(LineSeries::new(ends, series.colour.stroke_width(2)))
                    .map_err(failed)?;
            }
            chart
                .draw_series(middle.map(|point| Circle::new(point, 4, series.colour.filled())))
                .map_err(failed)?;
        }
        Ok(())
    })
}

/// Lowest and highest of what is shown, with a margin; with zero among it if asked for.
fn bounds(values: impl Iterator<Item = f64>, with_zero: bool) -> (f64, f64) {
    let (mut low, mut high) =
        if with_zero { (0.0, 0.0) } else { (f64::INFINITY, f64::NEG_INFINITY) };
    for value in values {
        (low, high) = (value.min(low), value.max(high));
    }
    if low > high {
        return (0.0, 1.0);
    }
    let margin = ((high - low) * 0.06).max(1e-3);
    (low - margin, high + margin)
}

type Chart<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

fn draw(
    size: (u32, u32),
    (x, y): (std::ops::Range<f64>, std::ops::Range<f64>),
    (x_name, y_name): (&str, &str),
    series: impl FnOnce(&mut Chart<'_, '_>) -> Result<()>,
) -> Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let holds_zero = y.start < 0.0 && y.end > 0.0;
        let (left, right) = (x.start, x.end);
        let mut chart = ChartBuilder::on(&area)
            .margin(10)
            .x_label_area_size(42)
            .y_label_area_size(62)
            .build_cartesian_2d(x, y)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_desc(x_name)
            .y_desc(y_name)
            .x_labels(6)
            .y_labels(6)
            .x_label_formatter(&short)
            .y_label_formatter(&short)
            .label_style(LABEL)
            .axis_desc_style(LABEL)
            .bold_line_style(GRID.mix(0.3))
            .light_line_style(TRANSPARENT)
            .draw()
            .map_err(failed)?;
        if holds_zero {
            let zero = LineSeries::new([(left, 0.0), (right, 0.0)], GRID.stroke_width(2));
            chart.draw_series(zero).map_err(failed)?;
        }
        series(&mut chart)?;
        area.present().map_err(failed)?;
    }
    Ok(svg.replace("#000000", "currentColor"))
}

/// As few places as the number needs.
fn short(value: &f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    if rounded == 0.0 { "0".to_owned() } else { rounded.to_string() }
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("cannot draw a plot: {error}")
}
