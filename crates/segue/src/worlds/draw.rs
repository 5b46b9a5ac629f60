//! What of a world is near to what listeners play.
//!
//! Five questions, each of which finds what the others miss: what is played in one sitting with
//! their songs, what people with the same songs play by factors, what else their artists have, who
//! is like their artists by factors of artists and is new to them, and what everybody plays. They
//! say who may be offered, not in which order: that is for the ranking.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use segue_models::recommenders::{FoldIn, Ials};
use segue_world::ivf::{Ivf, Search};
use segue_world::{RecordingIdx, World};

/// Recordings that a library draws at most.
pub(super) const MOST: usize = 50_000;
/// Recordings that one question of one listener gives at most.
const MOST_OF_ONE: usize = 1_500;
/// And at least, in a library of many listeners.
const FEWEST_OF_ONE: usize = 50;
/// Recordings of an artist whom a listener plays, and of one who is new to them.
const OF_THEIR_ARTIST: usize = 10;
const OF_NEW_ARTIST: usize = 5;
/// Recordings that everybody plays.
const POPULAR: usize = 1_000;
/// Added to the popularity of a neighbour.
const SHRINKAGE: f32 = 20.0;

/// What a listener plays of a world: recordings in rising order, with how much.
pub(super) type Bag = Vec<(RecordingIdx, f32)>;

/// The recordings that are near to any of these listeners, in rising order.
pub(super) fn near(world: &World, bags: &[Bag]) -> Vec<RecordingIdx> {
    let each = (MOST / bags.len().max(1) / 4).clamp(FEWEST_OF_ONE, MOST_OF_ONE);
    let found: Vec<Vec<RecordingIdx>> = bags
        .par_iter()
        .map(|bag| {
            let mut near = by_neighbours(world, bag, each);
            near.extend(by_factors(world, bag, each));
            near.extend(by_their_artists(world, bag, each));
            near.extend(by_new_artists(world, bag, each));
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

fn by_factors(world: &World, bag: &Bag, most: usize) -> Vec<RecordingIdx> {
    let rows: Vec<(u32, f32)> = bag.iter().map(|&(row, weight)| (row.0, weight)).collect();
    let Ok(index) = world.factors() else { return Vec::new() };
    let near = nearest(&index, &rows, &world.manifest().factors.settings, most, &|_| true);
    near.into_iter().map(RecordingIdx).collect()
}

fn by_their_artists(world: &World, bag: &Bag, most: usize) -> Vec<RecordingIdx> {
    let mut plays: FxHashMap<u32, f32> = FxHashMap::default();
    bag.iter().for_each(|&(row, weight)| *plays.entry(world.artist(row)).or_default() += weight);
    let artists = best(plays.into_iter().collect(), most.div_ceil(OF_THEIR_ARTIST));
    artists.into_iter().flat_map(|a| world.recordings_of(a).take(OF_THEIR_ARTIST)).collect()
}

fn by_new_artists(world: &World, bag: &Bag, most: usize) -> Vec<RecordingIdx> {
    let mut plays: FxHashMap<u32, f32> = FxHashMap::default();
    bag.iter().for_each(|&(row, weight)| *plays.entry(world.artist(row)).or_default() += weight);
    let known: FxHashSet<u32> = plays.keys().copied().collect();
    let mut rows: Vec<(u32, f32)> = plays.into_iter().collect();
    rows.sort_unstable_by_key(|entry| entry.0);
    let Ok(index) = world.artist_factors() else { return Vec::new() };
    let settings = &world.manifest().artist_factors.settings;
    let most = most.div_ceil(OF_NEW_ARTIST);
    let artists = nearest(&index, &rows, settings, most, &|artist| !known.contains(&artist));
    artists.into_iter().flat_map(|a| world.recordings_of(a).take(OF_NEW_ARTIST)).collect()
}

/// The rows nearest to somebody who heard some rows; none where nothing was heard.
fn nearest(
    index: &Ivf<'_>,
    heard: &[(u32, f32)],
    settings: &str,
    most: usize,
    allowed: &dyn Fn(u32) -> bool,
) -> Vec<u32> {
    let Some(listener) = place(index, heard, settings) else { return Vec::new() };
    index.search(&listener, &Search::new(most), allowed).iter().map(|hit| hit.row).collect()
}

/// Where a listener is among factors.
fn place(index: &Ivf<'_>, heard: &[(u32, f32)], settings: &str) -> Option<Vec<f32>> {
    let fold_in: FoldIn = serde_json::from_str(settings).ok()?;
    let factors: Vec<f32> = heard.iter().flat_map(|&(row, _)| index.to_f32(row)).collect();
    let people = vec![1.0; heard.len()];
    let bag = (0..).zip(heard).map(|(at, &(_, weight))| (at, weight)).collect();
    let model = Ials::from_factors(&factors, &people, fold_in).ok()?;
    (!heard.is_empty()).then(|| model.listener(&bag))
}
