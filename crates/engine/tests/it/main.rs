//! The engine, tested through its public face.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod arrange;
mod experiment;
mod explain;
mod fatigue;
mod folding;
mod friends;
mod full_ranking;
mod golden;
mod history;
mod interactions;
mod labels;
mod learned;
mod mix;
mod pick_outcomes;
mod playlist;
mod policy;
mod pool;
mod presets;
mod profile;
mod reasons;
mod released;
mod retrieval;
mod shelves;
mod similar;
mod taste;
mod thompson;
mod world;
