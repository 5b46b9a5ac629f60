//! Segue as a library: what the command line, the page, the HTTP API and your own code are skins
//! of.
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
//! - [`Reaction`] is what a listener did or said about a track, before it is a row of the log.
//!
//! What to read next:
//!
//! | you want to | look at |
//! |---|---|
//! | get to a mix from your own code | `examples/quickstart.rs` |
//! | answer many listeners from many threads | `examples/service.rs` and [`KeptListener`] |
//! | judge another policy by what was logged | `examples/read_log.rs` |
//! | know what a skip or a like teaches | the table at [`Reaction`] |
//! | try settings on a part of the listeners | [`ExperimentMix`] |
//!
//! Everything that these verbs take and give is at the root of this crate. What goes further is in
//! the crates beneath, which are re-exported: [`engine`] ranks and mixes, [`ingest`] reads foreign
//! files and [`store`] keeps the log. `segue_models` learns.

mod check;
mod connections;
mod dataset;
mod error;
mod fallback;
mod feedback;
mod history;
mod kept;
mod library;
mod listener_works;
mod lists;
pub mod mixing;
pub mod models;
mod newness;
mod nightly;
mod prompt;
mod retention;
mod scan;
mod sealed;
mod search;
mod sink;
mod snapshot;
mod sources;
mod worlds;

pub use check::{LibraryCheck, Problem};
pub use connections::{ListToPush, RemoteReading, Service, TakenIn};
pub use dataset::{Dataset, catalogue, dated_plays, profile, tastes};
pub use error::{Error, Result};
pub use feedback::{Ending, PlayDetails, Reaction, UnknownReaction, opinion};
pub use history::{named_time_zone, review, time_zone};
pub use kept::KeptListener;
pub use library::{Imported, Library, LoggedMix};
pub use lists::{DueList, DueLists, EveryWeek, KeptAs, Refreshed, keep_mix};
pub use mixing::ExperimentMix;
pub use models::{
    Loaded, Models, ModelsError, StandardModels, Start, TrainOptions, Trained, plain_name,
    stage_in_words,
};
pub use newness::{OnlyPlayed, new_from};
pub use nightly::due_training;
pub use prompt::{Chosen, PromptNames, PromptProblem, PromptReading, Prompted, UnderstoodPart};
pub use retention::retention;
pub use scan::{ScanOptions, ScanProblem, ScanProgress, ScanReport, ScanStage, is_sound_file};
pub use search::{Found, SearchIndex};
pub use sink::StoreSink;
pub use snapshot::Snapshot;
pub use sources::SourceOutcome;
#[cfg(feature = "spark")]
pub use worlds::build_world_on;
pub use worlds::{
    DrawnRows, WorldMatch, WorldState, WorldStatus, WorldView, build_world, drop_world, keep_world,
    update_world, world_sound,
};

pub use segue_core::{
    AudioFeature, FeedbackKind, FeedbackTarget, Impression, ListenerId, Pick, Reason, Slate,
    Timestamp, Track, TrackId,
};
pub use segue_engine::experiment::{Arm, Design, Mode, Part, Settings};
pub use segue_engine::lists::ListKind;
pub use segue_engine::mix::filters::Familiarity;
pub use segue_engine::mix::sentence::sentence;
pub use segue_engine::pipeline::{MixError, MixOutcome, MixRequest, NewFrom, Note};
pub use segue_engine::policy::PolicyKind;
pub use segue_engine::{Catalogue, Profile, Scorer, TrackIdx};
pub use segue_ingest::{ImportOptions, Observer};
pub use segue_models::set::Budget;
pub use segue_store::{
    ConnectionFailure, Event, ForgetReport, ImportCounts, ImpressionId, ListId, ListName,
    PruneReport, RemotePlaylist, SavedList, ServerConnection, WeeklyList,
};

pub use {
    segue_engine as engine, segue_ingest as ingest, segue_store as store, segue_world as world,
};
