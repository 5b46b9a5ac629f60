//! Ranking the full catalogue: how near the top are the items that a listener turned to next?
//!
//! Nothing is sampled: metrics over a hundred drawn negatives order models differently (Krichene &
//! Rendle 2020). Scores exist for one block of listeners at a time, so that memory does not grow
//! with listeners times items. Repeats and discoveries are measured apart as well, each in a
//! ranking of their own, because a model that only repeats looks good where people repeat.

mod summary;
mod top;

use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::dataset::interactions::split::Case;
use crate::{Interactions, ItemIdx, Recommender};

pub use summary::{CaseMean, Comparison, RankingSummary, compare, summarise};
pub use top::top_k;

/// What becomes of items that the listener has shown to know. It changes what a figure
/// means, so reports name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HistoryUse {
    /// They are not ranked, and answers among them are not asked for.
    Masked,
    /// They are ranked like any other: listeners repeat.
    Kept,
}

/// Which items are ranked: all, or those a protocol asks about.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'a> {
    /// What becomes of those that the listener knows: [`HistoryUse::Masked`] asks for discoveries
    /// only.
    pub history: HistoryUse,
    /// One flag per item, `[items]`: whether it is ranked at all, such as new items only, or what
    /// was known at a cut in time. `None` ranks the full catalogue. What is not ranked is not asked
    /// for: no model could have found it.
    pub among: Option<&'a [bool]>,
}

impl Candidates<'_> {
    /// Whether an item is ranked at all.
    pub fn ranks(&self, item: ItemIdx) -> bool {
        self.among.is_none_or(|among| among[item.row()])
    }

    /// The answers that a case asks for, each once, in the order in which they came: those that are
    /// ranked, and with a masked history those that are not in it. A case without any cannot be
    /// judged.
    pub fn asked(&self, case: &Case, interactions: &Interactions) -> Vec<ItemIdx> {
        let mut passed: FxHashSet<ItemIdx> = match self.history {
            HistoryUse::Masked => case.query(interactions).history.items.iter().copied().collect(),
            HistoryUse::Kept => FxHashSet::default(),
        };
        let answers = case.answers(interactions).items.iter().copied();
        answers.filter(|&item| self.ranks(item) && passed.insert(item)).collect()
    }
}

/// A figure per case, from 0 to 1, higher is better. Gains are binary; recall is over `min(k,
/// answers)` (Liang et al. 2018), which for one answer is the hit rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum RankingMetric {
    /// Normalised discounted cumulative gain of the first 10 (Järvelin & Kekäläinen 2002).
    NdcgAt10,
    /// The same of the first 100.
    NdcgAt100,
    /// Share of the answers that are among the first 10.
    RecallAt10,
    /// Share of the answers that are among the first 20.
    RecallAt20,
    /// Share of the answers that are among the first 100.
    RecallAt100,
    /// One over the rank of the first answer, 0 beyond the first 100.
    Mrr,
}

impl RankingMetric {
    /// All of them, in the order of [`CaseOutcome::values`], so that a metric cast to `usize` is
    /// its position there.
    pub const ALL: [Self; 6] = [
        Self::NdcgAt10,
        Self::NdcgAt100,
        Self::RecallAt10,
        Self::RecallAt20,
        Self::RecallAt100,
        Self::Mrr,
    ];

    /// Its name in reports and JSON, such as `ndcg@10`; it stays, so that reports can be compared
    /// over time.
    pub fn name(self) -> &'static str {
        match self {
            Self::NdcgAt10 => "ndcg@10",
            Self::NdcgAt100 => "ndcg@100",
            Self::RecallAt10 => "recall@10",
            Self::RecallAt20 => "recall@20",
            Self::RecallAt100 => "recall@100",
            Self::Mrr => "mrr",
        }
    }
}

/// Ranks looked at.
const DEPTH: usize = 100;
/// The part of the ranking that is shown and judged for coverage, novelty and popularity.
const SHOWN: usize = 10;
/// Bytes of scores a thread holds at a time.
const BLOCK_BYTES: usize = 16 << 20;
const BLOCK_CASES: usize = 128;

/// How one case went: a value for every metric, and the two parts that a single figure hides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CaseOutcome {
    /// One value for each metric, from 0 to 1, in the order of [`RankingMetric::ALL`].
    pub values: [f32; RankingMetric::ALL.len()],
    /// NDCG@10 of the answers known from the history, among the known items; NaN without such
    /// answers.
    pub repeats: f32,
    /// NDCG@10 of the answers not known from the history, among the unknown items; NaN without such
    /// answers.
    pub discoveries: f32,
}

