//! The plain deep network of "Music Recommendation on Spotify using Deep Learning" (arXiv
//! 2312.10079): standardised inputs, one-hot names, fully connected ReLU layers, one output. It is
//! here to be compared with.

use std::path::Path;

use segue_engine::classifier::{Classifier, ClassifierError, FittedClassifier};
use segue_engine::{Likability, Table};

use super::ensemble::{CalibrationConfig, Ensemble, EnsembleConfig, fit_classifier};
use super::network::Architecture;
use super::preprocess::{Names, Scaling};
use super::training::TrainConfig;
use crate::ModelError;
use crate::kernels::activation::Activation;

const NAME: &str = "mlp";

/// The configuration for that many rows.
pub fn config(rows: usize) -> EnsembleConfig {
    EnsembleConfig {
        scaling: Scaling::Standard,
        names: Names::OneHot,
        architecture: Architecture {
            members: 1,
            hidden: vec![64, 64],
            activation: Activation::Relu,
            periodic: None,
            categorical_dim: 0,
            adapters: false,
        },
        training: TrainConfig {
            epochs: if rows >= 4000 { 30 } else { 60 },
            learning_rate: 3e-3,
            weight_decay: 0.01,
            batch: if rows >= 4000 { 256 } else { 32 },
            dropout: 0.0,
            feature_dropout: 0.0,
            noise: 0.0,
            label_smoothing: 0.0,
            bootstrap: false,
        },
        networks: 1,
        trees: None,
        calibration: CalibrationConfig { folds: 0, held_out: 0 },
    }
}

/// A fitted plain network: one multilayer perceptron without members or embeddings, kept to compare
/// [`Tabm`](super::Tabm) with.
#[derive(Clone, Debug)]
pub struct Mlp(Ensemble);

impl Mlp {
    /// Learns from rows; those of weight 0 teach nothing.
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

    /// One likability per row; the uncertainty of a single network is 0.
    ///
    /// # Errors
    /// As [`Tabm::predict`](super::tabm::Tabm::predict).
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

/// Fits a [`Mlp`] with the [`config`] for the number of rows.
#[derive(Clone, Copy, Debug, Default)]
pub struct MlpClassifier;

impl Classifier for MlpClassifier {
    fn fit(
        &self,
        table: &Table,
        labels: &[bool],
        seed: u64,
    ) -> Result<Box<dyn FittedClassifier>, ClassifierError> {
        fit_classifier(table, labels, &config(labels.len()), seed)
    }
}
