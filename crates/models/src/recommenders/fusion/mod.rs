//! Late fusion: a weighted sum of what several models say, weights learned on listening that none
//! of them was trained on.
//!
//! Each member's scores are standardised over the catalogue, query by query, and squashed,
//! `asinh((s - mean) / sd)`: members differ in unit, and neighbour models in the weight of their
//! tails. A member's weight is linear in how long the history is, `a + b (ln(1 + events) - c)`, so
//! that what is known of friends or of the crowd fades as the listener's own history grows. The
//! weights maximise the likelihood of the answers under a softmax over the candidates, which is
//! concave: Newton steps find the one optimum, no seed involved.
//!
//! No weight is negative: what a model recommends is never held against an item. With few
//! listeners the free optimum set the best member off against others that say nearly the same,
//! and fell apart on what it had not seen.
//!
//! Joining ids and features inside one network was rejected: it lost to late fusion wherever both
//! were tried (DESIGN).

pub(crate) mod logit;

use std::rc::Rc;

use segue_engine::dataset::interactions::split::Case;
use segue_engine::full_ranking::{Candidates, HistoryUse, top_k};
use segue_engine::{Interactions, ItemIdx, Query, Recommender};
use serde::{Deserialize, Serialize};

use self::logit::{Bound, Choice, Rival, fit_choices};
use crate::kernels::simd::{LANES, asinh, vectorised};

/// The best of each member, which an answer has to beat.
const BEST: usize = 50;
/// Items from all over the catalogue, which stand for the rest of it: without them the best of the
/// members would seem to be what is never chosen.
const OTHERS: usize = 200;
/// Cases that weights are fitted on: they are few numbers.
const MOST_CASES: usize = 4_000;
/// Bytes of scores held at a time while fitting.
const BLOCK_BYTES: usize = 16 << 20;

/// How much a [`Fusion`] listens to each of its members, by the length of the history: `weight +
/// slope (ln(1 + events) - middle)`, one entry a member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FusionWeights {
    /// Weight of each member for a history of middling length; never negative when fitted.
    pub weight: Vec<f64>,
    /// What is added to it for every unit of `ln(1 + events)` beyond the middle; of either sign.
    pub slope: Vec<f64>,
    /// The middle: mean of `ln(1 + events)` where the weights were fitted.
    pub middle: f64,
}

/// Cases that members were not trained on, with the members as they were at the time: what
/// [`FusionWeights::fit`] learns from.
pub struct Panel<'a> {
    /// The members, in the same order in every panel.
    pub members: Vec<&'a dyn Recommender>,
    /// What they are asked.
    pub cases: &'a [Case],
    /// What they rank.
    pub candidates: Candidates<'a>,
}

impl FusionWeights {
    /// Learns the weights on cases that no member was trained on. One panel is the rule; where few
    /// listeners are asked at several cuts in time, each cut brings members and cases of its own.
    ///
    /// # Panics
    /// If there is no panel or no member, or members differ in number or vocabulary.
    pub fn fit(panels: &[Panel<'_>], interactions: &Interactions) -> Self {
        let stride =
            panels.iter().map(|panel| panel.cases.len()).sum::<usize>().div_ceil(MOST_CASES).max(1);
        let drawn: Vec<Vec<&Case>> =
            panels.iter().map(|panel| panel.cases.iter().step_by(stride).collect()).collect();
        let lengths = drawn.iter().flatten().map(length);
        let middle = lengths.clone().sum::<f64>() / lengths.count().max(1) as f64;
        let choices: Vec<Choice> = panels
            .iter()
            .zip(&drawn)
            .flat_map(|(panel, cases)| panel.choices(cases, interactions, middle))
            .collect();
        let members = panels[0].members.len();
        let bounds = [Bound::NotNegative, Bound::Free].map(|bound| vec![bound; members]);
        let fitted = fit_choices(&bounds.concat(), &choices);
        Self { weight: fitted[..members].to_vec(), slope: fitted[members..].to_vec(), middle }
    }

    /// The weight of a member for a history of so many events; 0 where its line would fall below,
    /// so that a member is left out and never turned around.
    pub fn at(&self, member: usize, events: usize) -> f32 {
        let beyond = (1.0 + events as f64).ln() - self.middle;
        (self.weight[member] + self.slope[member] * beyond).max(0.0) as f32
    }
}

fn length(case: &&Case) -> f64 {
    (1.0 + f64::from(case.shown)).ln()
}

impl Panel<'_> {
    /// What was chosen in some of the cases, and against what.
    fn choices(&self, cases: &[&Case], interactions: &Interactions, middle: f64) -> Vec<Choice> {
        let rows = (BLOCK_BYTES / size_of::<f32>() / interactions.items().max(1)).max(1);
        let mut choices = Vec::new();
        for block in cases.chunks(rows) {
            let queries: Vec<Query<'_>> =
                block.iter().map(|case| case.query(interactions)).collect();
            let scores = standardised(&self.members, &queries);
            for (at, case) in block.iter().enumerate() {
                let beyond = length(case) - middle;
                let candidates = self.candidates;
                choices.extend(choices_of(case, interactions, candidates, &scores, at, beyond));
            }
        }
        choices
    }
}

