//! One person's scrobbles over years: what models of the next track are developed on where only a
//! single history is at hand.
//!
//! **What there is.** Artists of four moods, each with a few albums of 7 to 13 tracks. How much the
//! person can like an artist, and each track of it, is log-normal; a few artists belong to a
//! season.
//!
//! **What is in rotation.** Every week brings albums and single tracks that the person did not
//! know, more in the first weeks. A new track starts hot, and its heat halves every two weeks or
//! so, for each track at a rate of its own. Favourites come back by chance, a few every week; now
//! and then there is a binge on one artist. How eagerly a track is wanted is its liking times its
//! heat and a floor: the floor keeps thousands of known tracks alive, each of them rarely played.
//!
//! **When it is played.** Days have a rhythm by weekday, weeks an activity that drifts, and some
//! weeks are quiet. Sessions begin in the morning, in working hours or in the evening, each with
//! moods of its own, and have gaps between them. One session in five plays albums in their order;
//! the others draw tracks, and nothing again so soon.
//!
//! Real histories are not copied: the constants were set so that weekly lists of 30 tracks do as
//! well as on a real person's five years (`docs/measurements.md` has the figures).

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal, Poisson};
use segue_core::Timestamp;

use super::names;

/// Who is drawn, and over how long: the settings of a made-up history of years, with habits,
/// seasons and binges.
#[derive(Clone, Copy, Debug)]
pub struct PersonConfig {
    /// Seed of everything: same seed, same history.
    pub seed: u64,
    /// First day of the history, at midnight where the person lives.
    pub start: Timestamp,
    /// Number of days; five years are 1,826.
    pub days: usize,
    /// Plays of a mean day, in sessions of about eleven.
    pub plays_per_day: f64,
}

impl Default for PersonConfig {
    /// Five years from the first of January 2020, with some 35,000 plays.
    fn default() -> Self {
        let start = Timestamp::constant(1_577_836_800, 0);
        Self { seed: 1, start, days: 1_826, plays_per_day: 21.0 }
    }
}

/// A play as a scrobbler reports it: when it began, and what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scrobble {
    /// When the track began.
    pub started_at: Timestamp,
    /// Name of the artist.
    pub artist: String,
    /// Title of the album.
    pub album: String,
    /// Title of the track.
    pub track: String,
}

/// Moods that artists and parts of the day have.
const MOODS: usize = 4;
/// Artists that the person may come across.
const ARTISTS: usize = 750;
/// Spread of the liking of artists, and of the tracks of an artist, as logarithms.
const ARTIST_SPREAD: f64 = 0.7;
const TRACK_SPREAD: f64 = 0.55;
/// Share of the artists that belong to a season of the year.
const SEASONAL: f64 = 0.12;
/// How much more such an artist is wanted in its season.
const SEASON_GAIN: f64 = 4.0;
/// Days within which heat halves, at the median, and their spread as a logarithm.
const HALF_LIFE_DAYS: f64 = 14.0;
const HALF_LIFE_SPREAD: f64 = 0.5;
/// How much a known track is wanted without any heat.
const FLOOR: f64 = 0.045;
/// Heat of a new track, of one that comes back, of a binge, and of each play.
const HEAT_NEW: f64 = 1.0;
const HEAT_BACK: f64 = 1.0;
const HEAT_BINGE: f64 = 1.5;
const HEAT_PLAY: f64 = 0.04;
/// Per week: new albums, new single tracks, favourites that come back, and the chance of a binge.
const NEW_ALBUMS: f64 = 1.1;
const NEW_TRACKS: f64 = 6.0;
const COME_BACK: f64 = 12.0;
const BINGE: f64 = 0.2;
/// Weeks of settling in, and how much more is new then.
const FIRST_WEEKS: usize = 6;
const FIRST_GAIN: f64 = 5.0;
/// Chance that a week is quiet, and how much is played then.
const QUIET: f64 = 0.06;
const QUIET_ACTIVITY: f64 = 0.08;
/// Share of sessions that play albums through, and the chance to stop after each of its tracks.
const ALBUM_SESSIONS: f64 = 0.2;
const ALBUM_STOP: f64 = 0.07;
/// Mean plays of a session.
const SESSION_PLAYS: f64 = 11.0;
/// How much a track is wanted again within so many hours.
const SATED_HOURS: f64 = 20.0;
const SATED: f64 = 0.06;
/// How much a track is wanted in a mood that is not its own.
const OTHER_MOOD: f64 = 0.35;
/// Sessions by weekday from Monday, 1 at the mean.
const WEEKDAYS: [f64; 7] = [1.05, 1.1, 1.1, 1.05, 1.15, 0.75, 0.8];
/// First hour, hours, share of sessions on working days and at weekends, and mood of parts of the
/// day.
const DAYPARTS: [(f64, f64, f64, f64, usize); 4] = [
    (7.0, 1.5, 0.25, 0.1, 0),
    (9.5, 6.0, 0.4, 0.25, 1),
    (14.0, 5.0, 0.05, 0.35, 3),
    (19.0, 4.0, 0.3, 0.3, 2),
];
const DAY_S: f64 = 86_400.0;

