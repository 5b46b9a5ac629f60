//! What of the model can be chosen.

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// Shape of the network and how it is trained. The defaults were chosen on the validation data of a
/// small music set (1,090 listeners, 3,646 artists).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SasrecConfig {
    /// Length of an item's vector and of everything between the blocks: 64 where nothing else is
    /// known.
    pub dim: usize,
    /// Transformer blocks, one after another; two suit most data (Kang & McAuley 2018).
    pub blocks: usize,
    /// Attention heads of each block, at least 1; their number divides `dim` without remainder.
    pub heads: usize,
    /// Most items of a history that the network sees.
    pub max_length: usize,
    /// Which transformer block the encoder is built of; a saved model keeps its own.
    pub block: Block,
    /// Width of the feed-forward layer as a multiple of `dim`.
    pub expansion: usize,
    /// Share of activations dropped in training.
    pub dropout: f32,
    /// What training minimises: how the target is compared with negatives. It does not change the
    /// shape of a model.
    pub loss: Loss,
    /// Which parts of long histories are learned from.
    pub windows: Windows,
    /// Step size of Adam for all parameters, above 0; the same in every epoch.
    pub learning_rate: f32,
    /// Decay of Adam's second moment.
    pub beta_2: f32,
    /// Decoupled weight decay of the matrices.
    pub weight_decay: f32,
    /// Windows of histories that make one step of Adam. More are faster and learn less from each.
    pub batch: usize,
    /// Most passes over the data; fewer where validation stops getting better (see `patience`).
    pub epochs: usize,
    /// Steps of histories that one pass learns from, at most, but for the end of the last window:
    /// where there are more, each pass draws windows anew. `None` learns from all of them in every
    /// pass.
    pub epoch_steps: Option<usize>,
    /// Passes without a better validation score before training stops and the best weights return.
    pub patience: usize,
    /// Width of the hidden layer between an item's features and its vector.
    pub tower_width: usize,
    /// Share of items a step whose own vector is left out, so that features alone learn to place an
    /// item.
    pub id_dropout: f32,
}

/// Which transformer block the encoder is built of; a saved model keeps its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// Attention and a ReLU layer, normalised before each (Kang & McAuley 2018).
    Sasrec,
    /// Gated residual branches and SwiGLU (LiGR, arXiv 2502.03417; with sampled softmax eSASRec,
    /// arXiv 2508.06450).
    Ligr,
}

/// What training minimises: how the target is compared with negatives. It does not change the shape
/// of a model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Binary cross-entropy against one uniform negative a position, as SASRec was published.
    Bce,
    /// Binary cross-entropy against shared negatives, calibrated for their number (gSASRec, Petrov
    /// & Macdonald 2023).
    Gbce {
        /// Negatives a step.
        negatives: usize,
        /// How much of the overconfidence that sampling causes is undone, 0 to 1.
        t: f32,
    },
    /// Softmax of the target and uniform negatives that a step's positions share.
    SampledSoftmax {
        /// Negatives a step.
        negatives: usize,
    },
    /// Softmax of the target and targets of other positions, corrected for these being popular
    /// (logQ, Yi 2019).
    InBatch {
        /// Negatives a step.
        negatives: usize,
    },
    /// Softmax over the whole catalogue: exact, and affordable up to some ten thousand items.
    FullSoftmax,
}

/// Which parts of histories longer than the network sees are learned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Windows {
    /// The latest `max_length` steps only, as published.
    Last,
    /// All of it, in windows that share one item and are cut elsewhere in each epoch: each step is
    /// learned once an epoch.
    All,
}

impl Default for SasrecConfig {
    fn default() -> Self {
        Self {
            dim: 64,
            blocks: 2,
            heads: 2,
            max_length: 50,
            block: Block::Ligr,
            expansion: 2,
            dropout: 0.5,
            loss: Loss::SampledSoftmax { negatives: 512 },
            windows: Windows::All,
            learning_rate: 2e-3,
            beta_2: 0.98,
            weight_decay: 0.0,
            batch: 32,
            epochs: 200,
            epoch_steps: None,
            patience: 10,
            tower_width: 64,
            id_dropout: 0.1,
        }
    }
}

impl SasrecConfig {
    /// Whether a network can be built so.
    ///
    /// # Errors
    /// [`ModelError::Setting`] with the first option that cannot be.
    pub fn check(&self) -> Result<(), ModelError> {
        let share = |x: f32| (0.0..1.0).contains(&x);
        let positive = "a positive number";
        let rules = [
            (self.dim > 0, "dim", self.dim.to_string(), positive),
            (self.blocks > 0, "blocks", self.blocks.to_string(), positive),
            (
                self.heads > 0 && self.dim.is_multiple_of(self.heads),
                "heads",
                self.heads.to_string(),
                "a divisor of `dim`",
            ),
            (self.max_length > 0, "max_length", self.max_length.to_string(), positive),
            (self.expansion > 0, "expansion", self.expansion.to_string(), positive),
            (self.epoch_steps != Some(0), "epoch_steps", "0".to_owned(), positive),
            (self.batch > 0, "batch", self.batch.to_string(), positive),
            (self.tower_width > 0, "tower_width", self.tower_width.to_string(), positive),
            (share(self.dropout), "dropout", self.dropout.to_string(), "at least 0 and below 1"),
            (
                share(self.id_dropout),
                "id_dropout",
                self.id_dropout.to_string(),
                "at least 0 and below 1",
            ),
            (
                self.learning_rate.is_finite() && self.learning_rate > 0.0,
                "learning_rate",
                self.learning_rate.to_string(),
                positive,
            ),
            (share(self.beta_2), "beta_2", self.beta_2.to_string(), "at least 0 and below 1"),
            (self.loss.negatives() != Some(0), "negatives", "0".to_owned(), positive),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            None => Ok(()),
            Some((_, option, found, expected)) => {
                Err(ModelError::Setting { setting: option, found, expected: expected.to_owned() })
            }
        }
    }
}

impl Loss {
    /// Negatives that the positions of a step share; `None` if they share none.
    pub fn negatives(self) -> Option<usize> {
        match self {
            Self::Bce | Self::FullSoftmax => None,
            Self::Gbce { negatives, .. }
            | Self::SampledSoftmax { negatives }
            | Self::InBatch { negatives } => Some(negatives),
        }
    }
}

/// Fails unless a model of one configuration can go on with the other: all that decides the shape
/// of its weights is equal.
pub(super) fn same_shape(old: &SasrecConfig, new: &SasrecConfig) -> Result<(), ModelError> {
    let shape = |c: &SasrecConfig| {
        [
            ("dim", c.dim),
            ("blocks", c.blocks),
            ("heads", c.heads),
            ("max_length", c.max_length),
            ("block", c.block as usize),
            ("expansion", c.expansion),
            ("tower_width", c.tower_width),
        ]
    };
    match shape(old).into_iter().zip(shape(new)).find(|(old, new)| old != new) {
        None => Ok(()),
        Some(((option, old), (_, new))) => Err(ModelError::Setting {
            setting: option,
            found: new.to_string(),
            expected: format!("`{old}` as in the model that training continues from"),
        }),
    }
}
