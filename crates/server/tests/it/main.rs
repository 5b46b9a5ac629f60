//! The server, driven without a socket where there need not be one.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod mixes;
mod world;