/// How all cases went. [`summarise`] makes figures with intervals of it, [`compare`] sets two
/// models side by side.
#[derive(Clone, Debug)]
pub struct RankingOutcomes {
    /// In the order of the cases; `None` where no answer was left to ask for, as when all answers
    /// are masked.
    pub cases: Vec<Option<CaseOutcome>>,
    /// How often each item stood among the first 10 of a case, `[items]`: what coverage, novelty
    /// and popularity are read from.
    pub shown: Vec<u32>,
}

/// Ranks the catalogue for every case and finds the answers in the ranking.
///
/// `progress` is called with the number of cases done since the last call, from several threads.
/// The outcome does not depend on how many there are.
///
/// # Panics
/// If a case holds an item beyond the recommender's vocabulary.
///
/// # Examples
/// ```
/// use segue_engine::dataset::interactions::{InteractionsBuilder, KCore, split::leave_one_out};
/// use segue_engine::full_ranking::{Candidates, HistoryUse, evaluate};
/// use segue_engine::{Query, Recommender, Training};
///
/// /// Ranks by the number of events in training.
/// struct Popular(Vec<f32>);
///
/// impl Popular {
///     fn fit(training: &Training<'_>) -> Self {
///         let mut counts = vec![0.0; training.items()];
///         let events = training.histories().flat_map(|history| history.items);
///         events.for_each(|item| counts[item.row()] += 1.0);
///         Self(counts)
///     }
/// }
///
/// impl Recommender for Popular {
///     fn items(&self) -> usize {
///         self.0.len()
///     }
///
///     fn score(&self, _: &[Query<'_>], scores: &mut [f32]) {
///         scores.chunks_exact_mut(self.0.len()).for_each(|row| row.copy_from_slice(&self.0));
///     }
/// }
///
/// let mut builder = InteractionsBuilder::default();
/// for (listener, items) in [("ann", ["a", "b", "c"]), ("bob", ["c", "d", "a"])] {
///     for item in items {
///         builder.push(listener, item, None, None)?;
///     }
/// }
/// let interactions = builder.build(KCore::default())?;
/// let split = leave_one_out(&interactions);
/// let model = Popular::fit(&split.training);
///
/// let candidates = Candidates { history: HistoryUse::Masked, among: None };
/// let outcomes = evaluate(&model, &interactions, &split.test, candidates, &|_| {});
/// // Both answers come first among what the listener does not know yet.
/// assert!(outcomes.cases.iter().all(|case| case.is_some_and(|case| case.values[0] == 1.0)));
/// # Ok::<(), segue_engine::dataset::interactions::DatasetError>(())
/// ```
pub fn evaluate(
    recommender: &dyn Recommender,
    interactions: &Interactions,
    cases: &[Case],
    candidates: Candidates<'_>,
    progress: &(dyn Fn(usize) + Sync),
) -> RankingOutcomes {
    let items = recommender.items();
    let rows = (BLOCK_BYTES / size_of::<f32>() / items.max(1)).clamp(1, BLOCK_CASES);
    let shown: Vec<AtomicU32> = (0..items).map(|_| AtomicU32::new(0)).collect();
    let blocks = cases.par_chunks(rows).map_init(
        || (vec![0.0; rows * items], Ranking::new(items)),
        |(scores, ranking), block| {
            let queries: Vec<_> = block.iter().map(|case| case.query(interactions)).collect();
            let scores = &mut scores[..block.len() * items];
            recommender.score(&queries, scores);
            let outcomes =
                block.iter().zip(scores.chunks_exact_mut(items)).map(|(case, scores)| {
                    if let Some(among) = candidates.among {
                        let left_out = scores.iter_mut().zip(among).filter(|(_, among)| !**among);
                        left_out.for_each(|(score, _)| *score = f32::NEG_INFINITY);
                    }
                    let outcome = ranking.judge(case, interactions, candidates, scores);
                    ranking.top.iter().take(SHOWN).for_each(|item| {
                        shown[item.row()].fetch_add(1, Ordering::Relaxed);
                    });
                    outcome
                });
            let outcomes: Vec<_> = outcomes.collect();
            progress(block.len());
            outcomes
        },
    );
    let cases = blocks.flatten_iter().collect();
    RankingOutcomes { cases, shown: shown.into_iter().map(AtomicU32::into_inner).collect() }
}

