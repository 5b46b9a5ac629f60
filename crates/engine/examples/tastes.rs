//! How well planted tastes are found, how little one more like changes, and how long it takes; and
//! what a history of half a million rows costs.
//!
//! Made up: likes around one to six points of the space of sound among 2,000 other tracks. Real,
//! with the `spotify_songs.csv` of tidytuesday as argument: the likes of a listener are tracks of
//! one to four subgenres drawn at random, each of another genre, and genres are given or withheld.
//! `cargo run --release -p segue-engine --example tastes [-- spotify_songs.csv]`.
#![allow(clippy::print_stdout, clippy::unwrap_used)] // what it measures is its output

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use jiff::tz::TimeZone;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use segue_core::{AudioFeature, Listen, ListenerId, Source, Timestamp, Track, TrackId, WorkId};
use segue_engine::Index;
use segue_engine::history::{DatedPlays, Period, Review, ReviewRequest};
use segue_engine::policy::draw::generator;
use segue_engine::taste::{PlaysLately, Tastes};
use segue_engine::{Catalogue, Profile, TrackIdx};

const SEEDS: u64 = 100;
const NOW_SECOND: i64 = 1_790_000_000;

/// The axes that tastes differ in, and their lowest and highest values.
const SOUND: [(AudioFeature, f32, f32); 9] = [
    (AudioFeature::Danceability, 0.0, 1.0),
    (AudioFeature::Energy, 0.0, 1.0),
    (AudioFeature::Loudness, -25.0, -2.0),
    (AudioFeature::Speechiness, 0.0, 1.0),
    (AudioFeature::Acousticness, 0.0, 1.0),
    (AudioFeature::Instrumentalness, 0.0, 1.0),
    (AudioFeature::Liveness, 0.0, 1.0),
    (AudioFeature::Valence, 0.0, 1.0),
    (AudioFeature::Tempo, 70.0, 180.0),
];

/// A listener whose tastes are known.
struct Case {
    catalogue: Catalogue,
    liked: Vec<(TrackIdx, usize)>,
}

fn main() {
    println!(
        "planted in {SEEDS} seeds | likes | spread | right number | tastes found | ARI [95 %] | \
         ARI after one more like | ms"
    );
    for planted in [1, 2, 4, 6] {
        for (likes, spread) in [(30, 0.1), (120, 0.1), (120, 0.2), (120, 0.3), (1_000, 0.2)] {
            let cases = |seed: u64| made_up(planted, likes, spread, &mut generator(seed));
            report(
                &format!("{planted} | {likes} | {spread}"),
                planted,
                if likes < 1_000 { SEEDS } else { 20 },
                cases,
            );
        }
    }
    if let Some(path) = std::env::args().nth(1) {
        let songs = Songs::read(&path);
        for half in [0, 1] {
            for genres in [Genres::Given, Genres::Withheld] {
                println!("subgenres, half {half}, genres {genres:?}");
                for planted in [1, 2, 3, 4] {
                    let seeds = 1_000 * (half as u64 + 1);
                    let cases =
                        |seed: u64| songs.case(half, planted, genres, &mut generator(seeds + seed));
                    report(&format!("{planted} | {} | –", planted * 40), planted, SEEDS, cases);
                }
            }
        }
    }
    time_a_history();
}

fn report(name: &str, planted: usize, seeds: u64, case: impl Fn(u64) -> Case) {
    let mut agreements = Vec::new();
    let mut stabilities = Vec::new();
    let (mut right, mut found, mut milliseconds) = (0, 0, 0.0);
    for seed in 0..seeds {
        let case = case(seed);
        let started = Instant::now();
        let places = case.places(None);
        milliseconds += started.elapsed().as_secs_f64() * 1_000.0 / seeds as f64;
        let count = places.iter().collect::<BTreeSet<_>>().len();
        found += count;
        right += usize::from(count == planted);
        let truth: Vec<usize> = case.liked.iter().map(|(_, taste)| *taste).collect();
        agreements.push(adjusted_rand_index(&truth, &places));
        let others: Vec<TrackIdx> = case
            .catalogue
            .rows()
            .filter(|row| case.liked.iter().all(|(liked, _)| liked != row))
            .collect();
        let another = *others.choose(&mut generator(seed)).unwrap();
        stabilities.push(adjusted_rand_index(&places, &case.places(Some(another))));
    }
    let (mean, half) = interval(&agreements);
    let (stability, half_stability) = interval(&stabilities);
    println!(
        "{name} | {right} of {seeds} | {:.2} | {mean:.3} ±{half:.3} | \
         {stability:.3} ±{half_stability:.3} | {milliseconds:.0}",
        found as f64 / seeds as f64
    );
}

