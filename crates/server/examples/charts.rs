//! The charts of a made-up history as one page of HTML, to look at: `cargo run -p segue-server
//! --example charts > charts.html`.
#![allow(clippy::print_stdout, clippy::unwrap_used)] // what it draws is its output

use maud::{DOCTYPE, Markup, PreEscaped, html};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use segue_core::{AudioFeature, Listen, ListenerId, Source, Timestamp, Track, TrackId, WorkId};
use segue_engine::Index;
use segue_engine::history::{DatedPlays, Period, Review, ReviewRequest};
use segue_engine::taste::{PlaysLately, Tastes};
use segue_engine::{Catalogue, Profile};
use segue_server::page::charts;
use segue_server::page::words::Words;

const NOW_SECOND: i64 = 1_790_000_000;
const DAYS: i64 = 2_600;
const ARTISTS: [&str; 9] = [
    "Ada & the Looms",
    "The Grand Orchestra of Small Provincial Railways",
    "Bo",
    "Cinder",
    "Dust Choir",
    "Ellipsis",
    "Fjord",
    "Gilt <Edge>",
    "Hull",
];

fn main() {
    let mut rng = StdRng::seed_from_u64(3);
    let catalogue = Catalogue::from_tracks((0..900).map(|i| track(i, &mut rng)).collect());
    let listens: Vec<Listen> = (0..24_000).map(|_| listen(&mut rng)).collect();
    let plays = DatedPlays::from_listens(
        &catalogue,
        &listens,
        &jiff::tz::TimeZone::fixed(jiff::tz::offset(1)),
    );
    let profile = Profile::fold(&catalogue, ListenerId::new("ann"), &listens, []);
    let index = Index::build(&catalogue, [&profile]);
    let lately = PlaysLately::of(&plays, Timestamp::from_second(NOW_SECOND).unwrap());
    let tastes = Tastes::find(&catalogue, &index, &profile, &lately);
    let asked =
        ReviewRequest { period: Period::All, today: jiff::civil::date(2026, 9, 21), named: 20 };
    let drawn = Review::of(&catalogue, &plays, asked);
    let words = Words::default();
    let parts = [
        ("When you listen", charts::heat_map(&words, &drawn.heat_map, "UTC+1")),
        ("Month by month", charts::parts(&words, &drawn.parts, Period::All, drawn.last_day)),
        ("Eras by artist", charts::eras(&words, &drawn.eras, "artist")),
        ("Eras by taste", charts::eras(&words, &tastes.eras(&catalogue, &plays), "taste")),
        ("Discovery", charts::discovery(&words, &drawn.discovery)),
        ("Decades", charts::decades(&words, &drawn.decades)),
    ];
    let features = tastes.tastes.iter().map(|taste| (taste.name.as_str(), charts::features(taste)));
    println!(
        "{}",
        page(parts.into_iter().chain(features), charts::left_aside(&words, &drawn.left_aside))
            .into_string()
    );
}

fn page<'a>(
    parts: impl Iterator<Item = (&'a str, Option<Markup>)>,
    left_aside: Option<String>,
) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Charts" }
                style { (PreEscaped(include_str!("../assets/segue.css"))) }
            }
            body { main { section.charts {
                @for (name, chart) in parts {
                    @if let Some(chart) = chart { div.chart { h3 { (name) } (chart) } }
                }
                @if let Some(left_aside) = left_aside { p.small { (left_aside) } }
            } } }
        }
    }
}

/// Songs of a hundred artists, of whom the first few are named; every third artist is calm.
fn track(i: usize, rng: &mut impl Rng) -> Track {
    let artist = i / 9;
    let mut track = Track::new(
        TrackId::new(format!("t{i}")),
        WorkId::new(format!("t{i}")),
        format!("Song {i}"),
    );
    track.artists = vec![
        ARTISTS.get(artist).map_or_else(|| format!("Artist {artist}"), |name| (*name).to_owned()),
    ];
    track.year = (!i.is_multiple_of(17)).then(|| 1964 + (artist * 7 % 60) as u16);
    let is_calm = artist.is_multiple_of(3);
    let mut near = |calm: f32, loud: f32| {
        ((if is_calm { calm } else { loud }) + 0.3 * (rng.random::<f32>() - 0.5)).clamp(0.0, 1.0)
    };
    let sound = [
        (AudioFeature::Energy, near(0.2, 0.8)),
        (AudioFeature::Acousticness, near(0.8, 0.1)),
        (AudioFeature::Valence, near(0.3, 0.6)),
        (AudioFeature::Danceability, near(0.4, 0.6)),
        (AudioFeature::Instrumentalness, near(0.5, 0.0)),
        (AudioFeature::Speechiness, near(0.04, 0.1)),
        (AudioFeature::Liveness, near(0.1, 0.2)),
        (AudioFeature::Loudness, -20.0 + 14.0 * near(0.2, 0.9)),
        (AudioFeature::Tempo, 80.0 + 80.0 * near(0.2, 0.6)),
        (AudioFeature::DurationMs, 200_000.0),
    ];
    sound.into_iter().for_each(|(feature, value)| {
        track.features.set(feature, value);
    });
    track
}

/// Mostly evenings; favourites change from year to year, and new songs turn up on the way.
fn listen(rng: &mut impl Rng) -> Listen {
    let day = (DAYS as f64 * rng.random::<f64>().powf(0.8)) as i64;
    let hour = if rng.random_bool(0.7) {
        16.0 + 6.0 * rng.random::<f64>()
    } else {
        24.0 * rng.random::<f64>()
    };
    let second = NOW_SECOND - (DAYS - day) * 86_400 + (hour * 3_600.0) as i64 - 41_600;
    let artist = if rng.random_bool(0.3) { day / 300 } else { rng.random_range(0..4 + day / 30) };
    let song = artist * 9 + (9.0 * rng.random::<f64>().powi(2)) as i64;
    let at =
        if rng.random_bool(0.01) { None } else { Some(Timestamp::from_second(second).unwrap()) };
    let mut listen = Listen::new(
        ListenerId::new("ann"),
        TrackId::new(format!("t{song}")),
        at,
        Source::ListenBrainz,
    );
    listen.ms_played = rng.random_bool(0.9).then_some(200_000);
    listen.private_session = rng.random_bool(0.02);
    listen
}
