//! Experiments: who gets what, what may be said of it, and when.

mod assignment;
mod confidence;
mod design;
mod readout;
