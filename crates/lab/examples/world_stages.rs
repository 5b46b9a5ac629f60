//! Builds a world and says how long each stage takes: by the clock, on all cores, and on the thread
//! that worked most, which is what the clock would say on cores that had nothing else to do. The
//! table of `docs/measurements.md`.
//!
//! ```sh
//! cargo run --release -p segue-lab --example world_stages -- DUMPS out.world --memory 2000
//! ```
//!
//! `DUMPS` is a folder that the example `generate_dumps` wrote.

#![allow(clippy::print_stdout)] // what it measures is its output

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Parser;
use segue::build_world;
use segue::world::build::{BuildConfig, BuildStage};

/// Builds a world out of made-up dumps and says how long each stage takes.
#[derive(Parser)]
struct Options {
    /// The folder of dumps.
    dumps: PathBuf,
    /// The file to write, which is not there yet.
    out: PathBuf,
    /// Read features too.
    #[arg(long)]
    features: bool,
    /// Memory that the build may take, in megabytes.
    #[arg(long, default_value_t = BuildConfig::default().memory_mb)]
    memory: usize,
}

/// Processor seconds of every thread that there is or was.
type Threads = Arc<Mutex<BTreeMap<OsString, f64>>>;

/// A moment, by the clock and by what each thread has worked.
#[derive(Clone)]
struct Moment {
    clock: Instant,
    cpu_s: f64,
    of_threads: BTreeMap<OsString, f64>,
}

impl Moment {
    fn now(threads: &Threads) -> Self {
        look(threads);
        let of_threads = threads.lock().expect("nobody panics with it").clone();
        Self { clock: Instant::now(), cpu_s: cpu_s(Path::new("/proc/self/stat")), of_threads }
    }

    /// What the thread that worked most has worked since, of which the clock can say no less.
    fn busiest_s(&self, since: &Self) -> f64 {
        let before = |thread| since.of_threads.get(thread).copied().unwrap_or(0.0);
        let worked = self.of_threads.iter().map(|(thread, now)| now - before(thread));
        worked.fold(0.0, f64::max)
    }
}

/// Seconds that a process or a thread has worked, as Linux tells.
fn cpu_s(stat: &Path) -> f64 {
    // Fields 14 and 15, in hundredths: the name before them may hold spaces.
    let stat = std::fs::read_to_string(stat).unwrap_or_default();
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
    fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Notes what all threads have worked: of those that have ended only that is known.
fn look(threads: &Threads) {
    let mut threads = threads.lock().expect("nobody panics with it");
    for thread in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let worked = cpu_s(&thread.path().join("stat"));
        let known = threads.entry(thread.file_name()).or_default();
        *known = known.max(worked);
    }
}

/// Looks again and again, on a thread of its own, as long as the program runs.
fn watch(threads: &Threads) {
    let threads = Arc::clone(threads);
    std::thread::spawn(move || {
        loop {
            look(&threads);
            std::thread::sleep(Duration::from_millis(20));
        }
    });
}

/// What `/proc` knows of the most memory that was resident.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|kb| kb.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn name(stage: &BuildStage) -> &'static str {
    match stage {
        BuildStage::Reading { .. } => "reading",
        BuildStage::Naming => "naming",
        BuildStage::Counting(_) => "counting",
        BuildStage::Sounding { .. } => "features",
        BuildStage::Pairing(_) => "pairing",
        BuildStage::Factoring => "factors",
        BuildStage::Writing(_) => "writing",
    }
}

fn main() -> Result<()> {
    let options = Options::parse();
    let tables = ["lowlevel", "rhythm", "tonal"];
    let tables = tables.map(|name| options.dumps.join(format!("{name}.tar.zst")));
    let config = BuildConfig {
        features: if options.features { tables.to_vec() } else { Vec::new() },
        listens: vec![options.dumps.join("listens.tar")],
        canonical: Some(options.dumps.join("canonical.tar.zst")),
        memory_mb: options.memory,
        ..BuildConfig::default()
    };
    let threads = Threads::default();
    watch(&threads);
    let begun = Moment::now(&threads);
    let mut at = ("before", begun.clone());
    let tell = |(stage, from): &(&str, Moment), to: &Moment| {
        let clock = (to.clock - from.clock).as_secs_f64();
        let (cpu, busiest, peak) = (to.cpu_s - from.cpu_s, to.busiest_s(from), peak_mb());
        println!(
            "{stage:10} {clock:7.2} s {cpu:7.2} CPU-s {busiest:7.2} of one thread {peak:6} MB"
        );
    };
    let report = build_world(&config, &options.out, &mut |stage| {
        if name(&stage) != at.0 {
            let now = Moment::now(&threads);
            tell(&at, &now);
            at = (name(&stage), now);
        }
    })?;
    let now = Moment::now(&threads);
    tell(&at, &now);
    tell(&("all", begun), &now);
    let (listens, recordings, sounds) = (report.listens, report.recordings, report.sounds);
    println!("{listens} listens, {recordings} recordings, of {sounds} it is known how they sound");
    Ok(())
}
