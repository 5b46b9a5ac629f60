//! What fitting and ranking cost: `collaborative_speed PAIRS TASK [FACTORS]` prints processor and wall seconds as JSON.
//!
//! `PAIRS` holds a listener and an item a line. Tasks: `ials` (one iteration at `FACTORS`), `item_knn`, `ease` (fit), and
//! `rank_ials`, `rank_item_knn`, `rank_ease` (the ten best items for all listeners). `bench/collaborative_speed.py` runs it
//! beside its peers. Processor time is read from `/proc`, so this is for Linux only.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool for a terminal that may stop at the first mistake"
)]

use std::time::Instant;

use rayon::prelude::*;
use segue_engine::dataset::interactions::{Interactions, InteractionsBuilder, KCore, ListenerIdx, Training};
use segue_engine::{Query, Recommender};
use segue_models::recommenders::{Ease, EaseConfig, Ials, IalsConfig, ItemKnn, ItemKnnConfig};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let interactions = read(&arguments[0]);
    let training = interactions.all();
    let factors = arguments.get(2).map_or(64, |factors| factors.parse().unwrap());
    let spent = match arguments[1].as_str() {
        "ials" => ials_iteration(&training, factors),
        "item_knn" => timed(|| drop(item_knn(&training))),
        "ease" => timed(|| drop(ease(&training))),
        "rank_ials" => rank(&training, &ials(&training, factors, 2)),
        "rank_item_knn" => rank(&training, &item_knn(&training)),
        "rank_ease" => rank(&training, &ease(&training)),
        task => panic!("unknown task `{task}`"),
    };
    println!("{{\"cpu_s\": {:.4}, \"wall_s\": {:.4}}}", spent.cpu_s, spent.wall_s);
}

#[derive(Clone, Copy)]
struct Spent {
    cpu_s: f64,
    wall_s: f64,
}

fn read(path: &str) -> Interactions {
    let mut builder = InteractionsBuilder::default();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let (listener, item) = line.split_once(' ').unwrap();
        builder.push(listener, item, None, None).unwrap();
    }
    builder.build(KCore::default()).unwrap()
}

/// Processor seconds of all threads so far, in ticks of ten milliseconds.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn timed(work: impl FnOnce()) -> Spent {
    let (cpu, wall) = (cpu_s(), Instant::now());
    work();
    Spent { cpu_s: cpu_s() - cpu, wall_s: wall.elapsed().as_secs_f64() }
}

fn ials(training: &Training<'_>, factors: usize, iterations: usize) -> Ials {
    let config = IalsConfig { factors, iterations, ..IalsConfig::default() };
    Ials::fit(training, &config, 1).unwrap()
}

/// Many iterations less one, so that what happens once does not count; more of them where they are short.
fn ials_iteration(training: &Training<'_>, factors: usize) -> Spent {
    let first = timed(|| drop(ials(training, factors, 1)));
    let more = ((3.0 / first.wall_s) as usize).clamp(4, 100);
    let all = timed(|| drop(ials(training, factors, 1 + more)));
    let each = |all: f64, first: f64| (all - first) / more as f64;
    Spent { cpu_s: each(all.cpu_s, first.cpu_s), wall_s: each(all.wall_s, first.wall_s) }
}

fn item_knn(training: &Training<'_>) -> ItemKnn {
    ItemKnn::fit(training, &ItemKnnConfig { neighbours: 20, ..ItemKnnConfig::default() }).unwrap()
}

fn ease(training: &Training<'_>) -> Ease {
    Ease::fit(training, &EaseConfig::default()).unwrap()
}

/// The ten best items that a listener has not heard, for all listeners, block by block.
fn rank(training: &Training<'_>, model: &impl Recommender) -> Spent {
    const BLOCK: usize = 64;
    let listeners: Vec<ListenerIdx> = (0..training.listeners()).map(|row| ListenerIdx(row as u32)).collect();
    timed(|| {
        let tops: usize = listeners
            .par_chunks(BLOCK)
            .map_init(Vec::new, |scores, block| {
                let histories = block.iter().map(|&listener| training.history(listener));
                let queries: Vec<Query<'_>> =
                    histories.map(|history| Query { history, ..Query::default() }).collect();
                scores.resize(queries.len() * model.items(), 0.0f32);
                model.score(&queries, scores);
                let rows = scores.chunks_exact_mut(model.items()).zip(&queries);
                rows.map(|(row, query)| ten_best(row, query).len()).sum::<usize>()
            })
            .sum();
        assert_eq!(tops, 10 * listeners.len());
    })
}

fn ten_best(scores: &mut [f32], query: &Query<'_>) -> Vec<u32> {
    query.history.items.iter().for_each(|item| scores[item.row()] = f32::NEG_INFINITY);
    let mut best: Vec<(f32, u32)> = Vec::with_capacity(11);
    for (item, &score) in scores.iter().enumerate() {
        if best.len() == 10 && score <= best[9].0 {
            continue;
        }
        let at = best.partition_point(|entry| entry.0 >= score);
        best.insert(at, (score, item as u32));
        best.truncate(10);
    }
    best.into_iter().map(|entry| entry.1).collect()
}
