//! The picture as a drawing.

use maud::{Markup, html};
use segue_charts::rounded;
use segue_engine::history::{PartOfPeriod, Period, Review};

use crate::page::words::Words;

pub(super) const WIDTH: f64 = 1080.0;
pub(super) const HEIGHT: f64 = 1350.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = WIDTH - LEFT;
const MIDDLE: f64 = WIDTH / 2.0 + 8.0;
const BARS_TOP: f64 = 440.0;
const BARS_BOTTOM: f64 = 560.0;
const LISTS_TOP: f64 = 690.0;
const LINE: f64 = 62.0;
/// So many artists and songs are named.
const NAMED: usize = 5;
const MS_PER_HOUR: u64 = 3_600_000;

const PAPER: &str = "#190e1d";
const INK: &str = "#f8edf2";
const SOFT: &str = "#c8b1c6";
const ACCENT: &str = "#ff94b6";
const NEW: &str = "#ffc04a";
const DISPLAY: &str = "'Iowan Old Style', 'Palatino Linotype', Palatino, P052, Georgia, \
                       'DejaVu Serif', Ubuntu, serif";
const TEXT: &str = "'Avenir Next', 'Segoe UI', Cantarell, 'Noto Sans', 'DejaVu Sans', Ubuntu, \
                    sans-serif";

/// Draws a period: how much was played, when, the most played artists and songs, and what was new.
/// Of an empty period it says so.
pub fn svg(words: &Words, review: &Review) -> String {
    let drawing = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(WIDTH) height=(HEIGHT)
            viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(summary(words, review))
            font-family=(TEXT) fill=(INK)
        {
            title { (summary(words, review)) }
            rect width=(WIDTH) height=(HEIGHT) fill=(PAPER) {}
            (mark())
            text x=(LEFT) y="216" font-family=(DISPLAY) font-size="92" font-weight="600" {
                (title(words, review.period))
            }
            @if review.goes_on() {
                text x=(RIGHT) y="96" font-size="28" text-anchor="end" fill=(SOFT) {
                    "until " (words.day(review.last_day))
                }
            }
            (figures(words, review))
            (bars(words, &review.parts))
            (lists(review))
            (foot(words, review))
        }
    };
    drawing.into_string()
}

/// The period as a heading: "2026 in music", "November 2026".
pub(crate) fn title(words: &Words, period: Period) -> String {
    match period {
        Period::Week(monday) => {
            let week = monday.iso_week_date();
            format!("Week {} of {}", week.week(), week.year())
        }
        Period::Month(month) => words.month(month.first_day()),
        Period::Year(year) => format!("{year} in music"),
        Period::All => "All my music".to_owned(),
    }
}

fn summary(words: &Words, review: &Review) -> String {
    let played = words.count(review.sums.plays, "play", "plays");
    let most = review.top.artists.first().map(|top| format!(", most of all {}", top.artist));
    format!("{}: {played}{}", title(words, review.period), most.unwrap_or_default())
}

/// The mark of Segue: one curve fades out while the other fades in.
fn mark() -> Markup {
    html! {
        g fill="none" stroke-width="3.2" stroke-linecap="round"
            transform="translate(64 64) scale(1.6)"
        {
            path d="M2 3C16 3 22 12 34 21" stroke=(ACCENT) {}
            path d="M2 21C14 12 20 3 34 3" stroke=(NEW) {}
        }
        text x="136" y="96" font-size="34" font-weight="600" fill=(SOFT) { "Segue" }
    }
}

/// Three figures in a row.
fn figures(words: &Words, review: &Review) -> Markup {
    let sums = &review.sums;
    let time = match sums.ms_played / MS_PER_HOUR {
        // Scrobbles have no length.
        0 => (words.grouped(sums.days), "days with music"),
        hours => (words.grouped(hours), if hours == 1 { "hour" } else { "hours" }),
    };
    let plays = (words.grouped(sums.plays), if sums.plays == 1 { "play" } else { "plays" });
    let artists = match sums.artists {
        1 => ("1".to_owned(), "artist"),
        many => (words.grouped(many), "artists"),
    };
    let figures = [plays, time, artists];
    // A million plays are as wide as three of the usual figures.
    let size = if figures.iter().any(|(figure, _)| figure.chars().count() > 6) { 56 } else { 84 };
    html! {
        @for (place, (figure, name)) in figures.into_iter().enumerate() {
            @let x = LEFT + place as f64 * 320.0;
            text x=(x) y="336" font-family=(DISPLAY) font-size=(size) font-weight="600"
                fill=(ACCENT)
            {
                (figure)
            }
            text x=(x) y="384" font-size="34" fill=(SOFT) { (name) }
        }
    }
}

