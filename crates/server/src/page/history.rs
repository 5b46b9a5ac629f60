//! `/history`: what was played in a week, a month, a year or ever, and `/history/plays`: every
//! play, latest first.
//!
//! A period has its address (`/history?period=2026-11`), so that it can be kept and gone back to.
//! Forms: [`urls::time_zone`] with `time_zone`, and [`urls::exclusions`] with a play.

use std::cmp::Ordering;
use std::collections::HashSet;

use jiff::civil::{Date, Time};
use maud::{Markup, Render, html};
use segue_core::TrackId;
use segue_engine::history::{
    DiscoveredArtist, LeftAside, Period, PeriodKind, Review, Streak, Sums,
};

use super::card::thumbnail;
use super::charts;
use super::icons::icon;
use super::layout::{Frame, page};
use super::urls;
use super::words::{self, Words, known};
use crate::picture;

/// So many of a list stand open; the rest is behind a press.
const OPEN: usize = 10;
/// Languages to choose from without knowing their tags.
const OFTEN_SPOKEN: [&str; 16] = [
    "en-GB", "en-US", "de", "fr", "es", "it", "pt-BR", "pt-PT", "nl", "sv", "pl", "tr", "uk", "ja",
    "ko", "zh-CN",
];
/// From a place below this nobody counts how far something rose.
const LOWEST: u32 = 50;

/// A period of a history, as its page shows it.
#[derive(Clone, Debug)]
pub struct HistoryView {
    /// What is shown.
    pub review: Review,
    /// Which day it is where the listener is: there is no way to a period that has not begun.
    pub today: Date,
    /// The name of the time zone in which days begin and hours are told.
    pub time_zone: String,
    /// The latest plays of all.
    pub latest: Vec<DayOfPlays>,
    /// Of the tracks that are most played or stand for albums those that may have covers.
    pub with_covers: HashSet<TrackId>,
}

/// The plays of a day, latest first.
#[derive(Clone, Debug, Default)]
pub struct DayOfPlays {
    /// The day; `None` for plays without a date.
    pub day: Option<Date>,
    /// Its plays, or as many of them as are on this page.
    pub plays: Vec<OnePlay>,
}

/// One play, as a line.
#[derive(Clone, Debug, Default)]
pub struct OnePlay {
    /// When it began; `None` where only the day is known.
    pub time: Option<Time>,
    /// The id of the track.
    pub track: String,
    /// Its title, shown as text and never read as markup.
    pub title: String,
    /// Its artists as credited.
    pub artists: Vec<String>,
    /// Whether the track may have a cover.
    pub has_cover: bool,
    /// What is to be said of the play, such as "skipped after 4 s".
    pub remark: Option<String>,
    /// Its time stamp, by which it can be taken out of the history; `None` for a play without one.
    pub stamp: Option<String>,
}

/// A page of plays.
#[derive(Clone, Debug, Default)]
pub struct PlaysView {
    /// The plays by day, latest first.
    pub days: Vec<DayOfPlays>,
    /// Where the page after this one goes on; `None` on the last.
    pub next: Option<String>,
    /// Whether the page is the first.
    pub is_first: bool,
}

/// The page of a period.
pub fn view(frame: &Frame, history: &HistoryView) -> Markup {
    let words = &frame.words;
    let review = &history.review;
    let title = title(words, review.period);
    let main = html! {
        div.page-head {
            h1 { (title) }
            (periods(words, history))
        }
        @if review.sums.plays == 0 {
            p.empty { (nothing(review)) }
        } @else {
            (figures(words, history))
            (most_played(words, history))
            (discoveries(words, review))
            (drawn(words, history))
            (share(frame, review))
        }
        (latest(frame, history))
        (footnotes(frame, history))
    };
    page(frame, &title, &main)
}

/// The period as a heading.
fn title(words: &Words, period: Period) -> String {
    match period {
        Period::Year(year) => format!("{year} in review"),
        Period::All => "All time".to_owned(),
        other => picture::title(words, other),
    }
}

/// The period as a link to it.
fn short(words: &Words, period: Period) -> String {
    match period {
        Period::Year(year) => year.to_string(),
        other => title(words, other),
    }
}

