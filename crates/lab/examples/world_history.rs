//! What a world gives to somebody alone with a history of some length, through the shipped mix: how
//! many of the recordings and artists that they turn to in the next month, new to them, are among
//! the first twenty of a mix. The table of `docs/measurements.md`.
//!
//! ```sh
//! cargo run --release -p segue-lab --example world_history -- --listeners 12
//! ```
//!
//! World and listeners are made up ([`world_dumps`](segue_lab::world_dumps)): people of a community
//! play mostly its songs, by Zipf's law. The listeners are people of the same communities whom the
//! world does not hold; each brings their last 20, 100, 1,000 or 10,000 plays before a day, and is
//! asked of the thirty days after it. A mix at 1 is mostly by artists they never heard, one at .5
//! less so. Beside them stand what most people of the world play, what is played in one sitting
//! with the history, what factors alone find, and what nobody can know: the songs of the listener's
//! own community by popularity, without the tenth of their sittings that belong to others. Without
//! a world no mix has anything new.

#![allow(clippy::print_stdout)] // what it measures is its output

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::Result;
use clap::Parser;
use rustc_hash::{FxHashMap, FxHashSet};
use segue::world::build::BuildConfig;
use segue::world::{RecordingIdx, World};
use segue::{
    ImportOptions, Library, ListenerId, MixRequest, PolicyKind, Timestamp, TrainOptions,
    build_world,
};
use segue_engine::metrics::Estimate;
use segue_lab::world_dumps::{
    PlantedConfig, PlantedListen, PlantedListens, PlantedWorld, write_canonical, write_parquet_tar,
};
use segue_models::recommenders::Ials;

const DEPTH: usize = 20;
const LENGTHS: [usize; 4] = [20, 100, 1_000, 10_000];
const SECONDS_A_DAY: i64 = 86_400;
/// Days of the world, which ends when everybody is asked, and days after it.
const DAYS: [u32; 2] = [120, 30];
/// Days of the longest history, at so many plays a day, about; some play less.
const LONGEST_DAYS: u32 = 800;
const PLAYS_A_DAY: u64 = 25;

/// Measure what a world gives to histories of some length.
#[derive(Debug, Parser)]
struct Arguments {
    /// Hidden listeners that are asked.
    #[arg(long, default_value_t = 12)]
    listeners: u32,
    /// People of the world.
    #[arg(long, default_value_t = 4_000)]
    people: u32,
    #[arg(long, default_value_t = 1_000_000)]
    listens: u64,
    #[arg(long, default_value_t = 40_000)]
    recordings: u32,
    #[arg(long, default_value_t = 40)]
    communities: u32,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Plays that they bring.
    #[arg(long, value_delimiter = ',', default_values_t = LENGTHS)]
    plays: Vec<usize>,
}

/// A hidden listener with a history, and what they turned to after it.
struct Asked {
    user: u32,
    history: Vec<PlantedListen>,
    recordings: FxHashSet<String>,
    artists: FxHashSet<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let config = PlantedConfig {
        seed: arguments.seed,
        listens: arguments.listens,
        recordings: arguments.recordings,
        people: arguments.people,
        communities: arguments.communities,
        days: DAYS[0],
        ..PlantedConfig::default()
    };
    let planted = PlantedWorld::new(config);
    let folder = tempfile::tempdir()?;
    let file = build(&planted, folder.path())?;
    let world = World::open(&file)?;
    eprintln!("{} recordings by {} artists", world.len(), world.artists());

    let days = LONGEST_DAYS + DAYS[1];
    let hidden = PlantedWorld::new(PlantedConfig {
        listens: u64::from(arguments.listeners) * PLAYS_A_DAY * u64::from(days),
        people: arguments.listeners,
        days,
        start_s: config.start_s - i64::from(LONGEST_DAYS - DAYS[0]) * SECONDS_A_DAY,
        ..config
    });
    let peers = Peers::new(&world, &planted);
    for &length in &arguments.plays {
        let mut found: Vec<(&str, Vec<[f64; 2]>)> = Vec::new();
        for one in asked(&hidden, &world, length) {
            let home = folder.path().join(format!("home-{length}-{}", one.user));
            let [half, all_new] = mixes(&one, &hidden, &home, &file)?;
            let lists = [
                ("mix at .5, what is new", half),
                ("mix at 1", all_new),
                ("popular in the world", peers.popular(&one, &hidden)),
                ("pairs alone", peers.pairs(&one, &hidden)),
                ("factors alone", peers.factors(&one)?),
                ("own community, by popularity", peers.community(&one, &hidden)),
            ];
            for (name, list) in lists {
                let figures = figures(&list, &one, &hidden);
                match found.iter_mut().find(|(other, _)| *other == name) {
                    Some((_, all)) => all.push(figures),
                    None => found.push((name, vec![figures])),
                }
            }
            std::fs::remove_dir_all(&home)?;
        }
        for (name, all) in found {
            let estimate = |figure: usize| {
                let values: Vec<f64> = all.iter().map(|figures| figures[figure]).collect();
                let Estimate { mean, low, high } = Estimate::from_values(&values, 1);
                format!("{mean:.3} [{low:.3}, {high:.3}]")
            };
            let (recordings, artists) = (estimate(0), estimate(1));
            let count = all.len();
            println!("{length:>6} {name:<28} recordings {recordings}  artists {artists}  {count}");
        }
    }
    Ok(())
}