struct Artist {
    name: String,
    mood: usize,
    liking: f64,
    /// Day of the year on which it is wanted most.
    season: Option<f64>,
    albums: Vec<Album>,
}

struct Album {
    title: String,
    tracks: Vec<usize>,
}

struct Song {
    title: String,
    artist: usize,
    album: usize,
    liking: f64,
    duration_s: f64,
    half_life_days: f64,
    /// Heat at the time `warmed`; it halves from there.
    heat: f64,
    warmed: f64,
    known: bool,
    played: f64,
}

impl Song {
    fn heat_at(&self, day: f64) -> f64 {
        self.heat * (-(day - self.warmed) / self.half_life_days).exp2()
    }

    fn warm(&mut self, day: f64, by: f64) {
        (self.heat, self.warmed) = (self.heat_at(day) + by, day);
    }
}

/// The history of one person, oldest play first.
///
/// ```
/// use segue_lab::simulation::person::{PersonConfig, scrobbles};
///
/// let config = PersonConfig { days: 60, ..PersonConfig::default() };
/// let history = scrobbles(&config);
/// assert!(history.len() > 500);
/// assert_eq!(history, scrobbles(&config), "same seed, same history");
/// ```
pub fn scrobbles(config: &PersonConfig) -> Vec<Scrobble> {
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    let mut person = Person::draw(&mut rng);
    let mut plays = Vec::new();
    let (mut activity, mut free_from) = (1.0, 0.0);
    for day in 0..config.days {
        if day.is_multiple_of(7) {
            person.new_week(day, &mut rng);
            activity = next_activity(activity, &mut rng);
        }
        let quiet = if person.quiet { QUIET_ACTIVITY } else { 1.0 };
        let weekday = weekday(config, day);
        let mean = config.plays_per_day / SESSION_PLAYS * activity * quiet * WEEKDAYS[weekday];
        for (begin, mood) in sessions(mean, weekday > 4, &mut rng) {
            let begin = f64::max(day as f64 + begin / 24.0, free_from);
            free_from = person.session(begin, mood, &mut plays, &mut rng) + 0.02;
        }
    }
    plays.into_iter().map(|(day, song)| person.scrobble(config, day, song)).collect()
}

/// Monday is 0.
fn weekday(config: &PersonConfig, day: usize) -> usize {
    // The first of January 1970 was a Thursday.
    (config.start.as_second().div_euclid(86_400) + 3 + day as i64).rem_euclid(7) as usize
}

/// Drifts around one, week by week.
fn next_activity(activity: f64, rng: &mut ChaCha8Rng) -> f64 {
    let drawn = log_normal(1.0, 0.1, rng);
    activity.powf(0.8) * drawn
}

/// When the sessions of a day begin, in hours, and in which mood.
fn sessions(mean: f64, weekend: bool, rng: &mut ChaCha8Rng) -> Vec<(f64, usize)> {
    let number = poisson(mean, rng);
    let share = |part: &(f64, f64, f64, f64, usize)| if weekend { part.3 } else { part.2 };
    let mut begun: Vec<(f64, usize)> = (0..number)
        .map(|_| {
            let part = DAYPARTS.choose_weighted(rng, share).expect("shares are positive");
            (part.0 + part.1 * rng.random::<f64>(), part.4)
        })
        .collect();
    begun.sort_by(|a, b| a.0.total_cmp(&b.0));
    begun
}

struct Person {
    artists: Vec<Artist>,
    songs: Vec<Song>,
    quiet: bool,
}

impl Person {
    fn draw(rng: &mut ChaCha8Rng) -> Self {
        let (mut artists, mut songs) = (Vec::new(), Vec::new());
        for artist in 0..ARTISTS {
            let liking = log_normal(1.0, ARTIST_SPREAD, rng);
            let season = rng.random_bool(SEASONAL).then(|| rng.random_range(0.0..365.0));
            let mut albums = Vec::new();
            for album in 0..rng.random_range(1..=4) {
                let tracks = (0..rng.random_range(7..=13)).map(|_| {
                    songs.push(Song {
                        title: names::title(rng),
                        artist,
                        album,
                        liking: log_normal(liking, TRACK_SPREAD, rng),
                        duration_s: log_normal(225.0, 0.25, rng),
                        half_life_days: log_normal(HALF_LIFE_DAYS, HALF_LIFE_SPREAD, rng),
                        heat: 0.0,
                        warmed: 0.0,
                        known: false,
                        played: f64::NEG_INFINITY,
                    });
                    songs.len() - 1
                });
                let tracks = tracks.collect();
                albums.push(Album { title: names::title(rng), tracks });
            }
            let mood = rng.random_range(0..MOODS);
            artists.push(Artist { name: names::artist(rng), mood, liking, season, albums });
        }
        Self { artists, songs, quiet: false }
    }

