//! Synthetic listeners whose true taste is known, so that what a model learned can be held against the truth.

pub mod carousel;
pub mod community;
pub mod delayed;
mod names;
