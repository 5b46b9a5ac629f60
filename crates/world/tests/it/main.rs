//! Worlds, from dumps to the file.

#![allow(clippy::unwrap_used)] // the lint excepts test functions only, and not what they call

mod broken;
mod build;
mod file;
mod ivf;
mod names;
mod people;