fn build(planted: &PlantedWorld, folder: &Path) -> Result<std::path::PathBuf> {
    let (listens, canonical) = (folder.join("listens.tar"), folder.join("canonical.tar.zst"));
    let mut out = BufWriter::new(File::create(&listens)?);
    write_parquet_tar(planted, &mut out)?;
    let mut out = BufWriter::new(File::create(&canonical)?);
    write_canonical(planted, &mut out)?;
    let file = folder.join("planted.world");
    let config = BuildConfig {
        listens: vec![listens],
        canonical: Some(canonical),
        ..BuildConfig::default()
    };
    let report = build_world(&config, &file, &mut |_| {})?;
    anyhow::ensure!(report.adds_up(), "the report does not add up: {report:?}");
    Ok(file)
}

/// The moment at which everybody is asked.
fn asked_at(hidden: &PlantedWorld) -> i64 {
    hidden.config.start_s + i64::from(LONGEST_DAYS) * SECONDS_A_DAY
}

/// Listeners with their last plays before the moment, and what is new to these after it, as far as
/// the world has it.
fn asked(hidden: &PlantedWorld, world: &World, length: usize) -> Vec<Asked> {
    let mut plays: FxHashMap<u32, Vec<PlantedListen>> = FxHashMap::default();
    for listen in PlantedListens::new(*hidden) {
        plays.entry(listen.user).or_default().push(listen);
    }
    let mut asked = Vec::new();
    for user in 1..=hidden.config.people {
        let plays = plays.remove(&user).unwrap_or_default();
        let (before, after) =
            plays.split_at(plays.partition_point(|listen| listen.at_s < asked_at(hidden)));
        let history = before[before.len().saturating_sub(length)..].to_vec();
        let name = |listen: &PlantedListen| hidden.recording(listen.recording);
        let known: FxHashSet<u32> = history.iter().map(|listen| listen.recording).collect();
        let known_artists: FxHashSet<String> =
            history.iter().map(|listen| name(listen).artists[0].clone()).collect();
        let is_there = |listen: &&PlantedListen| {
            let recording = name(listen);
            world.find(&recording.artist, &recording.title).is_some()
        };
        let new: Vec<&PlantedListen> = after
            .iter()
            .filter(|listen| !known.contains(&listen.recording))
            .filter(is_there)
            .collect();
        let recordings: FxHashSet<String> = new.iter().map(|listen| name(listen).mbid).collect();
        let artists = new.iter().map(|listen| name(listen).artists[0].clone());
        let artists = artists.filter(|artist| !known_artists.contains(artist)).collect();
        // Whoever brings fewer plays is not of this length.
        if history.len() == length && !recordings.is_empty() {
            asked.push(Asked { user, history, recordings, artists });
        }
    }
    asked
}

/// What is new of mixes at .5 and 1 for somebody who is alone in a library, as numbers of
/// recordings in the order in which they were drawn; nothing where the library cannot learn.
fn mixes(one: &Asked, hidden: &PlantedWorld, home: &Path, file: &Path) -> Result<[Vec<u32>; 2]> {
    let mut library = Library::open(home)?;
    let ann = ListenerId::new("ann");
    let table = home.join("history.csv");
    let mut out = csv::Writer::from_path(&table)?;
    out.write_record(["artist_name", "track_name", "timestamp"])?;
    for listen in &one.history {
        let (artist, title) = listen.spelling().of(&hidden.recording(listen.recording));
        out.write_record([artist, title, listen.at_s.to_string()])?;
    }
    out.flush()?;
    library.import(&[table], &ImportOptions::new(ann.clone()), &mut ())?;
    library.use_world(file)?;
    if library.train(&TrainOptions::default(), &mut |_| {}).is_err() {
        return Ok([Vec::new(), Vec::new()]);
    }
    let snapshot = library.snapshot()?;
    let numbers: FxHashMap<String, u32> = (0..hidden.config.recordings)
        .map(|number| (hidden.recording(number).mbid, number))
        .collect();
    let mut lists = [Vec::new(), Vec::new()];
    for (list, explore) in lists.iter_mut().zip([0.5, 1.0]) {
        let request = MixRequest {
            length: 3 * DEPTH as u32,
            explore,
            artist_cap: 10,
            policy: PolicyKind::Greedy,
            ..MixRequest::new(Timestamp::from_second(asked_at(hidden))?)
        };
        let Ok(mix) = library.mix(&snapshot, &ann, &request) else { continue };
        let mut picks = mix.outcome.slate.picks;
        // As they were drawn, not as they are played.
        picks.sort_by_key(|pick| pick.drawn);
        let mbid = |track| library.store().track(track).ok().flatten()?.recording_mbid;
        let new = picks.iter().filter(|pick| pick.new_to_listener);
        list.extend(new.filter_map(|pick| numbers.get(&mbid(&pick.track)?)).copied());
    }
    Ok(lists)
}

