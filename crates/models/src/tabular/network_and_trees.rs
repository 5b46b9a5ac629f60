//! A [`Tabm`](super::Tabm) with trees beside it. How much the trees count is chosen on held-out
//! rows, and may be nothing. It is better than the network alone from some thousand rows on, and no
//! default: `docs/measurements.md` has the figures.

use segue_engine::Table;
use segue_engine::classifier::{Classifier, ClassifierError, FittedClassifier};

use super::ensemble::{EnsembleConfig, fit_classifier};
use super::{boosted_trees, tabm};

/// The configuration for that many rows.
pub fn config(rows: usize) -> EnsembleConfig {
    EnsembleConfig { trees: Some(Box::new(boosted_trees::trees(rows))), ..tabm::config(rows) }
}

/// Fits a [`Tabm`](super::Tabm) with the [`config`] for the number of rows, trees and all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NetworkAndTreesClassifier;

impl Classifier for NetworkAndTreesClassifier {
    fn fit(
        &self,
        table: &Table,
        labels: &[bool],
        seed: u64,
    ) -> Result<Box<dyn FittedClassifier>, ClassifierError> {
        fit_classifier(table, labels, &config(labels.len()), seed)
    }
}
