//! The store as its callers see it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod duplicates;
mod fixtures;
mod import;
