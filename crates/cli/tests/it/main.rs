//! The binary, used as a person uses it.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod attack;
mod connect;
mod evaluate_interactive;
mod evaluate_likability;
mod evaluate_mix;
mod evaluate_next_track;
mod evaluate_policy;
mod experiment;
#[allow(dead_code)] // the tests of that crate use all of it
#[path = "../../../connect/tests/it/fake.rs"]
mod fake;
mod help;
mod history;
mod import;
mod listening;
mod lists;
mod next;
mod outgoing;
mod privacy;
mod segue;
mod serve;
mod simulate_community;
mod supysonic;
mod world;
