//! Worlds, from dumps to the file.

mod build;
mod file;
mod people;
