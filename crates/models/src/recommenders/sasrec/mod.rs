//! SASRec (Kang & McAuley 2018, "Self-Attentive Sequential Recommendation") and its descendants: a
//! causal transformer reads a history and its output at the last item is compared with the vectors
//! of all items.
//!
//! What differs from the paper was each time the larger gain elsewhere: softmax losses over many or
//! all items in place of one negative (Klenitskiy & Vasilev 2023), long histories learned in
//! windows rather than cut off, optionally the gated block of eSASRec (arXiv 2508.06450) and an
//! item tower from features. A listener is only their history, so new ones need no training.
//! Somebody without any history is answered with popularity: a network that has seen nothing knows
//! no more.

mod batch;
mod block;
mod checkpoint;
mod config;
mod encoder;
mod gradient_rows;
mod lanes;
mod layout;
mod local_items;
mod objective;
mod step;
mod tower;
mod tower_step;
mod training;
mod windows;

use segue_engine::{Query, Recommender};

pub use batch::SequenceBatch;
pub use config::{Block, Loss, SasrecConfig, Windows};
pub use step::Trainer;
pub use training::Epoch;

use crate::kernels::matmul::{Matrix, Output, matmul};
use crate::recommenders::item_features::FeatureScaling;
use encoder::{Encoder, EncoderState};
use layout::Layout;
use tower::{Tower, TowerState};
use windows::Packed;

/// Rows of queries that are encoded at once.
const QUERY_ROWS: usize = 512;

/// A fitted model.
///
/// # Examples
/// ```
/// use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
/// use segue_engine::{Query, Recommender};
/// use segue_models::recommenders::{Sasrec, SasrecConfig};
///
/// let mut builder = InteractionsBuilder::default();
/// for (listener, item) in [("ann", "a"), ("ann", "b"), ("bob", "a"), ("bob", "b"), ("cem", "c")] {
///     builder.push(listener, item, None, None)?;
/// }
/// let interactions = builder.build(KCore::default())?;
/// let model = {
///     // One block of width 8 and one epoch: enough to show the calls, not to learn anything.
///     let config =
///         SasrecConfig { dim: 8, blocks: 1, heads: 1, epochs: 1, ..SasrecConfig::default() };
///     Sasrec::fit(&interactions.all(), None, &config, 1, &mut |_| None)?
/// };
/// let mut scores = vec![0.0; model.items()];
/// model.score(&[Query::default()], &mut scores);
/// assert!(scores.iter().all(|score| score.is_finite()), "a newcomer is answered with popularity");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sasrec {
    config: SasrecConfig,
    layout: Layout,
    parameters: Vec<f32>,
    /// The id embedding, `[items, dim]`; zero for items without a training event.
    items: Vec<f32>,
    /// Training events of each item.
    popularity: Vec<u32>,
    features: Option<TowerInput>,
    /// Vectors with the tower's part; empty without a tower.
    vectors: Vec<f32>,
}

/// What the tower reads.
#[derive(Clone, Debug)]
struct TowerInput {
    scaling: FeatureScaling,
    /// `[items, 2 features]`.
    encoded: Vec<f32>,
}

impl Sasrec {
    /// How the model was configured when it was last trained; the shape of its weights follows from
    /// it.
    pub fn config(&self) -> &SasrecConfig {
        &self.config
    }

    /// Changes how the model will be trained on; its shape stays.
    ///
    /// # Errors
    /// [`ModelError::Setting`](crate::ModelError::Setting) if the shape differs.
    pub fn set_config(&mut self, config: &SasrecConfig) -> Result<(), crate::ModelError> {
        config.check()?;
        config::same_shape(&self.config, config)?;
        self.config = config.clone();
        Ok(())
    }

    /// Number of parameters, the item embedding included.
    pub fn parameters(&self) -> usize {
        self.parameters.len() + self.items.len()
    }

    /// The vectors that the network's outputs are compared with.
    ///
    /// # Shapes
    /// The result is `[items, dim]`.
    pub fn item_vectors(&self) -> &[f32] {
        if self.features.is_some() { &self.vectors } else { &self.items }
    }

    /// The network's output after each item of a sequence.
    ///
    /// # Shapes
    /// The result is `[items.len(), dim]`.
    ///
    /// # Panics
    /// If the sequence is empty, longer than the network sees, or holds an item beyond the
    /// vocabulary.
    pub fn encode(&self, items: &[u32]) -> Vec<f32> {
        assert!(
            (1..=self.config.max_length).contains(&items.len()),
            "a sequence that the network sees"
        );
        let mut out = vec![0.0; items.len() * self.config.dim];
        let lengths = [items.len() as u32];
        self.encoder().forward((items, &lengths), &mut EncoderState::default(), None, &mut out);
        out
    }

