//! What can be set about the training of a tabular network.

use serde::{Deserialize, Serialize};

/// How each network of an ensemble is trained: for how long, how fast, and what is done against
/// learning rows by heart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainConfig {
    /// Passes over the rows. There is no early stopping: the step size falls to 0 at the last.
    pub epochs: usize,
    /// Largest step size of AdamW: it rises over the first tenth of the steps and falls to 0 along
    /// a cosine.
    pub learning_rate: f32,
    /// Weight decay of AdamW, a share of the weight per unit of step size; biases and scales do not
    /// decay.
    pub weight_decay: f32,
    /// Most rows in a step.
    pub batch: usize,
    /// Share of hidden units dropped.
    pub dropout: f32,
    /// Share of columns of the table dropped, per row and member.
    pub feature_dropout: f32,
    /// Standard deviation of noise added to scaled quantities.
    pub noise: f32,
    /// How far labels are moved towards one half.
    pub label_smoothing: f32,
    /// Whether each member weighs rows with random weights of its own (Bayesian bootstrap, Rubin
    /// 1981).
    pub bootstrap: bool,
}
