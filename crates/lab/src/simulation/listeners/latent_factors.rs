//! Listeners with one direction in a latent space of genres and artists; how tracks sound plays no
//! part.
//!
//! Genres are neighbours in a graph, and their vectors are what a random walk on it leaves of
//! random ones. An artist is a genre and a part of its own, a track its artist and a small part of
//! its own, all brought to length 1. With `u` the listener's vector, the log-odds of playing a
//! track `v` to its end are `-0.8 + 3.4 u·v + 0.5 q + conformity (popularity - ½) + novelty [artist
//! unknown] + 0.35 ln(1 + n) - hunger - wear - 0.03 place`, `q ~ N(0, 1)` being a quality on which
//! all agree, `n` the plays to the end, at most 8 of them counted, `place` that in the session.
//!
//! **Traits** differ: `conformity ~ N(0.6, 0.6²)`, `novelty ~ N(-0.1, 0.5²)`, patience, habit.
//! **Satiation** has two states for every genre (Leqi et al. 2021 have a continuous one; Kapoor et
//! al. 2015 found states in listening logs): each play turns hunger to satiety with probability
//! .15, each night brings it back with .6; a satiated genre costs 1.2. **Wear** of a work is a
//! power law as in ACT-R (Anderson & Schooler 1991): `0.9 ln(1 + Σ_plays (age + 0.3)^-0.8)`.
//! **Drift** is both: `u` is pulled to an aim, which moves to a neighbouring genre once in fifty
//! days, and to what was just played to its end (1 % of the way): who hears other things comes to
//! like other things. **Late reward**: a mood carries over a day's satisfaction with the mix, and
//! habit and mood decide whether they come tomorrow. After skips in a row they leave: the rest of
//! the mix is not heard.

use segue_engine::vector::dot;
use std::sync::Arc;

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rustc_hash::FxHashMap;
use segue_core::FeedbackKind;

use super::{Listener, Occasion, SimulatedReaction};
use crate::simulation::world::{Chance, GENRES, MadeUpWorld, Purpose};
use segue_engine::{ArtistIdx, TrackIdx, WorkIdx};

const FACTORS: usize = 6;
type Vector = [f64; FACTORS];

/// Which genres border on which, in the order of the community's: ambient, classical, folk, jazz,
/// hip hop, house, pop, metal.
const BORDERS: [&[usize]; GENRES] =
    [&[1, 5], &[0, 2, 3], &[1, 3, 6], &[1, 2, 4], &[3, 5, 6], &[0, 4, 6], &[2, 4, 5, 7], &[6]];
/// A mood that neither draws nor deters.
const EXPECTED: f64 = 0.5;
const MOST_FINISHED_COUNTED: u32 = 8;

/// What all listeners of a world have in common.
struct Scene {
    world: Arc<MadeUpWorld>,
    genres: Vec<Vector>,
    tracks: Vec<Vector>,
    qualities: Vec<f64>,
    /// Tracks by genre, in row order.
    by_genre: Vec<Vec<TrackIdx>>,
}

/// Draws the listeners of one scene.
pub(super) fn draw(
    world: &Arc<MadeUpWorld>,
    seed: u64,
    chances: impl Iterator<Item = Chance>,
) -> Vec<Box<dyn Listener>> {
    let scene = Arc::new(Scene::draw(world, seed));
    chances
        .map(|chance| Box::new(LatentFactors::new(&scene, chance)) as Box<dyn Listener>)
        .collect()
}

impl Scene {
    fn draw(world: &Arc<MadeUpWorld>, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(1);
        let catalogue = &world.catalogue;
        let raw: Vec<Vector> = (0..GENRES).map(|_| normal(&mut rng)).collect();
        let walked = |genre: usize| {
            let borders = BORDERS[genre].iter().map(|&other| scaled(raw[other], 0.4));
            unit(borders.fold(raw[genre], sum))
        };
        let genres: Vec<Vector> = (0..GENRES).map(walked).collect();
        let mut artists: FxHashMap<ArtistIdx, Vector> = FxHashMap::default();
        let mut works: FxHashMap<WorkIdx, (Vector, f64)> = FxHashMap::default();
        let (mut tracks, mut qualities, mut by_genre) =
            (Vec::new(), Vec::new(), vec![Vec::new(); GENRES]);
        for row in catalogue.rows() {
            let genre = world.genre(row);
            by_genre[genre].push(row);
            let artist = catalogue.artist(row).expect("every track of a world has an artist");
            let artist = *artists
                .entry(artist)
                .or_insert_with(|| unit(sum(genres[genre], own(0.75, &mut rng))));
            let (track, quality) = *works.entry(catalogue.work(row)).or_insert_with(|| {
                (unit(sum(artist, own(0.4, &mut rng))), StandardNormal.sample(&mut rng))
            });
            tracks.push(track);
            qualities.push(quality);
        }
        Self { world: Arc::clone(world), genres, tracks, qualities, by_genre }
    }
}

