//! Item neighbours: an item is as good as the heard items that share its listeners (Sarwar et al.
//! 2001; time-decayed as in Yambda, arXiv 2505.22238).
//!
//! ```text
//! sim(i, j) = Σ_u x_ui x_uj / ((Σ_u x_ui²)^(1−a) (Σ_u x_uj²)^a + shrinkage)
//! score(j) = Σ_i w_i sim(i, j)
//! ```
//!
//! `a = ½` is the cosine; above it popular items are recommended less (Aiolli 2013). `x` may fade
//! with the age of an event, `w` with its age when asked. Each item keeps the `k` items most
//! similar to it. Similarities are summed item by item in one dense row a thread, so that memory is
//! that of the neighbours kept, not of all pairs.

use rayon::prelude::*;
use segue_engine::dataset::interactions::Training;
use segue_engine::dataset::interactions::sessions::sessions;
use segue_engine::{Query, Recommender};
use serde::{Deserialize, Serialize};

use super::counts::{Counts, RowsBuilder};
use super::event_weighting::{Bag, EventWeighting, require_positive};
use super::popularity::TieBreak;
use super::saved::{ModelWriter, Reader};
use crate::ModelError;

/// How [`ItemKnn`] is fitted and asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemKnnConfig {
    /// Similar items kept for each item.
    pub neighbours: usize,
    /// `a`: the share of the norm that the recommended item bears; 0.5 is the cosine.
    pub target_exponent: f64,
    /// Added to the norm: similarities of items with few listeners shrink.
    pub shrinkage: f64,
    /// Only events of a listener within one session, as cut by pauses of more than so many seconds,
    /// make items similar; `None`, or undated data: all events of a listener do.
    pub session_gap_s: Option<i64>,
    /// What of a history is learned from; ages count from the latest event of the training data.
    pub training: EventWeighting,
    /// What of a history counts when asked.
    pub query: EventWeighting,
}

impl Default for ItemKnnConfig {
    fn default() -> Self {
        Self {
            neighbours: 100,
            target_exponent: 0.5,
            shrinkage: 0.0,
            session_gap_s: None,
            training: EventWeighting::default(),
            query: EventWeighting::default(),
        }
    }
}

/// Similar items of each item.
///
/// # Examples
/// ```
/// use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
/// use segue_engine::{Query, Recommender};
/// use segue_models::recommenders::{ItemKnn, ItemKnnConfig};
///
/// let mut builder = InteractionsBuilder::default();
/// for (listener, item) in [("ann", "a"), ("ann", "b"), ("bob", "a"), ("bob", "b"), ("cem", "c")] {
///     builder.push(listener, item, None, None)?;
/// }
/// let interactions = builder.build(KCore::default())?;
/// let model = ItemKnn::fit(&interactions.all(), &ItemKnnConfig::default())?;
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
pub struct ItemKnn {
    config: ItemKnnConfig,
    /// For each heard item, the items that it speaks for.
    similar: Counts,
    tie_break: TieBreak,
}

impl ItemKnn {
    const NAME: &str = "item_knn";

    /// Finds the neighbours.
    ///
    /// # Errors
    /// [`ModelError::NoEvents`], or [`ModelError::Setting`].
    pub fn fit(training: &Training<'_>, config: &ItemKnnConfig) -> Result<Self, ModelError> {
        config.require_sound()?;
        let counts = Counts::of(training, &config.training)?;
        let tie_break = TieBreak::of(&counts);
        let counts = match config.session_gap_s {
            Some(gap_s) if training.is_dated() => session_counts(training, &config.training, gap_s),
            _ => counts,
        };
        let similar = neighbours(&counts, config).transposed();
        Ok(Self { config: config.clone(), similar, tie_break })
    }

    /// Neighbours that were counted elsewhere, among people who are not here: `counts` of each item
    /// and another, in rows as `offsets` has them, and `people` who heard each item at all.
    ///
    /// # Errors
    /// [`ModelError::Setting`].
    ///
    /// # Panics
    /// If the slices do not fit together.
    pub fn from_counts(
        offsets: Vec<usize>,
        items: Vec<u32>,
        counts: &[f32],
        people: &[f32],
        config: &ItemKnnConfig,
    ) -> Result<Self, ModelError> {
        config.require_sound()?;
        let (a, b) = (1.0 - config.target_exponent, config.target_exponent);
        let norm = |item: usize, exponent: f64| {
            (f64::from(people[item]) + config.shrinkage).max(1.0).powf(exponent)
        };
        let mut values = vec![0.0; counts.len()];
        for (item, range) in offsets.windows(2).enumerate() {
            for at in range[0]..range[1] {
                let norms = norm(item, a) * norm(items[at] as usize, b);
                values[at] = (f64::from(counts[at]) / norms) as f32;
            }
        }
        let similar = Counts::new(people.len(), offsets, items, values);
        Ok(Self { config: config.clone(), similar, tie_break: TieBreak::of_people(people) })
    }

    /// Writes one score an item for each bag of weighted items.
    ///
    /// # Shapes
    /// `scores` `[bags, items]`.
    pub fn score_bags(&self, bags: &[Bag], scores: &mut [f32]) {
        assert_eq!(scores.len(), bags.len() * self.items(), "one score a bag and item");
        for (bag, scores) in bags.iter().zip(scores.chunks_exact_mut(self.items())) {
            scores.fill(0.0);
            for &(item, weight) in bag {
                let (targets, similarities) = self.similar.row(item as usize);
                for (&target, &similarity) in targets.iter().zip(similarities) {
                    scores[target as usize] += weight * similarity;
                }
            }
            self.tie_break.add(scores);
        }
    }