fn interval(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, 1.96 * (variance / count).sqrt())
}

impl Case {
    /// The taste found for each like, with one more like or without.
    fn places(&self, another: Option<TrackIdx>) -> Vec<usize> {
        let rows = self.liked.iter().map(|(row, _)| *row).chain(another);
        let now = Timestamp::from_second(NOW_SECOND).unwrap();
        let listens: Vec<Listen> =
            rows.map(|row| listen(self.catalogue.track(row).id.clone(), now)).collect();
        let profile = Profile::fold(&self.catalogue, ListenerId::new("someone"), &listens, []);
        let index = Index::build(&self.catalogue, []);
        let tastes = Tastes::find(&self.catalogue, &index, &profile, &PlaysLately::new(now));
        let place = |(row, _): &(TrackIdx, usize)| {
            tastes.of_work(self.catalogue.work(*row)).map_or(9, |taste| taste)
        };
        self.liked.iter().map(place).collect()
    }
}

fn listen(track: TrackId, at: Timestamp) -> Listen {
    Listen {
        ms_played: Some(200_000),
        ..Listen::new(ListenerId::new("someone"), track, at, Source::ListenBrainz)
    }
}

/// Tastes whose centres differ in at least three features; `spread` is the standard deviation of a
/// taste as a share of the whole range.
fn made_up(planted: usize, likes: usize, spread: f32, rng: &mut impl Rng) -> Case {
    let mut centres: Vec<[f32; 9]> = Vec::new();
    while centres.len() < planted {
        let centre: [f32; 9] = std::array::from_fn(|_| [0.25, 0.75][rng.random_range(0..2)]);
        let far = |other: &[f32; 9]| {
            centre.iter().zip(other).filter(|(a, b)| (*a - *b).abs() > 0.4).count() >= 3
        };
        if centres.iter().all(far) {
            centres.push(centre);
        }
    }
    let mut tracks: Vec<Track> = (0..2_000)
        .map(|i| {
            track(
                format!("other {i}"),
                rng.random_range(0..400),
                std::array::from_fn(|_| rng.random()),
            )
        })
        .collect();
    let mut truth = BTreeMap::new();
    for i in 0..likes {
        let taste = i % planted;
        let artist = rng.random_range(0..20)
            + if rng.random_bool(0.3) { 1_000 } else { 2_000 + 100 * taste };
        let mut noise = || (0..4).map(|_| rng.random::<f32>() - 0.5).sum::<f32>() * spread * 1.73;
        let track =
            track(format!("liked {i}"), artist, centres[taste].map(|centre| centre + noise()));
        truth.insert(track.id.clone(), taste);
        tracks.push(track);
    }
    Case::new(tracks, &truth)
}

fn track(name: String, artist: usize, sound: [f32; 9]) -> Track {
    let mut track = Track::new(TrackId::new(name.as_str()), WorkId::new(name.as_str()), name);
    track.artists = vec![format!("Artist {artist}")];
    for ((feature, low, high), share) in SOUND.into_iter().zip(sound) {
        track.features.set(feature, low + (high - low) * share.clamp(0.0, 1.0));
    }
    track
}

impl Case {
    fn new(tracks: Vec<Track>, truth: &BTreeMap<TrackId, usize>) -> Self {
        let catalogue = Catalogue::from_tracks(tracks);
        let liked = truth.iter().map(|(id, taste)| (catalogue.find(id).unwrap(), *taste)).collect();
        Self { catalogue, liked }
    }
}

/// Whether the genre of a song may be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Genres {
    Given,
    Withheld,
}

/// The songs of a table of playlists.
struct Songs {
    tracks: Vec<Track>,
    /// Songs by subgenre, and its genre.
    subgenres: Vec<(String, Vec<TrackId>)>,
}

