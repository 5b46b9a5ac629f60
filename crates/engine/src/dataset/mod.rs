//! From what the store holds to what models and mixes work on: dense rows for tracks, works and
//! artists, and one folded profile per listener.

pub mod catalogue;
pub mod folding;
pub mod friends;
pub mod heard;
pub mod interaction;
pub mod interactions;
pub mod labels;
pub mod pick_outcomes;
pub mod play_memory;
pub mod plays;
pub mod profile;
pub mod shown;
pub mod table;
