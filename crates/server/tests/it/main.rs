//! The server, driven without a socket where there need not be one.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod abuse;
mod access;
mod answers;
mod audioscrobbler;
mod covers;
mod docs;
mod document;
mod events;
mod gorse;
mod history;
mod holding;
mod imports;
mod kept;
mod lastfm;
mod listenbrainz;
mod lists;
mod made_up;
mod mixes;
mod models;
mod nightly;
mod openapi;
mod own_import;
mod page;
mod subsonic;
mod tracks;
mod uploaded_worlds;
mod world;