impl Songs {
    fn read(path: &str) -> Self {
        let mut reader = csv::Reader::from_path(path).unwrap();
        let headers = reader.headers().unwrap().clone();
        let mut tracks = BTreeMap::new();
        let mut subgenres: BTreeMap<String, (String, BTreeSet<TrackId>)> = BTreeMap::new();
        for row in reader.records() {
            let row = row.unwrap();
            let get = |name: &str| &row[headers.iter().position(|header| header == name).unwrap()];
            let id = TrackId::new(get("track_id"));
            let mut track = Track::new(id.clone(), WorkId::new(get("track_id")), get("track_name"));
            track.artists = vec![get("track_artist").to_owned()];
            track.genre = Some(get("playlist_genre").to_owned());
            for (feature, _, _) in SOUND {
                track.features.set(feature, get(feature.name()).parse().unwrap());
            }
            let subgenre = subgenres.entry(get("playlist_subgenre").to_owned()).or_default();
            subgenre.0 = get("playlist_genre").to_owned();
            subgenre.1.insert(id.clone());
            tracks.insert(id, track);
        }
        let subgenres = subgenres
            .into_values()
            .map(|(genre, songs)| (genre, songs.into_iter().collect()))
            .collect();
        Self { tracks: tracks.into_values().collect(), subgenres }
    }

    /// Forty likes of each of some subgenres, of one half of the subgenres or the other.
    fn case(&self, half: usize, planted: usize, genres: Genres, rng: &mut impl Rng) -> Case {
        let mut chosen: Vec<&(String, Vec<TrackId>)> = Vec::new();
        let halves: Vec<&(String, Vec<TrackId>)> =
            self.subgenres.iter().skip(half).step_by(2).collect();
        while chosen.len() < planted {
            let subgenre = *halves.choose(rng).unwrap();
            if chosen.iter().all(|other| other.0 != subgenre.0) {
                chosen.push(subgenre);
            }
        }
        let mut truth = BTreeMap::new();
        for (taste, (_, songs)) in chosen.iter().enumerate() {
            songs.sample(rng, 40).for_each(|song| {
                truth.insert(song.clone(), taste);
            });
        }
        let mut tracks = self.tracks.clone();
        if genres == Genres::Withheld {
            tracks.iter_mut().for_each(|track| track.genre = None);
        }
        Case::new(tracks, &truth)
    }
}

/// How far two partitions agree beyond chance, 1 for the same (Hubert and Arabie, 1985).
fn adjusted_rand_index(left: &[usize], right: &[usize]) -> f64 {
    let twos = |count: usize| (count * count.saturating_sub(1) / 2) as f64;
    let count = |test: &dyn Fn(usize) -> bool| twos((0..left.len()).filter(|&i| test(i)).count());
    let (mut both, mut own_left, mut own_right) = (0.0, 0.0, 0.0);
    for a in 0..10 {
        own_left += count(&|i| left[i] == a);
        own_right += count(&|i| right[i] == a);
        both += (0..10).map(|b| count(&|i| left[i] == a && right[i] == b)).sum::<f64>();
    }
    let expected = own_left * own_right / twos(left.len());
    let most = (own_left + own_right) / 2.0;
    if most == expected { 1.0 } else { (both - expected) / (most - expected) }
}

/// Half a million plays over ten years of 20,000 songs.
fn time_a_history() {
    let mut rng = generator(1);
    let tracks = (0..20_000)
        .map(|i| track(format!("song {i}"), i / 8, std::array::from_fn(|_| rng.random())))
        .collect();
    let catalogue = Catalogue::from_tracks(tracks);
    let listens: Vec<Listen> = (0..500_000)
        .map(|_| {
            let song = (20_000.0 * rng.random::<f64>().powi(3)) as usize;
            let at = Timestamp::from_second(NOW_SECOND - rng.random_range(0..315_360_000)).unwrap();
            listen(TrackId::new(format!("song {song}")), at)
        })
        .collect();
    let started = Instant::now();
    let plays = DatedPlays::from_listens(&catalogue, &listens, &TimeZone::UTC);
    let read = started.elapsed().as_millis();
    let today = jiff::civil::date(2026, 9, 21);
    let asked = ReviewRequest { period: Period::All, today, named: 20 };
    let review = Review::of(&catalogue, &plays, asked);
    let drawn = started.elapsed().as_millis() - read;
    println!(
        "500,000 plays: {read} ms to read, {drawn} ms for all charts, {} eras",
        review.eras.len()
    );
    let profile = Profile::fold(&catalogue, ListenerId::new("someone"), &listens, []);
    let index = Index::build(&catalogue, []);
    let started = Instant::now();
    let lately = PlaysLately::of(&plays, Timestamp::from_second(NOW_SECOND).unwrap());
    let tastes = Tastes::find(&catalogue, &index, &profile, &lately);
    println!(
        "{} likes: {} tastes in {} ms",
        tastes.likes,
        tastes.tastes.len(),
        started.elapsed().as_millis()
    );
}
