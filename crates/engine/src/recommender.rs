//! What evaluation and mixes know of a model that ranks a whole catalogue for a history.

use crate::dataset::interactions::Query;

/// Scores every item of its vocabulary for listeners, seen in training or not: all it knows of one
/// is the query.
///
/// Implementations run on one thread; callers rank blocks of listeners side by side.
pub trait Recommender: Send + Sync {
    /// Size of the vocabulary.
    fn items(&self) -> usize;

    /// Writes one score per item for each query; higher ranks earlier, and what depends on nothing
    /// but the arguments is a rank only within one query.
    ///
    /// # Shapes
    /// `scores` `[queries, items]`.
    ///
    /// # Panics
    /// If `scores` has another length, or a history holds an item beyond the vocabulary.
    fn score(&self, queries: &[Query<'_>], scores: &mut [f32]);
}
