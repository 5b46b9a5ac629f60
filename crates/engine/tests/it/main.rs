//! The engine, tested through its public face.

mod arrange;
mod mix;
mod playlist;
mod policy;
mod retrieval;
mod world;
