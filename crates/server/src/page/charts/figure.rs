//! What all charts of the page have in common beside the figure around the drawing: scales of
//! months, and names.

use maud::{Markup, html};
use segue_engine::history::{LeftAside, Month};

use crate::page::words::{self, Words};

pub(super) use segue_charts::{Figure, WIDTH, round_up, rounded};

/// The room for labels left of a drawing.
pub(super) const LEFT: f64 = 56.0;

/// What is in no chart, in a sentence; nothing where there is nothing.
pub fn left_aside(words: &Words, aside: &LeftAside) -> Option<String> {
    let kinds = [
        (aside.private, "in private sessions"),
        (aside.skipped, "skipped within half a minute"),
        (aside.undated, "without a date"),
        (aside.not_in_catalogue, "of tracks that the catalogue does not hold"),
        (aside.failed, "that failed to start"),
    ];
    let parts: Vec<String> = kinds
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", words.grouped(*count)))
        .collect();
    (!parts.is_empty()).then(|| format!("Not counted: plays {}.", words::list(&parts)))
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
pub(super) fn years(
    words: &Words,
    first: Month,
    last: Month,
    y: f64,
    place: impl Fn(Month) -> f64,
) -> Markup {
    let starts: Vec<Month> = first.through(last).filter(|month| month.month() == 1).collect();
    let every = starts.len().div_ceil(14).max(1);
    let shown: Vec<Month> = starts.into_iter().step_by(every).collect();
    let shown = if shown.is_empty() { vec![first] } else { shown };
    html! {
        @for month in shown {
            @let x = rounded(place(month));
            line x1=(x) x2=(x) y1=(y) y2=(y + 5.0) stroke="var(--edge)" {}
            text x=(x + 3.0) y=(y + 16.0) {
                @if month.month() == 1 { (month.year()) } @else { (words.month(month.first_day())) }
            }
        }
    }
}
