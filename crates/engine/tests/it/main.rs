//! The engine, tested through its public face.

mod arrange;
mod mix;
mod policy;
mod retrieval;
mod world;
