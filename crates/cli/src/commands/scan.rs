//! `segue scan`: folders of music become a catalogue that can be played.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use segue::{Library, ScanOptions, ScanProgress, ScanReport, ScanStage};

use crate::home::{Home, open_library};
use crate::terminal::{print_json, print_line, say, steps};

/// So many files that cannot be read are named; `--json` has more.
const NAMED: usize = 10;
/// How often `--watch` looks again. Asking all files for their times costs little, and works on
/// shares of other machines, which tell nobody what changes.
const LOOKS_AGAIN: Duration = Duration::from_secs(60);

/// Read folders of music: every file becomes a track that mixes can hold and the page can play.
///
/// Titles, artists, albums, years, genres, MusicBrainz ids and ISRCs come from the tags of the
/// files (ID3, Vorbis comments, MP4, APE, RIFF); a file without a title goes by its name, one
/// without an artist by its folders. Songs that you played elsewhere are the same songs here by
/// their MusicBrainz ids, ISRCs or names.
///
/// Then every file is decoded and measured for how it sounds: tempo, key, loudness, timbre, and
/// what a network hears in it. Mixes, similar tracks and `segue mix --prompt` go by that, and
/// nobody else is asked. It takes about a second a song and processor; tags are read first, so that
/// mixes work meanwhile.
///
/// Scanning again reads what is new or has changed; a file that was moved or tagged anew is not
/// measured again, and a scan that was cut off goes on where it was.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue scan ~/Music                 and again whenever something is new there
  segue scan ~/Music --watch         look again every minute
  segue scan ~/Music --threads 8     measure on eight processors
  segue scan ~/Music /mnt/more --json
  segue scan --drop ~/Voice          forget a folder, and what only it brought")]
pub(crate) struct ScanArgs {
    /// Folders, with all folders within them.
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Forget the folders, with the songs that only they brought, instead of reading them.
    #[arg(long, conflicts_with_all = ["json", "watch", "tags_only"])]
    drop: bool,
    /// Read tags and lengths only; how files sound is measured by the next scan without this.
    #[arg(long)]
    tags_only: bool,
    /// So many files are measured at a time.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 2,
        value_parser = clap::value_parser!(u16).range(1..=256)
    )]
    threads: u16,
    /// Go on until stopped: look every minute for what is new, changed or gone.
    #[arg(long, conflicts_with = "json")]
    watch: bool,
    /// Of whom to say how much of what they played is there [default: the only listener].
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: ScanArgs, home: &Home) -> anyhow::Result<()> {
    let mut library = open_library(home)?;
    if args.drop {
        let files = library.drop_music(&args.folders)?;
        say(&format!("{files} files are forgotten; nothing is played from there any more"));
        return Ok(());
    }
    let listener = match &args.listener {
        Some(name) => Some(library.listener(Some(name))?),
        None => library.listener(None).ok(),
    };
    let options =
        ScanOptions { listener, analyse: !args.tags_only, threads: usize::from(args.threads) };
    let report = scan(&mut library, &args.folders, &options)?;
    if args.json {
        return print_json(&report);
    }
    print_report(&report)?;
    if args.watch { watch(&mut library, &args.folders, &options) } else { Ok(()) }
}

/// Looks again and again, and tells of what changed. It ends with the process.
fn watch(library: &mut Library, folders: &[PathBuf], options: &ScanOptions) -> anyhow::Result<()> {
    loop {
        std::thread::sleep(LOOKS_AGAIN);
        match scan(library, folders, options) {
            Ok(report) if report.read + report.gone + report.analysed > 0 => print_report(&report)?,
            Ok(_) => {}
            // A disk that is away for a while comes back.
            Err(error) => say(&format!("{error:#}; looking again in a minute")),
        }
    }
}

fn scan(
    library: &mut Library,
    folders: &[PathBuf],
    options: &ScanOptions,
) -> anyhow::Result<ScanReport> {
    let mut bar: Option<(ScanStage, ProgressBar)> = None;
    let report = library.scan(folders, options, &mut |progress: ScanProgress| {
        // How long the first stage took says nothing of the second.
        let (_, bar) = match &mut bar {
            Some(bar) if bar.0 == progress.stage => bar,
            bar => bar.insert((progress.stage, stage_bar(progress))),
        };
        bar.set_length(progress.files);
        bar.set_position(progress.done);
    });
    if let Some((_, bar)) = bar {
        bar.finish_and_clear();
    }
    Ok(report?)
}

fn stage_bar(progress: ScanProgress) -> ProgressBar {
    let what = match progress.stage {
        ScanStage::Tags => "tags",
        ScanStage::Sound => "sound",
    };
    steps(progress.files, what).with_position(progress.done)
}

fn print_report(report: &ScanReport) -> anyhow::Result<()> {
    for problem in report.problems.iter().take(NAMED) {
        say(&format!("cannot read `{}`: {}", problem.path.display(), problem.why));
    }
    let unnamed = (report.unreadable + report.undecodable).saturating_sub(NAMED as u64);
    if unnamed > 0 {
        say(&format!("and {unnamed} more; `--json` names them"));
    }
    print_line(&told(report))
}

fn told(report: &ScanReport) -> String {
    let ScanReport { files, unchanged, read, unreadable, gone, .. } = report;
    let mut told =
        vec![format!("{files} files: {read} read, {unchanged} unchanged, {unreadable} unreadable")];
    let mut tell = |count: u64, what: &str| {
        if count > 0 {
            told.push(format!("{count} {what}"));
        }
    };
    tell(*gone, "files are no longer where they were; what only they brought is forgotten");
    tell(report.named_by_file, "have no title in their tags and go by their names");
    tell(report.duplicates, "are further files of a track that is there");
    tell(report.analysed, "measured for how they sound");
    tell(report.undecodable, "cannot be measured: their sound cannot be decoded");
    tell(
        report.unanalysed - report.undecodable.min(report.unanalysed),
        "not measured yet; `segue scan` without `--tags-only` goes on",
    );
    if !report.same_recordings.is_empty() {
        told.push(format!(
            "{} pairs of tracks are the same recording under different names; `--json` has them",
            report.same_recordings.len()
        ));
    }
    if report.played > 0 {
        told.push(format!(
            "of {} songs that were played, {} are here in some version",
            report.played, report.played_here
        ));
    }
    if let Some(listener) = &report.new_listener {
        told.push(format!(
            "you are listener `{listener}`; `segue mix` makes a mix of these and `segue serve` \
             plays it"
        ));
    }
    told.join("\n")
}
