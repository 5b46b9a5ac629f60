//! `segue world`: what many people elsewhere listen to, from open data, as one file.

mod build;
mod cluster;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use segue::world::World;
use segue::{Library, WorldMatch};
use serde_json::json;

use crate::home::{Home, open_library, read_library};
use crate::terminal::{self, print_json, print_line, say};

/// New music for somebody who brings nothing but a history: what many people elsewhere play.
///
/// A world is one file, built from dumps that ListenBrainz and MusicBrainz publish for anybody to
/// use (CC0). It holds recordings, how many people play them, which are played in one sitting and
/// who plays what besides, as sums over people; nobody's listens are in it. With AcousticBrainz's
/// dumps it says how they sound, too. Segue downloads nothing: docs/world.md has the addresses and
/// the commands.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue world build --listens listens-june.tar --canonical canonical.tar.zst june.world
  segue world use june.world           and then `segue train`
  segue world info                     what the world in use holds, and of what it was made
  segue world verify june.world        read it all and compare it with its digests
  segue world export --top 100000 june.world small.world
  segue world drop")]
pub(crate) struct WorldArgs {
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Build(build::BuildArgs),
    Update(build::UpdateArgs),
    /// Use a world from the next training on; the file has to stay where it is. One that was handed
    /// over on the page before is removed.
    Use {
        /// The file that `segue world build` wrote.
        file: PathBuf,
    },
    /// Go on without a world from the next training on; tracks that came from it stay. A file that
    /// was handed over on the page is removed, any other stays.
    Drop,
    /// Say what a world holds, and of what it was made.
    Info {
        /// The file [default: the world in use].
        file: Option<PathBuf>,
    },
    /// Read a whole world and compare it with its digests.
    Verify {
        /// The file [default: the world in use].
        file: Option<PathBuf>,
    },
    /// Write a smaller world, of the best known recordings, to hand on.
    Export {
        /// How many recordings.
        #[arg(long, value_name = "N")]
        top: usize,
        /// The file to take them from.
        file: PathBuf,
        /// The file to write, which is not there yet.
        out: PathBuf,
    },
}

pub(crate) fn run(args: WorldArgs, home: &Home) -> anyhow::Result<()> {
    match args.what {
        What::Build(build) => build::run(build, args.json),
        What::Update(update) => build::update(update, args.json),
        What::Use { file } => use_world(&mut open_library(home)?, &file, args.json),
        What::Drop => {
            open_library(home)?.drop_world()?;
            say("no world is in use from the next training on");
            Ok(())
        }
        What::Info { file } => info(&open(file.as_deref(), home)?, args.json),
        What::Verify { file } => verify(&open(file.as_deref(), home)?),
        What::Export { top, file, out } => {
            let recordings = World::open(&file)?.export(top, &out)?;
            say(&format!("`{}` holds {recordings} recordings", out.display()));
            Ok(())
        }
    }
}

fn open(file: Option<&Path>, home: &Home) -> anyhow::Result<World> {
    match file {
        Some(file) => Ok(World::open(file)?),
        None => read_library(home)?
            .world()?
            .context("no world is in use; `segue world use FILE` takes one, or name a file"),
    }
}

fn use_world(library: &mut Library, file: &Path, as_json: bool) -> anyhow::Result<()> {
    let found = library.use_world(file)?;
    let WorldMatch { works, matched, unnamed, plays, plays_matched } = found;
    if as_json {
        return print_json(&json!({
            "works": works, "matched": matched, "unnamed": unnamed,
            "unknown": works - matched - unnamed,
            "plays": plays, "plays_matched": plays_matched,
        }));
    }
    print_line(&format!("`{}` is in use from the next training on", file.display()))?;
    if works == 0 {
        return print_line("nothing was imported yet: `segue import PATH`, then `segue train`");
    }
    let share = 100.0 * plays_matched as f64 / plays.max(1) as f64;
    print_line(&format!(
        "it knows {matched} of your {works} songs, with {share:.0} % of the plays; {unnamed} have \
         no artist or title to look for, {} it does not have",
        works - matched - unnamed
    ))?;
    match matched {
        0 => print_line("none of them: mixes will have nothing new from it but what is popular"),
        _ => print_line("`segue train` draws what is near to them, and learns from it"),
    }
}

fn info(world: &World, as_json: bool) -> anyhow::Result<()> {
    let manifest = world.manifest();
    if as_json {
        let sections: serde_json::Map<String, serde_json::Value> =
            world.sections().into_iter().map(|one| (one.name, one.bytes.into())).collect();
        return print_json(&json!({
            "path": world.path(), "digest": world.digest(), "manifest": manifest,
            "sections": sections,
        }));
    }
    let bytes: u64 = world.sections().iter().map(|section| section.bytes).sum();
    print_line(&format!("{} ({}, {} MB)", world.path().display(), world.digest(), bytes >> 20))?;
    print_line(&format!("made of {}", manifest.listens.join(", ")))?;
    match &manifest.canonical {
        Some(name) => print_line(&format!("names of {name}"))?,
        None => print_line("names as players wrote them: no canonical names were given")?,
    }
    if let Some(features) = &manifest.features {
        print_line(&format!(
            "features of {}: {} ({})",
            features.source,
            features.dumps.join(", "),
            features.licence
        ))?;
    }
    build::print_sums(&manifest.report)?;
    print_line(&format!(
        "recordings of at least {} people, pairs of at least {}; licence {}",
        manifest.fewest_people, manifest.fewest_people_of_pair, manifest.licence
    ))
}

fn verify(world: &World) -> anyhow::Result<()> {
    let bar = terminal::steps(100, "verifying");
    let result = world.verify(&mut |done| bar.set_position((100.0 * done) as u64));
    bar.finish_and_clear();
    result?;
    print_line(&format!("`{}` is what was written", world.path().display()))
}
