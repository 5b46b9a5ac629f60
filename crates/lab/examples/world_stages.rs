//! Builds a world and says how long each stage takes, by the clock and on all cores: the table of
//! `docs/measurements.md`.
//!
//! ```sh
//! cargo run --release -p segue-lab --example world_stages -- DUMPS out.world --memory 2000
//! ```
//!
//! `DUMPS` is a folder that the example `generate_dumps` wrote.

#![allow(clippy::print_stdout)] // what it measures is its output

use std::path::PathBuf;
use std::time::Instant;

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

/// A moment, by the clock and by the time that all threads have worked.
#[derive(Clone, Copy)]
struct Moment {
    clock: Instant,
    cpu_s: f64,
}

impl Moment {
    fn now() -> Self {
        // Fields 14 and 15 of Linux, in hundredths: the name before them may hold spaces.
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
        let ticks = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
        Self { clock: Instant::now(), cpu_s: ticks.sum::<f64>() / 100.0 }
    }
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
    let begun = Moment::now();
    let mut at = ("before", begun);
    let tell = |(stage, from): (&str, Moment), to: Moment| {
        let (clock, cpu) = (to.clock - from.clock, to.cpu_s - from.cpu_s);
        println!("{stage:10} {:7.2} s {cpu:7.2} CPU-s, peak {} MB", clock.as_secs_f64(), peak_mb());
    };
    let report = build_world(&config, &options.out, &mut |stage| {
        if name(&stage) != at.0 {
            let now = Moment::now();
            tell(at, now);
            at = (name(&stage), now);
        }
    })?;
    let now = Moment::now();
    tell(at, now);
    tell(("all", begun), now);
    let (listens, recordings, sounds) = (report.listens, report.recordings, report.sounds);
    println!("{listens} listens, {recordings} recordings, of {sounds} it is known how they sound");
    Ok(())
}
