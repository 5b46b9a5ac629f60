//! What a world gives to listeners who bring a history and nothing else, through the shipped mix:
//! the table of `docs/measurements.md`.
//!
//! ```sh
//! cargo run --release -p segue-lab --example world -- HETREC/user_artists.dat HETREC/artists.dat
//! ```
//!
//! Artists stand for recordings. Three in four listeners are written as a dump in the layout of
//! ListenBrainz and become a world; of the others a fifth of the artists is hidden. Each of a
//! sample of these gets a library of their own with what is left of their history, a week between
//! one artist and the next in an order that says nothing, and the world; a mix of sixty new tracks
//! is made as it is served, by the greedy policy. Beside it stand the same library without a world,
//! popularity, iALS and item neighbours, and EASE with its regularisation chosen on a part of the
//! people of the world. What is to be found are hidden artists that the world has.

#![allow(clippy::print_stdout)] // what it measures is its output

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rustc_hash::{FxHashMap, FxHashSet};
use segue::world::World;
use segue::world::build::BuildConfig;
use segue::{
    ImportOptions, Library, ListenerId, MixRequest, PolicyKind, Timestamp, TrainOptions,
    build_world,
};
use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
use segue_engine::metrics::Estimate;
use segue_engine::{History, Interactions, ItemIdx, Query, Recommender};
use segue_models::recommenders::{Ease, EaseConfig, Ials, IalsConfig, ItemKnn, ItemKnnConfig};

/// One listener in so many is hidden from the world.
const HIDDEN: u64 = 4;
/// One artist of theirs in so many is to be found.
const ANSWERS: usize = 5;
const FEWEST_ARTISTS: usize = 20;
const DEPTH: usize = 60;
const RECALL_DEPTH: usize = 20;
const REGULARISATIONS: [f64; 5] = [100.0, 300.0, 1_000.0, 3_000.0, 10_000.0];
/// How often the dump has the history of each person, in another order each time: a pair that
/// enough people have is to pass the bounds of a world built from months of listens.
const ROUNDS: i64 = 5;

/// Measure what a world gives to listeners of their own.
#[derive(Debug, Parser)]
struct Arguments {
    /// Who listens to what: listener, artist and plays a row.
    plays: PathBuf,
    /// The names of the artists.
    artists: PathBuf,
    /// How many hidden listeners are asked.
    #[arg(long, default_value_t = 60)]
    listeners: usize,
    /// Artists of each that are known, at most.
    #[arg(long)]
    known: Option<usize>,
    /// Which quarter of the listeners is hidden.
    #[arg(long, default_value_t = 0)]
    quarter: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Listeners with their artists.
type Histories = Vec<(u64, Vec<String>)>;

/// A hidden listener.
struct Asked {
    known: Vec<String>,
    answers: FxHashSet<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let all = read(&arguments)?;
    let (hidden, people): (Histories, Histories) =
        all.into_iter().partition(|(listener, _)| listener % HIDDEN == arguments.quarter);
    let folder = tempfile::tempdir()?;
    let world = folder.path().join("people.world");
    let dump = folder.path().join("listens.jsonl");
    write_dump(&people, &dump, arguments.seed)?;
    let config = BuildConfig { listens: vec![dump], ..BuildConfig::default() };
    let report = build_world(&config, &world, &mut |_| {})?;
    anyhow::ensure!(report.adds_up(), "the report does not add up: {report:?}");
    let open = World::open(&world)?;
    eprintln!("{} people, {} artists, {} pairs", report.people, report.recordings, report.pairs[1]);
    let asked = questions(hidden, &open, &arguments);
    let peers = Peers::fit(&people, &open)?;
    eprintln!("EASE: λ = {}", peers.regularisation);
    let mut found: Vec<(&str, Vec<[f64; 2]>)> = Vec::new();
    let mut note = |name: &'static str, figures: [f64; 2]| match found
        .iter_mut()
        .find(|(other, _)| *other == name)
    {
        Some((_, all)) => all.push(figures),
        None => found.push((name, vec![figures])),
    };
    for (number, one) in asked.iter().enumerate() {
        let home = folder.path().join(format!("home-{number}"));
        note("mix with the world", figures(&mix(one, &home, Some(&world))?, one));
        let home = folder.path().join(format!("alone-{number}"));
        note("mix without", figures(&mix(one, &home, None)?, one));
        note("EASE on the people", figures(&peers.ease(one), one));
        note("iALS on the people", figures(&peers.by(&peers.ials, one), one));
        note("kNN on the people", figures(&peers.by(&peers.knn, one), one));
        note("popularity", figures(&peers.popular(one), one));
    }
    for (name, all) in found {
        let estimate = |figure: usize| {
            let values: Vec<f64> = all.iter().map(|figures| figures[figure]).collect();
            let Estimate { mean, low, high } = Estimate::from_values(&values, 1);
            format!("{mean:.4} [{low:.4}, {high:.4}]")
        };
        let (recall, ndcg) = (estimate(0), estimate(1));
        println!("{name:<20} R@20 {recall}  NDCG@60 {ndcg}  {} listeners", all.len());
    }
    Ok(())
}

fn read(arguments: &Arguments) -> Result<Histories> {
    let cells = |path: &Path| -> Result<Vec<Vec<String>>> {
        let bytes = fs::read(path).with_context(|| path.display().to_string())?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let row = |line: &str| line.split('\t').map(str::to_owned).collect();
        Ok(text.lines().skip(1).map(row).collect())
    };
    let names: FxHashMap<String, String> = cells(&arguments.artists)?
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    let mut histories: FxHashMap<u64, Vec<String>> = FxHashMap::default();
    for row in cells(&arguments.plays)? {
        let name = names.get(&row[1]).context("an artist without a name")?;
        histories.entry(row[0].parse()?).or_default().push(name.clone());
    }
    let mut histories: Histories = histories.into_iter().collect();
    histories.sort_unstable_by_key(|(listener, _)| *listener);
    Ok(histories)
}

/// Everybody's artists as listens, in sittings of their own.
fn write_dump(people: &Histories, path: &Path, seed: u64) -> Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut out = BufWriter::new(File::create(path)?);
    for (listener, artists) in people {
        for round in 0..ROUNDS {
            let mut names: Vec<&str> = artists.iter().map(String::as_str).collect();
            names.shuffle(&mut rng);
            let begin = 1_700_000_000 + round * 86_400;
            for (at, name) in (0..).zip(names) {
                let listen = serde_json::json!({
                    "user_id": listener, "user_name": "x", "timestamp": begin + 200 * at,
                    "track_metadata": {"artist_name": name, "track_name": name},
                });
                writeln!(out, "{listen}")?;
            }
        }
    }
    Ok(out.flush()?)
}