/// Several models as one.
///
/// # Examples
/// ```
/// use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
/// use segue_engine::{Query, Recommender};
/// use segue_models::recommenders::{
///     Ease, EaseConfig, Fusion, FusionWeights, PopularityConfig, PopularityModel,
/// };
///
/// let mut builder = InteractionsBuilder::default();
/// for (listener, item) in [("ann", "a"), ("ann", "b"), ("bob", "a"), ("bob", "b"), ("cem", "c")] {
///     builder.push(listener, item, None, None)?;
/// }
/// let interactions = builder.build(KCore::default())?;
/// let model = {
///     let popular = PopularityModel::fit(&interactions.all(), &PopularityConfig::default())?;
///     let ease = Ease::fit(&interactions.all(), &EaseConfig::default())?;
///     (popular, ease)
/// };
/// // Weights are fitted on held-out cases by `FusionWeights::fit`; here EASE counts twice as much.
/// let weights = FusionWeights { weight: vec![1.0, 2.0], slope: vec![0.0; 2], middle: 0.0 };
/// let model = Fusion::new(vec![&model.0, &model.1], weights);
/// assert_eq!(model.items(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Fusion<'a> {
    members: Vec<&'a dyn Recommender>,
    weights: FusionWeights,
}

impl<'a> Fusion<'a> {
    /// Joins models under the weights fitted for them, in the same order.
    ///
    /// # Panics
    /// If there are not as many weights as members.
    pub fn new(members: Vec<&'a dyn Recommender>, weights: FusionWeights) -> Self {
        assert_eq!(members.len(), weights.weight.len(), "one weight per member");
        Self { members, weights }
    }
}

impl Recommender for Fusion<'_> {
    fn items(&self) -> usize {
        self.members[0].items()
    }

    fn score(&self, queries: &[Query<'_>], scores: &mut [f32]) {
        let items = self.items();
        let mut own = vec![0.0; scores.len()];
        scores.fill(0.0);
        for (member, model) in self.members.iter().enumerate() {
            model.score(queries, &mut own);
            let rows = scores.chunks_exact_mut(items).zip(own.chunks_exact_mut(items));
            for (query, (sum, own)) in queries.iter().zip(rows) {
                standardise(own);
                let weight = self.weights.at(member, query.history.items.len());
                sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += weight * *own);
            }
        }
    }
}

