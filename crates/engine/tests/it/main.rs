//! The engine, tested through its public face.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod answers;
mod arrange;
mod experiment;
mod explain;
mod full_ranking;
mod history;
mod interactions;
mod labels;
mod mix;
mod playlist;
mod policy;
mod pool;
mod profile;
mod reasons;
mod retrieval;
mod shelves;
mod similar;
mod stops;
mod taste;
mod thompson;
mod world;
