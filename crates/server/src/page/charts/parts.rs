//! How much in each part of a period: a bar for each day or month.

use jiff::civil::Date;
use maud::{Markup, html};
use segue_engine::history::{Month, PartOfPeriod, Period};

use super::figure::{Figure, LEFT, WIDTH, grid, round_up, rounded, years};
use crate::page::words::Words;

const TOP: f64 = 12.0;
const BOTTOM: f64 = 190.0;
const MS_PER_HOUR: f64 = 3_600_000.0;

/// The chart; parts that lie after `last_day` have not been yet, and are in no average.
pub fn parts(
    words: &Words,
    parts: &[PartOfPeriod],
    period: Period,
    last_day: Date,
) -> Option<Markup> {
    let most = parts.iter().rev().max_by_key(|part| part.plays).filter(|part| part.plays > 0)?;
    let scale = BarLabels::of(period);
    let been = parts.iter().filter(|part| part.first_day <= last_day).count() as u64;
    let plays: u64 = parts.iter().map(|part| part.plays).sum();
    let ms: u64 = parts.iter().map(|part| part.ms_played).sum();
    let without: u64 = parts.iter().map(|part| part.plays_without_time).sum();
    let row = |part: &PartOfPeriod| {
        let hours = words.tenths(part.ms_played as f64 / MS_PER_HOUR);
        vec![
            scale.name(words, part.first_day),
            words.grouped(part.plays),
            hours,
            words.grouped(part.plays_without_time),
        ]
    };
    let (one, many) = scale.unit();
    let figure = Figure {
        finding: format!(
            "{} {}, the most of {}",
            words.count(most.plays, "play", "plays"),
            scale.when(words, most.first_day),
            words.count(been, one, many)
        ),
        caption: html! {
            "On average " (words.count(plays / been.max(1), "play", "plays")) " a " (one)
            "; in all "
            (words.grouped((ms as f64 / MS_PER_HOUR).round() as u64)) " hours"
            @if without > 0 {
                ", not counting " (words.count(without, "play", "plays"))
                " whose length nobody knows"
            }
            "."
        },
        height: BOTTOM + 24.0,
        drawing: drawing(words, parts, scale, round_up(most.plays as f64)),
        columns: vec![scale.heading(), "Plays", "Hours", "Plays of unknown length"],
        rows: parts.iter().map(row).collect(),
    };
    Some(figure.view())
}

/// What the bars stand for.
#[derive(Clone, Copy, PartialEq)]
enum BarLabels {
    DaysOfWeek,
    DaysOfMonth,
    MonthsOfYear,
    AllMonths,
}

impl BarLabels {
    fn of(period: Period) -> Self {
        match period {
            Period::Week(_) => Self::DaysOfWeek,
            Period::Month(_) => Self::DaysOfMonth,
            Period::Year(_) => Self::MonthsOfYear,
            Period::All => Self::AllMonths,
        }
    }

    fn unit(self) -> (&'static str, &'static str) {
        match self {
            Self::DaysOfWeek | Self::DaysOfMonth => ("day", "days"),
            Self::MonthsOfYear | Self::AllMonths => ("month", "months"),
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::DaysOfWeek | Self::DaysOfMonth => "Day",
            Self::MonthsOfYear | Self::AllMonths => "Month",
        }
    }

    fn name(self, words: &Words, day: Date) -> String {
        match self {
            Self::DaysOfWeek => words.weekday_of_week(day),
            Self::DaysOfMonth => words.day(day),
            Self::MonthsOfYear | Self::AllMonths => words.month(day),
        }
    }

    fn when(self, words: &Words, day: Date) -> String {
        let preposition = if self.heading() == "Day" { "on" } else { "in" };
        format!("{preposition} {}", self.name(words, day))
    }

    /// What stands below a bar; nothing for most bars of a month.
    fn label(self, words: &Words, day: Date) -> Option<String> {
        match self {
            Self::DaysOfWeek => Some(words.weekday(day)),
            Self::DaysOfMonth => {
                (day.day() == 1 || day.day() % 5 == 0).then(|| day.day().to_string())
            }
            Self::MonthsOfYear => Some(words.month_name(day)),
            Self::AllMonths => None,
        }
    }
}

fn drawing(words: &Words, parts: &[PartOfPeriod], scale: BarLabels, most: f64) -> Markup {
    let width = (WIDTH - LEFT) / parts.len().max(7) as f64;
    let bar = rounded((width * 0.82).max(0.8));
    let ends = parts.first().zip(parts.last()).filter(|_| scale == BarLabels::AllMonths);
    let ends = ends.map(|(first, last)| (Month::of(first.first_day), Month::of(last.first_day)));
    html! {
        (grid(TOP, BOTTOM, most, |plays| words.grouped(plays.round() as u64)))
        @for (position, part) in parts.iter().enumerate() {
            @let height = (BOTTOM - TOP) * part.plays as f64 / most;
            @let x = LEFT + position as f64 * width;
            rect x=(rounded(x)) y=(rounded(BOTTOM - height)) width=(bar) height=(rounded(height))
                fill="var(--chart-1)"
            {
                title {
                    (scale.name(words, part.first_day)) ": "
                    (words.count(part.plays, "play", "plays"))
                }
            }
            @if let Some(label) = scale.label(words, part.first_day) {
                text x=(rounded(x + bar / 2.0)) y=(BOTTOM + 17.0) text-anchor="middle" { (label) }
            }
        }
        @if let Some((first, last)) = ends {
            (years(
                words, first, last, BOTTOM,
                |month| LEFT + f64::from(month.since(first)) * width
            ))
        }
    }
}
