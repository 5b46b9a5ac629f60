//! A community of listeners drawn from a documented generative model.
//!
//! **Catalogue.** Eight genres, each a point in a latent sound space: the logits of seven audio
//! features in 0..1, loudness and tempo, all in units of their spread. An artist is a genre plus
//! `N(0, 0.5²)` in every dimension, a track is its artist plus `N(0, 0.5²)`. Popularity follows
//! Zipf's law over tracks, one track in forty has a remaster or a live version, and one in five is
//! released while the community is listening.
//!
//! **Taste.** A listener has one to three tastes, each a genre's point plus `N(0, 0.4²)`, and an
//! affinity `N(0, 0.7²)` to each artist. With `d²` the mean squared distance of a track to the
//! nearest taste, the listener likes the track with probability `sigmoid_f32(2.2 - 2.4 d² +
//! affinity)`. This is the truth that [`MadeUpCommunity::likes`] gives.
//!
//! **Sessions.** Sessions of 6 to 18 plays arrive at random over the period; listeners arrive over
//! its first half. A play is a repeat of something finished before, a track near a taste, or a
//! popular track. A liked track is played to its end (and one time in fifteen liked outright); one
//! that is not is skipped, mostly within 30 seconds. A session ends in a logout in the middle of a
//! track half the time, and one in fifty is private.

use segue_engine::vector::sigmoid_f32;
use std::fmt::Write as _;

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rustc_hash::FxHashMap;
use segue_core::{
    AudioFeature, EndReason, Feedback, FeedbackKind, FeedbackTarget, Listen, ListenerId, Moment,
    Source, StartReason, Timestamp, Track, TrackId, Version, WorkId,
};

use super::names;

pub(super) const DIMENSIONS: usize = 9;
pub(super) type Point = [f32; DIMENSIONS];

/// Features behind the first seven dimensions, as logits.
const UNIT_FEATURES: [AudioFeature; 7] = [
    AudioFeature::Danceability,
    AudioFeature::Energy,
    AudioFeature::Speechiness,
    AudioFeature::Acousticness,
    AudioFeature::Instrumentalness,
    AudioFeature::Liveness,
    AudioFeature::Valence,
];

/// A genre: typical values of [`UNIT_FEATURES`], loudness in dB and tempo in beats per minute.
pub(super) const GENRES: [(&str, [f32; 7], f32, f32); 8] = [
    ("ambient", [0.25, 0.15, 0.04, 0.85, 0.90, 0.10, 0.15], -20.0, 90.0),
    ("classical", [0.30, 0.20, 0.04, 0.95, 0.85, 0.12, 0.30], -19.0, 105.0),
    ("folk", [0.50, 0.35, 0.04, 0.75, 0.05, 0.12, 0.45], -11.0, 115.0),
    ("jazz", [0.55, 0.35, 0.05, 0.80, 0.45, 0.13, 0.55], -13.0, 112.0),
    ("hip hop", [0.78, 0.65, 0.25, 0.18, 0.01, 0.17, 0.50], -6.5, 100.0),
    ("house", [0.75, 0.82, 0.06, 0.05, 0.60, 0.14, 0.45], -7.0, 124.0),
    ("pop", [0.65, 0.70, 0.07, 0.20, 0.01, 0.16, 0.58], -5.5, 118.0),
    ("metal", [0.40, 0.95, 0.10, 0.02, 0.15, 0.20, 0.30], -5.0, 138.0),
];

/// How large a community to draw. The fields are counts, except `seed`.
#[derive(Clone, Debug)]
pub struct CommunityConfig {
    /// Seed of everything.
    pub seed: u64,
    /// Listeners.
    pub listeners: usize,
    /// Artists, about ten tracks each.
    pub artists: usize,
    /// Days that the histories span.
    pub days: u32,
    /// Mean sessions of a listener over the whole period.
    pub sessions: usize,
    /// First day.
    pub start: Timestamp,
}

/// One listener's taste and what came of it.
#[derive(Clone, Debug)]
pub struct MadeUpHistory {
    /// Who.
    pub listener: ListenerId,
    /// Plays in order of time.
    pub listens: Vec<Listen>,
    /// Explicit likes and bans in order of time.
    pub feedback: Vec<Feedback>,
    tastes: Vec<Point>,
    affinity_seed: u64,
}

