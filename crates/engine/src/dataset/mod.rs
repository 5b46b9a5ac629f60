//! From what the store holds to what models and mixes work on: dense rows for tracks, works and
//! artists, and one folded profile per listener.

pub mod catalogue;
pub mod folding;
pub mod friends;
pub mod interaction;
pub mod interactions;
pub mod labels;
pub mod listener_works;
pub mod pick_outcomes;
pub mod play_memory;
pub mod plays;
pub mod profile;
pub mod shown;
pub mod table;
