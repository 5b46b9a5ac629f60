//! What no listener hears: evaluation, off-policy estimates, made-up listeners and studies.
//!
//! A recommender is served by the other crates. Whether it is any good is asked here, by protocols
//! that are written down, seeded and reported with intervals:
//!
//! | question | module |
//! |---|---|
//! | which model knows best what comes next? | [`next_track`] |
//! | how good are the mixes that a library gets? | [`mix`] |
//! | how well is someone served whom no model has seen? | [`new_listener`] |
//! | how soon is such a listener understood, one proposal after another? | [`interactive`] |
//! | how well is liking predicted from a table of songs? | [`likability`] |
//! | what would another policy have earned? | [`off_policy`] |
//! | what does the dial do to listeners in the long run? | [`simulation`] |
//!
//! Every study answers with a [`report::Report`], the figures for a program and the same in words
//! for a person, and says how far it is to a [`progress::Progress`]. Data come from [`events`], the
//! tables of recommender research, or from a store; [`world_dumps`] makes up what is too large to
//! be kept.
//!
//! **Serving never depends on this crate**: not the engine, the models, the store, the library or
//! the server. What they need to train (metrics, folds, full ranking) is in [`segue_engine`]. The
//! command line depends on it, and its `evaluate` and `simulate` only parse arguments and print.
//!
//! # Examples
//!
//! A made-up community, whose true taste is known, tells how much of it popularity knows:
//!
//! ```
//! use segue_core::Timestamp;
//! use segue_engine::metrics::auc;
//! use segue_lab::simulation::community::{MadeUpCommunity, CommunityConfig};
//!
//! let community = MadeUpCommunity::draw(&CommunityConfig {
//!     seed: 1,
//!     listeners: 4,
//!     artists: 20,
//!     days: 30,
//!     sessions: 10,
//!     start: Timestamp::UNIX_EPOCH,
//! });
//! let listener = &community.histories[0];
//! let likes: Vec<f32> =
//!     community.tracks.iter().filter_map(|track| community.likes(listener, &track.id)).collect();
//! let liked: Vec<bool> = likes.iter().map(|&likely| likely > 0.5).collect();
//! let popularity: Vec<f64> =
//!     community.tracks.iter().map(|track| f64::from(track.popularity.unwrap_or(0.0))).collect();
//! let knows = auc(&liked, &popularity);
//! assert!(knows.is_none_or(|auc| (0.0..=1.0).contains(&auc)));
//! ```

pub mod beliefs;
pub mod events;
#[doc(hidden)]
pub mod fuzzing;
pub mod interactive;
pub mod likability;
pub mod mix;
pub mod new_listener;
pub mod next_track;
pub mod off_policy;
mod page;
pub mod progress;
pub mod report;
pub mod simulation;
pub mod world_dumps;