/// A bar for each part of the period, with a name below some.
fn bars(words: &Words, parts: &[PartOfPeriod]) -> Markup {
    let most = parts.iter().map(|part| part.plays).max().unwrap_or(0).max(1) as f64;
    let step = (RIGHT - LEFT) / parts.len().max(1) as f64;
    // A month of a year is three letters, one of several years takes more room.
    let most_names = if parts.len() > 12 && !is_days(parts) { 7 } else { 12 };
    let every = parts.len().div_ceil(most_names).max(1);
    let is_days = parts
        .windows(2)
        .next()
        .is_some_and(|two| two[0].first_day.month() == two[1].first_day.month());
    let name = |part: &PartOfPeriod| match (is_days, parts.len()) {
        (true, ..=7) => words.weekday(part.first_day),
        (true, _) => part.first_day.day().to_string(),
        (false, ..=12) => words.month_name(part.first_day),
        (false, _) => words.short_month(part.first_day),
    };
    html! {
        @for (place, part) in parts.iter().enumerate() {
            @let x = LEFT + place as f64 * step;
            @let height = ((BARS_BOTTOM - BARS_TOP) * part.plays as f64 / most).max(3.0);
            rect x=(rounded(x)) y=(rounded(BARS_BOTTOM - height)) rx="3" fill=(NEW)
                width=(rounded((step * 0.8).max(1.0))) height=(rounded(height)) {}
            @if place % every == 0 {
                text x=(rounded(x + step * 0.4)) y=(BARS_BOTTOM + 34.0) font-size="24"
                    text-anchor="middle" fill=(SOFT) { (name(part)) }
            }
        }
    }
}

/// Whether the parts are days; else they are months.
fn is_days(parts: &[PartOfPeriod]) -> bool {
    parts
        .windows(2)
        .next()
        .is_some_and(|two| two[0].first_day.tomorrow().ok() == Some(two[1].first_day))
}

/// The most played artists on the left, the most played songs on the right.
fn lists(review: &Review) -> Markup {
    let artists = review.top.artists.iter().map(|top| (top.artist.clone(), None));
    let songs = review.top.tracks.iter().map(|top| (top.title.clone(), top.artist.clone()));
    html! {
        @if review.sums.plays == 0 {
            text x=(LEFT) y=(LISTS_TOP) font-size="40" fill=(SOFT) { "Nothing is on record." }
        }
        (list(LEFT, "Artists", artists.take(NAMED).collect()))
        (list(MIDDLE, "Songs", songs.take(NAMED).collect()))
    }
}

/// Names in a column, each with a smaller line below or none.
fn list(x: f64, heading: &str, names: Vec<(String, Option<String>)>) -> Markup {
    let room = MIDDLE - LEFT - 64.0;
    html! {
        @if !names.is_empty() {
            text x=(x) y=(LISTS_TOP) font-size="30" font-weight="600" fill=(SOFT) { (heading) }
        }
        @for (place, (name, below)) in names.iter().enumerate() {
            @let y = LISTS_TOP + 66.0 + place as f64 * (LINE + 22.0);
            text x=(x) y=(y) font-size="34" font-weight="600" fill=(ACCENT) { (place + 1) }
            text x=(x + 44.0) y=(y) font-size="34" font-weight="600" { (fitted(name, 34.0, room)) }
            @if let Some(below) = below {
                text x=(x + 44.0) y=(y + 34.0) font-size="26" fill=(SOFT) {
                    (fitted(below, 26.0, room))
                }
            }
        }
    }
}

/// What was new and what lasted, two lines at most.
fn foot(words: &Words, review: &Review) -> Markup {
    let sums = &review.sums;
    let found = review.discoveries.first().filter(|_| !review.begins_within());
    let found = found.map(|found| {
        let artists = words.count(sums.new_artists, "artist", "artists");
        format!("{artists} for the first time, most of all {}", found.artist)
    });
    let album = review.top.albums.first().map(|top| format!("Album: {}", top.album));
    let streak = review.longest_streak.filter(|streak| streak.days > 1);
    let streak = streak.map(|streak| format!("{} days in a row with music", streak.days));
    let lines: Vec<String> = [found, album, streak].into_iter().flatten().collect();
    html! {
        @for (place, line) in lines.iter().enumerate() {
            text x=(LEFT) y=(1206.0 + place as f64 * 50.0) font-size="32" fill=(INK) {
                (fitted(line, 32.0, RIGHT - LEFT))
            }
        }
    }
}

/// A text cut to what fits a width, as far as one can tell without the typeface that it will be in.
fn fitted(text: &str, size: f64, width: f64) -> String {
    let mut used = 0.0;
    let fits = |letter: char| {
        used += size * breadth(letter);
        used <= width
    };
    let kept = text
        .chars()
        .take_while({
            let mut fits = fits;
            move |letter| fits(*letter)
        })
        .count();
    if kept == text.chars().count() {
        return text.to_owned();
    }
    let short: String = text.chars().take(kept.saturating_sub(1)).collect();
    format!("{}…", short.trim_end())
}

/// How wide a letter is at most, as a share of the size of the type: as in DejaVu Sans Bold, which
/// is wider than most.
fn breadth(letter: char) -> f64 {
    match letter {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' => 0.0,
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{ffdc}' | '\u{1f000}'.. => 1.0,
        'W' | 'M' | 'w' | 'm' | '@' | '%' => 1.05,
        'i' | 'j' | 'l' | 'I' | ' ' | '.' | ',' | '\'' => 0.38,
        't' | 'f' | 'r' | '(' | ')' | '-' => 0.48,
        letter if letter.is_uppercase() => 0.78,
        _ => 0.69,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!(fitted("Short", 34.0, 300.0), "Short");
        let long = fitted("A name that goes on and on and on", 34.0, 300.0);
        assert!(long.ends_with('…') && long.chars().count() < 20, "{long}");
        assert_eq!(fitted("日本語の長い曲名です", 38.0, 120.0), "日本…");
        assert_eq!(fitted("", 38.0, 0.0), "");
    }
}
