//! The vocabulary of Segue: data types that every other crate uses, and no algorithm.
//!
//! A type lives here when two crates need it that do not depend on each other: what ingest writes
//! and the store keeps ([`Listen`], [`Track`], [`Feedback`]), and what the engine shows and the
//! store logs ([`Slate`], [`Impression`]).

mod analysis;
mod audio;
mod feedback;
mod id;
mod impression;
mod listen;
mod policy;
mod record;
mod release;
mod remote;
mod source;
mod sources;
mod track;

pub use analysis::{AudioAnalysis, Descriptor, EMBEDDING, Measurement, SOUND_TAGS, TIMBRE};
pub use audio::{AudioFeature, AudioFeatures};
pub use feedback::{Feedback, FeedbackKind, FeedbackTarget};
pub use id::{ListenerId, TrackId, WorkId};
pub use impression::{
    Difference, Direction, Enrolment, Exposure, Impression, Pick, Reason, Shortlisted, Showing,
    Slate, SlateConfig,
};
pub use listen::{DeviceClass, EndReason, Listen, Moment, StartReason};
pub use policy::{BadPolicyLabel, Parameters, PolicySpec};
pub use record::{ArtistTag, Record};
pub use release::Release;
pub use remote::{RemoteOpinion, RemoteSong, Secret};
pub use source::{FORMATS, FormatInfo, Origin, Request, Source, Stamp};
pub use sources::Sources;
pub use track::{Track, Version, minutes_and_seconds};

/// A moment in UTC, to the nanosecond. Segue never holds time in a bare integer; the store keeps it
/// to the microsecond.
pub use jiff::Timestamp;
/// A day, wherever it was.
pub use jiff::civil::Date;