fn normal(rng: &mut ChaCha8Rng) -> Vector {
    std::array::from_fn(|_| StandardNormal.sample(rng))
}

/// A random part of about that length.
fn own(length: f64, rng: &mut ChaCha8Rng) -> Vector {
    scaled(normal(rng), length / (FACTORS as f64).sqrt())
}

fn scaled(a: Vector, by: f64) -> Vector {
    a.map(|x| x * by)
}

fn sum(a: Vector, b: Vector) -> Vector {
    std::array::from_fn(|i| a[i] + b[i])
}

fn unit(a: Vector) -> Vector {
    scaled(a, 1.0 / dot(&a, &a).sqrt().max(1e-9))
}

/// `a`, a share of the way to `b`.
fn towards(a: Vector, b: Vector, share: f64) -> Vector {
    unit(sum(scaled(a, 1.0 - share), scaled(b, share)))
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// One of them.
#[derive(Clone)]
struct LatentFactors {
    scene: Arc<Scene>,
    chance: Chance,
    traits: Traits,
    taste: Vector,
    aim: Vector,
    aimed_genre: usize,
    satiated: [bool; GENRES],
    works: FxHashMap<WorkIdx, Plays>,
    known_artists: Vec<bool>,
    /// Tracks played to their end, one entry a play.
    finished: Vec<TrackIdx>,
    mood: f64,
    session: Session,
}

#[derive(Clone, Copy)]
struct Traits {
    habit: f64,
    conformity: f64,
    novelty: f64,
    impatience: f64,
}

#[derive(Clone, Default)]
struct Plays {
    at: Vec<f64>,
    finished: u32,
}

#[derive(Clone, Copy, Default)]
struct Session {
    is_mix: bool,
    plays: u32,
    enjoyment: f64,
    skips_in_a_row: u32,
}

impl LatentFactors {
    fn new(scene: &Arc<Scene>, chance: Chance) -> Self {
        let mut rng = chance.of(Purpose::Nature, 0, 0);
        let mut trait_of = |mean: f64, deviation: f64| -> f64 {
            let noise: f64 = StandardNormal.sample(&mut rng);
            mean + deviation * noise
        };
        let traits = Traits {
            habit: trait_of(0.3, 0.6),
            conformity: trait_of(0.6, 0.6),
            novelty: trait_of(-0.1, 0.5),
            impatience: trait_of(0.12, 0.04).clamp(0.02, 0.3),
        };
        let home = rng.random_range(0..GENRES);
        let second = *BORDERS[home].choose(&mut rng).expect("every genre borders on one");
        let blend = towards(scene.genres[home], scene.genres[second], 0.35);
        let taste = unit(sum(blend, own(0.5, &mut rng)));
        Self {
            scene: Arc::clone(scene),
            chance,
            traits,
            taste,
            aim: taste,
            aimed_genre: home,
            satiated: [false; GENRES],
            works: FxHashMap::default(),
            known_artists: vec![false; scene.world.catalogue.artist_count()],
            finished: Vec::new(),
            mood: EXPECTED,
            session: Session::default(),
        }
    }

    fn artist(&self, track: TrackIdx) -> usize {
        self.scene.world.catalogue.artist(track).expect("every track of a world has an artist").0
            as usize
    }

    /// A genre by how well it suits, satiated ones seldom.
    fn genre_in_the_mood_for(&self, rng: &mut ChaCha8Rng) -> usize {
        let weight = |genre: usize| {
            let satiety = if self.satiated[genre] { 0.2 } else { 1.0 };
            (3.0 * dot(&self.taste, &self.scene.genres[genre])).exp() * satiety
        };
        let mut left = rng.random::<f64>() * (0..GENRES).map(weight).sum::<f64>();
        let reached = (0..GENRES).find(|&genre| {
            left -= weight(genre);
            left < 0.0
        });
        reached.unwrap_or(GENRES - 1)
    }
}

impl Listener for LatentFactors {
    fn enjoyment(&self, track: TrackIdx, at: f64) -> f64 {
        let (scene, traits) = (&self.scene, &self.traits);
        let work = self.works.get(&scene.world.catalogue.work(track));
        let plays = work.map_or(&[][..], |plays| &plays.at);
        let wear: f64 = plays.iter().map(|played| ((at - played).max(0.0) + 0.3).powf(-0.8)).sum();
        let finished = work.map_or(0, |plays| plays.finished.min(MOST_FINISHED_COUNTED));
        let satiety = if self.satiated[scene.world.genre(track)] { 1.2 } else { 0.0 };
        let unknown = if self.known_artists[self.artist(track)] { 0.0 } else { traits.novelty };
        logistic(
            -0.8 + 3.4 * dot(&self.taste, &scene.tracks[track.0 as usize])
                + 0.5 * scene.qualities[track.0 as usize]
                + traits.conformity * (f64::from(scene.world.popularity(track)) - 0.5)
                + unknown
                + 0.35 * f64::from(finished).ln_1p()
                - satiety
                - 0.9 * wear.ln_1p()
                - 0.03 * f64::from(self.session.plays),
        )
    }

    fn wakes(&mut self, day: i32) {
        let mut rng = self.chance.of(Purpose::Night, day, 0);
        let moves = rng.random_bool(1.0 / 50.0);
        let border = rng.random::<f64>();
        if moves {
            let borders = BORDERS[self.aimed_genre];
            self.aimed_genre = borders[(border * borders.len() as f64) as usize];
            self.aim = towards(self.aim, self.scene.genres[self.aimed_genre], 0.6);
        }
        self.taste = unit(sum(towards(self.taste, self.aim, 0.03), own(0.02, &mut rng)));
        for satiated in &mut self.satiated {
            let recovers = rng.random_bool(0.6);
            *satiated &= !recovers;
        }
    }

    fn comes(&self, luck: f64) -> bool {
        luck < logistic(self.traits.habit + 4.0 * (self.mood - EXPECTED))
    }

    fn sits_down(&mut self, occasion: Occasion) {
        self.session = Session { is_mix: occasion == Occasion::Mix, ..Session::default() };
    }

    fn hears(&mut self, track: TrackIdx, at: f64, rng: &mut ChaCha8Rng) -> SimulatedReaction {
        let enjoyment = self.enjoyment(track, at);
        let is_finished = rng.random::<f64>() < enjoyment;
        let is_enough = rng.random_bool(0.15);
        let (patience, speaks, time) =
            (rng.random::<f64>(), rng.random_bool(0.08), rng.random::<f64>());
        let artist = self.artist(track);
        self.known_artists[artist] = true;
        self.satiated[self.scene.world.genre(track)] |= is_enough;
        let plays = self.works.entry(self.scene.world.catalogue.work(track)).or_default();
        plays.at.push(at);
        self.session.plays += 1;
        self.session.enjoyment += enjoyment;
        if is_finished {
            plays.finished += 1;
            self.finished.push(track);
            self.taste = towards(self.taste, self.scene.tracks[track.0 as usize], 0.01);
            self.session.skips_in_a_row = 0;
            let said = (speaks && enjoyment > 0.6).then_some(FeedbackKind::Like);
            return SimulatedReaction { share_played: 1.0, said, leaves: false };
        }
        self.session.skips_in_a_row += 1;
        let said = (speaks && enjoyment < 0.15).then_some(FeedbackKind::Dislike);
        // What is disliked most is left soonest: an exponential time, cut off where the label
        // policy would call it a play.
        let share_played = (-(1.0 - time).ln() * 0.25 * enjoyment).clamp(0.005, 0.7);
        let runs = f64::from(self.session.skips_in_a_row - 1);
        let leaves = self.session.is_mix && patience < self.traits.impatience * runs;
        SimulatedReaction { share_played, said, leaves }
    }

    fn gets_up(&mut self) {
        if self.session.is_mix && self.session.plays > 0 {
            let satisfaction = self.session.enjoyment / f64::from(self.session.plays);
            self.mood += 0.25 * (satisfaction - self.mood);
        }
        self.session = Session::default();
    }

    /// Half of the time something they know, the more probably the more often it was finished; else
    /// the chart, of a genre that they are in the mood for or of all.
    fn chooses(&self, released: &[TrackIdx], _: f64, rng: &mut ChaCha8Rng) -> TrackIdx {
        let (replays, charts) = (rng.random_bool(0.55), rng.random_bool(0.3));
        let mut memory = ChaCha8Rng::seed_from_u64(rng.random());
        if let Some(&known) = self.finished.choose(&mut memory).filter(|_| replays) {
            return known;
        }
        let genre = self.genre_in_the_mood_for(rng);
        let pool =
            if charts { self.scene.world.by_popularity() } else { &self.scene.by_genre[genre] };
        let better_known = |tracks: [TrackIdx; 2]| {
            let popularity = |track: &TrackIdx| self.scene.world.popularity(*track);
            tracks
                .into_iter()
                .max_by(|a, b| popularity(a).total_cmp(&popularity(b)))
                .expect("there are two")
        };
        for _ in 0..20 {
            let Some(drawn) =
                pool.choose(rng).zip(pool.choose(rng)).map(|(&a, &b)| better_known([a, b]))
            else {
                break;
            };
            if released.binary_search(&drawn).is_ok() {
                return drawn;
            }
        }
        *released.choose(rng).expect("something is released")
    }

    fn twin(&self) -> Box<dyn Listener> {
        Box::new(self.clone())
    }
}