/// The best items of one case after another, and marks to tell which of them are known or asked
/// for.
struct Ranking {
    top: Vec<ItemIdx>,
    known: Vec<bool>,
    asked: Vec<bool>,
}

impl Ranking {
    fn new(items: usize) -> Self {
        Self { top: Vec::new(), known: vec![false; items], asked: vec![false; items] }
    }

    fn judge(
        &mut self,
        case: &Case,
        interactions: &Interactions,
        candidates: Candidates<'_>,
        scores: &mut [f32],
    ) -> Option<CaseOutcome> {
        let known = case.query(interactions).history.items;
        let answers = case.answers(interactions).items;
        known.iter().for_each(|item| self.known[item.row()] = true);
        let (mut repeats, mut discoveries) = (0, 0);
        for item in answers.iter().filter(|&&item| candidates.ranks(item)) {
            if !std::mem::replace(&mut self.asked[item.row()], true) {
                *if self.known[item.row()] { &mut repeats } else { &mut discoveries } += 1;
            }
        }
        let outcome = match candidates.history {
            HistoryUse::Masked => self.judge_masked(known, discoveries, scores),
            HistoryUse::Kept => self.judge_kept(known, repeats, discoveries, scores),
        };
        known.iter().for_each(|item| self.known[item.row()] = false);
        answers.iter().for_each(|item| self.asked[item.row()] = false);
        outcome
    }

    fn judge_masked(
        &mut self,
        known: &[ItemIdx],
        asked: usize,
        scores: &mut [f32],
    ) -> Option<CaseOutcome> {
        known.iter().for_each(|item| scores[item.row()] = f32::NEG_INFINITY);
        top_k(scores, DEPTH, &mut self.top);
        let values = self.values(asked)?;
        Some(CaseOutcome {
            values,
            repeats: f32::NAN,
            discoveries: values[RankingMetric::NdcgAt10 as usize],
        })
    }

    fn judge_kept(
        &mut self,
        known: &[ItemIdx],
        repeats: usize,
        discoveries: usize,
        scores: &mut [f32],
    ) -> Option<CaseOutcome> {
        // The rankings of repeats and discoveries come first: the last one to be made is the one
        // that is shown.
        let mut own: Vec<(f32, ItemIdx)> =
            known.iter().map(|&item| (scores[item.row()], item)).collect();
        own.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        own.dedup_by_key(|(_, item)| *item);
        self.top = own.iter().take(SHOWN).map(|&(_, item)| item).collect();
        let repeats_ndcg = self
            .values(repeats)
            .map_or(f32::NAN, |values| values[RankingMetric::NdcgAt10 as usize]);
        let mut discoveries_ndcg = f32::NAN;
        if discoveries > 0 {
            known.iter().for_each(|item| scores[item.row()] = f32::NEG_INFINITY);
            top_k(scores, SHOWN, &mut self.top);
            discoveries_ndcg = self
                .values(discoveries)
                .map_or(f32::NAN, |values| values[RankingMetric::NdcgAt10 as usize]);
            own.iter().for_each(|&(score, item)| scores[item.row()] = score);
        }
        top_k(scores, DEPTH, &mut self.top);
        let values = self.values(repeats + discoveries)?;
        Some(CaseOutcome { values, repeats: repeats_ndcg, discoveries: discoveries_ndcg })
    }

    /// All metrics of the current ranking, if anything was asked for.
    fn values(&self, asked: usize) -> Option<[f32; RankingMetric::ALL.len()]> {
        if asked == 0 {
            return None;
        }
        let gain = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
        let (mut found, mut gained, mut first) = ([0.0; 3], [0.0; 2], None);
        for rank in (0..self.top.len()).filter(|&rank| self.asked[self.top[rank].row()]) {
            first.get_or_insert(rank);
            for (found, k) in found.iter_mut().zip([10, 20, 100]) {
                *found += f64::from(u8::from(rank < k));
            }
            for (gained, k) in gained.iter_mut().zip([10, 100]) {
                *gained += if rank < k { gain(rank) } else { 0.0 };
            }
        }
        let ideal = |k: usize| (0..asked.min(k)).map(gain).sum::<f64>();
        let recall = |found: f64, k: usize| (found / asked.min(k) as f64) as f32;
        Some([
            (gained[0] / ideal(10)) as f32,
            (gained[1] / ideal(100)) as f32,
            recall(found[0], 10),
            recall(found[1], 20),
            recall(found[2], 100),
            first.map_or(0.0, |rank| 1.0 / (rank + 1) as f32),
        ])
    }
}
