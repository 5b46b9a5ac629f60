//! How much in each month: a bar each.

use maud::{Markup, html};
use segue_engine::history::MonthOfPlays;

use super::figure::{Figure, LEFT, WIDTH, grid, month_name, round_up, rounded, years};
use crate::page::words;

const TOP: f64 = 12.0;
const BOTTOM: f64 = 190.0;
const MS_PER_HOUR: f64 = 3_600_000.0;

/// The chart.
pub fn months(months: &[MonthOfPlays]) -> Option<Markup> {
    let most =
        months.iter().rev().max_by_key(|month| month.plays).filter(|month| month.plays > 0)?;
    let plays: u64 = months.iter().map(|month| month.plays).sum();
    let ms: u64 = months.iter().map(|month| month.ms_played).sum();
    let without: u64 = months.iter().map(|month| month.plays_without_time).sum();
    let row = |month: &MonthOfPlays| {
        let hours = format!("{:.1}", month.ms_played as f64 / MS_PER_HOUR);
        vec![
            month_name(month.month),
            words::grouped(month.plays),
            hours,
            words::grouped(month.plays_without_time),
        ]
    };
    let figure = Figure {
        finding: format!(
            "{} in {}, the most of {}",
            words::count(most.plays, "play", "plays"),
            month_name(most.month),
            words::count(months.len() as u64, "month", "months")
        ),
        caption: html! {
            "On average " (words::count(plays / months.len() as u64, "play", "plays")) " a month; in all "
            (words::grouped((ms as f64 / MS_PER_HOUR).round() as u64)) " hours"
            @if without > 0 { ", not counting " (words::count(without, "play", "plays")) " whose length nobody knows" }
            "."
        },
        height: BOTTOM + 24.0,
        drawing: drawing(months, round_up(most.plays as f64)),
        columns: vec!["Month", "Plays", "Hours", "Plays of unknown length"],
        rows: months.iter().map(row).collect(),
    };
    Some(figure.view())
}

fn drawing(months: &[MonthOfPlays], most: f64) -> Markup {
    let (first, last) = (months[0].month, months[months.len() - 1].month);
    let width = (WIDTH - LEFT) / months.len().max(12) as f64;
    let place = |month: segue_engine::history::Month| LEFT + f64::from(month.since(first)) * width;
    html! {
        (grid(TOP, BOTTOM, most, |plays| words::grouped(plays.round() as u64)))
        @for month in months {
            @let height = (BOTTOM - TOP) * month.plays as f64 / most;
            rect x=(rounded(place(month.month))) y=(rounded(BOTTOM - height)) width=(rounded((width * 0.82).max(0.8))) height=(rounded(height)) fill="var(--chart-1)" {
                title { (month_name(month.month)) ": " (words::count(month.plays, "play", "plays")) }
            }
        }
        (years(first, last, BOTTOM, place))
    }
}
