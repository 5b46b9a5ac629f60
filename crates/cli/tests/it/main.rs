//! Behaviour of the binary `segue`.
#![allow(clippy::unwrap_used, reason = "clippy exempts test functions but not the functions they share")]

mod evaluate_likability;
