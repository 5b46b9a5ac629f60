//! `segue keys`: keys to the API and the page of `segue serve`.

use anyhow::bail;
use clap::{Args, Subcommand};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use segue_core::{ListenerId, Timestamp};
use segue_server::{ApiKey, Scope};
use segue_store::KeyEntry;
use serde_json::json;

use crate::home::{Home, open_library, read_library};
use crate::terminal::{print_json, print_line, say, table};

/// Make, list and revoke keys to `segue serve`. As soon as there is one, every request needs one.
///
/// `read` looks; `write` also asks for mixes, sends feedback and imports; `admin` also trains,
/// swaps models and forgets listeners. A key with `--listener` is for one person: it sends plays
/// and feedback of that listener, reads what is known of them, and opens the page as them, and
/// nothing of anybody else; programs that speak to ListenBrainz take it as their token, those that
/// speak to Last.fm as their password. Their link is `http://HOST:8080/join/KEY`. With `--scope
/// read` beside it, it teaches nothing: for a screen that everybody passes. Only a hash of a key is
/// kept; of one with `--listener` the MD5 digest as well, by which players of Last.fm's protocols
/// prove to have it. A server that is running takes changes over within seconds.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue keys add laptop --scope admin
  segue keys add service --scope write
  segue keys add anns-phone --listener ann     the token for what scrobbles for ann
  segue keys add ann --listener ann            ann's own pages: send her the link
  segue keys add hall --listener ann --scope read    the same to look at alone
  segue keys list
  segue keys revoke service")]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key; it is printed once and cannot be shown again.
    Add {
        /// What to call it; each name is used once.
        name: String,
        /// What it lets its bearer do: read, write or admin.
        #[arg(long, value_name = "SCOPE", required_unless_present = "listener")]
        scope: Option<Scope>,
        /// The one listener whom it is for; with `--scope read` to look alone.
        #[arg(long, value_name = "NAME")]
        listener: Option<String>,
    },
    /// List the keys, revoked ones too.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key.
    Revoke {
        /// Which one.
        name: String,
    },
}

pub(crate) fn run(args: KeysArgs, home: &Home) -> anyhow::Result<()> {
    let mut library = match args.action {
        Action::List { .. } => read_library(home)?,
        Action::Add { .. } | Action::Revoke { .. } => open_library(home)?,
    };
    let store = library.store_mut();
    let now = Timestamp::now();
    match args.action {
        Action::Add { name, scope, listener } => {
            let key = ApiKey::generate(&mut UnwrapErr(SysRng));
            // To send plays is to write.
            let scope = scope.unwrap_or(Scope::Write);
            if listener.is_some() && scope == Scope::Admin {
                bail!("a key for one listener has the scope `write` or `read`, not `admin`");
            }
            let may = match &listener {
                Some(listener) if scope == Scope::Read => format!("to look at `{listener}` alone"),
                Some(listener) => format!("for listener `{listener}`"),
                None => format!("scope `{scope}`"),
            };
            let is_for_one = listener.is_some();
            store.add_key(&KeyEntry {
                name: name.clone(),
                scope: scope.to_string(),
                hash: key.hash(),
                md5: (listener.is_some() && scope >= Scope::Write).then(|| key.md5()),
                listener: listener.map(ListenerId::new),
                created_at: now,
                revoked_at: None,
            })?;
            print_line(key.reveal())?;
            say(&format!("key `{name}`, {may}: keep it, it is not shown again"));
            if is_for_one {
                say("behind `http://HOST:8080/join/` it is the link to their own pages");
            }
        }
        Action::List { json: true } => {
            let keys: Vec<_> = store
                .keys()?
                .into_iter()
                .map(|key| {
                    json!({
                        "name": key.name,
                        "scope": key.scope,
                        "listener": key.listener,
                        "created_at": key.created_at,
                        "revoked_at": key.revoked_at,
                    })
                })
                .collect();
            return print_json(&keys);
        }
        Action::List { json: false } => {
            let mut rows = table(&["name", "scope", "listener", "made", "revoked"]);
            for key in store.keys()? {
                let revoked = key.revoked_at.map(|at| at.to_string()).unwrap_or_default();
                let listener = key.listener.map(|listener| listener.to_string());
                let listener = listener.unwrap_or_default();
                rows.add_row([key.name, key.scope, listener, key.created_at.to_string(), revoked]);
            }
            print_line(&rows.to_string())?;
        }
        Action::Revoke { name } => {
            if !store.revoke_key(&name, now)? {
                bail!("there is no key `{name}` to revoke; `segue keys list` shows them");
            }
            say(&format!("key `{name}` is revoked"));
        }
    }
    Ok(())
}
