//! The recommender itself: pure functions of their arguments, seeded, with no tensor, no database
//! and no clock.
//!
//! Data flows one way: [`dataset`] turns what the store holds into a [`Catalogue`] and one
//! [`Profile`] per listener; [`retrieval`] gathers candidates, [`mix`] cuts them to a short-list, a
//! [`policy`] picks from it, and [`pipeline`] runs it all.
//!
//! Start at [`Scorer`], whose example goes from a catalogue to a mix with a model of your own. To
//! measure a model that ranks a whole catalogue, start at [`full_ranking::evaluate`]. Everything is
//! borrowed and nothing is global: what a function needs is among its arguments, the moment and
//! the seed included, so that a mix can be made again from its log.

pub mod candidate;
pub mod classifier;
pub mod dataset;
pub mod experiment;
pub mod explain;
pub mod folds;
pub mod full_ranking;
pub mod history;
mod index;
pub mod lists;
pub mod metrics;
pub mod mix;
pub mod pipeline;
pub mod playlist;
pub mod policy;
pub mod presets;
pub mod ranker;
mod recommender;
pub mod releases;
pub mod retrieval;
mod scorer;
pub mod shelves;
pub mod similar;
pub mod sound;
pub mod taste;
pub mod utility;
pub mod vector;

pub use dataset::catalogue::{AlbumIdx, ArtistIdx, Catalogue, TrackIdx, WorkIdx};
pub use dataset::interaction::{Interaction, Stance};
pub use dataset::interactions::{
    History, Interactions, ItemIdx, ListenerIdx, Query, Seconds, Training,
};
pub use dataset::profile::Profile;
pub use dataset::table::{Column, Table, Values};
pub use index::{Index, Popularity};
pub use ranker::{Evidence, MixContext, Ranker};
pub use recommender::Recommender;
pub use scorer::{Likability, Scorer, UncertaintySource, WrongCount, predict};
