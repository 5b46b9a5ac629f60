//! Clients against servers of a few lines, which answer as servers do and as they should not.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod fake;
mod listenbrainz;
mod subsonic;
