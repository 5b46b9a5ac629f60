//! `segue connect push`: lists as playlists of a server.

use std::collections::HashMap;

use anyhow::Context as _;
use clap::Args;
use jiff::{Timestamp, Zoned};
use segue::{Library, ListToPush, ServerConnection, Snapshot};
use segue_connect::{ConnectError, Subsonic};
use serde::Serialize;

use super::{chosen, for_each, subsonic};
use crate::commands::mix::{explained, say_if_fallback};
use crate::terminal::{print_json, print_line};

/// Make the lists that are due, and put them on a connected server as playlists.
///
/// Each list has one playlist there whose songs are replaced, so that it keeps its place in the
/// player: today's, this week's finds, what is back after a while, and those of your own. A playlist
/// that somebody removed there is made anew; one of the same name that is not from here is left
/// alone. Run it every morning, by cron or by hand.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  segue connect push\n  segue connect push home --json")]
pub(super) struct PushArgs {
    /// Which connection [default: all].
    name: Option<String>,
}

/// What became of a list.
#[derive(Debug, Serialize)]
struct Pushed {
    #[serde(flatten)]
    list: ListToPush,
    /// Whether the playlist was made just now.
    is_new: bool,
    /// How many songs are on it, by the word of the server.
    kept: u64,
}

/// What was pushed to a server.
#[derive(Debug, Serialize)]
struct PushedTo {
    name: String,
    lists: Vec<Pushed>,
}

pub(super) fn run(args: &PushArgs, library: &mut Library, as_json: bool) -> anyhow::Result<()> {
    let connections = chosen(library, args.name.as_deref())?;
    let snapshot = library.snapshot()?;
    say_if_fallback(&snapshot);
    let pushed = for_each(&connections, |connection| push(library, &snapshot, connection))?;
    if as_json {
        return print_json(&pushed);
    }
    for PushedTo { name, lists } in &pushed {
        for list in lists {
            print_line(&format!("`{name}`: {}", sentence(list)))?;
        }
    }
    Ok(())
}

fn push(
    library: &mut Library,
    snapshot: &Snapshot,
    connection: &ServerConnection,
) -> anyhow::Result<PushedTo> {
    if connection.read_at.is_none() {
        anyhow::bail!("it was not read yet; run `segue connect read {}`", connection.name);
    }
    let lists = library.lists_to_push(snapshot, connection, &Zoned::now()).map_err(explained)?;
    let server = subsonic::client(library, connection)?;
    let there = counts(&server)?;
    let mut pushed = Vec::new();
    for list in lists {
        let known = list.playlist.clone().filter(|id| there.contains_key(id));
        let put = put(&server, &list, known).with_context(|| format!("pushing `{}`", list.name))?;
        let is_new = put.is_some() && put != list.playlist;
        if let Some(id) = put.as_deref().filter(|_| is_new) {
            library.note_playlist(connection, &list, id)?;
        }
        let playlist = put.or_else(|| list.playlist.clone());
        pushed.push(Pushed { list: ListToPush { playlist, ..list }, is_new, kept: 0 });
    }
    library.store_mut().note_pushed(&connection.name, Timestamp::now())?;
    let there = counts(&server)?;
    for one in &mut pushed {
        one.kept = one.list.playlist.as_ref().map_or(0, |id| there.get(id).copied().unwrap_or(0));
    }
    Ok(PushedTo { name: connection.name.clone(), lists: pushed })
}

/// Puts the songs of a list on the playlist that is `known`, or on a new one; `None` where there is
/// nothing to put there.
fn put(
    server: &Subsonic,
    list: &ListToPush,
    known: Option<String>,
) -> Result<Option<String>, ConnectError> {
    if list.songs.is_empty() {
        return Ok(None);
    }
    if let Some(id) = known {
        match server.replace_playlist(&id, &list.songs) {
            // Somebody removed it a moment ago.
            Err(ConnectError::NotFound { .. }) => {}
            replaced => return replaced.map(|()| Some(id)),
        }
    }
    server.create_playlist(&list.name, &list.songs).map(Some)
}

/// How many songs are on each playlist of the user.
fn counts(server: &Subsonic) -> Result<HashMap<String, u64>, ConnectError> {
    Ok(server.playlists()?.into_iter().map(|one| (one.id, one.songs)).collect())
}

fn sentence(pushed: &Pushed) -> String {
    let Pushed { list, is_new, kept } = pushed;
    let ListToPush { name, songs, missing, left_out, .. } = list;
    if let Some(why) = left_out {
        return format!("{name}: none, {why}");
    }
    if songs.is_empty() {
        return format!("{name}: none of its {missing} tracks is there, so that it was not pushed");
    }
    let sent = songs.len() as u64;
    let state = if *is_new { "a new playlist" } else { "replaced" };
    let lost = match *kept == sent {
        true => String::new(),
        false => format!("; the server says that {kept} are on it"),
    };
    let missing = match missing {
        0 => String::new(),
        missing => format!("; {missing} more of the list are not there"),
    };
    format!("{name}: {sent} songs, {state}{missing}{lost}")
}
