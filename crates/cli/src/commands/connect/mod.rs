//! `segue connect`: mixes in the player that one already has. These are the only commands that ask
//! other machines for anything.

mod drop;
mod listenbrainz;
mod mornings;
mod push;
mod read;
mod secret;
mod subsonic;

pub(crate) use mornings::follow as follow_mornings;

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use segue::{ConnectionFailure, Error, Library, ServerConnection};
use segue_core::ListenerId;

use crate::home::{Home, open_library, read_library};
use crate::terminal::{print_json, print_line, report_error, say, table};

/// Use the server that you already have: read what is there, and put your lists there as playlists.
///
/// A connection is to one account of a server, for one listener here. Its password is kept in the
/// file `secrets.json` of the home folder, which only you can read and which no backup holds. These
/// commands are the only ones that ask another machine for anything, and they ask the servers that
/// you name here alone. See docs/connect.md.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue connect subsonic https://music.example --user ann     Navidrome, Gonic, Ampache, Airsonic, …
  segue connect listenbrainz https://api.listenbrainz.org --user ann    plays and playlists
  segue connect                          what is connected, when it was read and pushed last
  segue connect read                     what is new there: songs, stars, ratings, playlists
  segue connect push                     make the lists that are due, and put them there
  segue mix --on home                    a mix of what is there
  segue connect drop home --playlists    an end to it, and to the playlists that it made there")]
pub(crate) struct ConnectArgs {
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    Subsonic(subsonic::SubsonicArgs),
    Listenbrainz(listenbrainz::ListenBrainzArgs),
    Read(read::ReadArgs),
    Push(push::PushArgs),
    Drop(drop::DropArgs),
}

pub(crate) fn run(args: ConnectArgs, home: &Home) -> anyhow::Result<()> {
    let Some(what) = args.what else {
        return print_connections(&read_library(home)?.store().connections()?, args.json);
    };
    let mut library = open_library(home)?;
    match what {
        What::Listenbrainz(asked) => listenbrainz::run(asked, &mut library, args.json),
        What::Subsonic(asked) => subsonic::run(asked, &mut library, args.json),
        What::Read(asked) => read::run(&asked, &mut library, args.json),
        What::Push(asked) => push::run(&asked, &mut library, args.json),
        What::Drop(asked) => drop::run(&asked, &mut library, args.json),
    }
}

/// Does something with a server, and notes whether that went well: `segue status` tells it. That it
/// cannot be noted is said, and hides nothing of what became of the thing itself.
fn noted<T>(
    library: &mut Library,
    name: &str,
    what: impl FnOnce(&mut Library) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let became = what(library);
    let failure = became.as_ref().err().map(|error| {
        // What is said of a server holds no secret, and no line of its own.
        let message = format!("{error:#}").replace('\n', " ");
        ConnectionFailure { at: Timestamp::now(), message }
    });
    if let Err(error) = library.store_mut().note_failure(name, failure.as_ref()) {
        report_error(&anyhow::Error::new(error).context("what became of it was not noted"));
    }
    became
}

/// A connection in a line, as `segue status` has it.
pub(crate) fn in_a_line(connection: &ServerConnection) -> String {
    let ServerConnection { name, service, address, user, listener, .. } = connection;
    let moment = |at: Option<Timestamp>| at.map_or("never".to_owned(), |at| format!("{at:.0}"));
    let (read, pushed) = (moment(connection.read_at), moment(connection.pushed_at));
    let failed = connection
        .failure
        .as_ref()
        .map(|ConnectionFailure { at, message }| format!("; failed {at:.0}: {message}"));
    format!(
        "`{name}`, {service} at {address}, as `{user}` for `{listener}`: read {read}, pushed \
         {pushed}{}",
        failed.unwrap_or_default()
    )
}

/// The connection of a name, else all of them.
fn chosen(library: &Library, name: Option<&str>) -> anyhow::Result<Vec<ServerConnection>> {
    let connections = match name {
        Some(name) => vec![library.connection(name)?],
        None => library.store().connections()?,
    };
    match connections.is_empty() {
        true => Err(Error::NoConnection.into()),
        false => Ok(connections),
    }
}

/// Does the same for each connection and prints what came of it; one that fails does not keep the
/// others from it.
fn for_each<T>(
    connections: &[ServerConnection],
    mut what: impl FnMut(&ServerConnection) -> anyhow::Result<T>,
    print: impl FnOnce(&[T]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for connection in connections {
        match what(connection) {
            Ok(one) => done.push(one),
            Err(error) => failed.push((connection, error)),
        }
    }
    if !done.is_empty() {
        print(&done)?;
    }
    if connections.len() == 1 {
        return failed.into_iter().next().map_or(Ok(()), |(_, error)| Err(error));
    }
    let count = failed.len();
    for (connection, error) in failed {
        report_error(&error.context(format!("`{}` failed", connection.name)));
    }
    match count {
        0 => Ok(()),
        count => bail!("{count} of {} connections failed", connections.len()),
    }
}

/// The listener that a connection is for. Unlike a mix it may bring a new one.
fn listener(library: &Library, named: Option<&str>) -> anyhow::Result<ListenerId> {
    match library.listener(named) {
        Err(Error::NoListener) => Ok(ListenerId::new(named.unwrap_or("me"))),
        Err(Error::UnknownListener { name, like: None }) => Ok(ListenerId::new(name)),
        found => Ok(found?),
    }
}

/// A name stands for one account: another under the same name would take its place.
fn refuse_another(library: &Library, asked: &ServerConnection) -> anyhow::Result<()> {
    let is_same = |one: &ServerConnection| {
        let of = |one: &ServerConnection| {
            (one.service.clone(), one.address.clone(), one.user.clone(), one.listener.clone())
        };
        of(one) == of(asked)
    };
    let connections = library.store().connections()?;
    match connections.iter().find(|one| one.name == asked.name) {
        Some(other) if !is_same(other) => bail!(
            "`{}` is `{}` at {} for `{}`: give this one another `--name`, or drop that one first",
            other.name,
            other.user,
            other.address,
            other.listener
        ),
        _ => Ok(()),
    }
}

fn print_connections(connections: &[ServerConnection], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return print_json(&connections);
    }
    if connections.is_empty() {
        say(&Error::NoConnection.to_string());
        return Ok(());
    }
    let mut rows =
        table(&["name", "service", "server", "user", "listener", "songs", "read", "pushed"]);
    for one in connections {
        let moment = |at: Option<Timestamp>| at.map_or("never".to_owned(), |at| format!("{at:.0}"));
        rows.add_row([
            one.name.clone(),
            one.service.clone(),
            one.address.clone(),
            one.user.clone(),
            one.listener.to_string(),
            one.songs.to_string(),
            moment(one.read_at),
            moment(one.pushed_at),
        ]);
    }
    print_line(&rows.to_string())
}
