//! The calibration plot: of the tracks given a 70 % chance, did the listener like seven in ten?
//!
//! A reliability diagram (Murphy and Winkler, 1977): what was predicted along, what happened up, a
//! bin a dot with its interval, and the diagonal on which a calibrated model lies. The dot's area
//! is the bin's size. The table beside it says the same.

use maud::{Markup, html};

use super::words::{self, Words};

/// Predictions of about the same size, and what came of them: one point of the calibration plot.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// Mean of what was predicted in this bin, as a probability from 0 to 1.
    pub predicted: f64,
    /// Share of the tracks in this bin that were liked, 0 to 1; equal to the prediction where it is
    /// calibrated.
    pub happened: f64,
    /// Lower end of the 95 % interval around that share, 0 to 1 (Wilson 1927).
    pub low: f64,
    /// Upper end of the 95 % interval around that share, 0 to 1 (Wilson 1927).
    pub high: f64,
    /// How many predictions fell into this bin; the point is drawn larger with more.
    pub count: u64,
}

/// Side of the plot, and the room for its labels.
const SIDE: f64 = 240.0;
const LEFT: f64 = 44.0;
const BELOW: f64 = 40.0;
const ABOVE: f64 = 10.0;

/// The plot and its table.
pub fn calibration(words: &Words, bins: &[Bin]) -> Markup {
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(1).max(1) as f64;
    html! {
        figure.calibration {
            svg.plot viewBox={ "0 0 " (LEFT + SIDE + 10.0) " " (ABOVE + SIDE + BELOW) } role="img"
                aria-labelledby="calibration-name"
            {
                title #calibration-name {
                    "Predicted against happened in " (bins.len())
                    " bins; the table below has the numbers"
                }
                (axes())
                line.ideal x1=(along(0.0)) y1=(up(0.0)) x2=(along(1.0)) y2=(up(1.0)) {}
                @for bin in bins {
                    line.interval x1=(along(bin.predicted)) x2=(along(bin.predicted))
                        y1=(up(bin.low)) y2=(up(bin.high)) {}
                    circle.bin cx=(along(bin.predicted)) cy=(up(bin.happened))
                        r=(radius(bin.count as f64 / most))
                    {
                        title {
                            "predicted " (words::percent(bin.predicted)) ", happened "
                            (words::percent(bin.happened))
                        }
                    }
                }
            }
            figcaption { "On the line, the model's word can be taken as it is; below it, the \
                model promises too much." }
        }
        (table(words, bins))
    }
}

fn axes() -> Markup {
    html! {
        @for step in 0..=4 {
            @let share = f64::from(step) / 4.0;
            line.grid x1=(along(0.0)) x2=(along(1.0)) y1=(up(share)) y2=(up(share)) {}
            text.tick x=(LEFT - 6.0) y=(up(share) + 4.0) text-anchor="end" { (step * 25) }
            text.tick x=(along(share)) y=(ABOVE + SIDE + 16.0) text-anchor="middle" { (step * 25) }
        }
        text.axis x=(LEFT + SIDE / 2.0) y=(ABOVE + SIDE + 34.0) text-anchor="middle" {
            "predicted, %"
        }
        text.axis x="0" y="0" text-anchor="middle"
            transform={ "translate(11 " (ABOVE + SIDE / 2.0) ") rotate(-90)" }
        {
            "liked, %"
        }
    }
}

fn along(share: f64) -> f64 {
    rounded(LEFT + SIDE * share.clamp(0.0, 1.0))
}

fn up(share: f64) -> f64 {
    rounded(ABOVE + SIDE * (1.0 - share.clamp(0.0, 1.0)))
}

fn radius(size: f64) -> f64 {
    rounded(3.0 + 6.0 * size.sqrt())
}

fn rounded(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}

fn table(words: &Words, bins: &[Bin]) -> Markup {
    html! {
        details.as-table {
            summary { "As a table" }
            div.scroll tabindex="0" role="region" aria-label="Calibration as a table" {
                table {
                    thead {
                        tr {
                            @for name in ["Predicted", "Liked", "95 % interval", "Predictions"] {
                                th.number scope="col" { (name) }
                            }
                        }
                    }
                    tbody { @for bin in bins {
                        tr {
                            th.number scope="row" { (words::percent(bin.predicted)) }
                            td.number { (words::percent(bin.happened)) }
                            td.number {
                                (words::percent(bin.low)) " to " (words::percent(bin.high))
                            }
                            td.number { (words.grouped(bin.count)) }
                        }
                    } }
                }
            }
        }
    }
}
