//! What can go wrong in this crate.

use std::path::PathBuf;

/// Why a model could not be fitted, saved or loaded.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Nothing to learn from.
    #[error(
        "cannot learn from {liked} liked and {disliked} disliked rows: at least {needed} of each \
         are needed"
    )]
    TooFewRows {
        /// Rows labelled liked.
        liked: usize,
        /// Rows labelled disliked.
        disliked: usize,
        /// How many of each it takes.
        needed: usize,
    },
    /// Rows that are all alike.
    #[error("cannot learn from {rows} rows of which no column tells one from another")]
    NothingVaries {
        /// How many rows there are.
        rows: usize,
    },
    /// A set that was fitted with a world goes on without it.
    #[error("the models in use go by a world that is not there any more: train from nothing")]
    NoWorld,
    /// No listener has the two events that make a step of a sequence.
    #[error(
        "cannot learn sequences from {listeners} listeners with {events} events: none has two in a \
         row"
    )]
    NoSequence {
        /// Listeners in the training data, each with fewer than two events in a row.
        listeners: usize,
        /// Events of all these listeners together.
        events: usize,
    },
    /// Slices that belong together differ in length.
    #[error("`{what}` has {found} entries where the table has {expected} rows")]
    LengthMismatch {
        /// Which slice.
        what: &'static str,
        /// Rows of the table.
        expected: usize,
        /// Length of the slice.
        found: usize,
    },
    /// A table to predict on lacks a column that the model was trained with, or holds another kind
    /// of values in it.
    #[error("column `{column}` is missing or of another kind than the model was trained with")]
    ColumnMismatch {
        /// Name of the column.
        column: String,
    },
    /// Not one event to learn from.
    #[error("cannot learn from {listeners} listeners without a single event")]
    NoEvents {
        /// Listeners in the training data.
        listeners: usize,
    },
    /// A setting outside of what the model can work with, or another than that of the model that
    /// training continues from.
    #[error("`{setting}` is `{found}`, expected {expected}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The data ask for more memory than the model may take.
    #[error("`{model}` needs {needed_mb} MB for {items} items and may take {limit_mb} MB")]
    TooLarge {
        /// Which model.
        model: &'static str,
        /// Size of the vocabulary.
        items: usize,
        /// What fitting would take.
        needed_mb: usize,
        /// What it may take.
        limit_mb: usize,
    },
    /// A file could not be read or written.
    #[error("cannot access `{path}`")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A saved model is damaged, or was written by something else.
    #[error("`{path}` does not hold a model of this kind: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}
