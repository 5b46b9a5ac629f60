//! Everything that learns, on explicit CPU kernels.

mod error;
pub mod kernels;
pub mod tabular;

pub use error::ModelError;
