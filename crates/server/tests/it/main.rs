//! The server, driven without a socket where there need not be one.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod access;
mod document;
mod events;
mod imports;
mod made_up;
mod mixes;
mod models;
mod page;
mod tracks;
mod world;
