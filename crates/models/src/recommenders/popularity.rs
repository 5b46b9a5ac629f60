//! The same answer for everybody: what most listeners hear, or what they hear these days.
//!
//! Every other model falls back on it, for listeners without a history and between items it cannot
//! tell apart.

use segue_engine::dataset::interactions::{Seconds, Training};
use segue_engine::{Query, Recommender};
use serde::{Deserialize, Serialize};

use super::counts::Counts;
use super::event_weighting::{Decay, EventWeighting};
use super::saved::{ModelWriter, Reader};
use crate::ModelError;

/// What makes an item popular: its events, or the listeners who have any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// Every event counts one, so a listener who plays an item a hundred times counts a hundred.
    #[default]
    Events,
    /// Every listener counts once for an item, however often they played it.
    Listeners,
}

/// How [`PopularityModel`] counts: events, or listeners.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PopularityConfig {
    /// What makes an item popular: its events, or the listeners who have any.
    pub counting: Counting,
}

/// Items by how often they were heard.
///
/// # Examples
/// ```
/// use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
/// use segue_engine::{Query, Recommender};
/// use segue_models::recommenders::{PopularityModel, PopularityConfig};
///
/// let mut builder = InteractionsBuilder::default();
/// for (listener, item) in [("ann", "a"), ("ann", "b"), ("bob", "a"), ("bob", "b"), ("cem", "c")] {
///     builder.push(listener, item, None, None)?;
/// }
/// let interactions = builder.build(KCore::default())?;
/// let model = PopularityModel::fit(&interactions.all(), &PopularityConfig::default())?;
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
pub struct PopularityModel {
    config: PopularityConfig,
    counts: Vec<f32>,
}

impl PopularityModel {
    const NAME: &str = "popularity";

    /// Counts the training data once; nothing random is involved.
    ///
    /// # Errors
    /// [`ModelError::NoEvents`].
    pub fn fit(training: &Training<'_>, config: &PopularityConfig) -> Result<Self, ModelError> {
        let counts = match config.counting {
            Counting::Events => sum_events(training, |_, _| 1.0)?,
            Counting::Listeners => column_sums(&Counts::of(training, &EventWeighting::default())?),
        };
        Ok(Self { config: config.clone(), counts })
    }

    /// Popularity that was counted elsewhere: how many people heard each item.
    pub fn from_people(people: Vec<f32>) -> Self {
        let config = PopularityConfig { counting: Counting::Listeners };
        Self { config, counts: people }
    }

    /// The model as the bytes of a safetensors file, the configuration in its metadata: equal
    /// models give equal bytes, on any machine.
    pub fn to_bytes(&self) -> Vec<u8> {
        let shape = [self.counts.len()];
        ModelWriter::default().f32s("counts", &shape, &self.counts).finish(Self::NAME, &self.config)
    }

    /// The model back from its bytes.
    ///
    /// # Errors
    /// [`ModelError::Damaged`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let (reader, config) = Reader::open(bytes, Self::NAME)?;
        Ok(Self { config, counts: reader.f32s("counts")?.1 })
    }
}

impl Recommender for PopularityModel {
    fn items(&self) -> usize {
        self.counts.len()
    }

    fn score(&self, queries: &[Query<'_>], scores: &mut [f32]) {
        repeat(&self.counts, queries, scores);
    }
}

/// How fast [`DecayedPopularity`] forgets what was played long ago.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecayedPopularityConfig {
    /// Days after which an event counts half.
    pub half_life_days: f64,
}

impl Default for DecayedPopularityConfig {
    fn default() -> Self {
        Self { half_life_days: 7.0 }
    }
}

/// Items by how often they were heard lately; undated events all count one.
///
/// An exponential decay shrinks all items alike as time goes by, so their order does not depend on
/// the moment of asking: ages are counted from the end of the training data, whatever
/// [`Query::now`] says.
#[derive(Clone, Debug, PartialEq)]
pub struct DecayedPopularity {
    config: DecayedPopularityConfig,
    counts: Vec<f32>,
}

impl DecayedPopularity {
    const NAME: &str = "decayed_popularity";

    /// Counts the training data once; nothing random is involved.
    ///
    /// # Errors
    /// [`ModelError::NoEvents`], or [`ModelError::Setting`] for a half-life that is none.
    pub fn fit(
        training: &Training<'_>,
        config: &DecayedPopularityConfig,
    ) -> Result<Self, ModelError> {
        let decay = Decay::Days(config.half_life_days);
        decay.require_sound("half_life_days")?;
        let latest = training.latest();
        let counts = sum_events(training, |times, event| {
            let days =
                latest.zip(times.get(event)).map_or(0.0, |(latest, &time)| latest.days_since(time));
            decay.weight(days, 0)
        })?;
        Ok(Self { config: config.clone(), counts })
    }