/// The standardised scores of each member, `[queries, items]`.
fn standardised(members: &[&dyn Recommender], queries: &[Query<'_>]) -> Vec<Vec<f32>> {
    members
        .iter()
        .map(|member| {
            assert_eq!(member.items(), members[0].items(), "members share a vocabulary");
            let mut scores = vec![0.0; queries.len() * member.items()];
            member.score(queries, &mut scores);
            scores.chunks_exact_mut(member.items()).for_each(standardise);
            scores
        })
        .collect()
}

/// `asinh((s - mean) / sd)`; scores that are not finite become the lowest.
pub(crate) fn standardise(scores: &mut [f32]) {
    let Sums { count, sum, lowest } = sums(scores);
    if count == 0.0 {
        return scores.fill(0.0);
    }
    let mean = sum / count;
    let sd = (squares(scores, mean) / count).sqrt().max(1e-12);
    squash(scores, mean, sd, f64::from(lowest));
}

/// What is counted of scores that are finite.
struct Sums {
    count: f64,
    sum: f64,
    lowest: f32,
}

vectorised! {
    fn sums(scores: &[f32]) -> Sums {
        let (mut counts, mut sums) = ([0.0_f64; LANES], [0.0_f64; LANES]);
        let mut lowest = [f32::INFINITY; LANES];
        for block in scores.chunks(LANES) {
            let lanes = counts.iter_mut().zip(&mut sums).zip(&mut lowest).zip(block);
            for (((count, sum), lowest), &score) in lanes {
                let is_finite = score.is_finite();
                *count += if is_finite { 1.0 } else { 0.0 };
                *sum += if is_finite { f64::from(score) } else { 0.0 };
                *lowest = if is_finite && score < *lowest { score } else { *lowest };
            }
        }
        Sums {
            count: counts.iter().sum(),
            sum: sums.iter().sum(),
            lowest: lowest.into_iter().fold(f32::INFINITY, f32::min),
        }
    }

    /// `Σ (s - mean)²` over scores that are finite.
    fn squares(scores: &[f32], mean: f64) -> f64 {
        let mut squares = [0.0_f64; LANES];
        for block in scores.chunks(LANES) {
            for (square, &score) in squares.iter_mut().zip(block) {
                let from_mean = f64::from(score) - mean;
                *square += if score.is_finite() { from_mean * from_mean } else { 0.0 };
            }
        }
        squares.iter().sum()
    }

    /// `asinh((s - mean) / sd)`. A mix asks this of every item for every member: with the library's
    /// function it was a fifth of the first mix from 100,000 tracks.
    fn squash(scores: &mut [f32], mean: f64, sd: f64, lowest: f64) {
        for score in scores.iter_mut() {
            let finite = if score.is_finite() { f64::from(*score) } else { lowest };
            *score = asinh(((finite - mean) / sd) as f32);
        }
    }
}

/// One choice per answer, against the best of each member and some of the others.
fn choices_of(
    case: &Case,
    interactions: &Interactions,
    candidates: Candidates<'_>,
    scores: &[Vec<f32>],
    at: usize,
    beyond: f64,
) -> Vec<Choice> {
    let items = interactions.items();
    let known: &[ItemIdx] = match candidates.history {
        HistoryUse::Masked => case.query(interactions).history.items,
        HistoryUse::Kept => &[],
    };
    let ranked = |item: usize| candidates.ranks(ItemIdx(item as u32));
    let rows: Vec<&[f32]> =
        scores.iter().map(|scores| &scores[at * items..(at + 1) * items]).collect();
    let (mut rivals, mut top) = (Vec::new(), Vec::new());
    for row in &rows {
        let mut row = row.to_vec();
        known.iter().for_each(|item| row[item.row()] = f32::NEG_INFINITY);
        (0..items).filter(|&item| !ranked(item)).for_each(|item| row[item] = f32::NEG_INFINITY);
        top_k(&row, BEST, &mut top);
        rivals.extend_from_slice(&top);
    }
    rivals.sort_unstable();
    rivals.dedup();
    let answers = candidates.asked(case, interactions);
    rivals.retain(|item| !answers.contains(item));
    let weight = 1.0 / answers.len().max(1) as f64;
    let features = |item: ItemIdx| {
        let own = rows.iter().map(|row| f64::from(row[item.row()]));
        own.clone().chain(own.map(|score| score * beyond)).collect::<Vec<f64>>()
    };
    let best = rivals.into_iter().map(|item| Rival { features: features(item), log_count: 0.0 });
    let all: Vec<ItemIdx> =
        (0..items).filter(|&item| ranked(item)).map(|row| ItemIdx(row as u32)).collect();
    let stride = all.len().div_ceil(OTHERS).max(1);
    let others: Vec<ItemIdx> = all.iter().copied().skip(at % stride).step_by(stride).collect();
    let log_count = (all.len() as f64 / others.len().max(1) as f64).ln();
    let others = others.into_iter().filter(|item| !known.contains(item) && !answers.contains(item));
    let others = others.map(|item| Rival { features: features(item), log_count });
    let rivals: Rc<[Rival]> = best.chain(others).collect();
    let choice = |item| Choice { chosen: features(item), rivals: Rc::clone(&rivals), weight };
    answers.into_iter().map(choice).collect()
}
