//! A home folder at work, for the command line and the server alike: how imports get into its
//! store, and data sets out of it.
//!
//! `ingest`, `store` and `engine` do not know each other; here they meet.

mod dataset;
mod feedback;
mod sink;

pub use dataset::{Dataset, profile};
pub use feedback::{Ending, PlayDetails, Reaction, opinion};
pub use sink::StoreSink;
