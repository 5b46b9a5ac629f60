//! `segue connect read`: what is new on a server.

use std::collections::HashSet;

use anyhow::bail;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use segue::{Library, ServerConnection, Service, TakenIn};
use segue_connect::{ListenBrainz, ServerPlaylist, Subsonic};
use segue_ingest::{FileReport, ImportReport};
use serde::Serialize;
use serde_json::{Value, json};

use super::{chosen, for_each, listenbrainz, noted, subsonic};
use crate::commands::import::report;
use crate::terminal::{counter, print_json, print_line, say};

/// How late plays may come to a server, and are found there still.
const LATE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Read a connected server again: songs, stars, ratings and playlists, or plays.
///
/// Only what has changed there since it was read last is told to the library. A star that is gone
/// takes back the like that it was, unless you said something of the song here since. Of a server
/// with plays those of the last two weeks are looked at again, since players without a network tell
/// of theirs late; none counts twice.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  segue connect read\n  segue connect read home --json")]
pub(super) struct ReadArgs {
    /// Which connection [default: all].
    name: Option<String>,
    /// Take in how often songs were played on a Subsonic server, from now on. Only where no
    /// scrobbler, player or export tells of the same plays: they have no date, and would count
    /// twice.
    #[arg(long)]
    plays: bool,
}

pub(super) fn run(args: &ReadArgs, library: &mut Library, as_json: bool) -> anyhow::Result<()> {
    let mut connections = chosen(library, args.name.as_deref())?;
    for connection in connections.iter_mut().filter(|_| args.plays) {
        connection.counts_plays = true;
        let secret = library.secret(connection)?;
        library.connect(connection, &secret)?;
    }
    run_for(&connections, library, as_json)
}

/// Reads servers and prints what came of it.
pub(super) fn run_for(
    connections: &[ServerConnection],
    library: &mut Library,
    as_json: bool,
) -> anyhow::Result<()> {
    for_each(connections, |connection| read(library, connection), |read| print(read, as_json))
}

/// Reads one server.
pub(super) fn read(
    library: &mut Library,
    connection: &ServerConnection,
) -> anyhow::Result<WasRead> {
    noted(library, &connection.name, |library| read_as(library, connection))
}

fn read_as(library: &mut Library, connection: &ServerConnection) -> anyhow::Result<WasRead> {
    match Service::of(connection)? {
        Service::Subsonic => {
            let server = subsonic::client(library, connection)?;
            read_library(library, &server, connection)
        }
        Service::ListenBrainz => {
            let server = listenbrainz::client(library, connection)?;
            pull(library, &server, connection)
        }
    }
}

/// What was read of a server, and what came of it.
pub(super) struct WasRead {
    connection: ServerConnection,
    report: FileReport,
    came: Came,
}

/// What came of a reading.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Came {
    /// Of a library of songs.
    Taken(TakenIn),
    /// Of plays: how many were new.
    Added(u64),
}

fn read_library(
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
    Ok(WasRead { connection: connection.clone(), report, came: Came::Taken(taken) })
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
    let is_theirs = |one: &ServerPlaylist| !one.is_ours && !ours.contains(&one.id);
    for playlist in server.playlists()?.into_iter().filter(is_theirs) {
        saved.extend(server.playlist_songs(&playlist.id)?);
    }
    Ok(saved)
}

/// Pulls plays from some days before where the last pulling ended: players that were without a
/// network tell late what was played by then. Those that are here already count once. What was
/// pulled stays, should it break off.
fn pull(
    library: &mut Library,
    server: &ListenBrainz,
    connection: &ServerConnection,
) -> anyhow::Result<WasRead> {
    let bar = counter("plays");
    let pulled_to = library.store().pulled_to(&connection.name)?;
    let mut after = pulled_to.map(|to| to.saturating_sub(LATE).unwrap_or(to));
    let (mut files, mut added) = (ImportReport::default(), 0);
    loop {
        let page = server.listens_after(&connection.listener, after)?;
        bar.inc(page.report.rows_read);
        added += library.take_in_listens(connection, &page.listens, page.next)?;
        files.files.push(page.report);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    bar.finish_and_clear();
    library.finish_pulling(connection, Timestamp::now())?;
    let (path, source) = (files.files[0].path.clone(), files.files[0].source);
    let report = FileReport { path, source, ..files.total() };
    Ok(WasRead { connection: connection.clone(), report, came: Came::Added(added) })
}

fn print(read: &[WasRead], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let value = |one: &WasRead| {
            let mut value = json!(one.came);
            value["name"] = json!(one.connection.name);
            value["report"] = json!(one.report);
            value
        };
        return print_json(&read.iter().map(value).collect::<Vec<Value>>());
    }
    let files = read.iter().map(|one| one.report.clone()).collect();
    report::print(&ImportReport { files }, None)?;
    for WasRead { connection, came, .. } in read {
        match came {
            Came::Taken(taken) => print_taken(connection, taken)?,
            Came::Added(added) => {
                let (name, whose) = (&connection.name, &connection.listener);
                let plays = if *added == 1 { "play" } else { "plays" };
                print_line(&format!(
                    "`{name}`: {added} {plays} added to the history of `{whose}`"
                ))?;
            }
        }
    }
    Ok(())
}

fn print_taken(connection: &ServerConnection, taken: &TakenIn) -> anyhow::Result<()> {
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
            "note: {} plays are counted there and were not taken in: they have no date, so that \
             they would count twice where a scrobbler or an export tells of them, too; `segue \
             connect read {name} --plays` takes them in",
            taken.plays_left
        ));
    }
    Ok(())
}