/// Hidden listeners with what is to be found.
fn questions(hidden: Histories, world: &World, arguments: &Arguments) -> Vec<Asked> {
    let mut rng = ChaCha8Rng::seed_from_u64(arguments.seed);
    let mut asked = Vec::new();
    for (_, mut artists) in hidden {
        if artists.len() < FEWEST_ARTISTS {
            continue;
        }
        artists.shuffle(&mut rng);
        let mut known = artists.split_off(artists.len() / ANSWERS);
        known.truncate(arguments.known.unwrap_or(usize::MAX));
        let is_there = |name: &String| world.find(name, name).is_some();
        let answers: FxHashSet<String> = artists.into_iter().filter(is_there).collect();
        if !answers.is_empty() {
            asked.push(Asked { known, answers });
        }
    }
    asked.truncate(arguments.listeners);
    asked
}

/// A mix of new artists for somebody who is alone in a library.
fn mix(one: &Asked, home: &Path, world: Option<&Path>) -> Result<Vec<String>> {
    let mut library = Library::open(home)?;
    let ann = ListenerId::new("ann");
    let table = home.join("history.csv");
    let mut out = csv::Writer::from_path(&table)?;
    out.write_record(["artist_name", "track_name", "timestamp"])?;
    for (day, name) in (0..).zip(&one.known) {
        out.write_record([name, name, &(1_650_000_000 + day * 7 * 86_400).to_string()])?;
    }
    out.flush()?;
    library.import(&[table], &ImportOptions::new(ann.clone()), &mut ())?;
    if let Some(world) = world {
        library.use_world(world)?;
    }
    if library.train(&TrainOptions::default(), &mut |_| {}).is_err() {
        return Ok(Vec::new());
    }
    let snapshot = library.snapshot()?;
    let request = MixRequest {
        length: DEPTH as u32,
        explore: 1.0,
        artist_cap: 10,
        policy: PolicyKind::Greedy,
        ..MixRequest::new(Timestamp::now())
    };
    let Ok(mix) = library.mix(&snapshot, &ann, &request) else { return Ok(Vec::new()) };
    let mut picks = mix.outcome.slate.picks;
    // As they were drawn, not as they are played.
    picks.sort_by_key(|pick| pick.drawn);
    let title = |track| library.store().track(track).ok().flatten().map(|track| track.title);
    Ok(picks.iter().filter_map(|pick| title(&pick.track)).collect())
}

/// Models of the same people, asked without Segue's mix.
struct Peers {
    interactions: Interactions,
    items: FxHashMap<String, ItemIdx>,
    ease: Ease,
    ials: Ials,
    knn: ItemKnn,
    regularisation: f64,
    people: Vec<usize>,
}

