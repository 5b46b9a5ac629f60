//! How much was new: the share of plays that were the first of a song, and the first of an artist.

use maud::{Markup, html};
use segue_engine::history::{Discoveries, Discovery, Month};

use super::figure::{Figure, LEFT, WIDTH, grid, round_up, rounded, years};
use crate::page::words::{self, Words};

const TOP: f64 = 34.0;
const BOTTOM: f64 = 212.0;

/// The chart.
pub fn discovery(words: &Words, discovery: &Discovery) -> Option<Markup> {
    let after: Vec<&Discoveries> = discovery
        .months
        .iter()
        .skip(discovery.first_months)
        .filter(|month| month.plays > 0)
        .collect();
    let plays: u64 = after.iter().map(|month| month.plays).sum();
    let works: u64 = after.iter().map(|month| month.new_works).sum();
    let artists: u64 = after.iter().map(|month| month.new_artists).sum();
    if plays == 0 {
        return None;
    }
    let share = |count: u64, of: u64| {
        if of > 0 { words::percent(count as f64 / of as f64) } else { "–".to_owned() }
    };
    let row = |month: &Discoveries| {
        vec![
            words.month(month.month.first_day()),
            words.grouped(month.plays),
            words.grouped(month.new_works),
            share(month.new_works, month.plays),
            words.grouped(month.new_artists),
            month
                .came_back
                .map_or("not known yet".to_owned(), |count| share(count, month.new_works)),
        ]
    };
    let figure = Figure {
        finding: format!(
            "{} of plays were of a song new to you, {} of an artist new to you",
            share(works, plays),
            share(artists, plays)
        ),
        caption: html! {
            @if let Some((back, of)) = discovery.share_that_came_back() {
                "Of " (words.count(of, "new song", "new songs")) ", " (words::percent(back))
                " came back on another day within three months. "
            }
            "The first " (words.count(discovery.first_months as u64, "month is", "months are"))
            " left out of these figures: where a record begins, nearly everything is new to it, \
             and the lines may leave the chart."
        },
        height: BOTTOM + 24.0,
        drawing: drawing(words, discovery),
        columns: vec![
            "Month",
            "Plays",
            "New songs",
            "Share of plays",
            "New artists",
            "Of the new songs came back",
        ],
        rows: discovery.months.iter().map(row).collect(),
    };
    Some(figure.view())
}

fn drawing(words: &Words, discovery: &Discovery) -> Markup {
    let months = &discovery.months;
    let (first, last) = (months[0].month, months[months.len() - 1].month);
    let width = (WIDTH - LEFT) / (months.len().max(2)) as f64;
    let place = |month: Month| LEFT + f64::from(month.since(first)) * width;
    let works = |month: &Discoveries| month.new_works as f64 / month.plays as f64;
    let artists = |month: &Discoveries| month.new_artists as f64 / month.plays as f64;
    let later = months.iter().skip(discovery.first_months).filter(|month| month.plays > 0);
    let most = round_up(later.map(works).fold(0.01, f64::max)).min(1.0);
    let begun = discovery.first_months as f64 * width;
    let middle = |month: &Discoveries| place(month.month) + width / 2.0;
    html! {
        rect x=(LEFT) y=(TOP) width=(rounded(begun)) height=(BOTTOM - TOP) fill="var(--chart-1)"
            fill-opacity="0.12"
        {
            title { "where the record begins" }
        }
        (grid(TOP, BOTTOM, most, |share| format!("{} %", (share * 1_000.0).round() / 10.0)))
        @for line in lines(months, middle, |month| up(works(month), most)) {
            polyline points=(line) fill="none" stroke="var(--chart-1)" stroke-width="2.5"
                stroke-linejoin="round" stroke-linecap="round" {}
        }
        @for line in lines(months, middle, |month| up(artists(month), most)) {
            polyline points=(line) fill="none" stroke="var(--chart-2)" stroke-width="2.5"
                stroke-dasharray="7 5" stroke-linejoin="round" stroke-linecap="round" {}
        }
        (key(LEFT, "var(--chart-1)", None, "first plays of a song"))
        (key(LEFT + 200.0, "var(--chart-2)", Some("7 5"), "first plays of an artist"))
        (years(words, first, last, BOTTOM, place))
    }
}

fn key(x: f64, colour: &str, dashes: Option<&str>, name: &str) -> Markup {
    html! {
        line x1=(x) x2=(x + 30.0) y1="14" y2="14" stroke=(colour) stroke-width="2.5"
            stroke-dasharray=[dashes] {}
        text x=(x + 38.0) y="18" { (name) }
    }
}

/// What is above the chart, as the first months are, is cut off at its top.
fn up(share: f64, most: f64) -> f64 {
    BOTTOM - (BOTTOM - TOP) * (share / most).min(1.0)
}

/// The points of each stretch of months in which anything was played.
fn lines(
    months: &[Discoveries],
    x: impl Fn(&Discoveries) -> f64,
    y: impl Fn(&Discoveries) -> f64,
) -> Vec<String> {
    let stretches = months.split(|month| month.plays == 0).filter(|stretch| !stretch.is_empty());
    let point = |month: &Discoveries| format!("{},{}", rounded(x(month)), rounded(y(month)));
    stretches.map(|stretch| stretch.iter().map(point).collect::<Vec<_>>().join(" ")).collect()
}