    /// The neighbours of an item, in the order of items, with how closely each is one.
    pub fn neighbours_of(&self, item: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        let (targets, similarities) = self.similar.row(item as usize);
        targets.iter().copied().zip(similarities.iter().copied())
    }

    /// The items of a bag that speak most for an item, each with its part of the score: at most
    /// `most`, the strongest first, none that says nothing.
    pub fn because(&self, bag: &[(u32, f32)], item: u32, most: usize) -> Vec<(u32, f32)> {
        let part = |&(heard, weight): &(u32, f32)| {
            let (targets, similarities) = self.similar.row(heard as usize);
            let at = targets.binary_search(&item).ok()?;
            Some((heard, weight * similarities[at])).filter(|(_, part)| *part > 0.0)
        };
        let mut parts: Vec<(u32, f32)> = bag.iter().filter_map(part).collect();
        parts.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        parts.truncate(most);
        parts
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
        let values = self.similar.values();
        let writer = ModelWriter::default()
            .offsets("offsets", self.similar.offsets())
            .u32s("items", self.similar.indices())
            .f32s("similarities", &[values.len()], values);
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
        let similar = Counts::read(&reader, ["offsets", "items", "similarities"], [items, items])?;
        Ok(Self { config, similar, tie_break })
    }
}

impl ItemKnnConfig {
    fn require_sound(&self) -> Result<(), ModelError> {
        require_positive("neighbours", self.neighbours as f64)?;
        self.training.decay.require_sound("training.decay")?;
        self.query.decay.require_sound("query.decay")?;
        let bounded = [
            ("target_exponent", self.target_exponent, (0.0..=1.0).contains(&self.target_exponent)),
            ("shrinkage", self.shrinkage, self.shrinkage >= 0.0),
        ];
        match bounded.iter().find(|(.., sound)| !sound) {
            None => Ok(()),
            Some(&(setting, found, _)) => {
                let expected = if setting == "shrinkage" {
                    "zero or more"
                } else {
                    "a number between 0 and 1"
                };
                Err(ModelError::Setting {
                    setting,
                    expected: expected.to_owned(),
                    found: found.to_string(),
                })
            }
        }
    }
}

impl Recommender for ItemKnn {
    fn items(&self) -> usize {
        self.similar.columns()
    }

    fn score(&self, queries: &[Query<'_>], scores: &mut [f32]) {
        self.score_bags(&self.config.query.bags(queries), scores);
    }
}

/// Sessions by items.
fn session_counts(training: &Training<'_>, weighting: &EventWeighting, gap_s: i64) -> Counts {
    let now = training.latest();
    let mut rows = RowsBuilder::new(training.items());
    for history in training.histories() {
        for session in sessions(history.times, gap_s).filter(|session| session.len() > 1) {
            rows.push(|row| weighting.weigh(history.range(session), now, row));
        }
    }
    rows.finish()
}

/// What a thread needs for one item after another.
struct Scratch {
    sums: Vec<f32>,
    touched: Vec<u32>,
    ranked: Vec<(u32, f32)>,
}

/// The `k` most similar items of each item, by rising item.
fn neighbours(counts: &Counts, config: &ItemKnnConfig) -> Counts {
    let rows_of = counts.transposed();
    let norms: Vec<f64> = (0..rows_of.rows())
        .map(|item| rows_of.row(item).1.iter().map(|&x| f64::from(x) * f64::from(x)).sum())
        .collect();
    let source_norms: Vec<f64> =
        norms.iter().map(|norm| norm.powf(1.0 - config.target_exponent)).collect();
    let scratch =
        || Scratch { sums: vec![0.0; counts.columns()], touched: Vec::new(), ranked: Vec::new() };
    let rows: Vec<Vec<(u32, f32)>> = (0..counts.columns())
        .into_par_iter()
        .map_init(scratch, |scratch, target| {
            add_shared(scratch, counts, &rows_of, target);
            let target_norm = norms[target].powf(config.target_exponent);
            rank(scratch, config.neighbours, |item| {
                (source_norms[item as usize] * target_norm + config.shrinkage) as f32
            })
        })
        .collect();
    let mut similar = RowsBuilder::new(counts.columns());
    rows.into_iter().for_each(|row| similar.push(|to| to.extend(row)));
    similar.finish()
}

/// `Σ_u x_ui x_uj` of a target with every other item.
fn add_shared(scratch: &mut Scratch, counts: &Counts, rows_of: &Counts, target: usize) {
    let Scratch { sums, touched, .. } = scratch;
    let (rows, strengths) = rows_of.row(target);
    for (&row, &strength) in rows.iter().zip(strengths) {
        let (items, values) = counts.row(row as usize);
        for (&item, &value) in items.iter().zip(values) {
            let sum = &mut sums[item as usize];
            if *sum == 0.0 {
                touched.push(item);
            }
            *sum += strength * value;
        }
    }
    sums[target] = 0.0;
}

/// Takes the best out of the sums and leaves them zero.
fn rank(scratch: &mut Scratch, k: usize, norm: impl Fn(u32) -> f32) -> Vec<(u32, f32)> {
    let Scratch { sums, touched, ranked } = scratch;
    ranked.clear();
    for item in touched.drain(..) {
        let sum = std::mem::take(&mut sums[item as usize]);
        if sum > 0.0 {
            ranked.push((item, sum / norm(item)));
        }
    }
    if ranked.len() > k {
        ranked.select_nth_unstable_by(k, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.truncate(k);
    }
    ranked.sort_unstable_by_key(|&(item, _)| item);
    ranked.clone()
}
