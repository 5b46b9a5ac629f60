//! `segue serve`: the page to listen from and the API to build on.

mod log;
mod otel;

use std::io::IsTerminal as _;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use segue::StandardModels;
use segue_server::{App, Config, Limits, serve};
use tokio::net::TcpListener;
use tokio::signal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::commands::connect;
use crate::home::{Home, open_library, read_library};
use crate::terminal::say;

/// Serve the page and the API.
///
/// Without keys only this machine is served. `segue keys add` makes keys; with them the server may
/// be bound to any address, and every request needs one. What is answered is on disk: kill the
/// server at any moment and nothing acknowledged is lost. Ctrl-C lets requests end.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue serve                                  then open http://127.0.0.1:8080
  segue serve --music ~/Music                  and play the files that lie there
  segue serve --bind 0.0.0.0:8080              for others, once there is a key (`segue keys add`)
  segue serve --log json                       behind a proxy, which speaks TLS and collects logs
  segue serve --bind 0.0.0.0:8080 --rate 50    \
        without one, at most 50 requests a second from one address

  curl localhost:8080/v1/listeners/me/mixes -H 'content-type: application/json' \
        -d '{\"explore\": 0.4}'

The API is described at /docs; /healthz, /readyz and /metrics are for operators. gorse clients \
find themselves at home under /api, players
that speak OpenSubsonic under /rest. What scrobbles to ListenBrainz sends plays here once its
address is http://HOST:8080/1/ and its token a key made by `segue keys add NAME --listener WHO`;
what speaks Audioscrobbler's protocol, once its address is http://HOST:8080/audioscrobbler/, its
user WHO and its password that key; what speaks Last.fm's, with the same, at \
http://HOST:8080/2.0/.")]
pub(crate) struct ServeArgs {
    /// Address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    bind: SocketAddr,
    /// A folder whose sound files the page may play, beside those that `segue scan` read; may be
    /// given several times.
    #[arg(long, value_name = "FOLDER")]
    music: Vec<PathBuf>,
    /// Requests a second from one address; more are turned away [default: no limit].
    #[arg(long, value_name = "N")]
    rate: Option<NonZeroU32>,
    /// Address of a proxy before the server: requests from it are counted to the address that the
    /// last `X-Forwarded-For` names, by `--rate` and the other limits of an address.
    #[arg(long, value_name = "ADDRESS")]
    trust_proxy: Option<IpAddr>,
    /// Requests worked on at a time; more are turned away.
    #[arg(long, default_value_t = Limits::default().in_flight, value_name = "N")]
    in_flight: usize,
    /// Listeners held in memory.
    #[arg(long, default_value_t = Limits::default().listeners, value_name = "N")]
    listeners: usize,
    /// Most megabytes of an uploaded export.
    #[arg(long, default_value_t = Limits::default().upload_bytes >> 20, value_name = "MB")]
    upload_mb: u64,
    /// Each morning read the servers that `segue connect` made known, and put the lists of the day
    /// there. Without it no other machine is asked for anything.
    #[arg(long)]
    connections: bool,
    /// Do not learn by itself. Without it the server trains once a night, from what listeners
    /// played and said since the last time; imports train in any case.
    #[arg(long)]
    no_training: bool,
    /// How the log is written, to stderr; `RUST_LOG` says what.
    #[arg(long, value_enum, default_value_t = Log::Text)]
    log: Log,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Log {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

pub(crate) fn run(args: ServeArgs, home: &Home) -> anyhow::Result<()> {
    // Dropped last, so that the spans of the last requests are sent.
    let _spans = args.start_log()?;
    if !args.bind.ip().is_loopback() && !has_keys(home)? {
        bail!(
            "`{}` can be reached by others, and there is no key yet: `segue keys add NAME --scope \
             admin` makes one",
            args.bind
        );
    }
    for folder in &args.music {
        if !folder.is_dir() {
            bail!("`{}` is no folder", folder.display());
        }
    }
    let runtime =
        tokio::runtime::Runtime::new().context("the threads of the server could not be started")?;
    let served = runtime.block_on(serve_until_stopped(args, home));
    // An import that is being read goes on at the next start, which is sooner than waiting for it
    // and for the training behind it.
    runtime.shutdown_background();
    log::drain();
    served
}

async fn serve_until_stopped(args: ServeArgs, home: &Home) -> anyhow::Result<()> {
    let listener = TcpListener::bind(args.bind)
        .await
        .with_context(|| format!("`{}` cannot be listened on", args.bind))?;
    let address = listener.local_addr()?;
    let app = App::open(args.config(home)?, Box::new(StandardModels))?;
    if args.connections {
        connect::follow_mornings(open_library(home)?);
    }
    say(&format!("listening on http://{address}"));
    serve(app, listener, stopped()).await?;
    say("stopped; everything that was acknowledged is on disk");
    Ok(())
}

/// Resolves when the process is told to stop.
async fn stopped() {
    let interrupt = async { signal::ctrl_c().await.unwrap_or(()) };
    #[cfg(unix)]
    let terminate = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => terminate.recv().await.unwrap_or(()),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

fn has_keys(home: &Home) -> anyhow::Result<bool> {
    Ok(read_library(home)?.store().keys()?.iter().any(|key| key.revoked_at.is_none()))
}

impl ServeArgs {
    fn config(&self, home: &Home) -> anyhow::Result<Config> {
        let limits = Limits {
            rate: self.rate,
            in_flight: self.in_flight,
            listeners: self.listeners,
            upload_bytes: self.upload_mb << 20,
            ..Limits::default()
        };
        let keys_required = !self.bind.ip().is_loopback();
        Ok(Config {
            library: home.path()?,
            keys_required,
            music: self.music.clone(),
            trains_at_night: !self.no_training,
            trusted_proxy: self.trust_proxy.map(|address| address.to_canonical()),
            limits,
        })
    }

    fn start_log(&self) -> anyhow::Result<Option<otel::Flush>> {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        let (spans, flush) = otel::spans()?;
        let subscriber = tracing_subscriber::registry().with(spans).with(filter);
        let log = tracing_subscriber::fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(log::Lines::to_stderr());
        // Whoever installed another log before wanted it.
        let _ = match self.log {
            Log::Text => subscriber.with(log).try_init(),
            Log::Json => subscriber.with(log.json()).try_init(),
        };
        Ok(flush)
    }
}