impl Peers {
    /// EASE with the regularisation that finds most of what every fifth person holds back.
    fn fit(people: &Histories, world: &World) -> Result<Self> {
        let kept = |history: &[String]| -> Vec<String> {
            history.iter().filter(|name| world.find(name, name).is_some()).cloned().collect()
        };
        let fit = |people: &[(u64, Vec<String>)], regularisation: f64| -> Result<_> {
            let mut builder = InteractionsBuilder::default();
            for (person, names) in people {
                for name in names {
                    builder.push(&person.to_string(), name, None, None)?;
                }
            }
            let interactions = builder.build(KCore::default())?;
            let config = EaseConfig { regularisation, ..EaseConfig::default() };
            let ease = Ease::fit(&interactions.all(), &config)?;
            let ials = Ials::fit(&interactions.all(), &IalsConfig::default(), 1)?;
            let knn = ItemKnn::fit(
                &interactions.all(),
                &ItemKnnConfig { shrinkage: 10.0, ..Default::default() },
            )?;
            let items: FxHashMap<String, ItemIdx> = (0..interactions.items() as u32)
                .map(|item| (interactions.item_name(ItemIdx(item)).to_owned(), ItemIdx(item)))
                .collect();
            let mut counts = vec![0; items.len()];
            people
                .iter()
                .flat_map(|(_, names)| names)
                .for_each(|name| counts[items[name].row()] += 1);
            Ok(Self { interactions, items, ease, ials, knn, regularisation, people: counts })
        };
        let all: Vec<(u64, Vec<String>)> =
            people.iter().map(|(person, history)| (*person, kept(history))).collect();
        let (validation, training): (Vec<_>, Vec<_>) =
            all.iter().cloned().enumerate().partition(|(at, _)| at % 5 == 0);
        let training: Vec<(u64, Vec<String>)> = training.into_iter().map(|(_, one)| one).collect();
        let mut best = (0.0, REGULARISATIONS[0]);
        for regularisation in REGULARISATIONS {
            let peers = fit(&training, regularisation)?;
            let recall: f64 = validation
                .iter()
                .filter(|(_, (_, names))| names.len() >= FEWEST_ARTISTS)
                .map(|(_, (_, names))| {
                    let (answers, known) = names.split_at(names.len() / ANSWERS);
                    let one =
                        Asked { known: known.to_vec(), answers: answers.iter().cloned().collect() };
                    figures(&peers.ease(&one), &one)[0]
                })
                .sum();
            if recall > best.0 {
                best = (recall, regularisation);
            }
        }
        fit(&all, best.1)
    }

    fn ease(&self, one: &Asked) -> Vec<String> {
        self.by(&self.ease, one)
    }

    fn by(&self, model: &dyn Recommender, one: &Asked) -> Vec<String> {
        let items: Vec<ItemIdx> =
            one.known.iter().filter_map(|name| self.items.get(name).copied()).collect();
        let history = History { items: &items, ..History::default() };
        let mut scores = vec![0.0; self.interactions.items()];
        model.score(&[Query { history, ..Query::default() }], &mut scores);
        self.best(&scores, &items)
    }

    fn popular(&self, one: &Asked) -> Vec<String> {
        let items: Vec<ItemIdx> =
            one.known.iter().filter_map(|name| self.items.get(name).copied()).collect();
        let scores: Vec<f32> = self.people.iter().map(|&count| count as f32).collect();
        self.best(&scores, &items)
    }

    fn best(&self, scores: &[f32], known: &[ItemIdx]) -> Vec<String> {
        let mut items: Vec<ItemIdx> = (0..scores.len() as u32).map(ItemIdx).collect();
        items.retain(|item| !known.contains(item));
        items.sort_by(|a, b| scores[b.row()].total_cmp(&scores[a.row()]));
        items.truncate(DEPTH);
        items.into_iter().map(|item| self.interactions.item_name(item).to_owned()).collect()
    }
}

/// Recall@20 and NDCG@60 of a list.
fn figures(list: &[String], one: &Asked) -> [f64; 2] {
    let is_hit = |name: &String| one.answers.contains(name);
    let hits = list.iter().take(RECALL_DEPTH).filter(|name| is_hit(name)).count();
    let gain = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
    let found: f64 =
        list.iter().enumerate().filter(|(_, name)| is_hit(name)).map(|(rank, _)| gain(rank)).sum();
    let ideal: f64 = (0..one.answers.len().min(DEPTH)).map(gain).sum();
    let most = one.answers.len().min(RECALL_DEPTH) as f64;
    [hits as f64 / most, found / ideal]
}