/// A catalogue and the histories of everybody in it.
#[derive(Clone, Debug)]
pub struct MadeUpCommunity {
    /// The catalogue.
    pub tracks: Vec<Track>,
    /// One history per listener.
    pub histories: Vec<MadeUpHistory>,
    sounds: FxHashMap<TrackId, Sound>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Sound {
    pub(super) point: Point,
    artist: u32,
}

impl MadeUpCommunity {
    /// Draws a community. Same config, same community.
    ///
    /// ```
    /// use segue_core::Timestamp;
    /// use segue_lab::simulation::community::{MadeUpCommunity, CommunityConfig};
    ///
    /// let config = CommunityConfig {
    ///     seed: 7,
    ///     listeners: 3,
    ///     artists: 12,
    ///     days: 20,
    ///     sessions: 5,
    ///     start: Timestamp::UNIX_EPOCH,
    /// };
    /// let (one, again) = (MadeUpCommunity::draw(&config), MadeUpCommunity::draw(&config));
    /// assert_eq!(one.histories.len(), 3);
    /// assert_eq!(one.histories[2].listens, again.histories[2].listens);
    /// ```
    pub fn draw(config: &CommunityConfig) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        let songs = draw_catalogue(config, &mut rng);
        let histories =
            (0..config.listeners).map(|i| draw_history(config, i, &songs, &mut rng)).collect();
        let sounds = songs.iter().map(|song| (song.track.id.clone(), song.sound)).collect();
        let tracks = songs.into_iter().map(|song| song.track).collect();
        Self { tracks, histories, sounds }
    }

    /// The true probability that a listener likes a track; `None` for a track of another catalogue.
    pub fn likes(&self, history: &MadeUpHistory, track: &TrackId) -> Option<f32> {
        self.sounds.get(track).map(|sound| likes(&history.tastes, history.affinity_seed, sound))
    }
}

pub(super) struct Song {
    pub(super) track: Track,
    pub(super) sound: Sound,
    pub(super) genre: usize,
    pub(super) released_day: u32,
}

/// The songs, the most popular first; one in five is released within the period, the others before
/// it.
pub(super) fn draw_catalogue(config: &CommunityConfig, rng: &mut ChaCha8Rng) -> Vec<Song> {
    let mut songs = Vec::new();
    for artist in 0..config.artists as u32 {
        let genre = rng.random_range(0..GENRES.len());
        let centre = around(&genre_point(genre), 0.5, rng);
        let name = names::artist(rng);
        let year = rng.random_range(1968..2025);
        for number in 0..rng.random_range(4..=16) {
            let sound = Sound { point: around(&centre, 0.5, rng), artist };
            let track = draw_track(&name, GENRES[genre].0, year + number / 4, &sound.point, rng);
            let is_new = rng.random_bool(0.2);
            let released_day = if is_new { rng.random_range(0..config.days) } else { 0 };
            if rng.random_bool(1.0 / 40.0) {
                songs.push(Song {
                    track: another_version(&track, rng),
                    sound,
                    genre,
                    released_day,
                });
            }
            songs.push(Song { track, sound, genre, released_day });
        }
    }
    rank_by_popularity(&mut songs, rng);
    songs
}

/// Zipf's law with exponent 1 over a random order, on a logarithmic scale from 0 to 1.
fn rank_by_popularity(songs: &mut [Song], rng: &mut ChaCha8Rng) {
    use rand::seq::SliceRandom;
    songs.shuffle(rng);
    let worst = (songs.len() as f32).ln().max(1.0);
    for (rank, song) in songs.iter_mut().enumerate() {
        song.track.popularity = Some(1.0 - ((rank + 1) as f32).ln() / worst);
    }
}

