//! Everything that learns, on explicit CPU kernels.

mod error;
pub mod kernels;
pub mod likability;
pub mod online;
pub mod recommenders;
pub mod set;
pub mod square;
pub mod tabular;

pub use error::ModelError;
pub use likability::{LikabilityConfig, LikabilityModel, LikabilityScorer, OnlineScorer};
pub use set::ModelSet;
