//! Whatever learns from one table of labelled rows which songs are liked.
//!
//! Models implement [`Classifier`], protocols ask it: neither has to know the other. Every fit is
//! seeded, so that a protocol can be run twice and read the same.

use crate::{Likability, Table};

/// Why a model could not be fitted or asked: whatever error the model has, since protocols only
/// report it.
pub type ClassifierError = Box<dyn std::error::Error + Send + Sync>;

/// Something that learns likability from a table of labelled rows. Protocols fit it many times, on
/// folds and on single listeners; hence `&self` and `Sync`: settings are in it, what was learned is
/// in [`FittedClassifier`].
pub trait Classifier: Sync {
    /// Learns from rows, all of the same weight. `labels` has one entry per row of `table`, true
    /// for liked; the same `seed` gives the same model.
    ///
    /// # Errors
    /// Whatever the model reports, such as a table without rows or labels of one kind only.
    fn fit(
        &self,
        table: &Table,
        labels: &[bool],
        seed: u64,
    ) -> Result<Box<dyn FittedClassifier>, ClassifierError>;
}

/// What a [`Classifier`] learned: it can be asked about other rows, from several threads.
pub trait FittedClassifier: Send + Sync {
    /// One likability per row, in their order. The table has the columns of the one that was
    /// fitted.
    ///
    /// # Errors
    /// Whatever the model reports, such as a column that is missing.
    fn predict(&self, table: &Table) -> Result<Vec<Likability>, ClassifierError>;
}
