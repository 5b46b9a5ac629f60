//! EASE: each item is predicted from all others by ridge regression, in closed form (Steck 2019,
//! "Embarrassingly Shallow Autoencoders for Sparse Data", arXiv 1905.03375).
//!
//! ```text
//! P = (XᵀX + λ I)⁻¹      B_ij = −P_ij / P_jj  (i ≠ j),  B_jj = 0    (equation 8)
//! scores = x B                                                      (equation 3)
//! ```
//!
//! `X` are the listeners' histories. A listener is scored by what they heard, so one whom training
//! never saw costs no more than one it did.

use rayon::prelude::*;
use segue_engine::dataset::interactions::Training;
use segue_engine::{Query, Recommender};
use serde::{Deserialize, Serialize};

use super::counts::Counts;
use super::event_weighting::{Bag, EventWeighting, require_positive};
use super::inverse::SymmetricMatrix;
use super::popularity::TieBreak;
use super::saved::{ModelWriter, Reader};
use crate::ModelError;

/// How [`Ease`] is fitted and asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EaseConfig {
    /// `λ`: the larger, the less is believed of items that few heard.
    pub regularisation: f64,
    /// What of a history is learned from.
    pub training: EventWeighting,
    /// What of a history counts when asked.
    pub query: EventWeighting,
    /// Fitting fails beyond it: the weights alone take 4 bytes for each pair of items.
    pub memory_limit_mb: usize,
}

impl Default for EaseConfig {
    fn default() -> Self {
        let (training, query) = (EventWeighting::default(), EventWeighting::default());
        Self { regularisation: 100.0, training, query, memory_limit_mb: 4096 }
    }
}

/// A weight for each pair of items.
///
/// # Examples
/// ```
/// use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
/// use segue_engine::{Query, Recommender};
/// use segue_models::recommenders::{Ease, EaseConfig};
///
/// let mut builder = InteractionsBuilder::default();
/// for (listener, item) in [("ann", "a"), ("ann", "b"), ("bob", "a"), ("bob", "b"), ("cem", "c")] {
///     builder.push(listener, item, None, None)?;
/// }
/// let interactions = builder.build(KCore::default())?;
/// let config = EaseConfig { regularisation: 1.0, ..EaseConfig::default() };
/// let model = Ease::fit(&interactions.all(), &config)?;
///
/// // Ann heard only `a` so far: what comes next?
/// let history = interactions.history(segue_engine::ListenerIdx(0)).until(1);
/// let mut scores = vec![0.0; model.items()];
/// model.score(&[Query { history, ..Query::default() }], &mut scores);
/// let score = |name: &str| {
///     let row = (0..model.items() as u32).map(segue_engine::ItemIdx);
///     scores[row.into_iter().find(|&i| interactions.item_name(i) == name).unwrap().0 as usize]
/// };
/// assert!(score("b") > score("c"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Ease {
    config: EaseConfig,
    /// `B`, `[items, items]`.
    weights: Vec<f32>,
    tie_break: TieBreak,
}

impl Ease {
    const NAME: &str = "ease";

    /// Solves for the weights.
    ///
    /// # Errors
    /// [`ModelError::NoEvents`], [`ModelError::TooLarge`], or [`ModelError::Setting`] for a
    /// regularisation that is none.
    pub fn fit(training: &Training<'_>, config: &EaseConfig) -> Result<Self, ModelError> {
        require_positive("regularisation", config.regularisation)?;
        config.training.decay.require_sound("training.decay")?;
        config.query.decay.require_sound("query.decay")?;
        require_room(training.items(), config.memory_limit_mb)?;
        let counts = Counts::of(training, &config.training)?;
        let too_weak = |_| ModelError::Setting {
            setting: "regularisation",
            expected: "large enough for the inverse to exist in single precision".to_owned(),
            found: config.regularisation.to_string(),
        };
        let inverse = gram(&counts, config.regularisation as f32).invert().map_err(too_weak)?;
        let tie_break = TieBreak::of(&counts);
        drop(counts);
        Ok(Self { config: config.clone(), weights: weights(training.items(), inverse), tie_break })
    }

    /// Writes one score an item for each bag of weighted items.
    ///
    /// # Shapes
    /// `scores` `[bags, items]`.
    pub fn score_bags(&self, bags: &[Bag], scores: &mut [f32]) {
        let items = self.items();
        assert_eq!(scores.len(), bags.len() * items, "one score a bag and item");
        for (bag, scores) in bags.iter().zip(scores.chunks_exact_mut(items)) {
            scores.fill(0.0);
            for &(item, weight) in bag {
                let row = &self.weights[item as usize * items..][..items];
                scores.iter_mut().zip(row).for_each(|(score, b)| *score += weight * b);
            }
            self.tie_break.add(scores);
        }
    }