/// What the world says without a mix.
struct Peers<'a> {
    world: &'a World,
    /// The row of each recording that the world has, and back.
    rows: FxHashMap<u32, RecordingIdx>,
    numbers: FxHashMap<RecordingIdx, u32>,
}

impl<'a> Peers<'a> {
    fn new(world: &'a World, planted: &PlantedWorld) -> Self {
        let row = |number| {
            let recording = planted.recording(number);
            Some((number, world.find(&recording.artist, &recording.title)?))
        };
        let rows: FxHashMap<u32, RecordingIdx> =
            (0..planted.config.recordings).filter_map(row).collect();
        let numbers = rows.iter().map(|(&number, &row)| (row, number)).collect();
        Self { world, rows, numbers }
    }

    fn popular(&self, one: &Asked, _: &PlantedWorld) -> Vec<u32> {
        self.best(one, |row| self.world.people(row) as f32)
    }

    fn pairs(&self, one: &Asked, _: &PlantedWorld) -> Vec<u32> {
        let mut scores: FxHashMap<RecordingIdx, f32> = FxHashMap::default();
        for listen in &one.history {
            let Some(&heard) = self.rows.get(&listen.recording) else { continue };
            for (near, count) in self.world.neighbours(heard) {
                let popularity = self.world.people(heard) as f32 * self.world.people(near) as f32;
                *scores.entry(near).or_default() += count as f32 / popularity.sqrt();
            }
        }
        self.best(one, |row| scores.get(&row).copied().unwrap_or(0.0))
    }

    fn factors(&self, one: &Asked) -> Result<Vec<u32>> {
        let factors = self.world.factors()?;
        let fold_in = serde_json::from_str(&self.world.manifest().factors.settings)?;
        let heard: FxHashSet<RecordingIdx> =
            one.history.iter().filter_map(|x| self.rows.get(&x.recording).copied()).collect();
        let rows: Vec<RecordingIdx> = heard.into_iter().collect();
        let values: Vec<f32> = rows.iter().flat_map(|row| factors.to_f32(row.0)).collect();
        let model = Ials::from_factors(&values, &vec![1.0; rows.len()], fold_in)?;
        let bag = (0..rows.len() as u32).map(|row| (row, 1.0)).collect();
        let listener = model.listener(&bag);
        let score = |row: RecordingIdx| -> f32 {
            factors.to_f32(row.0).iter().zip(&listener).map(|(a, b)| a * b).sum()
        };
        let scores: Vec<f32> =
            (0..self.world.len() as u32).map(|row| score(RecordingIdx(row))).collect();
        Ok(self.best(one, |row| scores[row.0 as usize]))
    }

    fn community(&self, one: &Asked, hidden: &PlantedWorld) -> Vec<u32> {
        let own = hidden.community_of_person(one.user);
        self.best(one, |row| {
            let is_own = hidden.community_of_recording(self.numbers[&row]) == own;
            if is_own { self.world.people(row) as f32 } else { 0.0 }
        })
    }

    fn best(&self, one: &Asked, score: impl Fn(RecordingIdx) -> f32) -> Vec<u32> {
        let known: FxHashSet<u32> = one.history.iter().map(|listen| listen.recording).collect();
        let mut rows: Vec<(RecordingIdx, u32)> = self
            .numbers
            .iter()
            .map(|(&row, &number)| (row, number))
            .filter(|(_, number)| !known.contains(number))
            .collect();
        rows.sort_by(|a, b| score(b.0).total_cmp(&score(a.0)).then(a.0.cmp(&b.0)));
        rows.into_iter().take(10 * DEPTH).map(|(_, number)| number).collect()
    }
}

/// Recall at twenty of recordings and of artists who are new.
fn figures(list: &[u32], one: &Asked, hidden: &PlantedWorld) -> [f64; 2] {
    let known: FxHashSet<String> = one
        .history
        .iter()
        .map(|listen| hidden.recording(listen.recording).artists[0].clone())
        .collect();
    let recordings: Vec<String> =
        list.iter().map(|&number| hidden.recording(number).mbid).collect();
    let mut artists: Vec<String> = Vec::new();
    for &number in list {
        let artist = hidden.recording(number).artists[0].clone();
        if !known.contains(&artist) && !artists.contains(&artist) {
            artists.push(artist);
        }
    }
    let recall = |list: &[String], answers: &FxHashSet<String>| {
        let hits = list.iter().take(DEPTH).filter(|name| answers.contains(*name)).count();
        hits as f64 / answers.len().clamp(1, DEPTH) as f64
    };
    [recall(&recordings, &one.recordings), recall(&artists, &one.artists)]
}