    fn encoder(&self) -> Encoder<'_> {
        Encoder {
            config: &self.config,
            layout: &self.layout,
            parameters: &self.parameters,
            table: self.item_vectors(),
        }
    }

    fn tower(&self) -> Option<Tower<'_>> {
        let (layout, features) = (self.layout.tower.as_ref()?, self.features.as_ref()?);
        Some(Tower { layout, parameters: &self.parameters, features: &features.encoded })
    }

    /// Recomputes what follows from the parameters.
    fn refresh(&mut self) {
        if let Some(tower) = self.tower() {
            let mut vectors = self.items.clone();
            let all: Vec<u32> = (0..self.popularity.len() as u32).collect();
            tower.add_to(&all, &mut TowerState::default(), &mut vectors);
            self.vectors = vectors;
        }
    }

    /// The network's output after the last item of each history, `[queries, dim]`.
    fn encode_queries(&self, histories: &Packed) -> Vec<f32> {
        let dim = self.config.dim;
        let (mut state, mut out) = (EncoderState::default(), Vec::new());
        let mut hidden = Vec::new();
        for batch in histories.micro_batches(QUERY_ROWS) {
            let items = &histories.items[batch.rows.clone()];
            let lengths = &histories.lengths[batch.sequences.clone()];
            let hidden = block::sized(&mut hidden, items.len() * dim);
            self.encoder().forward((items, lengths), &mut state, None, hidden);
            let mut end = 0;
            for &length in lengths {
                end += length as usize;
                out.extend_from_slice(&hidden[(end - 1) * dim..end * dim]);
            }
        }
        out
    }

    /// Popularity, for histories without any event.
    fn score_newcomers(&self, scores: &mut [f32]) {
        for scores in scores.chunks_exact_mut(self.popularity.len()) {
            for (score, &events) in scores.iter_mut().zip(&self.popularity) {
                *score = (events as f32).ln_1p();
            }
        }
    }

    /// Puts items that nothing is known of below all others: their vectors were never trained.
    fn lower_unknown(&self, scores: &mut [f32]) {
        if self.features.is_some() {
            return;
        }
        let known = scores.iter().zip(&self.popularity).filter(|(_, events)| **events > 0);
        let lowest = known.map(|(score, _)| *score).fold(f32::INFINITY, f32::min) - 1.0;
        let unknown = scores.iter_mut().zip(&self.popularity).filter(|(_, events)| **events == 0);
        unknown.for_each(|(score, _)| *score = lowest);
    }
}

impl Recommender for Sasrec {
    fn items(&self) -> usize {
        self.popularity.len()
    }

    fn score(&self, queries: &[Query<'_>], scores: &mut [f32]) {
        let (items, dim) = (self.popularity.len(), self.config.dim);
        assert_eq!(scores.len(), queries.len() * items, "one score for each query and item");
        let mut histories = Packed::default();
        for query in queries.iter().filter(|query| !query.history.items.is_empty()) {
            histories.push_query(query.history.items, self.config.max_length);
        }
        let encoded = self.encode_queries(&histories);
        let vectors = Matrix::new(self.item_vectors(), items, dim);
        let mut first = 0;
        // Runs of queries with a history are one product each; usually that is all of them.
        for (queries, scores) in runs(queries, scores, items) {
            if queries[0].history.items.is_empty() {
                self.score_newcomers(scores);
                continue;
            }
            let encoded =
                Matrix::new(&encoded[first * dim..][..queries.len() * dim], queries.len(), dim);
            matmul(scores, Output::Overwrite, encoded, vectors.t());
            scores.chunks_exact_mut(items).for_each(|scores| self.lower_unknown(scores));
            first += queries.len();
        }
    }
}

/// Cuts queries into runs with and without a history, each with its scores.
fn runs<'a, 'q>(
    queries: &'a [Query<'q>],
    mut scores: &'a mut [f32],
    items: usize,
) -> impl Iterator<Item = (&'a [Query<'q>], &'a mut [f32])> {
    let empty = |query: &Query<'_>| query.history.items.is_empty();
    queries.chunk_by(move |a, b| empty(a) == empty(b)).map(move |run| {
        let (own, rest) = std::mem::take(&mut scores).split_at_mut(run.len() * items);
        scores = rest;
        (run, own)
    })
}