/// Kinds of periods, and the ways to the ones before and after.
fn periods(words: &Words, history: &HistoryView) -> Markup {
    let shown = history.review.period;
    // Another kind is that of the last day that is looked at.
    let day = history.review.last_day.max(*shown.days().start());
    let begins = history.review.first_day == Some(*shown.days().start());
    let before = shown.before().filter(|_| begins);
    let after = shown.after().filter(|after| *after.days().start() <= history.today);
    html! {
        nav.periods aria-label="Period" {
            @for kind in PeriodKind::ALL.into_iter().rev() {
                @let period = Period::containing(kind, day);
                @let is_shown = (kind == shown.kind()).then_some("page");
                a href=(urls::history(period)) aria-current=[is_shown] { (kind_name(kind)) }
            }
            span.steps {
                @if let Some(before) = before {
                    a rel="prev" href=(urls::history(before)) { "‹ " (short(words, before)) }
                }
                @if let Some(after) = after {
                    a rel="next" href=(urls::history(after)) { (short(words, after)) " ›" }
                }
            }
        }
    }
}

fn kind_name(kind: PeriodKind) -> &'static str {
    match kind {
        PeriodKind::Week => "Week",
        PeriodKind::Month => "Month",
        PeriodKind::Year => "Year",
        PeriodKind::All => "All time",
    }
}

fn nothing(review: &Review) -> &'static str {
    match review.first_day {
        Some(_) => "Nothing was played.",
        None => "Your record does not reach back so far.",
    }
}

/// What it comes to, and how that compares.
fn figures(words: &Words, history: &HistoryView) -> Markup {
    let review = &history.review;
    let sums = &review.sums;
    html! {
        p.lead { (span(words, review, history.today)) (compared(words, review)) }
        dl.sums {
            (figure(words.grouped(sums.plays), "plays"))
            @if sums.ms_played >= 60_000 {
                (figure(words.duration(sums.ms_played), time_name(sums)))
            }
            (figure(words.grouped(sums.songs), "songs"))
            @if sums.new_songs > 0 && !review.begins_within() {
                (figure(words.grouped(sums.new_songs), "songs for the first time"))
            }
            (figure(words.grouped(sums.artists), "artists"))
            @if sums.albums > 0 { (figure(words.grouped(sums.albums), "albums")) }
            @if let Some(streak) = review.longest_streak.filter(|streak| streak.days > 1) {
                (figure(
                    words.count(streak.days.into(), "day", "days"), streak_name(words, &streak)
                ))
            }
            @if let Some(busy) = &review.busiest_day {
                @let when = html! { "on " (words.marked_day(busy.day)) ", the busiest day" };
                (figure(words.count(busy.plays, "play", "plays"), &when))
            }
        }
        @if let Some(streak) =
            review.current_streak.filter(|streak| streak.days > 1 && is_now(history))
        {
            p {
                "You have played something on each of the last "
                (words.count(streak.days.into(), "day", "days")) "."
            }
        }
    }
}

fn figure(value: String, name: impl Render) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn time_name(sums: &Sums) -> &'static str {
    if sums.plays_without_time > 0 { "where the length is known" } else { "of listening" }
}

fn streak_name(words: &Words, streak: &Streak) -> Markup {
    html! { "in a row, until " (words.marked_day(streak.last_day)) }
}

/// Whether today is part of what is shown.
fn is_now(history: &HistoryView) -> bool {
    history.review.last_day == history.today
}

/// From when to when, in a sentence.
fn span(words: &Words, review: &Review, today: Date) -> Markup {
    let begins = review.first_day.filter(|_| review.begins_within());
    let day = |day: Date| words.marked_day(day);
    html! {
        @match (begins, review.goes_on(), review.period) {
            (Some(begins), _, Period::All) => {
                "Since " (day(begins)) ", when your record begins."
            },
            (Some(begins), _, _) => { "From " (day(begins)) " on, when your record begins." },
            (None, true, _) => { "Up to " (day(review.last_day.min(today))) "." },
            (None, false, _) => {},
        }
    }
}

/// The change against the period before.
fn compared(words: &Words, review: &Review) -> Markup {
    let Some(before) = review.before.filter(|before| before.sums.plays > 0) else {
        return html! {};
    };
    let (now, then) = (review.sums.plays as f64, before.sums.plays as f64);
    let whole = review.period.before().filter(|period| *period.days().end() == before.last_day);
    let against = match whole {
        Some(period) => html! { "in " (short(words, period)) },
        None => {
            let (first, last) =
                (words.marked_day(before.first_day), words.marked_day(before.last_day));
            html! { "from " (first) " to " (last) }
        }
    };
    let change = (now / then - 1.0).abs();
    let change = match now.total_cmp(&then) {
        Ordering::Equal => "As many plays as".to_owned(),
        _ if change < 0.005 => "About as many plays as".to_owned(),
        Ordering::Greater if now >= 3.0 * then => {
            format!("{:.0} times as many plays as", now / then)
        }
        Ordering::Greater => format!("{} more plays than", words::percent(change)),
        Ordering::Less => format!("{} fewer plays than", words::percent(change)),
    };
    html! { " " (change) " " (against) "." }
}

