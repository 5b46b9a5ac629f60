//! What evaluation and mixes know of a model that ranks a whole catalogue for a history.

use crate::dataset::interactions::Query;

/// Ranks a whole vocabulary for listeners, seen in training or not: all it knows of one is the
/// query. [`full_ranking::evaluate`](crate::full_ranking::evaluate) measures one and shows how to
/// make one.
///
/// Implementations run on one thread; callers rank blocks of listeners side by side.
pub trait Recommender: Send + Sync {
    /// Size of the vocabulary, which is that of the [`Interactions`](crate::Interactions) it was
    /// trained on: the length of a row of scores.
    fn items(&self) -> usize;

    /// Writes one score per item for each query; a higher score ranks earlier. Scores are compared
    /// within one query only, so their scale is free; negative infinity or NaN leaves an item
    /// unranked.
    ///
    /// # Shapes
    /// `scores` `[queries, items]`.
    ///
    /// # Panics
    /// If `scores` has another length, or a history holds an item beyond the vocabulary.
    fn score(&self, queries: &[Query<'_>], scores: &mut [f32]);
}
