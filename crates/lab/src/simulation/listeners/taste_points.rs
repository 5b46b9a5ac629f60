//! Listeners with several tastes, each a point in the space of sound: the people of
//! [`community`](crate::simulation::community) living on.
//!
//! The log-odds of playing a track to its end are `2.2 - 2.4 d² + affinity + exposure(n) - 1.1
//! B_work - 0.15 B_artist`, with `d²` the mean squared distance to the nearest taste (plus `1.5 (1
//! - strength)` for one that is young or fading) and `affinity ~ N(0, 0.7²)` to the artist.
//!
//! **Boredom.** `B = Σ_plays exp(-age / τ)`, with τ six days for a work and two for an artist.
//! **Late reward.** `exposure(n) = 0.5 (1 - e^{-n/3})`, mere exposure (Zajonc 1968): a track gains
//! by being heard `n` times, and with boredom that makes Berlyne's inverted U. One track in four,
//! another one for each listener, must grow on them: `-1.4 e^{-n/2}` more, so that the first answer
//! is misleading. **Drift.** Every night each point walks by `N(0, 0.035²)` in every dimension.
//! Once in sixty days a new interest is born at another genre, is there in full after ten days, and
//! half the time pushes out the oldest, which fades over thirty. **Visits** follow a habit that no
//! mix changes, so that all arms are heard equally often.

use std::sync::Arc;

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use segue_core::FeedbackKind;

use super::{Listener, Occasion, SimulatedReaction};
use crate::simulation::community::{DIMENSIONS, Point, around, genre_point};
use crate::simulation::world::{Chance, GENRES, MadeUpWorld, Purpose};
use segue_engine::TrackIdx;

const WORK_RECOVERY_DAYS: f64 = 6.0;
const ARTIST_RECOVERY_DAYS: f64 = 2.0;
const WALK: f32 = 0.035;
const BIRTHS_PER_DAY: f64 = 1.0 / 60.0;
const DAYS_TO_GROW: f32 = 10.0;
const DAYS_TO_FADE: f32 = 30.0;
const MOST_TASTES: usize = 5;
/// Own choices that are replays of something finished before.
const REPLAYS: f64 = 0.65;
/// Known tracks that come to mind when one is to be replayed; the best of them is.
const COME_TO_MIND: usize = 4;

/// Draws the listeners.
pub(super) fn draw(
    world: &Arc<MadeUpWorld>,
    chances: impl Iterator<Item = Chance>,
) -> Vec<Box<dyn Listener>> {
    chances.map(|chance| Box::new(TastePoints::new(world, chance)) as Box<dyn Listener>).collect()
}

/// One of them.
#[derive(Clone)]
struct TastePoints {
    world: Arc<MadeUpWorld>,
    chance: Chance,
    visits: f64,
    tastes: Vec<TastePoint>,
    affinities: Vec<f32>,
    /// By work.
    memories: Vec<Memory>,
    /// By artist.
    artists: Vec<Trace>,
    /// Works finished at least once, in the order in which they were.
    finished: Vec<TrackIdx>,
}

#[derive(Clone)]
struct TastePoint {
    point: Point,
    /// From 0 to 1.
    strength: f32,
    fades: bool,
}

#[derive(Clone, Copy, Default)]
struct Memory {
    plays: u32,
    is_finished: bool,
    must_grow: bool,
    trace: Trace,
}

/// A sum of plays that fades exponentially.
#[derive(Clone, Copy, Default)]
struct Trace {
    value: f64,
    at: f64,
}

impl Trace {
    fn at(self, at: f64, recovery_days: f64) -> f64 {
        self.value * (-(at - self.at).max(0.0) / recovery_days).exp()
    }

    fn play(&mut self, at: f64, recovery_days: f64) {
        *self = Self { value: self.at(at, recovery_days) + 1.0, at };
    }
}

impl TastePoints {
    fn new(world: &Arc<MadeUpWorld>, chance: Chance) -> Self {
        let mut rng = chance.of(Purpose::Nature, 0, 0);
        let count = rng.random_range(1..=3);
        let tastes = (0..count).map(|_| TastePoint::at_a_genre(1.0, &mut rng)).collect();
        let catalogue = &world.catalogue;
        let affinity = |rng: &mut ChaCha8Rng| -> f32 {
            let noise: f32 = StandardNormal.sample(rng);
            0.7 * noise
        };
        let memory =
            |rng: &mut ChaCha8Rng| Memory { must_grow: rng.random_bool(0.25), ..Memory::default() };
        Self {
            world: Arc::clone(world),
            chance,
            visits: rng.random_range(0.35..0.85),
            tastes,
            affinities: (0..catalogue.artist_count()).map(|_| affinity(&mut rng)).collect(),
            memories: (0..catalogue.work_count()).map(|_| memory(&mut rng)).collect(),
            artists: vec![Trace::default(); catalogue.artist_count()],
            finished: Vec::new(),
        }
    }

    /// Squared distance to the nearest taste, weak ones being farther away.
    fn distance(&self, track: TrackIdx) -> f32 {
        let point = self.world.point(track);
        let distance = |taste: &TastePoint| {
            let squares = taste.point.iter().zip(point).map(|(a, b)| (a - b) * (a - b));
            squares.sum::<f32>() / DIMENSIONS as f32 + 1.5 * (1.0 - taste.strength)
        };
        self.tastes.iter().map(distance).fold(f32::INFINITY, f32::min)
    }

