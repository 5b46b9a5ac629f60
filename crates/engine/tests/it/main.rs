//! The engine, tested through its public face.

mod arrange;
mod mix;
mod playlist;
mod policy;
mod reasons;
mod retrieval;
mod world;
