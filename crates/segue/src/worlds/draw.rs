//! What of a world is near to what listeners play.
//!
//! Six questions, each of which finds what the others miss: what is played in one sitting with
//! their songs, what people with the same songs play by factors, what else their artists have and
//! what they brought out lately, who is like their artists by factors of artists and is new to
//! them, and what everybody plays. They say who may be offered, not in which order: that is for the
//! ranking.

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use segue_models::recommenders::{FoldIn, Ials};
use segue_world::ivf::{Ivf, SearchEffort};
use segue_world::{RecordingIdx, World};

use super::releases::day;

/// Recordings that a library draws at most.
pub(super) const MOST: usize = 50_000;
/// Recordings that one question of one listener gives at most.
const MOST_OF_ONE: usize = 1_500;
/// And at least, in a library of many listeners.
const FEWEST_OF_ONE: usize = 50;
/// Recordings of an artist whom a listener plays, and of one who is new to them.
const OF_THEIR_ARTIST: usize = 10;
const OF_NEW_ARTIST: usize = 5;
/// What an artist whom a listener plays brought out last.
const NEWEST_OF_ARTIST: usize = 5;
/// Recordings that everybody plays.
const POPULAR: usize = 1_000;
/// Added to the popularity of a neighbour.
const SHRINKAGE: f32 = 20.0;

/// What a listener plays of a world: recordings in rising order, with how much.
pub(super) type Bag = Vec<(RecordingIdx, f32)>;

/// The recordings that are near to any of these listeners, in rising order.
pub(super) fn near(world: &World, bags: &[Bag]) -> Vec<RecordingIdx> {
    let each = (MOST / bags.len().max(1) / 4).clamp(FEWEST_OF_ONE, MOST_OF_ONE);
    let manifest = world.manifest();
    let recordings = Space::open(world.factors(), &manifest.factors.settings);
    let artists = Space::open(world.artist_factors(), &manifest.artist_factors.settings);
    let found: Vec<Vec<RecordingIdx>> = bags
        .par_iter()
        .map(|bag| {
            let plays = plays_by_artist(world, bag);
            let mut near = by_neighbours(world, bag, each);
            near.extend(recordings.iter().flat_map(|space| by_factors(space, bag, each)));
            near.extend(by_their_artists(world, &plays, each));
            near.extend(newest_of_their_artists(world, &plays, each));
            near.extend(
                artists.iter().flat_map(|space| by_new_artists(world, space, &plays, each)),
            );
            near
        })
        .collect();
    // What is near to more listeners, then what is more popular, goes first.
    let mut counts: FxHashMap<RecordingIdx, u32> = FxHashMap::default();
    found.iter().flatten().for_each(|&row| *counts.entry(row).or_default() += 1);
    let popular = (0..world.len().min(POPULAR) as u32).map(RecordingIdx);
    popular.for_each(|row| *counts.entry(row).or_default() += 1);
    let mut rows: Vec<(RecordingIdx, u32)> = counts.into_iter().collect();
    rows.sort_unstable_by_key(|&(row, count)| (std::cmp::Reverse(count), row));
    rows.truncate(MOST);
    let mut rows: Vec<RecordingIdx> = rows.into_iter().map(|(row, _)| row).collect();
    rows.sort_unstable();
    rows
}

