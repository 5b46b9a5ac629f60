//! Whatever learns from one table of labelled rows which songs are liked.
//!
//! Models implement [`Classifier`], protocols ask it: neither has to know the other. Every fit is
//! seeded, so that a protocol can be run twice and read the same.

use crate::{Likability, Table};

/// Why a model could not be fitted or asked.
pub type ClassifierError = Box<dyn std::error::Error + Send + Sync>;

/// Something that learns likability from a table.
pub trait Classifier: Sync {
    /// Learns from rows, all of the same weight.
    ///
    /// # Errors
    /// Whatever the model reports.
    fn fit(
        &self,
        table: &Table,
        labels: &[bool],
        seed: u64,
    ) -> Result<Box<dyn Fitted>, ClassifierError>;
}

/// What a [`Classifier`] learned.
pub trait Fitted: Send + Sync {
    /// One likability per row.
    ///
    /// # Errors
    /// Whatever the model reports.
    fn predict(&self, table: &Table) -> Result<Vec<Likability>, ClassifierError>;
}
