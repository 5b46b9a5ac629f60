//! The lab, tested through its public face.
#![allow(clippy::print_stdout)] // a test that skips says so
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

mod community;
mod dumps;
mod events;
mod interactive;
mod listeners;
mod mix;
mod new_listener;
mod off_policy;
mod person;
mod trial;
#[allow(dead_code, reason = "the engine's tests use the rest")]
#[path = "../../../engine/tests/it/world.rs"]
mod world;
