//! `segue connect read`: what is new on a server.

use std::collections::HashSet;

use anyhow::bail;
use clap::Args;
use jiff::Timestamp;
use segue::{Library, ServerConnection, TakenIn};
use segue_connect::Subsonic;
use segue_ingest::{FileReport, ImportReport};
use serde_json::{Value, json};

use super::{chosen, for_each, subsonic};
use crate::commands::import::report;
use crate::terminal::{counter, print_json, print_line, say, say_if_only_played};

/// Read the library of a connected server again: songs, stars, ratings, playlists.
///
/// Only what has changed there since it was read last is told to the library. A star that is gone
/// takes back the like that it was, unless you said something of the song here since.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  segue connect read\n  segue connect read home --json")]
pub(super) struct ReadArgs {
    /// Which connection [default: all].
    name: Option<String>,
    /// Take in how often songs were played there, from now on. Only where no scrobbler, player or
    /// export tells of the same plays: they have no date, and would count twice.
    #[arg(long)]
    plays: bool,
}

pub(super) fn run(args: &ReadArgs, library: &mut Library, as_json: bool) -> anyhow::Result<()> {
    let connections = chosen(library, args.name.as_deref())?;
    let read = for_each(&connections, |connection| {
        let server = subsonic::client(library, connection)?;
        let connection = ServerConnection {
            counts_plays: connection.counts_plays || args.plays,
            ..connection.clone()
        };
        if args.plays {
            let secret = library.secret(&connection)?;
            library.connect(&connection, &secret)?;
        }
        read(library, &server, &connection)
    })?;
    print(&read, as_json)
}

/// Reads one server and prints what came of it.
pub(super) fn read_and_print(
    library: &mut Library,
    server: &Subsonic,
    connection: &ServerConnection,
    as_json: bool,
) -> anyhow::Result<()> {
    let read = read(library, server, connection)?;
    print(&[read], as_json)?;
    say_if_only_played(library)
}

/// What was read of a server, and what came of it.
struct WasRead {
    connection: ServerConnection,
    report: FileReport,
    taken: TakenIn,
}

fn read(
    library: &mut Library,
    server: &Subsonic,
    connection: &ServerConnection,
) -> anyhow::Result<WasRead> {
    let bar = counter("songs");
    let saved = saved_songs(library, server, connection)?;
    let mut reading = library.read_remote(connection)?;
    let report = server.read_songs(&connection.listener, &saved, &mut |songs| {
        bar.inc(songs.len() as u64);
        Ok(reading.take(songs)?)
    });
    bar.finish_and_clear();
    let report = report?;
    // A disk that is not mounted looks like this: nothing there is taken for gone.
    if report.rows_read == 0 {
        bail!("no song was found there; is its library scanned?");
    }
    let taken = reading.finish(Timestamp::now())?;
    Ok(WasRead { connection: connection.clone(), report, taken })
}

/// The songs on the user's own playlists, without those that Segue put there.
fn saved_songs(
    library: &Library,
    server: &Subsonic,
    connection: &ServerConnection,
) -> anyhow::Result<HashSet<String>> {
    let ours = library.store().remote_playlists(&connection.name)?;
    let ours: HashSet<String> = ours.into_iter().map(|playlist| playlist.remote).collect();
    let mut saved = HashSet::new();
    for playlist in server.playlists()?.into_iter().filter(|one| !ours.contains(&one.id)) {
        saved.extend(server.playlist_songs(&playlist.id)?);
    }
    Ok(saved)
}

fn print(read: &[WasRead], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let value = |one: &WasRead| json!({"name": one.connection.name, "report": one.report, "taken": one.taken});
        print_json(&read.iter().map(value).collect::<Vec<Value>>())?;
    } else {
        let files = read.iter().map(|one| one.report.clone()).collect();
        report::print(&ImportReport { files }, None)?;
        read.iter().try_for_each(print_one)?;
    }
    Ok(())
}

fn print_one(read: &WasRead) -> anyhow::Result<()> {
    let WasRead { connection, taken, .. } = read;
    let (name, whose) = (&connection.name, &connection.listener);
    let TakenIn { songs, new_songs, gone, opinions, added, taken_back, .. } = taken;
    print_line(&format!(
        "`{name}`: {songs} songs ({new_songs} new, {gone} gone), {opinions} stars and ratings \
         ({taken_back} taken back); {added} entries added to the history of `{whose}`"
    ))?;
    if taken.played > 0 {
        let (played, there) = (taken.played, taken.played_there);
        print_line(&format!("of {played} songs that `{whose}` has played, {there} are there"))?;
    }
    if taken.plays_left > 0 {
        say(&format!(
            "note: {} plays are counted there and were not taken in: they have no date, so that they \
             would count twice where a scrobbler or an export tells of them, too; `segue connect \
             read {name} --plays` takes them in",
            taken.plays_left
        ));
    }
    Ok(())
}
