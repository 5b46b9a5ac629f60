//! `segue connect listenbrainz`: a connection to a server with the API of ListenBrainz.

use clap::Args;
use segue::{Library, ServerConnection, Service};
use segue_connect::{Http, ListenBrainz, ServerAddress};

use super::{listener, read, refuse_another, secret};
use crate::terminal::say;

/// Connect a server with the API of ListenBrainz, and pull the plays that it has of you.
///
/// The token is asked for at the terminal, or read as a line from stdin. Lists are pushed as
/// playlists that only you see, of the tracks that are known to be MusicBrainz recordings.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue connect listenbrainz https://api.listenbrainz.org --user ann
  segue connect listenbrainz http://nas:8080 --user ann --name nas < token.txt")]
pub(super) struct ListenBrainzArgs {
    /// Where the server is, with http:// or https://.
    url: String,
    /// The account on the server.
    #[arg(long, value_name = "NAME")]
    user: String,
    /// What to call the connection here.
    #[arg(long, default_value = "listenbrainz", value_name = "NAME")]
    name: String,
    /// Whose account it is [default: the only listener, or `me`].
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
}

pub(super) fn run(
    args: ListenBrainzArgs,
    library: &mut Library,
    as_json: bool,
) -> anyhow::Result<()> {
    let address: ServerAddress = args.url.parse()?;
    let connection = ServerConnection {
        name: args.name,
        service: Service::ListenBrainz.key().to_owned(),
        address: address.to_string(),
        user: args.user,
        access: "token".to_owned(),
        listener: listener(library, args.listener.as_deref())?,
        lists_within: false,
        counts_plays: false,
        read_at: None,
        pushed_at: None,
        songs: 0,
        failure: None,
    };
    refuse_another(library, &connection)?;
    let secret = secret::ask(&format!("token of `{}` at {address}", connection.user))?;
    let user = connection.user.clone();
    let server = ListenBrainz::new(Http::default(), address.clone(), user, secret.clone());
    server.validate()?;
    if address.is_readable_on_the_way() {
        say("the connection is not encrypted: whoever is on the way can read the token");
    }
    library.connect(&connection, &secret)?;
    read::run_for(&[connection], library, as_json)
}

/// A client for a connection that is set up.
pub(super) fn client(
    library: &Library,
    connection: &ServerConnection,
) -> anyhow::Result<ListenBrainz> {
    let secret = library.secret(connection)?;
    let address = connection.address.parse()?;
    Ok(ListenBrainz::new(Http::default(), address, connection.user.clone(), secret))
}