fn draw_track(artist: &str, genre: &str, year: u16, point: &Point, rng: &mut ChaCha8Rng) -> Track {
    let title = names::title(rng);
    let work = WorkId::new(format!("{artist}\u{1f}{title}"));
    let mut track = Track::new(spotify_id(rng), work, title);
    track.artists = vec![artist.to_owned()];
    track.album = Some(format!("{} {year}", artist));
    track.genre = Some(genre.to_owned());
    track.year = Some(year);
    for (dimension, feature) in UNIT_FEATURES.into_iter().enumerate() {
        track.features.set(feature, sigmoid_f32(point[dimension]));
    }
    track.features.set(AudioFeature::Loudness, (point[7] * 4.0 - 10.0).clamp(-60.0, 0.0));
    track.features.set(AudioFeature::Tempo, (point[8] * 20.0 + 115.0).clamp(50.0, 220.0));
    track.features.set(AudioFeature::Key, rng.random_range(0..12) as f32);
    track.features.set(
        AudioFeature::Mode,
        f32::from(u8::from(rng.random_bool(0.5 + 0.2 * f64::from(sigmoid_f32(point[6]))))),
    );
    track.features.set(AudioFeature::DurationMs, rng.random_range(140_000..320_000) as f32);
    track.features.set(AudioFeature::TimeSignature, if rng.random_bool(0.93) { 4.0 } else { 3.0 });
    track
}

fn another_version(track: &Track, rng: &mut ChaCha8Rng) -> Track {
    let (version, suffix) = if rng.random_bool(0.5) {
        (Version::Remaster, "2020 Remaster")
    } else {
        (Version::Live, "Live")
    };
    Track {
        id: spotify_id(rng),
        version,
        title: format!("{} - {suffix}", track.title),
        ..track.clone()
    }
}

fn spotify_id(rng: &mut ChaCha8Rng) -> TrackId {
    const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut id = String::from("spotify:track:");
    for _ in 0..22 {
        id.push(char::from(*BASE62.choose(rng).expect("not empty")));
    }
    TrackId::new(id)
}

pub(super) fn genre_point(genre: usize) -> Point {
    let (_, unit, loudness_db, tempo_bpm) = GENRES[genre];
    let mut point = [0.0; DIMENSIONS];
    for (slot, value) in point.iter_mut().zip(unit) {
        *slot = (value / (1.0 - value)).ln();
    }
    point[7] = (loudness_db + 10.0) / 4.0;
    point[8] = (tempo_bpm - 115.0) / 20.0;
    point
}

pub(super) fn around(centre: &Point, spread: f32, rng: &mut impl Rng) -> Point {
    centre.map(|x| {
        let noise: f32 = StandardNormal.sample(rng);
        x + spread * noise
    })
}

fn likes(tastes: &[Point], affinity_seed: u64, sound: &Sound) -> f32 {
    let distance = |taste: &Point| {
        let squares = taste.iter().zip(&sound.point).map(|(a, b)| (a - b) * (a - b));
        squares.sum::<f32>() / DIMENSIONS as f32
    };
    let nearest = tastes.iter().map(distance).fold(f32::INFINITY, f32::min);
    sigmoid_f32(2.2 - 2.4 * nearest + affinity(affinity_seed, sound.artist))
}

/// The listener's affinity to an artist, the same whenever it is asked for.
fn affinity(affinity_seed: u64, artist: u32) -> f32 {
    let mut rng = ChaCha8Rng::seed_from_u64(affinity_seed ^ (u64::from(artist) << 20));
    let noise: f32 = StandardNormal.sample(&mut rng);
    0.7 * noise
}

fn draw_history(
    config: &CommunityConfig,
    number: usize,
    songs: &[Song],
    rng: &mut ChaCha8Rng,
) -> MadeUpHistory {
    let mut name = String::new();
    write!(name, "listener-{:02}", number + 1).expect("writing to a string cannot fail");
    let listener = ListenerId::new(name);
    let genres: Vec<usize> =
        (0..rng.random_range(1..=3)).map(|_| rng.random_range(0..GENRES.len())).collect();
    let tastes = genres.iter().map(|&genre| around(&genre_point(genre), 0.4, rng)).collect();
    let mut history = MadeUpHistory {
        listener: listener.clone(),
        listens: Vec::new(),
        feedback: Vec::new(),
        tastes,
        affinity_seed: rng.random(),
    };
    let near: Vec<usize> = (0..songs.len()).filter(|&i| genres.contains(&songs[i].genre)).collect();
    let first_day = if number == 0 { 0 } else { rng.random_range(0..config.days.div_ceil(2)) };
    let count = rng.random_range(config.sessions / 2..=config.sessions * 3 / 2);
    let mut starts: Vec<u32> =
        (0..count).map(|_| rng.random_range(first_day * 86_400..config.days * 86_400)).collect();
    starts.sort_unstable();
    let start_ms = config.start.as_millisecond();
    let mut listening =
        Listening { songs, near: &near, finished: Vec::new(), start_ms, clock_ms: 0, rng };
    for second in starts {
        listening.clock_ms = listening.clock_ms.max(i64::from(second) * 1000);
        listening.session(&mut history);
    }
    history
}