    /// The model as the bytes of a safetensors file, the configuration in its metadata: equal
    /// models give equal bytes, on any machine.
    pub fn to_bytes(&self) -> Vec<u8> {
        let shape = [self.counts.len()];
        ModelWriter::default().f32s("counts", &shape, &self.counts).finish(Self::NAME, &self.config)
    }

    /// The model back from its bytes.
    ///
    /// # Errors
    /// [`ModelError::Damaged`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let (reader, config) = Reader::open(bytes, Self::NAME)?;
        Ok(Self { config, counts: reader.f32s("counts")?.1 })
    }
}

impl Recommender for DecayedPopularity {
    fn items(&self) -> usize {
        self.counts.len()
    }

    fn score(&self, queries: &[Query<'_>], scores: &mut [f32]) {
        repeat(&self.counts, queries, scores);
    }
}

/// The share of listeners who heard each item, as small numbers that decide between what a model
/// scores alike.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TieBreak {
    shares: Vec<f32>,
    /// Items without an event.
    unheard: Vec<u32>,
}

impl TieBreak {
    const NAME: &str = "popularity";
    /// Smaller than what a model means, large enough for the last digits of scores around one.
    const SCALE: f32 = 1e-6;

    /// From who heard what.
    pub(super) fn of(counts: &Counts) -> Self {
        let listeners = counts.rows().max(1) as f32;
        let mut heard = vec![0.0f32; counts.columns()];
        for &item in counts.indices() {
            heard[item as usize] += 1.0;
        }
        heard.iter_mut().for_each(|count| *count *= Self::SCALE / listeners);
        Self::from_shares(heard)
    }

    /// From how many people heard each item.
    pub(super) fn of_people(people: &[f32]) -> Self {
        let most = people.iter().copied().fold(1.0, f32::max);
        Self::from_shares(people.iter().map(|count| count * Self::SCALE / most).collect())
    }

    fn from_shares(shares: Vec<f32>) -> Self {
        let unheard = (0..shares.len()).filter(|&item| shares[item] == 0.0).map(|item| item as u32);
        Self { unheard: unheard.collect(), shares }
    }

    /// Adds it to the scores of one query. Items that nobody heard come last: a model that knows
    /// nothing of them says zero, which would rank them before all that it advises against.
    pub(super) fn add(&self, scores: &mut [f32]) {
        let mut least = f32::INFINITY;
        for (score, share) in scores.iter_mut().zip(&self.shares) {
            *score += share;
            least = least.min(*score);
        }
        self.unheard.iter().for_each(|&item| scores[item as usize] = least);
    }

    /// Adds it to the scores of a query by a model that knows something of items that nobody heard.
    pub(super) fn add_shares(&self, scores: &mut [f32]) {
        scores.iter_mut().zip(&self.shares).for_each(|(score, share)| *score += share);
    }

    /// Size of the vocabulary.
    pub(super) fn items(&self) -> usize {
        self.shares.len()
    }

    pub(super) fn write(&self, writer: ModelWriter) -> ModelWriter {
        writer.f32s(Self::NAME, &[self.shares.len()], &self.shares)
    }

    pub(super) fn read(reader: &Reader<'_>) -> Result<Self, ModelError> {
        Ok(Self::from_shares(reader.f32s(Self::NAME)?.1))
    }
}

fn repeat(counts: &[f32], queries: &[Query<'_>], scores: &mut [f32]) {
    assert_eq!(scores.len(), queries.len() * counts.len(), "one score a query and item");
    scores.chunks_exact_mut(counts.len()).for_each(|row| row.copy_from_slice(counts));
}

/// Sums in `f64`: past sixteen million an `f32` does not notice one more.
fn sum_events(
    training: &Training<'_>,
    weight: impl Fn(&[Seconds], usize) -> f64,
) -> Result<Vec<f32>, ModelError> {
    let mut sums = vec![0.0f64; training.items()];
    for history in training.histories() {
        for (event, item) in history.items.iter().enumerate() {
            sums[item.row()] += weight(history.times, event);
        }
    }
    if training.events() == 0 {
        return Err(ModelError::NoEvents { listeners: training.listeners() });
    }
    Ok(sums.into_iter().map(|sum| sum as f32).collect())
}

fn column_sums(counts: &Counts) -> Vec<f32> {
    let mut sums = vec![0.0f64; counts.columns()];
    for (&item, &value) in counts.indices().iter().zip(counts.values()) {
        sums[item as usize] += f64::from(value);
    }
    sums.into_iter().map(|sum| sum as f32).collect()
}
