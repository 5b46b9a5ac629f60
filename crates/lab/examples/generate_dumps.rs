//! Writes dumps as ListenBrainz, MusicBrainz and AcousticBrainz publish them, of a world that is
//! made up: to try what reads them at any size, and to see whether it finds what was planted.
//!
//! ```sh
//! cargo run --release -p segue-lab --example generate_dumps -- /tmp/dumps --listens 38000000 \
//!     --recordings 1000000 --people 30000 --communities 200 --rows-a-member 1650000
//! ```
//!
//! There will be `listens.tar` (Parquet), `canonical.tar.zst`, the features in `lowlevel.tar.zst`,
//! `rhythm.tar.zst` and `tonal.tar.zst`, with `--lines` also
//! `listens.tar.zst` (the same listens as JSON lines), and `truth.csv`: which community each
//! recording belongs to. Same options, same files.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use segue_lab::world_dumps::{
    FeatureTable, PlantedConfig, PlantedWorld, write_canonical, write_features, write_lines,
    write_parquet_tar,
};

/// Writes made-up dumps into a folder.
#[derive(Parser)]
struct Options {
    /// Where to write.
    folder: PathBuf,
    /// Listens of all people together.
    #[arg(long, default_value_t = 2_000_000)]
    listens: u64,
    /// Recordings in the world.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    recordings: u32,
    /// People who listen.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..))]
    people: u32,
    /// Groups of people with a taste in common.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    communities: u32,
    /// Days over which listens are spread, roughly.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    days: u32,
    /// Same seed, same dumps.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Rows of a Parquet member.
    #[arg(long, default_value_t = 500_000)]
    rows_a_member: usize,
    /// Write the listens as JSON lines too.
    #[arg(long)]
    lines: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let world = PlantedWorld::new(PlantedConfig {
        seed: options.seed,
        listens: options.listens,
        recordings: options.recordings,
        people: options.people,
        communities: options.communities,
        days: options.days,
        rows_a_member: options.rows_a_member,
        ..PlantedConfig::default()
    });
    fs::create_dir_all(&options.folder)?;
    let write = |name, content: &dyn Fn(&mut dyn Write) -> std::io::Result<()>| {
        written(&options.folder, name, content)
    };
    write("canonical.tar.zst", &|out| write_canonical(&world, out))?;
    for (name, table) in [
        ("lowlevel.tar.zst", FeatureTable::LowLevel),
        ("rhythm.tar.zst", FeatureTable::Rhythm),
        ("tonal.tar.zst", FeatureTable::Tonal),
    ] {
        write(name, &|out| write_features(&world, table, out))?;
    }
    write("truth.csv", &|out| write_truth(&world, out))?;
    write("listens.tar", &|out| write_parquet_tar(&world, out))?;
    if options.lines {
        write("listens.tar.zst", &|out| write_lines(&world, out))?;
    }
    Ok(())
}

/// Writes a file, and says to the terminal how large it is and how long it took.
fn written(
    folder: &Path,
    name: &str,
    content: &dyn Fn(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    let begun = Instant::now();
    let path = folder.join(name);
    let mut out = BufWriter::new(File::create(&path).context(path.display().to_string())?);
    content(&mut out)?;
    let bytes = out.into_inner()?.metadata()?.len();
    eprintln!("{name}: {bytes} bytes in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}

fn write_truth(world: &PlantedWorld, out: &mut dyn Write) -> std::io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(["recording_mbid", "community", "artist", "title"])?;
    for number in 0..world.config.recordings {
        let recording = world.recording(number);
        let community = recording.community.to_string();
        rows.write_record([&recording.mbid, &community, &recording.artist, &recording.title])?;
    }
    rows.flush()
}
