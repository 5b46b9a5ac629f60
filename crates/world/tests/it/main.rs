//! Tests of worlds, from the outside.

mod dumps;
