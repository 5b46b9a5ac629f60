//! `segue import`: foreign files into the store, with a report that adds up.

mod explain;
pub(crate) mod report;
mod sink;

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use segue::world::World;
use segue::{Imported, Library};
use segue_core::{FeedbackKind, ListenerId};
use segue_ingest::{
    DropReason, ImportOptions, ImportProgress, ImportReport, PlaylistUse, TableOptions,
};
use serde_json::json;

use crate::home::{Home, open_library};
use crate::terminal::{self, print_json, say, say_if_only_played};
use sink::DrySink;

/// Read listening history, likes, friends and tables of audio features: files, folders or zip
/// archives.
///
/// The format is found from the content. Importing a file again adds nothing, and an import that
/// was interrupted goes on where it stopped. IP addresses, user agents, countries and user names
/// are never read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue import my_spotify_data.zip
  segue import listenbrainz_ann_1749780844.zip --listener ann
  segue import tracks.csv                        a table of audio features: it belongs to nobody
  segue import liked.json --mark liked           every track in the file is liked
  segue import songs.csv --label-column thumbs   a table that says which songs are liked
  segue import playlists.csv --playlists-as listeners
  segue import user_friends.dat                  who is friends with whom: a row holds one way
  segue import people.csv --friend-columns person,knows
  segue import artist_tags.csv                   what people call artists: artist, tag, count
  segue import exports/ --dry-run                what would be read, and nothing kept
  segue import songs.csv --explain               how its columns and first rows are understood")]
pub(crate) struct ImportArgs {
    /// Files, folders or zip archives.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Whose history it is, where the file does not say.
    #[arg(long, default_value = "me", value_name = "NAME")]
    listener: String,
    /// Take every track of these files as liked, disliked or saved by the listener.
    #[arg(long, value_enum)]
    mark: Option<Mark>,
    /// What a column of playlists in a table stands for.
    #[arg(long, value_enum, default_value_t = Playlists::Nothing)]
    playlists_as: Playlists,
    /// The column of a table that says whether a track is liked, where it is not called `liked`.
    #[arg(long, value_name = "COLUMN")]
    label_column: Option<String>,
    /// The columns of a table that hold a listener and a friend of theirs, where they are not
    /// called `user` and `friend`.
    #[arg(long, value_name = "LISTENER,FRIEND", value_parser = friend_columns)]
    friend_columns: Option<[String; 2]>,
    /// Read and report, and keep nothing.
    #[arg(long)]
    dry_run: bool,
    /// Say how each file is understood, and keep nothing: its format, what each column of a table
    /// is read as, and its first rows.
    #[arg(long, conflicts_with = "dry_run")]
    explain: bool,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// What a column of playlists stands for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Playlists {
    /// Nothing: the column is not read.
    Nothing,
    /// What a track was played from.
    Contexts,
    /// Each playlist is a listener who likes what is in it.
    Listeners,
}

/// What a file says of its tracks.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mark {
    /// The listener likes them.
    Liked,
    /// The listener dislikes them.
    Disliked,
    /// They are in the listener's library.
    Saved,
}

impl From<Mark> for FeedbackKind {
    fn from(mark: Mark) -> Self {
        match mark {
            Mark::Liked => Self::Like,
            Mark::Disliked => Self::Dislike,
            Mark::Saved => Self::Saved,
        }
    }
}

pub(crate) fn run(args: ImportArgs, home: &Home) -> anyhow::Result<()> {
    let options = args.options();
    if let Some(world) = args.paths.iter().find(|path| World::is_one(path)) {
        let world = world.display();
        bail!("`{world}` is a world, not a history: `segue world use {world}` takes it into use");
    }
    if args.explain {
        let explanations = segue_ingest::explain(&args.paths, &options)?;
        return if args.json { print_json(&explanations) } else { explain::print(&explanations) };
    }
    let (report, counts, library) = if args.dry_run {
        (read(&args.paths, &options)?, None, None)
    } else {
        let mut library = open_library(home)?;
        let Imported { report, counts } = import_into(&mut library, &args.paths, &options)?;
        (report, Some(counts), Some(library))
    };
    if args.json {
        print_json(&json!({"files": report.files, "total": report.total(), "store": counts}))?;
    } else {
        report::print(&report, counts.as_ref())?;
    }
    library.as_ref().map_or(Ok(()), say_if_only_played)?;
    if args.dry_run {
        say("nothing was kept: this was a dry run");
    }
    let total = report.total();
    if total.rows_read > 0 && total.dropped.get(&DropReason::BadTime) == Some(&total.rows_read) {
        bail!("no row has a time that can be read, so none was kept");
    }
    match report.incomplete().count() {
        0 => Ok(()),
        1 => bail!("one file could not be read to its end; what was read of it is kept"),
        several => {
            bail!("{several} files could not be read to their end; what was read of them is kept")
        }
    }
}

impl ImportArgs {
    fn options(&self) -> ImportOptions {
        let playlists = match self.playlists_as {
            Playlists::Nothing => PlaylistUse::Ignore,
            Playlists::Contexts => PlaylistUse::Context,
            Playlists::Listeners => PlaylistUse::Listener,
        };
        let mark = self.mark.map(FeedbackKind::from);
        let tables = TableOptions {
            mark,
            playlists,
            label_column: self.label_column.clone(),
            friend_columns: self.friend_columns.clone(),
            ..TableOptions::default()
        };
        ImportOptions { tables, ..ImportOptions::new(ListenerId::new(self.listener.as_str())) }
    }
}

/// Two names of columns with a comma between them.
fn friend_columns(text: &str) -> Result<[String; 2], String> {
    let names = text.split_once(',').map(|(listener, friend)| [listener.trim(), friend.trim()]);
    match names {
        Some([listener, friend])
            if !listener.is_empty() && !friend.is_empty() && listener != friend =>
        {
            Ok([listener, friend].map(str::to_owned))
        }
        _ => Err("name two columns, such as `person,knows`".to_owned()),
    }
}

/// Reads paths into a library.
pub(crate) fn import_into<P: AsRef<Path>>(
    library: &mut Library,
    paths: &[P],
    options: &ImportOptions,
) -> anyhow::Result<Imported> {
    let bar = terminal::bytes(0, "importing");
    let imported = library.import(paths, options, &mut observer(&bar));
    bar.finish_and_clear();
    Ok(imported?)
}

/// Reads paths and keeps nothing.
fn read(paths: &[PathBuf], options: &ImportOptions) -> anyhow::Result<ImportReport> {
    let bar = terminal::bytes(0, "importing");
    let report = segue_ingest::import(paths, options, &mut observer(&bar), &mut DrySink);
    bar.finish_and_clear();
    Ok(report?)
}

fn observer(bar: &ProgressBar) -> impl FnMut(ImportProgress<'_>) {
    |progress| {
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes_read);
        bar.set_message(
            progress.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        );
    }
}
