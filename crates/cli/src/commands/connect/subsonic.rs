//! `segue connect subsonic`: a connection to a server that speaks OpenSubsonic.

use anyhow::Context as _;
use clap::Args;
use segue::{Library, ServerConnection, Service};
use segue_connect::{Account, Http, LoginMethod, ServerAddress, ServerInfo, Subsonic};

use super::{listener, read, refuse_another, secret};
use crate::terminal::{say, say_if_only_played};

/// Connect a server that speaks OpenSubsonic, such as Navidrome, and read its library.
///
/// The password is asked for at the terminal, or read as a line from stdin. What is sent of it is a
/// digest; the password itself goes only to a server that says that it takes nothing else.
///
/// Lists of the listener are made of what is there from then on, so that pushed lists are whole;
/// with `--any-song` they are made of all songs that are known here, as before.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue connect subsonic https://music.example --user ann
  segue connect subsonic http://nas:4533 --user bob --name nas --listener bob
  segue connect subsonic https://music.example --user ann --api-key < key.txt")]
pub(super) struct SubsonicArgs {
    /// Where the server is, with http:// or https://.
    url: String,
    /// The account on the server.
    #[arg(long, value_name = "NAME")]
    user: String,
    /// What to call the connection here.
    #[arg(long, default_value = "home", value_name = "NAME")]
    name: String,
    /// Whose account it is [default: the only listener, or `me`].
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// What is asked for is not a password but a key that the server made for programs.
    #[arg(long)]
    api_key: bool,
    /// Make lists of any song that is known here, on the server or not; what is not there is
    /// missing from pushed lists.
    #[arg(long)]
    any_song: bool,
    /// Take in how often songs were played there. Only where no scrobbler, player or export tells
    /// of the same plays: they have no date, and would count twice.
    #[arg(long)]
    plays: bool,
}

pub(super) fn run(args: SubsonicArgs, library: &mut Library, as_json: bool) -> anyhow::Result<()> {
    let address: ServerAddress = args.url.parse()?;
    let listener = listener(library, args.listener.as_deref())?;
    let connection = ServerConnection {
        name: args.name,
        service: Service::Subsonic.key().to_owned(),
        address: address.to_string(),
        user: args.user,
        access: String::new(),
        listener,
        lists_within: !args.any_song,
        counts_plays: args.plays,
        read_at: None,
        pushed_at: None,
        songs: 0,
        failure: None,
    };
    refuse_another(library, &connection)?;
    let what = if args.api_key { "key" } else { "password" };
    let secret = secret::ask(&format!("{what} of `{}` at {address}", connection.user))?;
    let login = Account { user: connection.user.clone(), secret, is_key: args.api_key };
    let (server, info) = Subsonic::log_in(Http::default(), address.clone(), login.clone())?;
    announce(&address, &info, server.login_method());
    let connection =
        ServerConnection { access: server.login_method().key().to_owned(), ..connection };
    library.connect(&connection, &login.secret)?;
    read::run_for(&[connection], library, as_json)?;
    say_if_only_played(library)
}

/// A client for a connection that is set up.
pub(super) fn client(library: &Library, connection: &ServerConnection) -> anyhow::Result<Subsonic> {
    let secret = library.secret(connection)?;
    let access = LoginMethod::from_key(&connection.access)
        .with_context(|| format!("`{}` was set up by a newer segue", connection.name))?;
    let is_key = access == LoginMethod::Key;
    let login = Account { user: connection.user.clone(), secret, is_key };
    let mut server = Subsonic::new(Http::default(), connection.address.parse()?, login, access);
    server.info()?;
    Ok(server)
}

fn announce(address: &ServerAddress, info: &ServerInfo, access: LoginMethod) {
    let program = info.program.as_deref().unwrap_or("a Subsonic server");
    let version = info.program_version.as_deref().unwrap_or_default();
    let api = &info.api_version;
    let open = if info.is_open { "OpenSubsonic" } else { "Subsonic" };
    let name = format!("{program} {version}");
    say(&format!("{address} is {}, which speaks {open} {api}", name.trim_end()));
    if access != LoginMethod::Password {
        return;
    }
    say("it takes no tokens, so that the password itself is sent each time");
    if address.is_readable_on_the_way() {
        say("the connection is not encrypted: whoever is on the way can read the password");
    }
}
