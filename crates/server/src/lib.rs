//! The HTTP API and the page of Segue.
//!
//! ```text
//! connection ─► limits ─► origin, keys
//!     └─► handler ─► snapshot (catalogue, index, model) ─► pipeline
//!            │  └──► listener in memory (profile, pool)
//!            └─────► writer ─► store, one flush for many requests ─► answer
//! ```
//!
//! The server receives scorers through [`segue::Models`] and knows no model. Whatever it shows is
//! on disk as an impression before it is answered, and so is all feedback. It reads from a snapshot
//! that is replaced as a whole, so that a model can be swapped under load.
//!
//! To embed it, open an [`App`] on the folder of a library and give it to [`serve`] with a socket.
//! [`router`] alone is for those who bring their own accepting loop, middleware or tests: they call
//! [`App::build`] themselves.
//!
//! # Examples
//! A server on a port that the system chooses, which ends when the future in the last argument
//! does:
//!
//! ```no_run
//! use segue_server::{App, Config, Limits, serve};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let config = Config {
//!         library: "music".into(),
//!         keys_required: false,
//!         music: Vec::new(),
//!         trains_at_night: true,
//!         trusted_proxy: None,
//!         limits: Limits::default(),
//!     };
//!     let app = App::open(config, Box::new(segue::StandardModels))?;
//!     let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//!     println!("listening on http://{}", socket.local_addr()?);
//!     serve(app, socket, std::future::pending()).await?;
//!     Ok(())
//! }
//! ```

mod access;
mod api;
mod app;
mod audioscrobbler;
mod connection_limit;
mod covers;
mod date_language;
mod dialect;
mod error;
mod extract;
mod gate;
mod gorse;
mod history;
mod holding;
mod importing;
mod imports;
mod lastfm;
mod limits;
mod listenbrainz;
mod listeners;
mod lists;
mod metrics;
mod mixing;
mod music;
mod nightly;
mod paced;
pub mod page;
pub mod picture;
mod query;
mod readers;
mod router;
mod schedule;
mod scrobbling;
mod serve;
mod site;
mod subsonic;
mod uploads;
mod worlds;
mod writer;
mod xml;

pub use access::{ApiKey, Scope};
pub use api::openapi;
pub use app::{App, Config, StartError};
pub use error::{ApiError, ErrorBody, ErrorDetail};
pub use limits::Limits;
pub use nightly::NightSchedule;
pub use router::router;
pub use schedule::ListSchedule;
pub use serve::serve;
