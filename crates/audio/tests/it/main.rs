//! Behaviour of the crate from outside.

mod musicnn;
mod support;
