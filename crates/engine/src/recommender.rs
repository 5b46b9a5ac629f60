//! What evaluation and mixes know of a model that ranks a whole catalogue for a history.

use crate::dataset::interactions::{History, ListenerIdx, Seconds};

/// For whom to rank, and when: all that a [`Recommender`] is told of a listener. The default is
/// somebody of whom nothing is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    /// What the listener did so far, oldest first; empty for someone who just arrived.
    pub history: History<'a>,
    /// The moment of asking, from which models count how long ago things were; `None` if the data
    /// carry no time.
    pub now: Option<Seconds>,
    /// Friends among the listeners that the model learned from, for models that learn from ties;
    /// usually empty.
    pub friends: &'a [ListenerIdx],
}

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
