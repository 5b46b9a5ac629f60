//! Behaviour of the crate from outside.

mod files;
mod hostile;
mod loudness;
mod musicnn;
mod rhythm;
mod signals;
mod support;
mod tonality;
