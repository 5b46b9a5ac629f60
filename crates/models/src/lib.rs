//! Everything that learns, on explicit CPU kernels.

mod error;
pub mod kernels;
pub mod likability;
pub mod recommenders;
pub mod tabular;

pub use error::ModelError;
pub use likability::{LikabilityConfig, LikabilityModel, LikabilityScorer};
