//! Likability across listeners: the probability that *this* listener likes *this* track, from the
//! track itself and its relation to what the listener liked and disliked before.
//!
//! One network (TabM over numeric embeddings) is shared by all listeners and reads no listener id:
//! all it knows of a listener are relations (`relation`) to a history of any size, learned in
//! episodes (`episode`). So a new listener is served at once, without training, from a handful of
//! likes; one with none gets the prior that the network learned from empty histories. A network per
//! listener was rejected: sixty likes do not train one, and every newcomer would wait.
//!
//! ```text
//! profiles ─► pupils ─► folds ─► atlas of the other folds ─► episodes ─► network ─► calibration on held-out answers
//! ```
//!
//! With at least [`FEWEST_NEWCOMER_LISTENERS`] listeners whole listeners are held out; in a smaller
//! home, a fifth of everyone's labels at a time.

mod atlas;
mod card;
mod community;
mod describe;
mod episode;
mod fit;
mod layer;
mod measure;
mod online;
mod persist;
mod relation;
mod scorer;
mod space;
#[cfg(test)]
mod testing;

pub use card::{DataSummary, LikabilityCard};
pub use fit::{FEWEST_NEWCOMER_LISTENERS, FitReport, LikabilityConfig, Stage};
pub use measure::Reliability;
pub use online::OnlineScorer;
pub use scorer::LikabilityScorer;

use segue_core::WorkId;

use crate::tabular::Tabm;
use atlas::SPACES;
use community::Standing;
use describe::{Description, Scale};
use layer::Layer;
use space::Space;

/// A fitted model, free of any catalogue: artists and works go by their names.
#[derive(Clone, Debug)]
pub struct LikabilityModel {
    card: LikabilityCard,
    version: String,
    scale: Scale,
    spaces: [Space; SPACES],
    background: Vec<Description>,
    community: NamedCommunity,
    /// Indices of the columns that the network reads.
    columns: Vec<usize>,
    network: Tabm,
    layer: Layer,
}

/// A community whose works and artists go by their names, ordered by name.
#[derive(Clone, Debug, Default, PartialEq)]
struct NamedCommunity {
    listeners: u32,
    works: Vec<(WorkId, u32)>,
    artists: Vec<(String, Standing)>,
}

impl LikabilityModel {
    /// Identifies the learned content: equal models have equal versions.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What it was learned from and how well.
    pub fn card(&self) -> &LikabilityCard {
        &self.card
    }
}
