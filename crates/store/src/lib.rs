//! The durable memory of Segue: an append-only event log, the catalogue and the registry of models,
//! in one folder.
//!
//! ```text
//! library/segue.db                        SQLite, write-ahead log, every commit flushed to disk
//! library/models/<version>/model.safetensors
//! library/models/<version>/card.json
//! library/secrets.json                    passwords of servers, for the owner's eyes alone
//! library/derived/                        files that can be made again from the rest
//! ```
//!
//! The store does not interpret what it stores. Whether a play counts as liked is decided by the
//! engine, and a model's card is a mere text here. What the store does decide is what counts as the
//! *same*:
//! [`dedup`] states when two rows are one play, and [`Store::add_tracks`] how descriptions of one
//! track are merged.
//!
//! One connection writes at a time; others try again every millisecond for five seconds and then
//! get [`StoreError::Busy`]. There is no queue. A process that commits transaction after
//! transaction must leave gaps for the others, as imports do between their batches (thirty thousand
//! rows, tenths of a second each). [`Store::forget`] rewrites the database and can hold it longer
//! than five seconds, so a server runs it in line with its other writes. Readers never wait.
//!
//! A flush to disk costs as much as hundreds of rows, so a server collects the events of many
//! clients and hands them over together: [`Store::append`]. Times are kept to the microsecond.
//! Everything that returns `Ok` has reached the disk.

mod analyses;
mod api_keys;
mod append;
mod artist_tags;
mod backup;
mod batch;
mod cache;
mod check;
mod client_ids;
mod codes;
mod connections;
pub mod dedup;
mod derived;
mod detail;
mod error;
mod event;
mod exclusions;
mod experiments;
mod feedback;
mod forget;
mod friendships;
mod history;
mod import;
mod impressions;
mod keys;
mod latest_imports;
mod listeners;
mod listens;
mod lists;
mod model_files;
mod models;
mod names;
mod overrides;
mod prune;
mod reading;
mod releases;
mod reported;
mod runs;
mod schema;
mod secrets;
mod settle;
mod slates;
mod sound_files;
mod status;
mod store;
mod tracks;
mod uploads;
mod worlds;

pub use analyses::{AnalysedFile, SoundHash};
pub use api_keys::KeyEntry;
pub use check::StoreCheck;
pub use client_ids::ClientId;
pub use connections::{
    ConnectionFailure, RemoteEntry, RemotePlaylist, RemoteTrack, ServerConnection,
};
pub use derived::DerivedFiles;
pub use error::{Result, StoreError};
pub use event::{Appended, Entry, Event};
pub use exclusions::{DeletedPlays, Exclusion, ExclusionId};
pub use experiments::ExperimentEntry;
pub use forget::ForgetReport;
pub use history::ListenCursor;
pub use import::{FileImport, ImportCounts, ImportedFile};
pub use impressions::ImpressionId;
pub use listeners::ListenerSummary;
pub use lists::{ListId, ListName, SavedList, WeeklyList};
pub use models::{ModelEntry, ModelFiles, NewModel};
pub use prune::{PruneReport, PrunedExperiment, Retention};
pub use reading::{HistoriesReader, HistoryMark, HistoryReader};
pub use settle::Settling;
pub use sound_files::{KnownSoundFile, SoundFile};
pub use status::{Marks, Status};
pub use store::Store;
pub use worlds::WorldInUse;
