//! Measuring: metrics, splits that do not leak, and protocols.

pub mod folds;
pub mod full_ranking;
pub mod interactive;
pub mod likability;
pub mod metrics;
pub mod new_listener;
pub mod off_policy;