    /// What a week brings: discoveries, favourites that come back, perhaps a binge.
    fn new_week(&mut self, day: usize, rng: &mut ChaCha8Rng) {
        let gain = if day < 7 * FIRST_WEEKS { FIRST_GAIN } else { 1.0 };
        let day = day as f64;
        self.quiet = rng.random_bool(QUIET);
        for _ in 0..poisson(NEW_ALBUMS * gain, rng) {
            let artist = self.artists.choose_weighted(rng, |artist| artist.liking);
            let artist = artist.expect("likings are positive");
            let album = artist.albums.choose(rng).expect("every artist has an album");
            for &song in &album.tracks {
                meet(&mut self.songs[song], day);
            }
        }
        for _ in 0..poisson(NEW_TRACKS * gain, rng) {
            let song = rng.random_range(0..self.songs.len());
            meet(&mut self.songs[song], day);
        }
        let known: Vec<usize> = (0..self.songs.len()).filter(|&at| self.songs[at].known).collect();
        for _ in 0..poisson(COME_BACK, rng) {
            if let Ok(&song) = known.choose_weighted(rng, |&song| self.songs[song].liking) {
                self.songs[song].warm(day, HEAT_BACK);
            }
        }
        if rng.random_bool(BINGE)
            && let Ok(&song) = known.choose_weighted(rng, |&song| self.songs[song].liking)
        {
            let artist = self.songs[song].artist;
            for song in self.songs.iter_mut().filter(|song| song.known && song.artist == artist) {
                song.warm(day, HEAT_BINGE);
            }
        }
    }
}

/// A track becomes known, hot.
fn meet(song: &mut Song, day: f64) {
    if !song.known {
        song.known = true;
        song.warm(day, HEAT_NEW);
    }
}

impl Person {
    /// Plays one session from `begin`, in days, and returns when it ends.
    fn session(
        &mut self,
        begin: f64,
        mood: usize,
        plays: &mut Vec<(f64, usize)>,
        rng: &mut ChaCha8Rng,
    ) -> f64 {
        let mut at = begin;
        let wanted = 1 + poisson(log_normal(SESSION_PLAYS - 2.0, 0.5, rng), rng);
        let in_albums = rng.random_bool(ALBUM_SESSIONS);
        let mut left = wanted;
        while left > 0 {
            let Some(song) = self.want(at, mood, rng) else { return at };
            let queue = if in_albums { self.album_of(song, rng) } else { vec![song] };
            for song in queue.into_iter().take(left) {
                plays.push((at, song));
                let song = &mut self.songs[song];
                song.known = true;
                song.warm(at, HEAT_PLAY);
                song.played = at;
                at += (song.duration_s + rng.random_range(0.0..6.0)) / DAY_S;
                left -= 1;
            }
        }
        at
    }

    /// The track that is wanted now; `None` before anything is known.
    fn want(&self, day: f64, mood: usize, rng: &mut ChaCha8Rng) -> Option<usize> {
        let known: Vec<(usize, f64)> = self
            .songs
            .iter()
            .enumerate()
            .filter(|(_, song)| song.known)
            .map(|(at, song)| (at, self.eagerness(song, day, mood)))
            .collect();
        known.choose_weighted(rng, |(_, eagerness)| *eagerness).ok().map(|(at, _)| *at)
    }

    fn eagerness(&self, song: &Song, day: f64, mood: usize) -> f64 {
        let artist = &self.artists[song.artist];
        let apart = |season: f64| {
            let days = (day - season).rem_euclid(365.25);
            days.min(365.25 - days)
        };
        let season = match artist.season.map(apart) {
            Some(days) if days < 21.0 => SEASON_GAIN,
            _ => 1.0,
        };
        let mood = if artist.mood == mood { 1.0 } else { OTHER_MOOD };
        let sated = if (day - song.played) * 24.0 < SATED_HOURS { SATED } else { 1.0 };
        song.liking * (song.heat_at(day) + FLOOR * season) * mood * sated
    }

    /// The album of a track from its first track on, as far as the person listens.
    fn album_of(&self, song: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let Song { artist, album, .. } = self.songs[song];
        let tracks = &self.artists[artist].albums[album].tracks;
        let stop = tracks.iter().position(|_| rng.random_bool(ALBUM_STOP));
        tracks[..stop.map_or(tracks.len(), |last| last + 1)].to_vec()
    }

    fn scrobble(&self, config: &PersonConfig, day: f64, song: usize) -> Scrobble {
        let song = &self.songs[song];
        let artist = &self.artists[song.artist];
        let second = config.start.as_second() + (day * DAY_S) as i64;
        Scrobble {
            started_at: Timestamp::from_second(second).unwrap_or(Timestamp::MAX),
            artist: artist.name.clone(),
            album: artist.albums[song.album].title.clone(),
            track: song.title.clone(),
        }
    }
}

fn log_normal(median: f64, spread: f64, rng: &mut ChaCha8Rng) -> f64 {
    median * LogNormal::new(0.0, spread).expect("the spread is finite").sample(rng)
}

fn poisson(mean: f64, rng: &mut ChaCha8Rng) -> usize {
    Poisson::new(mean.max(1e-9)).expect("the mean is positive").sample(rng) as usize
}
