//! `segue history`: what was played in a week, a month, a year or ever.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_engine::history::{Period, Review, ReviewRequest};
use segue_server::page::words::Words;
use segue_server::picture;
use serde_json::json;

use crate::home::{Home, read_library};
use crate::terminal::{print_json, print_line, say, table};

const MS_PER_HOUR: f64 = 3_600_000.0;

/// Show what was played in a week, a month, a year or ever: the most played artists, songs and
/// albums, what was new, streaks.
///
/// What was skipped within half a minute is not counted. Days begin where the listener is: in the
/// time zone that they told the page, else in that of this machine (the variable TZ sets another).
/// A month that has not ended is compared with as many days of the one before.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue history                            this month
  segue history week
  segue history 2026                       a year in review
  segue history 2026 --picture 2026.png    the same as a picture to share, or .svg
  segue history all --top 50 --json
  segue history 2026-W48 --time-zone America/New_York")]
pub(crate) struct HistoryArgs {
    /// `week`, `month`, `year` or `all`, or one such as `2026-W48`, `2026-11` or `2026`.
    #[arg(default_value = "month")]
    period: String,
    /// Whose history [default: the only listener].
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// A time zone such as `Europe/Paris`, for this once.
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    time_zone: Option<TimeZone>,
    /// How many artists, songs, albums and discoveries are named.
    #[arg(long, default_value_t = 10, value_name = "N")]
    top: u16,
    /// Draw a picture instead, 1080 by 1350: `FILE.svg` or `FILE.png`. It names nobody.
    #[arg(long, value_name = "FILE", value_parser = picture_file, conflicts_with = "json")]
    picture: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("`{name}` is no time zone such as `Europe/Paris`"))
}

fn picture_file(path: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(path);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("svg" | "png") => Ok(path),
        _ => Err("a picture is a file that ends in `.svg` or `.png`".to_owned()),
    }
}

pub(crate) fn run(args: HistoryArgs, home: &Home) -> anyhow::Result<()> {
    let library = read_library(home)?;
    let listener = library.listener(args.listener.as_deref())?;
    let time_zone = match args.time_zone {
        Some(zone) => zone,
        None => segue::time_zone(library.store(), &listener)?,
    };
    let today = Timestamp::now().to_zoned(time_zone.clone()).date();
    let period = Period::parse(&args.period, today)?;
    let request = ReviewRequest { period, today, named: args.top.into() };
    let review = library.review(&listener, &time_zone, request)?;
    if let Some(path) = args.picture {
        let language = library.store().date_language(&listener)?;
        return draw(&Words::of(language.as_deref()), &review, &path);
    }
    if args.json {
        let time_zone = time_zone.iana_name();
        return print_json(&json!({"time_zone": time_zone, "review": review}));
    }
    print(&review)
}

fn draw(words: &Words, review: &Review, path: &Path) -> anyhow::Result<()> {
    let svg = picture::svg(words, review);
    let is_png = path.extension().is_some_and(|extension| extension == "png");
    let bytes = if is_png { picture::png(&svg)? } else { svg.into_bytes() };
    std::fs::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display()))?;
    say(&format!("drew `{}`", path.display()));
    Ok(())
}

fn print(review: &Review) -> anyhow::Result<()> {
    let sums = &review.sums;
    if sums.plays == 0 {
        bail!("nothing was played in {}{}", review.period, hint(review));
    }
    let time = match sums.ms_played {
        0 => String::new(),
        ms => format!(", {:.1} hours", ms as f64 / MS_PER_HOUR),
    };
    print_line(&format!(
        "{}: {} plays{time}, {} songs by {} artists on {} days",
        review.period, sums.plays, sums.songs, sums.artists, sums.days
    ))?;
    if let Some(before) = review.before.filter(|before| before.sums.plays > 0) {
        let (first, last, plays) = (before.first_day, before.last_day, before.sums.plays);
        print_line(&format!("before that, {first} to {last}: {plays} plays"))?;
    }
    if !review.begins_within() {
        let (songs, artists) = (sums.new_songs, sums.new_artists);
        print_line(&format!("heard for the first time: songs {songs}, artists {artists}"))?;
    }
    if let Some(streak) = review.longest_streak {
        let (days, first, last) = (streak.days, streak.first_day, streak.last_day);
        print_line(&format!("longest streak: {days} days, {first} to {last}"))?;
    }
    print_tables(review)?;
    if review.left_aside.skipped > 0 {
        say(&format!("not counted: {} skipped plays of all time", review.left_aside.skipped));
    }
    Ok(())
}

fn hint(review: &Review) -> &'static str {
    match review.first_day {
        Some(_) => "",
        None if review.last_day < *review.period.days().start() => ": it has not begun",
        None => ": the record does not reach back so far",
    }
}

fn print_tables(review: &Review) -> anyhow::Result<()> {
    let top = &review.top;
    let of = |artist: &Option<String>| artist.clone().unwrap_or_default();
    let artists = top.artists.iter().map(|top| (top.artist.clone(), String::new(), top.plays));
    let songs = top.tracks.iter().map(|top| (top.title.clone(), of(&top.artist), top.plays));
    let albums = top.albums.iter().map(|top| (top.album.clone(), of(&top.artist), top.plays));
    let discoveries = if review.begins_within() { &[][..] } else { &review.discoveries };
    let new = discoveries.iter().map(|found| {
        (found.artist.clone(), format!("{}, {}", found.first_day, found.title), found.plays)
    });
    print_table("artists", artists.collect())?;
    print_table("songs", songs.collect())?;
    print_table("albums", albums.collect())?;
    print_table("new artists", new.collect())
}

fn print_table(what: &str, lines: Vec<(String, String, u64)>) -> anyhow::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut rows = table(&["", what, "", "plays"]);
    for (place, (name, beside, plays)) in (1..).zip(lines) {
        rows.add_row([place.to_string(), name, beside, plays.to_string()]);
    }
    print_line(&format!("\n{rows}"))
}
