//! Models that rank a whole catalogue for a history: popularity, neighbours, linear and factor models, repeats, sequences.
//!
//! One file a model, named after its paper. A listener is whatever [`Query`](segue_engine::Query) says of them: nobody is
//! trained on by name, so new listeners are encoded like old ones.

mod item_features;
pub mod sasrec;

pub use item_features::ItemFeatures;
pub use sasrec::{Sasrec, SasrecConfig};
