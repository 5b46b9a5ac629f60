//! A world: what many people listened to, from open data, so that somebody who brings nothing but
//! an export is not alone.
//!
//! ```text
//! dumps ─► dump ─► build ─► one file ─► recordings near to what a listener plays ─► a library
//! ```
//!
//! Dumps of listens, of canonical names and of features are read once by [`build`] and become one
//! file that is memory-mapped: recordings with names, how popular they are, which are played in one
//! sitting, and factors. Nobody's listens are in it, only sums over several people.

pub mod build;
pub mod dump;
mod error;
mod file;
#[doc(hidden)]
pub mod fuzzing;
pub mod ivf;
mod names;

pub use error::WorldError;
pub use file::{
    FeaturesManifest, Manifest, RecordingIdx, RecordingKey, Sound, World, WorldSection,
};
pub use names::{recording_key, stripped_key};

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, WorldError>;
