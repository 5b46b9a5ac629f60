//! Measuring: metrics, splits that do not leak, and protocols.

pub mod folds;
pub mod likability;
pub mod metrics;