/// The highest of some scores, ties by row.
fn best<T: Copy + Ord>(mut scores: Vec<(T, f32)>, most: usize) -> Vec<T> {
    let order = |a: &(T, f32), b: &(T, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if scores.len() > most && most > 0 {
        scores.select_nth_unstable_by(most - 1, order);
    }
    scores.truncate(most);
    scores.into_iter().map(|(row, _)| row).collect()
}

fn by_neighbours(world: &World, bag: &Bag, most: usize) -> Vec<RecordingIdx> {
    let mut scores: FxHashMap<RecordingIdx, f32> = FxHashMap::default();
    for &(heard, weight) in bag {
        let norm = (world.people(heard) as f32 + SHRINKAGE).sqrt();
        for (near, count) in world.neighbours(heard) {
            let other = (world.people(near) as f32 + SHRINKAGE).sqrt();
            *scores.entry(near).or_default() += weight * count as f32 / (norm * other);
        }
    }
    best(scores.into_iter().collect(), most)
}

fn by_factors(space: &Space<'_>, bag: &Bag, most: usize) -> Vec<RecordingIdx> {
    let rows: Vec<(u32, f32)> = bag.iter().map(|&(row, weight)| (row.0, weight)).collect();
    space.nearest(&rows, most, &|_| true).into_iter().map(RecordingIdx).collect()
}

/// How much somebody plays each artist, by the rows of artists.
fn plays_by_artist(world: &World, bag: &Bag) -> Vec<(u32, f32)> {
    let mut plays: FxHashMap<u32, f32> = FxHashMap::default();
    bag.iter().for_each(|&(row, weight)| *plays.entry(world.artist(row)).or_default() += weight);
    let mut plays: Vec<(u32, f32)> = plays.into_iter().collect();
    plays.sort_unstable_by_key(|entry| entry.0);
    plays
}

fn by_their_artists(world: &World, plays: &[(u32, f32)], most: usize) -> Vec<RecordingIdx> {
    let artists = best(plays.to_vec(), most.div_ceil(OF_THEIR_ARTIST));
    artists.into_iter().flat_map(|a| world.recordings_of(a).take(OF_THEIR_ARTIST)).collect()
}

/// What each of their artists brought out last, as far as that can be told.
fn newest_of_their_artists(world: &World, plays: &[(u32, f32)], most: usize) -> Vec<RecordingIdx> {
    let artists = best(plays.to_vec(), most.div_ceil(NEWEST_OF_ARTIST));
    let newest = |artist: u32| {
        let dated =
            world.recordings_of(artist).filter_map(|row| Some((row, day(world, row)? as f32)));
        best(dated.collect(), NEWEST_OF_ARTIST)
    };
    artists.into_iter().flat_map(newest).collect()
}

fn by_new_artists(
    world: &World,
    space: &Space<'_>,
    plays: &[(u32, f32)],
    most: usize,
) -> Vec<RecordingIdx> {
    let is_new = |artist| plays.binary_search_by_key(&artist, |entry| entry.0).is_err();
    let artists = space.nearest(plays, most.div_ceil(OF_NEW_ARTIST), &is_new);
    artists.into_iter().flat_map(|a| world.recordings_of(a).take(OF_NEW_ARTIST)).collect()
}

/// Factors of a world, and how somebody is placed among them.
struct Space<'a> {
    index: Ivf<'a>,
    fold_in: FoldIn,
}

impl<'a> Space<'a> {
    /// `None` where there are none that can be read.
    fn open(index: segue_world::Result<Ivf<'a>>, settings: &str) -> Option<Self> {
        Some(Self { index: index.ok()?, fold_in: serde_json::from_str(settings).ok()? })
    }

    /// The rows nearest to somebody who heard some rows; none where nothing was heard.
    fn nearest(
        &self,
        heard: &[(u32, f32)],
        most: usize,
        allowed: &dyn Fn(u32) -> bool,
    ) -> Vec<u32> {
        let Some(listener) = self.place(heard) else { return Vec::new() };
        self.index
            .search(&listener, &SearchEffort::new(most), allowed)
            .iter()
            .map(|hit| hit.row)
            .collect()
    }

    /// Where a listener is among the factors.
    fn place(&self, heard: &[(u32, f32)]) -> Option<Vec<f32>> {
        let factors: Vec<f32> = heard.iter().flat_map(|&(row, _)| self.index.to_f32(row)).collect();
        let people = vec![1.0; heard.len()];
        let bag = (0..).zip(heard).map(|(at, &(_, weight))| (at, weight)).collect();
        let model = Ials::from_factors(&factors, &people, self.fold_in.clone()).ok()?;
        (!heard.is_empty()).then(|| model.listener(&bag))
    }
}
