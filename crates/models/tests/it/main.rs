//! Behaviour of the models, from outside.
#![allow(
    clippy::unwrap_used,
    reason = "clippy exempts test functions but not the functions they share"
)]

mod likability;
mod online;
mod recommenders;
mod sasrec;
mod set;
mod tabular;
