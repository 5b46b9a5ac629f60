//! Synthetic listeners whose true taste is known, so that what a recommender did for them can be
//! held against the truth.
//!
//! [`community`] draws a finished community, histories included, and [`person`] one person's years
//! of scrobbles. The other three let a community live on: a
//! [`world`] in which tracks arrive, [`listeners`] of two kinds that were built independently, and
//! [`trial`], which runs them day by day through the same pipeline as serving, once for every
//! setting of the dial.

pub mod community;
pub mod listeners;
mod names;
pub mod person;
pub mod study;
pub mod trial;
pub mod world;
