//! What can be set when a likability model is fitted.

use serde::{Deserialize, Serialize};

use crate::tabular::ensemble::CalibrationConfig;
use crate::tabular::network::PeriodicConfig;
use crate::tabular::{TabmConfig, tabm};

/// How [`LikabilityModel::fit`](super::LikabilityModel::fit) draws episodes and trains. The default
/// suits any library; tests and studies make it smaller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LikabilityConfig {
    /// Shape and training of the network. Its own calibration stays off: calibration is done across
    /// listeners.
    pub network: TabmConfig,
    /// Rows to train the network on, about.
    pub rows: usize,
    /// Episodes of one listener, at most.
    pub most_episodes: usize,
    /// Relations that the network may not read, by the beginning of a column's name: for ablations.
    pub without: Vec<String>,
}

impl Default for LikabilityConfig {
    fn default() -> Self {
        const ROWS: usize = 60_000;
        let mut network = tabm::config(ROWS);
        network.architecture.members = 8;
        network.architecture.hidden = vec![96, 96];
        network.architecture.periodic = Some(PeriodicConfig { frequencies: 8, sigma: 0.1, dim: 4 });
        network.training.epochs = 10;
        // Rows of one listener are on both sides of any split of rows: calibration is done here,
        // across listeners.
        network.calibration = CalibrationConfig { folds: 0, held_out: 0 };
        Self { network, rows: ROWS, most_episodes: 40, without: Vec::new() }
    }
}