/// One listener while their sessions are drawn.
struct Listening<'a> {
    songs: &'a [Song],
    near: &'a [usize],
    finished: Vec<usize>,
    start_ms: i64,
    /// Milliseconds since the start of the period.
    clock_ms: i64,
    rng: &'a mut ChaCha8Rng,
}

impl Listening<'_> {
    fn session(&mut self, history: &mut MadeUpHistory) {
        let today = (self.clock_ms / 86_400_000) as u32;
        let private_session = self.rng.random_bool(0.02);
        let plays = self.rng.random_range(6..=18);
        let logout = self.rng.random_bool(0.5);
        for play in 0..plays {
            let Some(chosen) = self.choose(today) else { return };
            let song = &self.songs[chosen];
            let duration_ms =
                song.track.duration_ms().expect("every song is drawn with a duration");
            let liked = self.rng.random_bool(f64::from(likes(
                &history.tastes,
                history.affinity_seed,
                &song.sound,
            )));
            let (ms_played, end_reason) = if play + 1 == plays && logout {
                (self.rng.random_range(1_000..duration_ms), EndReason::Logout)
            } else if liked {
                (duration_ms, EndReason::Finished)
            } else if self.rng.random_bool(0.75) {
                (self.rng.random_range(1_500..30_000), EndReason::SkippedForward)
            } else {
                (self.rng.random_range(30_000..duration_ms / 2), EndReason::SkippedForward)
            };
            // exports stamp whole seconds
            self.clock_ms = (self.clock_ms + i64::from(ms_played) + 1_999) / 1000 * 1000;
            let at = Timestamp::from_millisecond(self.start_ms + self.clock_ms)
                .expect("the period is within the range of a timestamp");
            history.listens.push(Listen {
                moment: Moment::Ended,
                ms_played: Some(ms_played),
                start_reason: StartReason::PreviousFinished,
                end_reason,
                skipped: Some(end_reason == EndReason::SkippedForward),
                private_session,
                ..Listen::new(
                    history.listener.clone(),
                    song.track.id.clone(),
                    at,
                    Source::SpotifyExtended,
                )
            });
            self.say(history, chosen, end_reason, at);
        }
    }

    fn choose(&mut self, day: u32) -> Option<usize> {
        for _ in 0..50 {
            let chosen = match self.rng.random_range(0..100) {
                0..35 => self.finished.choose(self.rng).copied(),
                35..75 => self.near.choose(self.rng).copied(),
                // Zipf's law over the order of popularity
                _ => {
                    Some(((self.songs.len() as f32).powf(self.rng.random::<f32>()) - 1.0) as usize)
                }
            };
            if let Some(chosen) = chosen.filter(|&i| self.songs[i].released_day <= day) {
                return Some(chosen);
            }
        }
        None
    }

    fn say(
        &mut self,
        history: &mut MadeUpHistory,
        chosen: usize,
        end_reason: EndReason,
        at: Timestamp,
    ) {
        let kind = match end_reason {
            EndReason::Finished => {
                self.finished.push(chosen);
                self.rng.random_bool(1.0 / 15.0).then_some(FeedbackKind::Like)
            }
            EndReason::SkippedForward => {
                self.rng.random_bool(1.0 / 40.0).then_some(FeedbackKind::Ban)
            }
            _ => None,
        };
        history.feedback.extend(kind.map(|kind| Feedback {
            listener: history.listener.clone(),
            target: FeedbackTarget::Track(self.songs[chosen].track.id.clone()),
            kind,
            at: Some(at),
            source: Source::SpotifyExtended,
        }));
    }
}
