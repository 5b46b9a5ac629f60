//! Integration tests of the engine.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod community;
mod labels;
mod profile;
