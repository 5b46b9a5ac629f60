//! Dumps as they are published, made up, cut and damaged.

mod damage;
mod listens;
mod odd_rows;
mod samples;
mod support;
mod tables;
mod worlds;
