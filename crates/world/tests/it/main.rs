//! Tests of worlds, from the outside.

#![allow(clippy::print_stdout)] // a test that skips says so
#![allow(clippy::unwrap_used)] // the lint excepts test functions only, and not what they call

mod dumps;
