//! The recommender itself: pure functions of their arguments, seeded, with no tensor, no database and no clock.
//!
//! Data flows one way: [`dataset`] turns what the store holds into a [`Catalogue`] and one [`Profile`] per listener.

pub mod dataset;
pub mod eval;
mod scorer;

pub use dataset::catalogue::{ArtistIdx, Catalogue, TrackIdx, WorkIdx};
pub use dataset::profile::{Interaction, Profile, Stance};
pub use dataset::table::{Column, Table, Values};
pub use scorer::{Likability, Scorer};
