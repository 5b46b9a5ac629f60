//! A catalogue in which tracks arrive.
//!
//! Four in five are there from the beginning, the others are released one by one during the trial.
//! A release that is yet to come has no popularity in the catalogue: a number that says how well it
//! will do would be a look ahead. How popular it turns out to be is known to the listeners only.

mod chance;

use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rustc_hash::FxHashMap;
use segue_core::{Timestamp, TrackId};

pub use chance::{Chance, Purpose};

use super::community::{self, CommunityConfig, Point};
use segue_engine::{Catalogue, TrackIdx};

/// Number of genres that a world has.
pub const GENRES: usize = community::GENRES.len();
const SECONDS_PER_DAY: f64 = 86_400.0;

/// How large a world to draw, and over how many days its tracks come out.
#[derive(Clone, Debug)]
pub struct WorldConfig {
    /// Seed of everything.
    pub seed: u64,
    /// Artists, about ten tracks each.
    pub artists: usize,
    /// Days over which the releases are spread.
    pub days: u32,
    /// The moment at which day 0 begins.
    pub start: Timestamp,
}

/// A catalogue, when its tracks come out, and what is true of them.
#[derive(Debug)]
pub struct MadeUpWorld {
    /// The catalogue, tracks yet to come included.
    pub catalogue: Arc<Catalogue>,
    start: Timestamp,
    facts: Vec<Facts>,
    by_popularity: Vec<TrackIdx>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    point: Point,
    genre: usize,
    released_day: i32,
    /// Share of the tracks that are less popular.
    popularity: f32,
}

impl MadeUpWorld {
    /// Draws a world. Same config, same world.
    pub fn draw(config: &WorldConfig) -> Self {
        let songs = community::draw_catalogue(
            &CommunityConfig {
                seed: config.seed,
                listeners: 0,
                artists: config.artists,
                days: config.days,
                sessions: 0,
                start: config.start,
            },
            &mut ChaCha8Rng::seed_from_u64(config.seed),
        );
        let worst = (songs.len() as f32 - 1.0).max(1.0);
        let mut by_id: FxHashMap<TrackId, Facts> = FxHashMap::default();
        let mut tracks = Vec::with_capacity(songs.len());
        for (rank, song) in songs.into_iter().enumerate() {
            let facts = Facts {
                point: song.sound.point,
                genre: song.genre,
                released_day: if song.released_day == 0 {
                    i32::MIN
                } else {
                    song.released_day as i32
                },
                popularity: 1.0 - rank as f32 / worst,
            };
            by_id.insert(song.track.id.clone(), facts);
            let mut track = song.track;
            track.popularity = track.popularity.filter(|_| facts.released_day < 0);
            tracks.push(track);
        }
        let catalogue = Catalogue::from_tracks(tracks);
        let facts: Vec<Facts> =
            catalogue.rows().map(|row| by_id[&catalogue.track(row).id]).collect();
        let mut by_popularity: Vec<TrackIdx> = catalogue.rows().collect();
        by_popularity.sort_by(|a, b| {
            facts[b.0 as usize].popularity.total_cmp(&facts[a.0 as usize].popularity)
        });
        Self { catalogue: Arc::new(catalogue), start: config.start, facts, by_popularity }
    }

    /// Whether a track is out on a day; days before the trial are below 0.
    pub fn is_released(&self, track: TrackIdx, day: i32) -> bool {
        self.facts[track.0 as usize].released_day <= day
    }

    /// The tracks that are out on a day, in row order.
    pub fn released(&self, day: i32) -> Vec<TrackIdx> {
        self.catalogue.rows().filter(|&track| self.is_released(track, day)).collect()
    }

    /// A catalogue of what is out on a day and of nothing else: what a model may learn from.
    pub fn catalogue_of(&self, day: i32) -> Catalogue {
        let tracks =
            self.released(day).into_iter().map(|track| self.catalogue.track(track).clone());
        Catalogue::from_tracks(tracks.collect())
    }

    /// Share of the tracks that are less popular than this one, in truth.
    pub fn popularity(&self, track: TrackIdx) -> f32 {
        self.facts[track.0 as usize].popularity
    }

    /// The most popular first, releases yet to come included.
    pub fn by_popularity(&self) -> &[TrackIdx] {
        &self.by_popularity
    }

    /// The genre of a track, below [`GENRES`].
    pub fn genre(&self, track: TrackIdx) -> usize {
        self.facts[track.0 as usize].genre
    }

    /// Where a track truly lies in the community's space of sound.
    pub(super) fn point(&self, track: TrackIdx) -> &Point {
        &self.facts[track.0 as usize].point
    }

    /// The moment that lies so many days after the start, to the second.
    pub fn moment(&self, days: f64) -> Timestamp {
        let second = self.start.as_second() + (days * SECONDS_PER_DAY).round() as i64;
        Timestamp::from_second(second).expect("a trial lies within the range of a timestamp")
    }
}