    fn work(&self, track: TrackIdx) -> usize {
        self.world.catalogue.work(track).0 as usize
    }

    fn artist(&self, track: TrackIdx) -> usize {
        self.world.catalogue.artist(track).expect("every track of a world has an artist").0 as usize
    }

    /// One time in three what everybody plays, else the nearest to a taste of a few that they come
    /// across.
    fn discovers(&self, released: &[TrackIdx], rng: &mut ChaCha8Rng) -> TrackIdx {
        if rng.random_bool(1.0 / 3.0) {
            // Zipf's law over the order of popularity; what is not out yet cannot be come across.
            let chart = self.world.by_popularity();
            let drawn = chart[((chart.len() as f32).powf(rng.random::<f32>()) - 1.0) as usize];
            if released.binary_search(&drawn).is_ok() {
                return drawn;
            }
        }
        let come_across = (0..12).map(|_| *released.choose(rng).expect("something is released"));
        come_across
            .min_by(|&a, &b| self.distance(a).total_cmp(&self.distance(b)))
            .expect("twelve are drawn")
    }
}

impl TastePoint {
    fn at_a_genre(strength: f32, rng: &mut ChaCha8Rng) -> Self {
        let genre = rng.random_range(0..GENRES);
        Self { point: around(&genre_point(genre), 0.4, rng), strength, fades: false }
    }
}

impl Listener for TastePoints {
    fn enjoyment(&self, track: TrackIdx, at: f64) -> f64 {
        let (memory, artist) = (&self.memories[self.work(track)], self.artist(track));
        let plays = f64::from(memory.plays);
        let reserve = if memory.must_grow { 1.4 * (-plays / 2.0).exp() } else { 0.0 };
        let exposure = 0.5 * (1.0 - (-plays / 3.0).exp()) - reserve;
        let boredom = 1.1 * memory.trace.at(at, WORK_RECOVERY_DAYS)
            + 0.15 * self.artists[artist].at(at, ARTIST_RECOVERY_DAYS);
        let taste = f64::from(2.2 - 2.4 * self.distance(track) + self.affinities[artist]);
        1.0 / (1.0 + (boredom - taste - exposure).exp())
    }

    fn wakes(&mut self, day: i32) {
        let mut rng = self.chance.of(Purpose::Night, day, 0);
        let is_born = rng.random_bool(BIRTHS_PER_DAY) && self.tastes.len() < MOST_TASTES;
        let pushes_out = rng.random_bool(0.5);
        if is_born {
            let oldest = self.tastes.iter_mut().find(|taste| !taste.fades);
            oldest.into_iter().filter(|_| pushes_out).for_each(|taste| taste.fades = true);
            self.tastes.push(TastePoint::at_a_genre(0.0, &mut rng));
        }
        for taste in &mut self.tastes {
            let step = if taste.fades { -1.0 / DAYS_TO_FADE } else { 1.0 / DAYS_TO_GROW };
            taste.strength = (taste.strength + step).clamp(0.0, 1.0);
            taste.point = around(&taste.point, WALK, &mut rng);
        }
        self.tastes.retain(|taste| !taste.fades || taste.strength > 0.0);
    }

    fn comes(&self, luck: f64) -> bool {
        luck < self.visits
    }

    fn sits_down(&mut self, _: Occasion) {}

    fn hears(&mut self, track: TrackIdx, at: f64, rng: &mut ChaCha8Rng) -> SimulatedReaction {
        let enjoyment = self.enjoyment(track, at);
        let is_finished = rng.random::<f64>() < enjoyment;
        let (work, artist) = (self.work(track), self.artist(track));
        let memory = &mut self.memories[work];
        memory.plays += 1;
        memory.trace.play(at, WORK_RECOVERY_DAYS);
        self.artists[artist].play(at, ARTIST_RECOVERY_DAYS);
        if is_finished && !memory.is_finished {
            memory.is_finished = true;
            self.finished.push(track);
        }
        let (share_played, said) = if is_finished {
            (1.0, rng.random_bool(1.0 / 15.0).then_some(FeedbackKind::Like))
        } else {
            let is_early = rng.random_bool(0.75);
            let share =
                if is_early { rng.random_range(0.01..0.1) } else { rng.random_range(0.2..0.5) };
            (share, rng.random_bool(1.0 / 40.0).then_some(FeedbackKind::Ban))
        };
        SimulatedReaction { share_played, said, leaves: false }
    }

    fn gets_up(&mut self) {}

    fn chooses(&self, released: &[TrackIdx], at: f64, rng: &mut ChaCha8Rng) -> TrackIdx {
        let replays = rng.random_bool(REPLAYS);
        // A generator of its own, so that what is discovered does not depend on what is known.
        let mut memory = ChaCha8Rng::seed_from_u64(rng.random());
        if !replays || self.finished.is_empty() {
            return self.discovers(released, rng);
        }
        let come_to_mind =
            (0..COME_TO_MIND).filter_map(|_| self.finished.choose(&mut memory).copied());
        come_to_mind
            .max_by(|&a, &b| self.enjoyment(a, at).total_cmp(&self.enjoyment(b, at)))
            .expect("something was finished")
    }

    fn twin(&self) -> Box<dyn Listener> {
        Box::new(self.clone())
    }
}
