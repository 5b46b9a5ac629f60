//! What was on when: a row for each leader, a bar for each stretch of time that it led.

use maud::{Markup, html};
use segue_engine::history::{Era, Month};

use super::figure::{Figure, WIDTH, rounded, years};
use crate::page::words::{self, Words};

const ROWS: usize = 10;
const ROW_HEIGHT: f64 = 28.0;
const NAMES: f64 = 176.0;
const TOP: f64 = 6.0;
/// A name is cut after so many letters; the table has all of it.
const LETTERS: usize = 24;

/// The chart; `what` leads: "artist" or "taste".
pub fn eras(words: &Words, eras: &[Era], what: &str) -> Option<Markup> {
    let longest = eras.iter().rev().max_by_key(|era| era.to.since(era.from))?;
    let leaders = leaders(eras);
    let row = |era: &Era| {
        let others: Vec<String> = era.top.iter().skip(1).map(|share| share.name.clone()).collect();
        vec![
            format!("{} to {}", words.month(era.from.first_day()), words.month(era.to.first_day())),
            era.leader().to_owned(),
            words::percent(era.leader_share()),
            words.grouped(era.plays),
            words::list(&others),
        ]
    };
    let left_out = leaders.len().saturating_sub(ROWS);
    let figure = Figure {
        finding: format!(
            "{} led the longest, from {} to {}",
            longest.leader(),
            words.month(longest.from.first_day()),
            words.month(longest.to.first_day())
        ),
        caption: html! {
            "The most played " (what) " of every quarter, "
            (words.count(eras.len() as u64, "era", "eras"))
            " in all; the fuller the bar, the larger its share."
            @if left_out > 0 { " " (words.grouped(left_out as u64)) " more led, for less: they \
                are in the table." }
        },
        height: TOP + leaders.len().min(ROWS) as f64 * ROW_HEIGHT + 24.0,
        drawing: drawing(words, eras, &leaders[..leaders.len().min(ROWS)]),
        columns: vec!["When", "Led by", "Share of plays", "Plays", "Then"],
        rows: eras.iter().map(row).collect(),
    };
    Some(figure.view())
}

/// Everybody who led, by plays of theirs while they did, in the order in which they first led.
fn leaders(eras: &[Era]) -> Vec<&str> {
    let mut sums: Vec<(&str, u64, usize)> = Vec::new();
    for (order, era) in eras.iter().enumerate() {
        match sums.iter_mut().find(|(name, _, _)| *name == era.leader()) {
            Some((_, plays, _)) => *plays += era.top[0].plays,
            None => sums.push((era.leader(), era.top[0].plays, order)),
        }
    }
    sums.sort_by_key(|&(_, plays, order)| (std::cmp::Reverse(plays), order));
    let shown = sums.len().min(ROWS);
    sums[..shown].sort_by_key(|&(_, _, order)| order);
    sums.into_iter().map(|(name, _, _)| name).collect()
}

fn drawing(words: &Words, eras: &[Era], leaders: &[&str]) -> Markup {
    let first = eras[0].from;
    let last = eras[eras.len() - 1].to;
    let width = (WIDTH - NAMES) / f64::from(last.plus(1).since(first));
    let place = |month: Month| NAMES + f64::from(month.since(first)) * width;
    let bottom = TOP + leaders.len() as f64 * ROW_HEIGHT;
    let largest = eras.iter().map(Era::leader_share).fold(f64::MIN_POSITIVE, f64::max);
    html! {
        @for (row, &leader) in leaders.iter().enumerate() {
            @let y = TOP + row as f64 * ROW_HEIGHT;
            line x1=(NAMES) x2=(WIDTH) y1=(y + ROW_HEIGHT / 2.0) y2=(y + ROW_HEIGHT / 2.0)
                stroke="var(--line)" {}
            text x=(NAMES - 10.0) y=(y + 18.0) text-anchor="end" { (shortened(leader)) }
            @for era in eras.iter().filter(|era| era.leader() == leader) {
                @let opacity = rounded(10.0 * (0.45 + 0.55 * era.leader_share() / largest)) / 10.0;
                rect x=(rounded(place(era.from))) y=(y + 5.0)
                    width=(rounded((place(era.to.plus(1)) - place(era.from) - 1.0).max(2.0)))
                    height=(ROW_HEIGHT - 10.0) rx="3" fill="var(--chart-1)" fill-opacity=(opacity)
                {
                    title {
                        (leader) ", " (words.month(era.from.first_day())) " to "
                        (words.month(era.to.first_day())) ": " (words::percent(era.leader_share()))
                        " of "
                        (words.count(era.plays, "play", "plays"))
                    }
                }
            }
        }
        (years(words, first, last, bottom, place))
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    let kept: String = name.chars().take(LETTERS - 1).collect();
    format!("{}…", kept.trim_end())
}
