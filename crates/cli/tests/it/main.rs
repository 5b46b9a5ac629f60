//! The binary, used as a person uses it.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod evaluate_interactive;
mod evaluate_likability;
mod evaluate_mix;
mod evaluate_next_track;
mod evaluate_policy;
mod experiment;
mod help;
mod history;
mod import;
mod listening;
mod lists;
mod next;
mod privacy;
mod segue;
mod serve;
mod simulate_community;
mod world;
