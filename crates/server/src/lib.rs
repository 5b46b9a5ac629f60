//! The HTTP API and the page of Segue.
//!
//! ```text
//! connection ─► limits ─► origin, keys ─► handler ─► snapshot (catalogue, index, model) ─► pipeline
//!                                            │  └──► listener in memory (profile, pool)
//!                                            └─────► writer ─► store, one flush for many requests ─► answer
//! ```
//!
//! The server receives scorers through [`Models`] and knows no model. Whatever it shows is on disk
//! as an impression before it is answered, and so is whatever it is told. It reads from an
//! snapshot that is replaced as a whole, so that a model can be swapped under load.

mod access;
mod api;
mod app;
mod dialect;
mod error;
mod extract;
mod gate;
mod gorse;
mod importing;
mod imports;
mod limits;
mod listeners;
mod metrics;
mod mixing;
pub mod page;
mod query;
mod readers;
mod router;
mod serve;
mod site;
mod subsonic;
mod writer;

pub use access::{ApiKey, Scope};
pub use api::openapi;
pub use app::{App, Config, StartError};
pub use error::{ApiError, ErrorBody, ErrorDetail};
pub use limits::Limits;
pub use router::router;
pub use serve::serve;
