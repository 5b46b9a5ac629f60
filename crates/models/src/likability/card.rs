//! The card of a model: what a person, or a registry, should know of it before using it.

use serde::{Deserialize, Serialize};

use super::config::LikabilityConfig;
use super::measure::Reliability;
use crate::tabular::calibration::Calibration;
use crate::tabular::ensemble::HeldOut;

/// What a model was learned from and how well, written as JSON beside the weights. Whoever
/// registers or serves the model reads it; it names no listener.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LikabilityCard {
    /// Version of the label policy that the labels came from.
    pub label_policy: u32,
    /// What the model was learned from.
    pub data: DataSummary,
    /// How answers were held out: `listeners` or `labels`.
    pub split: String,
    /// The configuration that was asked for, so that the fit can be repeated.
    pub config: LikabilityConfig,
    /// The seed of everything random: with the same data and configuration it gives the same
    /// version.
    pub seed: u64,
    /// The map from raw to calibrated probabilities, fitted on what was held out.
    pub calibration: Calibration,
    /// How well it did on what was held out.
    pub report: FitReport,
}

/// Counts of what a model was learned from. No listener is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSummary {
    /// Tracks in the catalogue that it was fitted on, labelled or not.
    pub tracks: usize,
    /// Tracks of which the sound is known.
    pub audible_tracks: usize,
    /// Listeners with at least one label; others teach nothing.
    pub listeners: usize,
    /// Labels that say liked, over all listeners.
    pub likes: usize,
    /// Labels that say disliked, over all listeners; contrasts are not among them.
    pub dislikes: usize,
}

/// How well a fit did on labels that were held out from the network, by size of history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitReport {
    /// Rows that the network was trained on.
    pub rows: usize,
    /// Figures on everything held out, contrasts included; none where nothing could be held out.
    pub held_out: Option<HeldOut>,
    /// Figures on held-out labels that listeners gave, contrasts left out; none where they were all
    /// of one kind.
    // The name in cards that were written before, which the page reads.
    #[serde(rename = "told")]
    pub feedback: Option<HeldOut>,
    /// Figures by size of the history, smallest first.
    pub by_history: Vec<(u32, HeldOut)>,
    /// How far predictions of feedback can be relied on, or of everything where all
    /// feedback was of one kind.
    #[serde(default)]
    pub reliability: Reliability,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_written_under_the_names_that_earlier_cards_have() {
        let report = FitReport {
            rows: 3,
            held_out: None,
            feedback: None,
            by_history: Vec::new(),
            reliability: Reliability::default(),
        };
        let written = serde_json::to_value(&report).unwrap();
        let names: Vec<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["by_history", "held_out", "reliability", "rows", "told"]);
    }
}
