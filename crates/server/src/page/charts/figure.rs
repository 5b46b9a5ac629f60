//! What all charts have in common: the figure around the drawing, scales, and names.

use maud::{Markup, html};
use segue_engine::history::{LeftAside, Month};

use crate::page::words;

/// Width of a drawing, and the room for labels left of it.
pub(super) const WIDTH: f64 = 720.0;
pub(super) const LEFT: f64 = 56.0;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A chart to be framed.
pub(super) struct Figure {
    /// What it shows in one sentence, for who does not see it.
    pub(super) finding: String,
    /// What is drawn.
    pub(super) caption: Markup,
    pub(super) height: f64,
    pub(super) drawing: Markup,
    /// Names of the columns; the first names the rows.
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Figure {
    pub(super) fn view(&self) -> Markup {
        html! {
            figure.history {
                div.scroll tabindex="0" role="group" aria-label="A chart that scrolls sideways on \
                    small screens" {
                    svg viewBox={ "0 0 " (WIDTH) " " (self.height) } role="img" aria-label=(self.finding) { (self.drawing) }
                }
                figcaption { strong { (self.finding) ". " } (self.caption) }
                details.as-table {
                    summary { "As a table" }
                    div.scroll tabindex="0" role="region" aria-label={ "Table: " (self.finding) } { (self.table()) }
                }
            }
        }
    }

    fn table(&self) -> Markup {
        html! {
            table {
                thead { tr { @for (i, name) in self.columns.iter().enumerate() { th.number[i > 0] scope="col" { (name) } } } }
                tbody { @for row in &self.rows {
                    tr { @for (i, cell) in row.iter().enumerate() {
                        @if i == 0 { th scope="row" { (cell) } } @else { td.number { (cell) } }
                    } }
                } }
            }
        }
    }
}

/// What is in no chart, in a sentence; nothing where there is nothing.
pub fn left_aside(aside: &LeftAside) -> Option<String> {
    let kinds = [
        (aside.private, "in private sessions"),
        (aside.undated, "without a date"),
        (aside.not_in_catalogue, "of tracks that the catalogue does not hold"),
        (aside.failed, "that failed to start"),
    ];
    let said: Vec<String> = kinds
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", words::grouped(*count)))
        .collect();
    (!said.is_empty()).then(|| format!("Not in these charts: plays {}.", words::list(&said)))
}

/// "March 2024".
pub(super) fn month_name(month: Month) -> String {
    format!("{} {}", MONTHS[month.month() as usize - 1], month.year())
}

/// A length to a tenth, which is all that a drawing shows.
pub(super) fn rounded(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}

/// The smallest of 1, 2, 2.5, 5 and their tenfolds that is at least `value`.
pub(super) fn round_up(value: f64) -> f64 {
    let tenfold = 10_f64.powf(value.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    steps
        .into_iter()
        .map(|step| step * tenfold)
        .find(|&step| step >= value * 0.999_999)
        .unwrap_or(value)
}

/// Horizontal lines at quarters of `most`, labelled by `label`.
pub(super) fn grid(top: f64, bottom: f64, most: f64, label: impl Fn(f64) -> String) -> Markup {
    html! {
        @for step in [0.0, 0.5, 1.0] {
            @let y = rounded(bottom - (bottom - top) * step);
            line x1=(LEFT) x2=(WIDTH) y1=(y) y2=(y) stroke="var(--line)" {}
            text x=(LEFT - 8.0) y=(y + 4.0) text-anchor="end" { (label(most * step)) }
        }
    }
}

/// Years along the bottom of a chart of months, as many as have room.
pub(super) fn years(first: Month, last: Month, y: f64, place: impl Fn(Month) -> f64) -> Markup {
    let starts: Vec<Month> = first.through(last).filter(|month| month.month() == 1).collect();
    let every = starts.len().div_ceil(14).max(1);
    let shown: Vec<Month> = starts.into_iter().step_by(every).collect();
    let shown = if shown.is_empty() { vec![first] } else { shown };
    html! {
        @for month in shown {
            @let x = rounded(place(month));
            line x1=(x) x2=(x) y1=(y) y2=(y + 5.0) stroke="var(--edge)" {}
            text x=(x + 3.0) y=(y + 16.0) { @if month.month() == 1 { (month.year()) } @else { (month_name(month)) } }
        }
    }
}
