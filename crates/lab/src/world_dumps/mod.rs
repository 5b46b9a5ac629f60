//! Dumps of listens, names and features as ListenBrainz, MusicBrainz and AcousticBrainz publish
//! them, of people and songs that do not exist, so that it is known what should be found in them.
//!
//! The real ones have 2,500,000,000 listens and cannot be part of a test. These have the same
//! layout, any size, and a truth: people and artists belong to [communities](PlantedWorld), and
//! whom one plays with whom in a sitting follows from that. Names are misspelt, identifiers are
//! missing or stand for another version, as often as in the real ones.
//!
//! ```text
//! seed ─► PlantedWorld ─► PlantedListens, in order of time ─► tar of Parquet, or of JSON lines
//!                      └► tables of canonical names, of redirects, of features
//! ```
//!
//! All of it is a function of the seed. Nothing is held but the listens of a day and a member of
//! the archive, so that tens of millions of listens need no more memory than one million.

mod archive;
mod canonical;
mod features;
mod lines;
mod listens;
mod parquet;
mod planted;
mod spelling;

pub use canonical::write_canonical;
pub use features::{FeatureTable, write_features};
pub use lines::write_lines;
pub use listens::{PlantedListen, PlantedListens};
pub use parquet::{member, write_parquet_tar};
pub use planted::{PlantedConfig, PlantedRecording, PlantedWorld};
pub use spelling::{Identified, Spelling};