    /// The same model, asked with another weighting of what was heard: nothing that was learned
    /// depends on it.
    pub fn asked_by(mut self, query: EventWeighting) -> Self {
        self.config.query = query;
        self
    }

    /// The model as the bytes of a safetensors file, the configuration in its metadata: equal
    /// models give equal bytes, on any machine.
    pub fn to_bytes(&self) -> Vec<u8> {
        let items = self.items();
        let writer = ModelWriter::default().f32s("weights", &[items, items], &self.weights);
        self.tie_break.write(writer).finish(Self::NAME, &self.config)
    }

    /// The model back from its bytes.
    ///
    /// # Errors
    /// [`ModelError::Damaged`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let (reader, config) = Reader::open(bytes, Self::NAME)?;
        let tie_break = TieBreak::read(&reader)?;
        let items = tie_break.items();
        let weights = reader.f32s_of("weights", items * items)?;
        Ok(Self { config, weights, tie_break })
    }
}

impl Recommender for Ease {
    fn items(&self) -> usize {
        self.tie_break.items()
    }

    fn score(&self, queries: &[Query<'_>], scores: &mut [f32]) {
        self.score_bags(&self.config.query.bags(queries), scores);
    }
}

/// The triangle that is inverted and the full square that it becomes are in memory together.
fn require_room(items: usize, limit_mb: usize) -> Result<(), ModelError> {
    let needed_mb = (items * items * 6).div_ceil(1 << 20);
    if needed_mb <= limit_mb {
        return Ok(());
    }
    Err(ModelError::TooLarge { model: "ease", items, needed_mb, limit_mb })
}

/// `XᵀX + λ I`; a thread takes whole panels, so that sums are made in one order.
fn gram(counts: &Counts, regularisation: f32) -> SymmetricMatrix {
    let listeners_of = counts.transposed();
    let mut gram = SymmetricMatrix::zeros(counts.columns());
    gram.panels_mut().par_iter_mut().for_each(|panel| {
        for item in panel.rows() {
            let row = panel.row_mut(item);
            let (listeners, strengths) = listeners_of.row(item);
            for (&listener, &strength) in listeners.iter().zip(strengths) {
                let (others, values) = counts.row(listener as usize);
                for (&other, &value) in
                    others.iter().zip(values).take_while(|entry| *entry.0 as usize <= item)
                {
                    row[other as usize] += strength * value;
                }
            }
            row[item] += regularisation;
        }
    });
    gram
}

/// `B` from `P`.
fn weights(items: usize, inverse: SymmetricMatrix) -> Vec<f32> {
    let mut weights = vec![0.0; items * items];
    let mut diagonal = vec![0.0; items];
    inverse.for_each_lower(|row, entries| {
        diagonal[row] = entries[row];
        for (column, &entry) in entries[..row].iter().enumerate() {
            (weights[row * items + column], weights[column * items + row]) = (-entry, -entry);
        }
    });
    weights.par_chunks_exact_mut(items).for_each(|row| {
        row.iter_mut().zip(&diagonal).for_each(|(weight, diagonal)| *weight /= diagonal);
    });
    weights
}

#[cfg(test)]
mod tests {
    use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};

    use super::*;

    #[test]
    fn weights_solve_the_ridge_regression_of_each_item() {
        // The stationary point of equation 4: (XᵀX + λI) B − XᵀX is zero off the diagonal.
        let mut builder = InteractionsBuilder::default();
        for (listener, item) in
            [(0, 0), (0, 1), (1, 1), (1, 2), (2, 0), (2, 1), (2, 3), (3, 3), (3, 2)]
        {
            builder.push(&listener.to_string(), &item.to_string(), None, None).unwrap();
        }
        let interactions = builder.build(KCore::default()).unwrap();
        let training = interactions.all();
        let config = EaseConfig { regularisation: 0.7, ..EaseConfig::default() };
        let ease = Ease::fit(&training, &config).unwrap();
        let gram = |i: usize, j: usize| {
            let has = |row: usize| {
                training.histories().map(move |h| h.items.iter().any(|x| x.row() == row))
            };
            has(i).zip(has(j)).filter(|(a, b)| *a && *b).count() as f32
        };
        for (i, j) in (0..4).flat_map(|i| (0..4).map(move |j| (i, j))) {
            let b = |k: usize| ease.weights[k * 4 + j];
            let product: f32 = (0..4).map(|k| gram(i, k) * b(k)).sum::<f32>() + 0.7 * b(i);
            let residual = product - gram(i, j);
            assert!(
                if i == j { b(i) == 0.0 } else { residual.abs() < 1e-5 },
                "{i} {j}: {residual}"
            );
        }
    }

    #[test]
    fn a_vocabulary_beyond_the_memory_limit_is_refused() {
        assert!(require_room(1000, 6).is_ok());
        assert!(matches!(
            require_room(26_755, 4096),
            Err(ModelError::TooLarge { needed_mb: 4097, .. })
        ));
    }
}
