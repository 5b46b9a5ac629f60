//! `segue connect drop`: an end to a connection, and to what it left on the server if that is
//! asked.

use anyhow::bail;
use clap::Args;
use segue::{Library, RemotePlaylist};
use serde::Serialize;

use super::push::Server;
use crate::terminal::{print_json, report_error, say};

/// Remove a connection, its password, and the songs that only it brought.
///
/// What you starred and played there stays here. Playlists stay on the server, unless `--playlists`
/// removes them: those that Segue made there, by the ids that it keeps, and no other. Where one
/// cannot be removed the connection stays, so that it can be tried again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  segue connect drop home\n  segue connect drop home --playlists"
)]
pub(super) struct DropArgs {
    /// Its name in `segue connect`.
    name: String,
    /// Remove the playlists that Segue made there first.
    #[arg(long)]
    playlists: bool,
}

/// What became of the playlists that Segue made, by their names.
#[derive(Debug, Default, Serialize)]
struct Left {
    name: String,
    /// Those that were removed.
    removed: Vec<String>,
    /// Those that were there no more.
    gone: Vec<String>,
    /// Those that are still there.
    stay: Vec<String>,
}

pub(super) fn run(args: &DropArgs, library: &mut Library, as_json: bool) -> anyhow::Result<()> {
    let connection = library.connection(&args.name)?;
    let ours = library.store().remote_playlists(&connection.name)?;
    let left = match args.playlists && !ours.is_empty() {
        true => remove(&Server::of(library, &connection)?, &connection.name, ours),
        false => {
            let stay = ours.into_iter().map(|one| one.name).collect();
            Left { name: connection.name.clone(), stay, ..Left::default() }
        }
    };
    let is_kept = args.playlists && !left.stay.is_empty();
    if !is_kept {
        library.disconnect(&connection.name)?;
    }
    match as_json {
        true => print_json(&left)?,
        false => tell(&left, is_kept),
    }
    match is_kept {
        true => bail!("`{}` stays connected: not all of its playlists could be removed", left.name),
        false => Ok(()),
    }
}

fn remove(server: &Server, name: &str, ours: Vec<RemotePlaylist>) -> Left {
    let mut left = Left { name: name.to_owned(), ..Left::default() };
    for playlist in ours {
        let became = match server.remove(&playlist.remote) {
            Ok(true) => &mut left.removed,
            Ok(false) => &mut left.gone,
            Err(error) => {
                let context = format!("the playlist `{}`", playlist.name);
                report_error(&anyhow::Error::new(error).context(context));
                &mut left.stay
            }
        };
        became.push(playlist.name);
    }
    left
}

fn tell(left: &Left, is_kept: bool) {
    let Left { name, removed, gone, stay } = left;
    let listed = |names: &[String]| names.join(", ");
    if !is_kept {
        say(&format!("`{name}` is dropped"));
    }
    if !removed.is_empty() {
        say(&format!("removed from the server: {}", listed(removed)));
    }
    if !gone.is_empty() {
        say(&format!("no longer there: {}", listed(gone)));
    }
    if !stay.is_empty() {
        say(&format!("still on the server: {}", listed(stay)));
    }
}
