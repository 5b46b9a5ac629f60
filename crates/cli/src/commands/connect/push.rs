//! `segue connect push`: lists as playlists of a server.

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use segue::{Library, ListToPush, ServerConnection, Service, Snapshot};
use segue_connect::{ConnectError, ListenBrainz, Subsonic};
use serde::Serialize;

use super::{chosen, for_each, listenbrainz, noted, subsonic};
use crate::commands::mix::{explained, say_if_fallback};
use crate::terminal::{print_json, print_line};

/// Make the lists that are due, and put them on a connected server as playlists.
///
/// Each list has one playlist there whose songs are replaced, so that it keeps its place in the
/// player: today's, this week's finds, what is back after a while, and those of your own. A
/// playlist that somebody removed there is made anew; one of the same name that is not from here is
/// left alone. Run it every morning, by cron or by hand.
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
pub(super) struct PushedTo {
    name: String,
    lists: Vec<Pushed>,
}

pub(super) fn run(args: &PushArgs, library: &mut Library, as_json: bool) -> anyhow::Result<()> {
    let connections = chosen(library, args.name.as_deref())?;
    let snapshot = library.snapshot()?;
    say_if_fallback(&snapshot);
    let push = |connection: &ServerConnection| push(library, &snapshot, connection);
    for_each(&connections, push, |pushed| print(pushed, as_json))
}

fn print(pushed: &[PushedTo], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return print_json(&pushed);
    }
    for PushedTo { name, lists } in pushed {
        for list in lists {
            print_line(&format!("`{name}`: {}", sentence(list)))?;
        }
    }
    Ok(())
}

/// Puts the lists of a connection's listener on its server, those that are due made before.
pub(super) fn push(
    library: &mut Library,
    snapshot: &Snapshot,
    connection: &ServerConnection,
) -> anyhow::Result<PushedTo> {
    noted(library, &connection.name, |library| push_to(library, snapshot, connection))
}

fn push_to(
    library: &mut Library,
    snapshot: &Snapshot,
    connection: &ServerConnection,
) -> anyhow::Result<PushedTo> {
    if connection.read_at.is_none() {
        bail!("it was not read yet; run `segue connect read {}`", connection.name);
    }
    let zone = segue::time_zone(library.store(), &connection.listener)?;
    let now = Timestamp::now().to_zoned(zone);
    let lists = library.lists_to_push(snapshot, connection, &now).map_err(explained)?;
    let server = Server::of(library, connection)?;
    let mut pushed = Vec::new();
    for list in lists {
        let put = match list.songs.is_empty() {
            true => None,
            false => Some(server.put(&list).with_context(|| format!("pushing `{}`", list.name))?),
        };
        let is_new = put.is_some() && put != list.playlist;
        if let Some(id) = put.as_deref().filter(|_| is_new) {
            library.note_playlist(connection, &list, id)?;
        }
        let kept = put.as_deref().map(|id| server.length(id)).transpose()?.flatten();
        let list = ListToPush { playlist: put.or_else(|| list.playlist.clone()), ..list };
        pushed.push(Pushed { list, is_new, kept: kept.unwrap_or(0) });
    }
    library.store_mut().note_pushed(&connection.name, Timestamp::now())?;
    Ok(PushedTo { name: connection.name.clone(), lists: pushed })
}

/// A server that keeps playlists.
pub(super) enum Server {
    Subsonic(Subsonic),
    ListenBrainz(ListenBrainz),
}

impl Server {
    pub(super) fn of(library: &Library, connection: &ServerConnection) -> anyhow::Result<Self> {
        Ok(match Service::of(connection)? {
            Service::Subsonic => Self::Subsonic(subsonic::client(library, connection)?),
            Service::ListenBrainz => Self::ListenBrainz(listenbrainz::client(library, connection)?),
        })
    }

    /// Puts the songs of a list on its playlist, or on a new one where that is gone; returns which
    /// it is.
    fn put(&self, list: &ListToPush) -> Result<String, ConnectError> {
        if let Some(id) = &list.playlist
            && let Some(length) = self.length(id)?
        {
            let replaced = match self {
                Self::Subsonic(server) => server.replace_playlist(id, &list.songs),
                Self::ListenBrainz(server) => server.replace_playlist(id, length, &list.songs),
            };
            match replaced {
                // Somebody removed it a moment ago.
                Err(ConnectError::NotFound { .. }) => {}
                replaced => return replaced.map(|()| id.clone()),
            }
        }
        match self {
            Self::Subsonic(server) => server.create_playlist(&list.name, &list.songs),
            Self::ListenBrainz(server) => server.create_playlist(&list.name, &list.songs),
        }
    }

    /// Removes a playlist of the user; returns whether it was there.
    pub(super) fn remove(&self, id: &str) -> Result<bool, ConnectError> {
        // An id may be another's by now: what is not the user's is left alone.
        if self.length(id)?.is_none() {
            return Ok(false);
        }
        let removed = match self {
            Self::Subsonic(server) => server.remove_playlist(id),
            Self::ListenBrainz(server) => server.remove_playlist(id),
        };
        match removed {
            Err(ConnectError::NotFound { .. }) => Ok(false),
            removed => removed.map(|()| true),
        }
    }

    /// How many songs are on a playlist of the user; `None` where there is no such playlist.
    fn length(&self, id: &str) -> Result<Option<u64>, ConnectError> {
        match self {
            Self::Subsonic(server) => {
                let found = server.playlists()?.into_iter().find(|one| one.id == id);
                Ok(found.map(|one| one.songs))
            }
            Self::ListenBrainz(server) => server.playlist_length(id),
        }
    }
}

fn sentence(pushed: &Pushed) -> String {
    let Pushed { list, is_new, kept } = pushed;
    let ListToPush { name, songs, missing, left_out, .. } = list;
    if let Some(why) = left_out {
        return format!("{name}: none, {why}");
    }
    if songs.is_empty() {
        return format!(
            "{name}: none of its {missing} tracks is known there, so that it was not pushed"
        );
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
