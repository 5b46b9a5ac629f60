//! Everything that learns, on explicit CPU kernels.

pub mod kernels;
