//! Behaviour of the crate from outside.

#![allow(clippy::unwrap_used)] // the lint excepts test functions only, and not what they call
#![allow(clippy::print_stdout)] // tests say what they skip and how they fared

mod containers;
mod files;
mod hostile;
mod loudness;
mod musicnn;
mod rhythm;
mod signals;
mod support;
mod tonality;
