//! The engine, tested through its public face.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod arrange;
mod carousel;
mod community;
mod delayed;
mod experiment;
mod explain;
mod full_ranking;
mod golden;
mod history;
mod interactions;
mod interactive;
mod labels;
mod listeners;
mod mix;
mod new_listener;
mod off_policy;
mod pick_outcomes;
mod playlist;
mod policy;
mod pool;
mod presets;
mod profile;
mod reasons;
mod retrieval;
mod shelves;
mod similar;
mod taste;
mod thompson;
mod trial;
mod world;