/// A line of a list of the most played.
struct TopLine {
    /// Its sleeve, in a list in which some have covers.
    sleeve: Option<Markup>,
    name: Markup,
    below: Option<Markup>,
    plays: u64,
    place_before: Option<u32>,
}

fn most_played(words: &Words, history: &HistoryView) -> Markup {
    let review = &history.review;
    let artist = |name: &String| html! { a href=(urls::artist(name)) { (name) } };
    let sleeve = |track: &TrackId, whose: Option<&String>, name: &str| {
        let has_cover = history.with_covers.contains(track);
        let sleeve = || thumbnail(track.as_str(), whose.map_or(name, String::as_str), has_cover);
        (!history.with_covers.is_empty()).then(sleeve)
    };
    let top = &review.top;
    let artists = top.artists.iter().map(|top| TopLine {
        sleeve: None,
        name: artist(&top.artist),
        below: None,
        plays: top.plays,
        place_before: top.place_before,
    });
    let songs = top.tracks.iter().map(|top| TopLine {
        sleeve: sleeve(&top.track, top.artist.as_ref(), &top.title),
        name: html! { a href=(urls::track(top.track.as_str())) { (top.title) } },
        below: top.artist.as_ref().map(artist),
        plays: top.plays,
        place_before: top.place_before,
    });
    let albums = top.albums.iter().map(|top| TopLine {
        sleeve: sleeve(&top.track, top.artist.as_ref(), &top.album),
        name: html! { a href=(urls::track(top.track.as_str())) { (top.album) } },
        below: top.artist.as_ref().map(artist),
        plays: top.plays,
        place_before: top.place_before,
    });
    let is_compared = review.before.is_some_and(|before| before.sums.plays > 0);
    html! {
        section.tops aria-labelledby="tops-title" {
            h2 #tops-title { "Most played" }
            (list(words, "Artists", artists.collect(), is_compared))
            (list(words, "Songs", songs.collect(), is_compared))
            (list(words, "Albums", albums.collect(), is_compared))
        }
    }
}

