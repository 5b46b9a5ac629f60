//! The card of a model: what a person, or a registry, should know of it before using it.

use serde::{Deserialize, Serialize};

use super::fit::{FitReport, LikabilityConfig};
use crate::tabular::calibration::Calibration;

/// Written beside the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LikabilityCard {
    /// Version of the label policy that the labels came from.
    pub label_policy: u32,
    /// What the model was learned from.
    pub data: DataSummary,
    /// How answers were held out: `listeners` or `labels`.
    pub split: String,
    /// What was asked for.
    pub config: LikabilityConfig,
    /// The seed of everything random.
    pub seed: u64,
    /// The map to honest probabilities.
    pub calibration: Calibration,
    /// How well it did on what was held out.
    pub report: FitReport,
}

/// Counts of what a model was learned from. No listener is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSummary {
    /// Tracks of the catalogue.
    pub tracks: usize,
    /// Tracks of which the sound is known.
    pub audible_tracks: usize,
    /// Listeners with labels.
    pub listeners: usize,
    /// Labels that say liked.
    pub likes: usize,
    /// Labels that say disliked.
    pub dislikes: usize,
}
