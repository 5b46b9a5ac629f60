//! From which decades: a bar each.

use maud::{Markup, html};
use segue_engine::history::{Decade, Decades};

use super::figure::{Figure, LEFT, WIDTH, rounded};
use crate::page::words::{self, Words};

const TOP: f64 = 26.0;
const BOTTOM: f64 = 176.0;

/// The chart.
pub fn decades(words: &Words, decades: &Decades) -> Option<Markup> {
    let most = decades
        .decades
        .iter()
        .rev()
        .max_by_key(|decade| decade.plays)
        .filter(|decade| decade.plays > 0)?;
    let plays: u64 = decades.decades.iter().map(|decade| decade.plays).sum();
    let share = |decade: &Decade| words::percent(decade.plays as f64 / plays as f64);
    let row = |decade: &Decade| {
        let count = if decade.plays > 0 { share(decade) } else { "–".to_owned() };
        vec![
            format!("{}s", decade.decade),
            words.grouped(decade.plays),
            count,
            words.grouped(decade.works),
        ]
    };
    let figure = Figure {
        finding: format!("{} of plays are of music from the {}s", share(most), most.decade),
        caption: html! {
            "Plays by the decade in which the music came out."
            @if decades.plays_without_year > 0 {
                " Of " (words.count(decades.plays_without_year, "play", "plays")) " nobody knows \
                 the year; they are not in it."
            }
        },
        height: BOTTOM + 24.0,
        drawing: drawing(words, &decades.decades, most.plays as f64, share),
        columns: vec!["Decade", "Plays", "Share", "Different songs"],
        rows: decades.decades.iter().map(row).collect(),
    };
    Some(figure.view())
}

fn drawing(
    words: &Words,
    decades: &[Decade],
    most: f64,
    share: impl Fn(&Decade) -> String,
) -> Markup {
    let step = ((WIDTH - LEFT) / decades.len() as f64).min(96.0);
    html! {
        line x1=(LEFT) x2=(rounded(LEFT + step * decades.len() as f64)) y1=(BOTTOM) y2=(BOTTOM)
            stroke="var(--edge)" {}
        @for (i, decade) in decades.iter().enumerate() {
            @let x = LEFT + i as f64 * step;
            @let height = (BOTTOM - TOP) * decade.plays as f64 / most;
            @let middle = rounded(x + step / 2.0);
            rect x=(rounded(x + step * 0.12)) y=(rounded(BOTTOM - height))
                width=(rounded(step * 0.76)) height=(rounded(height)) rx="2" fill="var(--chart-1)"
            {
                title {
                    (decade.decade) "s: " (words.count(decade.plays, "play", "plays")) " of "
                    (words.count(decade.works, "song", "songs"))
                }
            }
            @if decade.plays > 0 {
                text x=(middle) y=(rounded(BOTTOM - height - 6.0)) text-anchor="middle" {
                    (share(decade))
                }
            }
            text x=(middle) y=(BOTTOM + 16.0) text-anchor="middle" { (decade.decade) "s" }
        }
    }
}