fn list(words: &Words, heading: &str, entries: Vec<TopLine>, is_compared: bool) -> Markup {
    let (open, folded) = entries.split_at(entries.len().min(OPEN));
    html! {
        @if !entries.is_empty() {
            div.top {
                h3 { (heading) }
                ol {
                    @for (place, entry) in open.iter().enumerate() {
                        (line(words, place + 1, entry, is_compared))
                    }
                }
                @if !folded.is_empty() {
                    details {
                        summary {
                            (words.count(folded.len() as u64, "more", "more"))
                            span.unseen { " " (heading) }
                        }
                        ol start=(OPEN + 1) {
                            @for (place, entry) in folded.iter().enumerate() {
                                (line(words, OPEN + place + 1, entry, is_compared))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn line(words: &Words, place: usize, entry: &TopLine, is_compared: bool) -> Markup {
    html! {
        li {
            span.place aria-hidden="true" { (place) }
            @if let Some(sleeve) = &entry.sleeve { (sleeve) }
            span.about { (entry.name) @if let Some(below) = &entry.below { small { (below) } } }
            span.plays {
                (words.count(entry.plays, "play", "plays"))
                @if is_compared { (change(words, place as u32, entry.place_before)) }
            }
        }
    }
}

/// How far up or down since the period before.
fn change(words: &Words, place: u32, before: Option<u32>) -> Markup {
    let steps = |from: u32, to: u32| words.count((from - to).into(), "place", "places");
    html! {
        small.change {
            @match before {
                None => { span.rose { "new" } },
                // Below fifty, where a play or two decide, places say nothing.
                Some(before) if before > LOWEST => {
                    span.rose {
                        span aria-hidden="true" { "▲" }
                        span.unseen { "up from below place " (LOWEST) }
                    }
                },
                Some(before) if before > place => {
                    span.rose {
                        span aria-hidden="true" { "▲ " (before - place) }
                        span.unseen { "up " (steps(before, place)) }
                    }
                },
                Some(before) if before < place => {
                    span aria-hidden="true" { "▼ " (place - before) }
                    span.unseen { "down " (steps(place, before)) }
                },
                Some(_) => { span aria-hidden="true" { "=" } span.unseen { "as before" } },
            }
        }
    }
}

/// Artists heard for the first time.
fn discoveries(words: &Words, review: &Review) -> Markup {
    let found = &review.discoveries;
    let sums = &review.sums;
    html! {
        @if !found.is_empty() && !review.begins_within() {
            section aria-labelledby="found-title" {
                h2 #found-title { "Heard for the first time" }
                p {
                    (words.count(sums.new_artists, "artist", "artists")) " and "
                    (words.count(sums.new_songs, "song", "songs"))
                    ", as far as your record reaches back."
                }
                ul.found { @for artist in found.iter().take(OPEN) { (discovered(words, artist)) } }
            }
        }
    }
}

fn discovered(words: &Words, found: &DiscoveredArtist) -> Markup {
    html! {
        li {
            a href=(urls::artist(&found.artist)) { (found.artist) }
            " " span {
                (words.count(found.plays, "play", "plays")) ", first on "
                (words.marked_day(found.first_day)) " with "
                a href=(urls::track(found.track.as_str())) { (found.title) }
            }
        }
    }
}

/// The charts; one by one, each with its table.
fn drawn(words: &Words, history: &HistoryView) -> Markup {
    let review = &history.review;
    let parts = charts::parts(words, &review.parts, review.period, review.last_day);
    // A week of seven days is no pattern of weeks.
    let is_week = review.period.kind() == PeriodKind::Week;
    let week =
        (!is_week).then(|| charts::heat_map(words, &review.heat_map, &history.time_zone)).flatten();
    let slots = [
        ("How much", parts),
        ("When you listen", week),
        ("Eras", charts::eras(words, &review.eras, "artist")),
        ("Discovery", charts::discovery(words, &review.discovery)),
        ("Decades", charts::decades(words, &review.decades)),
    ];
    html! {
        section.charts aria-labelledby="charts-title" {
            h2 #charts-title { "In charts" }
            @for (name, chart) in slots {
                @if let Some(chart) = chart { div.chart { h3 { (name) } (chart) } }
            }
        }
    }
}

/// The picture, and the ways to keep it.
fn share(frame: &Frame, review: &Review) -> Markup {
    let words = &frame.words;
    let listener = frame.listener.as_deref().unwrap_or_default();
    let svg = urls::picture(listener, review.period, "svg");
    let png = urls::picture(listener, review.period, "png");
    html! {
        section.share aria-labelledby="share-title" {
            h2 #share-title { "To share" }
            img src=(svg) width="1080" height="1350" loading="lazy"
                alt={ (title(words, review.period)) ": a picture of what is on this page" };
            div {
                p { "It is made here and sent nowhere. It does not say whose it is." }
                p.actions {
                    a.button.primary href=(png) download={ "segue-" (review.period) ".png" } {
                        "Picture (PNG)"
                    }
                    a.button href=(svg) download={ "segue-" (review.period) ".svg" } {
                        "Drawing (SVG)"
                    }
                }
            }
        }
    }
}

fn latest(frame: &Frame, history: &HistoryView) -> Markup {
    html! {
        @if !history.latest.is_empty() {
            section aria-labelledby="latest-title" {
                h2 #latest-title { "Played last" }
                (days(frame, &history.latest, |day| html! { h3.day { (day) } }))
                p { a.more href="/history/plays" { "Every play" } }
            }
        }
    }
}

/// Plays under their days; `heading` makes a heading of a day.
fn days(frame: &Frame, days: &[DayOfPlays], heading: impl Fn(&Markup) -> Markup) -> Markup {
    let words = &frame.words;
    let have_covers = days.iter().flat_map(|day| &day.plays).any(|play| play.has_cover);
    html! {
        @for day in days {
            (heading(&day_name(words, day.day)))
            ol.plays { @for play in &day.plays {
                li {
                    time lang=[words.lang()] {
                        @if let Some(time) = play.time { (words.time(time)) }
                    }
                    @if have_covers { (sleeve(play)) }
                    span.about {
                        a href=(urls::track(&play.track)) { (play.title) }
                        " " span { (super::card::credits(&play.artists)) }
                    }
                    small { @if let Some(remark) = &play.remark { (remark) } }
                    @if let Some(stamp) = &play.stamp { (removal(frame, play, stamp)) }
                }
            } }
        }
    }
}

fn sleeve(play: &OnePlay) -> Markup {
    thumbnail(&play.track, play.artists.first().unwrap_or(&play.title), play.has_cover)
}

fn day_name(words: &Words, day: Option<Date>) -> Markup {
    html! {
        @if let Some(day) = day {
            time datetime=(day) lang=[words.lang()] { (words.weekday_and_day(day)) }
        } @else { "Without a date" }
    }
}

/// The button that takes a play out: that was somebody else, or nobody.
fn removal(frame: &Frame, play: &OnePlay, stamp: &str) -> Markup {
    let words = &frame.words;
    html! {
        form method="post" action=(urls::exclusions(frame.listener.as_deref().unwrap_or_default()))
        {
            input type="hidden" name="back" value=(urls::local(&frame.here));
            input type="hidden" name="kind" value="play";
            input type="hidden" name="value" value=(play.track);
            input type="hidden" name="from" value=(stamp);
            button.quiet type="submit" title="Not me: take it out" {
                (icon("cross"))
                span.unseen {
                    "Not me, take it out: " (play.title)
                    @if let Some(time) = play.time { ", " (words.time(time)) }
                }
            }
        }
    }
}

/// What is not counted, and whose clock it is.
fn footnotes(frame: &Frame, history: &HistoryView) -> Markup {
    let words = &frame.words;
    html! {
        section.footnotes aria-labelledby="notes-title" {
            h2.unseen #notes-title { "Notes" }
            @if let Some(aside) = left_aside(words, &history.review.left_aside) {
                p.small { (aside) }
            }
            p.small data-zoned="" {
                "Days and hours are those of " strong { (history.time_zone) }
                ", and dates are written as "
                (words.marked_day(history.today)) "."
            }
            details {
                summary { "Another time zone" }
                form.opens method="post"
                    action=(urls::time_zone(frame.listener.as_deref().unwrap_or_default()))
                {
                    input type="hidden" name="back" value=(urls::local(&frame.here));
                    label for="zone" { "The nearest large city, as Continent/City" }
                    div.joined {
                        input #zone type="text" name="time_zone" required maxlength="60"
                            placeholder="Europe/Paris" autocomplete="off" spellcheck="false";
                        button type="submit" { "Use it" }
                    }
                }
            }
            (ways_to_write(frame, history.today))
        }
    }
}

/// How dates can be written, for whoever wants them otherwise.
fn ways_to_write(frame: &Frame, today: Date) -> Markup {
    let words = &frame.words;
    html! {
        details {
            summary { "Dates in another language" }
            form.opens method="post"
                action=(urls::date_language(frame.listener.as_deref().unwrap_or_default()))
            {
                input type="hidden" name="back" value=(urls::local(&frame.here));
                label for="date-language" {
                    "Its tag, such as en-US, de or pt-BR; sentences stay English"
                }
                div.joined {
                    input #date-language type="text" name="date_language" required maxlength="35"
                        value=(words.tag()) list="date-languages" autocomplete="off"
                        spellcheck="false" autocapitalize="off";
                    button type="submit" { "Use it" }
                }
                datalist #date-languages {
                    @for known in OFTEN_SPOKEN.iter().filter_map(|tag| known(tag)) {
                        option value=(known.tag()) {
                            (known.day(today)) ", " (known.grouped(12_345))
                        }
                    }
                }
            }
        }
    }
}

fn left_aside(words: &Words, aside: &LeftAside) -> Option<String> {
    charts::left_aside(words, aside).map(|aside| format!("{aside} They stay in your history."))
}

/// The page of every play.
pub fn view_plays(frame: &Frame, plays: &PlaysView) -> Markup {
    let main = html! {
        div.page-head { h1 { "Every play" } p.lead { "The latest first, skips included." } }
        @if plays.days.is_empty() { p.empty { "Nothing was played." } }
        (days(frame, &plays.days, |day| html! { h2.day { (day) } }))
        p.actions {
            a.button href="/history" { "History" }
            @if !plays.is_first { a.button href="/history/plays" { "The latest" } }
            @if let Some(next) = &plays.next {
                a.button.primary rel="next" href=(urls::plays_before(next)) { "Earlier" }
            }
        }
    };
    page(frame, "Every play", &main)
}
