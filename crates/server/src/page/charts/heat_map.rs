//! When in the week: a cell for every hour, the darker the more.

use jiff::civil::Time;
use maud::{Markup, html};
use segue_engine::history::HeatMap;

use super::figure::{Figure, LEFT, WIDTH, rounded};
use crate::page::words::{self, Words};

const CELL_HEIGHT: f64 = 26.0;
const TOP: f64 = 20.0;
const GAP: f64 = 2.0;
const PALEST: f64 = 0.07;

/// The chart; `zone` says in which time zone, such as "UTC+1".
pub fn heat_map(words: &Words, map: &HeatMap, zone: &str) -> Option<Markup> {
    let (day, hour, most) = map.peak()?;
    let finding = format!(
        "You listen most on {} between {} and {}: {} of {}",
        words.day_of_week(day),
        time(words, hour),
        time(words, hour + 1),
        words.grouped(most),
        words.count(map.total(), "play", "plays")
    );
    let hours = |hours: std::ops::Range<usize>| {
        hours.map(|h| map.counts.iter().map(|day| day[h]).sum::<u64>()).sum::<u64>()
    };
    let parts = [("0 to 6", 0..6), ("6 to 12", 6..12), ("12 to 18", 12..18), ("18 to 24", 18..24)];
    let shares = parts.map(|(name, range)| {
        format!("{} from {name}", words::percent(hours(range) as f64 / map.total() as f64))
    });
    let row = |day: usize| {
        let counts = map.counts[day].iter().map(|count| words.grouped(*count));
        std::iter::once(words.day_of_week(day)).chain(counts).collect()
    };
    let figure = Figure {
        finding,
        caption: html! {
            "Plays by the hour in which they began, " (zone) ": " (words::list(&shares)) "."
            @if map.plays_without_hour > 0 {
                " Not in it: " (words.count(map.plays_without_hour, "play", "plays"))
                " of which only the day is known."
            }
        },
        height: TOP + 7.0 * CELL_HEIGHT + 30.0,
        drawing: drawing(words, map, most),
        columns: std::iter::once("Day").chain(HOURS).collect(),
        rows: (0..map.counts.len()).map(row).collect(),
    };
    Some(figure.view())
}

const HOURS: [&str; 24] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16",
    "17", "18", "19", "20", "21", "22", "23",
];

/// The beginning of an hour; after the last one comes midnight.
fn time(words: &Words, hour: usize) -> String {
    words.time(Time::constant(hour as i8 % 24, 0, 0, 0))
}

fn drawing(words: &Words, map: &HeatMap, most: u64) -> Markup {
    let width = (WIDTH - LEFT) / 24.0;
    let opacity = |count: u64| {
        rounded(100.0 * (PALEST + (1.0 - PALEST) * count as f64 / most as f64)) / 100.0
    };
    let bottom = TOP + 7.0 * CELL_HEIGHT;
    html! {
        @for hour in (0..HOURS.len()).step_by(3) {
            text x=(rounded(LEFT + hour as f64 * width + 1.0)) y=(TOP - 7.0) { (time(words, hour)) }
        }
        @for (day, counts) in map.counts.iter().enumerate() {
            @let y = TOP + day as f64 * CELL_HEIGHT;
            text x=(LEFT - 10.0) y=(y + 17.0) text-anchor="end" { (words.short_day_of_week(day)) }
            @for (hour, &count) in counts.iter().enumerate() {
                rect x=(rounded(LEFT + hour as f64 * width)) y=(y) width=(rounded(width - GAP))
                    height=(CELL_HEIGHT - GAP) rx="3" fill="var(--chart-1)"
                    fill-opacity=(opacity(count))
                {
                    title {
                        (words.day_of_week(day)) ", " (time(words, hour)) ": "
                        (words.count(count, "play", "plays"))
                    }
                }
            }
        }
        text x=(WIDTH - 172.0) y=(bottom + 21.0) text-anchor="end" { "none" }
        @for step in 0..5 {
            rect x=(WIDTH - 164.0 + 20.0 * f64::from(step)) y=(bottom + 9.0) width="18" height="14"
                rx="3" fill="var(--chart-1)" fill-opacity=(opacity(most * step as u64 / 4)) {}
        }
        text x=(WIDTH - 58.0) y=(bottom + 21.0) { (words.grouped(most)) }
    }
}
