//! What the crate promises, tried from outside.

#![allow(clippy::unwrap_used)]

mod ivf;
