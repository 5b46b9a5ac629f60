//! `segue scan`: folders of music become a catalogue that can be played.

use std::path::PathBuf;

use clap::Args;
use segue::{ScanProgress, ScanReport};

use crate::home::{Home, open_library};
use crate::terminal::{print_json, print_line, say, steps};

/// So many files that cannot be read are named; `--json` has more.
const NAMED: usize = 10;

/// Read folders of music: every file becomes a track that mixes can hold and the page can play.
///
/// Titles, artists, albums, years, genres, MusicBrainz ids and ISRCs come from the tags of the files
/// (ID3, Vorbis comments, MP4, APE, RIFF); a file without a title goes by its name. Songs that you
/// played elsewhere are the same songs here by their names or MusicBrainz ids. Scanning again reads
/// what is new or has changed; a scan that was cut off goes on where it was. `segue serve` plays what
/// lies in the folders, those that were new to it after it is started again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue scan ~/Music                 and again whenever something is new there
  segue scan ~/Music /mnt/more --json
  segue scan --drop ~/Voice          forget a folder, and what only it brought")]
pub(crate) struct ScanArgs {
    /// Folders, with all folders within them.
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Forget the folders, with the songs that only they brought, instead of reading them.
    #[arg(long, conflicts_with = "json")]
    drop: bool,
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
    let bar = steps(0, "files");
    let report = library.scan(&args.folders, listener.as_ref(), &mut |progress: ScanProgress| {
        bar.set_length(progress.files);
        bar.set_position(progress.done);
    });
    bar.finish_and_clear();
    let report = report?;
    if args.json {
        return print_json(&report);
    }
    for problem in report.problems.iter().take(NAMED) {
        say(&format!("cannot read `{}`: {}", problem.path.display(), problem.why));
    }
    let unnamed = report.unreadable.saturating_sub(NAMED as u64);
    if unnamed > 0 {
        say(&format!("and {unnamed} more; `--json` names them"));
    }
    print_line(&told(&report))
}

fn told(report: &ScanReport) -> String {
    let ScanReport { files, unchanged, read, unreadable, gone, .. } = report;
    let mut told =
        vec![format!("{files} files: {read} read, {unchanged} unchanged, {unreadable} unreadable")];
    if *gone > 0 {
        told.push(format!("{gone} files are gone; their tracks stay known"));
    }
    if report.named_by_file > 0 {
        told.push(format!(
            "{} have no title in their tags and go by their names",
            report.named_by_file
        ));
    }
    if report.duplicates > 0 {
        told.push(format!("{} are further files of a track that is there", report.duplicates));
    }
    if report.played > 0 {
        told.push(format!(
            "of {} songs that were played, {} are here in some version",
            report.played, report.played_here
        ));
    }
    told.join("\n")
}
