//! Segue as a library: what the command line, the page, the HTTP API and your own code are skins of.
//!
//! Open a [`Library`], import what somebody listened to, train, take a [`Snapshot`], and make mixes
//! from it. Log what was shown and record what became of it: feedback counts in the next mix.
//!
//! ```text
//! Library: import ─► train ─► snapshot ─► Snapshot: mix, similar, explain, search
//!    └───────── log, record ◄───────────────┘
//! ```
//!
//! - [`Library`] is the folder with everything. It writes.
//! - [`Snapshot`] is what mixes are made from: catalogue, index, model and experiment as they were
//!   at one moment. It never changes, so that any number of threads may use it.
//! - [`KeptListener`] is a listener held in memory by a server, for mixes that read no disk.
//!
//! `examples/quickstart.rs` goes the whole way. The crates beneath stay reachable for what goes
//! further: `segue_engine` ranks and mixes, `segue_models` learns, `segue_store` keeps the log and
//! `segue_ingest` reads foreign files; they do not know each other, and meet here.

mod dataset;
mod error;
mod feedback;
mod kept;
mod library;
pub mod mixing;
pub mod models;
pub mod next_track;
mod sink;
mod snapshot;

pub use dataset::{Dataset, profile};
pub use error::{Error, Result};
pub use feedback::{Ending, PlayDetails, Reaction, opinion};
pub use kept::KeptListener;
pub use library::{Imported, Library};
pub use mixing::ExperimentMix;
pub use models::{Loaded, Models, ModelsError, StandardModels};
pub use segue_core::{ListenerId, Timestamp, TrackId};
pub use segue_engine::pipeline::{MixOutcome, MixRequest};
pub use segue_engine::policy::PolicyKind;
pub use segue_ingest::{ImportOptions, Observer};
pub use sink::StoreSink;
pub use snapshot::Snapshot;
