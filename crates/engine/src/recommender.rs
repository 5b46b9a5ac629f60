//! What evaluation and mixes know of a model that ranks a whole catalogue for a history.

use crate::dataset::interactions::{History, ListenerIdx, Seconds};

/// For whom to rank, and when.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    /// What the listener did so far; empty for someone who just arrived.
    pub history: History<'a>,
    /// The moment of asking; `None` if the data carry no time.
    pub now: Option<Seconds>,
    /// Friends among the listeners that the model learned from.
    pub friends: &'a [ListenerIdx],
}

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
