//! Writes five years of one made-up person's scrobbles as a table for `segue import`: a history to
//! develop on, since no real person's is published with the project.
//!
//! ```sh
//! cargo run -p segue-lab --example one_person -- --seed 1 person.csv
//! segue --home /tmp/person import person.csv
//! segue --home /tmp/person evaluate next-track --protocol temporal --test-days 7 --cuts 9
//! ```
//!
//! Same seed, same table. The columns are those of a well-known exporter of Last.fm histories.

use std::path::PathBuf;

use clap::Parser;
use segue_lab::simulation::person::{PersonConfig, scrobbles};

/// Write one made-up person's scrobbles.
#[derive(Debug, Parser)]
struct Arguments {
    /// Seed of the person.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Days of history.
    #[arg(long, default_value_t = PersonConfig::default().days)]
    days: usize,
    /// Table to write.
    out: PathBuf,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Arguments { seed, days, out } = Arguments::parse();
    let mut table = csv::Writer::from_path(out)?;
    table.write_record(["uts", "utc_time", "artist", "album", "track"])?;
    for play in scrobbles(&PersonConfig { seed, days, ..PersonConfig::default() }) {
        let second = play.started_at.as_second().to_string();
        let time = play.started_at.strftime("%d %b %Y, %H:%M").to_string();
        table.write_record([&second, &time, &play.artist, &play.album, &play.track])?;
    }
    table.flush()?;
    Ok(())
}
