//! `segue world build`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use jiff::civil::Date;
use segue::update_world;
use segue::world::build::{BuildConfig, BuildReport, BuildStage, FEWEST_PEOPLE};

use super::cluster::Cluster;

use crate::terminal::{self, print_json, print_line};

/// Build a world from dumps that you downloaded. An interrupted build goes on where it stopped when
/// it is run again with the same files.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue world build --listens listens-june.tar --canonical canonical.tar.zst june.world
  segue world build --listens listens-june.tar --canonical canonical.tar.zst \
      --features acousticbrainz/ june.world")]
pub(super) struct BuildArgs {
    /// A dump of listens: the tar of Parquet or a part of it, the `.tar.zst` of JSON lines, or a
    /// folder of them. May be given several times.
    #[arg(long, required = true, value_name = "DUMP")]
    listens: Vec<PathBuf>,
    /// MusicBrainz's canonical names (`musicbrainz-canonical-dump-….tar.zst`). Without them names
    /// are taken as players wrote them.
    #[arg(long, value_name = "DUMP")]
    canonical: Option<PathBuf>,
    /// AcousticBrainz's features, how recordings sound: an archive (`acousticbrainz-….tar.zst`), or
    /// a folder of them. May be given several times.
    #[arg(long, value_name = "DUMP")]
    features: Vec<PathBuf>,
    /// Leave out recordings that fewer people played.
    #[arg(long, value_name = "N", default_value_t = FEWEST_PEOPLE)]
    people: u32,
    /// Memory that the build may take, in megabytes.
    #[arg(long, value_name = "MB", default_value_t = BuildConfig::default().memory_mb)]
    memory: usize,
    /// Keep what was read in the folder OUT.parts, for `segue world update`: sixteen bytes a
    /// listen. Unlike the world it tells who played what.
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    cluster: Cluster,
    /// The file to write, which is not there yet.
    out: PathBuf,
}

/// Build a world again with listens that came since, such as those of the daily dumps. It has to
/// have been built with `--keep`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  segue world update --listens listenbrainz-dump-2345-incremental.tar june.world")]
pub(super) struct UpdateArgs {
    /// A dump of listens, as `segue world build` takes it. May be given several times.
    #[arg(long, required = true, value_name = "DUMP")]
    listens: Vec<PathBuf>,
    /// Memory that the build may take, in megabytes.
    #[arg(long, value_name = "MB", default_value_t = BuildConfig::default().memory_mb)]
    memory: usize,
    /// The world, which is replaced once the new one is whole.
    world: PathBuf,
}

pub(super) fn update(args: UpdateArgs, as_json: bool) -> anyhow::Result<()> {
    let bar = terminal::bytes(0, "reading");
    let show = &mut |stage| show(&bar, stage);
    let report = update_world(&args.world, args.listens, args.memory, show);
    bar.finish_and_clear();
    let report = report?;
    if as_json {
        return print_json(&report);
    }
    print_report(&report)?;
    let path = args.world.display();
    print_line(&format!("`{path}` is built again; `segue world use {path}` takes it into use"))
}

pub(super) fn run(args: BuildArgs, as_json: bool) -> anyhow::Result<()> {
    if args.people < FEWEST_PEOPLE {
        bail!("--people {}: fewer than {FEWEST_PEOPLE} would tell of single people", args.people);
    }
    let config = BuildConfig {
        listens: args.listens,
        canonical: args.canonical,
        features: args.features,
        fewest_people: args.people,
        memory_mb: args.memory,
        keep_parts: args.keep,
    };
    let bar = terminal::bytes(0, "reading");
    let report = args.cluster.build(&config, &args.out, &mut |stage| show(&bar, stage));
    bar.finish_and_clear();
    let report = report?;
    if as_json {
        return print_json(&report);
    }
    print_report(&report)?;
    print_line(&format!("`{}` is built; `segue world use` takes it into use", args.out.display()))
}

fn show(bar: &indicatif::ProgressBar, stage: BuildStage) {
    let share = |name: &'static str, done: f32| {
        bar.set_length(100);
        bar.set_position((100.0 * done) as u64);
        bar.set_style(terminal::share_style());
        bar.set_prefix(name);
    };
    match stage {
        BuildStage::Reading { member, bytes, of } => {
            bar.set_length(of);
            bar.set_position(bytes);
            bar.set_message(member);
        }
        BuildStage::Naming => share("naming", 0.0),
        BuildStage::Counting(done) => share("counting", done),
        BuildStage::Sounding { bytes, of } => {
            bar.set_style(terminal::bytes_style());
            bar.set_prefix("features");
            bar.set_length(of);
            bar.set_position(bytes);
        }
        BuildStage::Pairing(done) => share("pairing", done),
        BuildStage::Factoring => share("factors", 0.0),
        BuildStage::Writing(done) => share("writing", done),
    }
}

fn print_report(report: &BuildReport) -> anyhow::Result<()> {
    for member in report.members.iter().filter(|member| member.broken.is_some()) {
        let why = member.broken.as_deref().unwrap_or_default();
        print_line(&format!("`{}` is damaged and was left out: {why}", member.member))?;
    }
    let whole = report.members.iter().filter(|member| member.broken.is_none());
    let (mut rows, mut dropped) = (0, std::collections::BTreeMap::<&str, u64>::new());
    for member in whole {
        rows += member.rows;
        for (reason, count) in &member.dropped {
            *dropped.entry(reason).or_default() += count;
        }
    }
    print_line(&format!("{rows} rows read"))?;
    for (reason, count) in dropped {
        print_line(&format!("  {count} dropped: {reason}"))?;
    }
    for (rule, count) in &report.joined {
        print_line(&format!("  {count} joined by {rule}"))?;
    }
    for (count, what) in [
        (report.unnamed, "whose names say nothing"),
        (report.duplicates, "were the same listen again"),
        (report.by_too_few, "of recordings that too few people played"),
    ] {
        if count > 0 {
            print_line(&format!("  {count} {what}"))?;
        }
    }
    print_features(report)?;
    print_sums(report)
}

/// What became of the rows of each dump of features.
fn print_features(report: &BuildReport) -> anyhow::Result<()> {
    for dump in &report.features {
        if let Some(why) = &dump.broken {
            print_line(&format!("`{}` was left out: {why}", dump.dump))?;
            continue;
        }
        print_line(&format!("`{}`: {} rows, {} joined", dump.dump, dump.rows, dump.joined))?;
        for (reason, count) in &dump.dropped {
            print_line(&format!("  {count} dropped: {reason}"))?;
        }
    }
    Ok(())
}

/// What a world holds, in figures.
pub(super) fn print_sums(report: &BuildReport) -> anyhow::Result<()> {
    let day = |day: u32| {
        let days = jiff::Span::new().days(i64::from(day));
        Date::constant(1970, 1, 1).saturating_add(days)
    };
    let [from, to] = report.days.map(day);
    print_line(&format!("{} listens by {} people, {from} to {to}", report.listens, report.people))?;
    print_line(&format!(
        "{} recordings by {} artists, {} pairs played in one sitting",
        report.recordings, report.artists, report.pairs[1]
    ))?;
    match report.sounds {
        0 => Ok(()),
        sounds => print_line(&format!("{sounds} recordings of which it is known how they sound")),
    }
}
