//! [Boosted trees](super::trees) alone: what stands beside the network in
//! [`network_and_trees`](super::network_and_trees), to be compared with it.

use std::path::Path;

use segue_engine::classifier::{Classifier, ClassifierError, FittedClassifier};
use segue_engine::{Likability, Table};

use super::ensemble::{Ensemble, EnsembleConfig, fit_classifier};
use super::tabm;
use super::trees::TreesConfig;
use crate::ModelError;

const NAME: &str = "trees";

/// How trees are grown on that many rows. Chosen on listener-like tables of another seed, which
/// share songs with those reported on; depths of 3 to 5, twice the step and other penalties do
/// about as well.
pub fn trees(rows: usize) -> TreesConfig {
    TreesConfig {
        rounds: 400,
        patience: 40,
        learning_rate: 0.03,
        depth: 4,
        leaf_rows: if rows < 1_000 { 5 } else { 20 },
        l2: 1.0,
        row_share: 0.7,
        column_share: 0.5,
        bins: 64,
    }
}

/// The configuration for that many rows: trees, no network, calibrated like [`Tabm`](super::Tabm).
pub fn config(rows: usize) -> EnsembleConfig {
    EnsembleConfig { networks: 0, trees: Some(Box::new(trees(rows))), ..tabm::config(rows) }
}

/// Fitted trees, calibrated. A single model has no members that could disagree: the uncertainty of
/// its answers is 0.
///
/// # Examples
/// ```
/// use segue_engine::{Table, Values};
/// use segue_models::tabular::{BoostedTrees, boosted_trees};
///
/// let mut table = Table::new(60);
/// table.push("tempo", Values::Numeric((0..60).map(|row| 90.0 + row as f32).collect()));
/// let liked: Vec<bool> = (0..60).map(|row| row >= 30).collect();
/// let model = BoostedTrees::fit(&table, &liked, &[1.0; 60], &boosted_trees::config(60), 1)?;
///
/// let predicted = model.predict(&table)?;
/// assert!(predicted[59].mean > 0.8 && predicted[0].mean < 0.2);
/// # Ok::<(), segue_models::ModelError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BoostedTrees(Ensemble);

impl BoostedTrees {
    /// Learns from rows; those of weight 0 teach nothing. Same arguments, same model, on one thread
    /// or many.
    ///
    /// # Errors
    /// As [`Tabm::fit`](super::tabm::Tabm::fit).
    pub fn fit(
        table: &Table,
        labels: &[bool],
        weights: &[f32],
        config: &EnsembleConfig,
        seed: u64,
    ) -> Result<Self, ModelError> {
        Ensemble::fit(table, labels, weights, config, seed).map(Self)
    }

    /// One likability per row.
    ///
    /// # Errors
    /// [`ModelError::ColumnMismatch`] if a column of the training table is missing or of another
    /// kind.
    pub fn predict(&self, table: &Table) -> Result<Vec<Likability>, ModelError> {
        self.0.predict(table)
    }

    /// Writes weights and card into a folder.
    ///
    /// # Errors
    /// [`ModelError::Io`] if a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), ModelError> {
        self.0.save(folder, NAME)
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`ModelError::Io`] or [`ModelError::Damaged`].
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        Ensemble::load(folder, NAME).map(Self)
    }
}

/// Fits [`BoostedTrees`] with the [`config`] for the number of rows.
#[derive(Clone, Copy, Debug, Default)]
pub struct BoostedTreesClassifier;

impl Classifier for BoostedTreesClassifier {
    fn fit(
        &self,
        table: &Table,
        labels: &[bool],
        seed: u64,
    ) -> Result<Box<dyn FittedClassifier>, ClassifierError> {
        fit_classifier(table, labels, &config(labels.len()), seed)
    }
}
