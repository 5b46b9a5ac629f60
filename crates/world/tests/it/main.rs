//! Worlds, from dumps to the file.

#![allow(clippy::unwrap_used)] // the lint excepts test functions only, and not what they call
#![allow(clippy::print_stdout)] // tests say what they skip and how they fared

mod broken;
mod build;
mod file;
mod ivf;
mod names;
mod people;
#[cfg(feature = "spark")]
mod spark;
