//! How soon is a listener understood of whom nothing is known? Items are proposed one after
//! another, none twice, and each answer moves what is believed: the protocol.
//!
//! ```text
//! Acquaintance::belief ─► Policy ─► a proposal ─► the listener has it, or not
//!     ─► Acquaintance::learn ─► and again
//! ```
//!
//! Some listeners are hidden from everything that learns. An answer is yes if the item is among
//! those the hidden listener has, and what counts is how many of the first `k` proposals were.
//! Constants are chosen by the very same protocol on listeners withheld from those that are known,
//! never on the hidden ones. As in serving, policies choose by a [`Belief`], so that what
//! exploration adds can be told apart from what a better belief adds.
//!
//! A listener may be hidden in several splits; intervals resample listeners, not conversations (a
//! cluster bootstrap, Cameron, Gelbach & Miller 2008), or they would come out too narrow.

mod benchmark;
mod models;
mod report;
mod strategies;

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use segue_engine::UncertaintySource;
use segue_engine::metrics::Estimate;
use segue_engine::policy::{Belief, Policy, PolicyKind, choose};
use segue_engine::{History, Interactions, ItemIdx, ListenerIdx, Query, Recommender};

use crate::beliefs::Acquaintance;
use crate::progress::Progress;
use crate::report::Report;

pub use models::InteractiveModel;
pub use report::{EntryResult, InteractiveResult};

/// Resamples behind an interval.
const RESAMPLES: usize = 2_000;

/// A benchmark of conversations: models propose items to listeners whom they never saw and learn
/// from each answer. The options of `segue evaluate interactive` become this.
#[derive(Clone, Debug)]
pub struct InteractiveOptions {
    /// Models to measure.
    pub models: Vec<InteractiveModel>,
    /// Policies to measure each of them under: see [`InteractiveOptions::policies`].
    pub policies: Vec<PolicyKind>,
    /// Proposals to each listener.
    pub proposals: usize,
    /// How many listeners are hidden in each split, and which of them are asked.
    pub hiding: Hiding,
    /// Seed of everything random.
    pub seed: u64,
    /// Split, choose and ask with this many seeds, the given one and those after it.
    pub seeds: u64,
}

impl InteractiveOptions {
    /// These policies, each once, after the greedy one, which every other is compared with.
    ///
    /// # Errors
    /// If one needs what none of the models has.
    pub fn policies(named: &[PolicyKind]) -> Result<Vec<PolicyKind>> {
        let mut policies = vec![PolicyKind::Greedy];
        for &policy in named {
            if policy == PolicyKind::EnsembleThompson {
                bail!("`ensemble-thompson` needs a model with members, and none of these has any");
            }
            if !policies.contains(&policy) {
                policies.push(policy);
            }
        }
        Ok(policies)
    }
}

/// Measures every model under every policy that it can be put under; `data` is what the events are
/// called.
///
/// # Errors
/// If too few listeners are left to learn from or to ask, or a model cannot be fitted.
pub fn run(
    options: &InteractiveOptions,
    data: String,
    interactions: &Interactions,
    progress: &dyn Progress,
) -> Result<Report<InteractiveResult>> {
    let entries = benchmark::Benchmark { options, interactions, progress }.run()?;
    let found = InteractiveResult::new(data, options, interactions, &entries);
    Ok(Report { text: found.text(), data: found })
}

/// Proposes items to one listener and learns from what they say.
pub trait Proposer {
    /// The place among the `open` rows, which rise, of what is proposed next.
    fn propose(&mut self, open: &[usize], rng: &mut dyn Rng) -> usize;

    /// Takes the answer.
    fn learn(&mut self, item: ItemIdx, liked: bool);
}

/// How proposals are picked from what is believed of a listener: the policy, the kind of
/// uncertainty that it sees, and how far draws stray.
pub struct Strategy {
    /// What picks.
    pub policy: Box<dyn Policy>,
    /// What it has to know of how sure the belief is.
    pub source: UncertaintySource,
    /// Deviations of the belief are taken times this: below 1 a draw from it strays less.
    pub scale: f32,
}

/// A proposer that picks by a policy from what an acquaintance believes, and tells the acquaintance
/// each answer.
pub struct Guided<'a> {
    acquaintance: Box<dyn Acquaintance + 'a>,
    strategy: &'a Strategy,
}

impl<'a> Guided<'a> {
    /// Nothing is drawn yet.
    pub fn new(acquaintance: Box<dyn Acquaintance + 'a>, strategy: &'a Strategy) -> Self {
        Self { acquaintance, strategy }
    }
}

impl Proposer for Guided<'_> {
    fn propose(&mut self, open: &[usize], rng: &mut dyn Rng) -> usize {
        let mut belief = self.acquaintance.belief(self.strategy.source);
        if belief.width() > 0 && self.strategy.scale != 1.0 {
            belief = belief.scaled(self.strategy.scale);
        }
        let chooser = self.strategy.policy.prepare(&belief, rng);
        choose(chooser.as_ref(), open, rng).0
    }

    fn learn(&mut self, item: ItemIdx, liked: bool) {
        self.acquaintance.learn(item, liked);
    }
}

/// Any recommender, asked again with the likes so far as the history; it learns nothing from a no.
pub struct AskedRecommender<'a> {
    recommender: &'a dyn Recommender,
    liked: Vec<ItemIdx>,
}

impl<'a> AskedRecommender<'a> {
    /// Of someone who has not answered yet.
    pub fn new(recommender: &'a dyn Recommender) -> Self {
        Self { recommender, liked: Vec::new() }
    }
}

impl Acquaintance for AskedRecommender<'_> {
    fn belief(&self, _: UncertaintySource) -> Belief {
        let mut scores = vec![0.0; self.recommender.items()];
        let history = History { items: &self.liked, ..History::default() };
        self.recommender.score(&[Query { history, ..Query::default() }], &mut scores);
        Belief::certain(scores)
    }

    fn learn(&mut self, item: ItemIdx, liked: bool) {
        if liked {
            self.liked.push(item);
        }
    }
}

/// How many listeners are hidden, and which of them are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hiding {
    /// Listeners hidden.
    pub hidden: usize,
    /// The most that are asked.
    pub asked: usize,
    /// Distinct items that a listener has at least who is asked.
    pub fewest_items: usize,
}

/// Who may be learned from and who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedSplit {
    /// To learn from.
    pub known: Vec<ListenerIdx>,
    /// Hidden, and asked.
    pub asked: Vec<ListenerIdx>,
}

/// Hides some of the listeners, drawn at random, and asks those of them who have enough items.
///
/// ```
/// use rand::SeedableRng;
/// use segue_engine::ListenerIdx;
/// use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
/// use segue_lab::interactive::{Hiding, split};
///
/// let mut builder = InteractionsBuilder::default();
/// for (listener, item) in [("ann", "x"), ("ann", "y"), ("ben", "x"), ("ben", "z"), ("cat", "y")] {
///     builder.push(listener, item, None, None)?;
/// }
/// let interactions = builder.build(KCore::default())?;
/// let everybody: Vec<ListenerIdx> = (0..3).map(ListenerIdx).collect();
/// let hiding = Hiding { hidden: 2, asked: 2, fewest_items: 1 };
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let parts = split(&interactions, &everybody, hiding, &mut rng);
/// assert_eq!((parts.known.len(), parts.asked.len()), (1, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn split(
    interactions: &Interactions,
    listeners: &[ListenerIdx],
    hiding: Hiding,
    rng: &mut impl Rng,
) -> AskedSplit {
    let mut order = listeners.to_vec();
    order.shuffle(rng);
    let known = order.split_off(hiding.hidden.min(order.len()));
    let has_enough = |listener: &ListenerIdx| {
        let mut items = interactions.history(*listener).items.to_vec();
        items.sort_unstable();
        items.dedup();
        items.len() >= hiding.fewest_items
    };
    let asked = order.into_iter().filter(has_enough).take(hiding.asked).collect();
    AskedSplit { known, asked }
}

/// What one listener said to one proposal after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Who.
    pub listener: ListenerIdx,
    /// What was proposed.
    pub proposed: Vec<ItemIdx>,
    /// Whether the listener had it.
    pub hits: Vec<bool>,
}

impl Conversation {
    /// How many of the first `k` proposals the listener had.
    pub fn hits_within(&self, k: usize) -> usize {
        self.hits.iter().take(k).filter(|&&hit| hit).count()
    }
}

/// How long every conversation goes on, and from which seed chance is drawn: the same for all
/// models that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConversationPlan {
    /// Proposals to each listener, fewer where items run out.
    pub proposals: usize,
    /// Seed of what policies draw; each listener has a stream of their own.
    pub seed: u64,
}

/// Talks to every listener, side by side; the conversations stand in the order of the listeners.
pub fn converse<'a>(
    interactions: &Interactions,
    listeners: &[ListenerIdx],
    course: ConversationPlan,
    meet: &(dyn Fn() -> Box<dyn Proposer + 'a> + Sync),
) -> Vec<Conversation> {
    let talk = |(position, &listener): (usize, &ListenerIdx)| {
        let mut rng = ChaCha8Rng::seed_from_u64(course.seed);
        rng.set_stream(position as u64);
        let mut likes = vec![false; interactions.items()];
        interactions.history(listener).items.iter().for_each(|item| likes[item.row()] = true);
        let (proposed, hits) = answers(meet().as_mut(), &likes, course.proposals, &mut rng);
        Conversation { listener, proposed, hits }
    };
    listeners.par_iter().enumerate().map(talk).collect()
}

fn answers(
    proposer: &mut dyn Proposer,
    likes: &[bool],
    proposals: usize,
    rng: &mut dyn Rng,
) -> (Vec<ItemIdx>, Vec<bool>) {
    let mut open: Vec<usize> = (0..likes.len()).collect();
    let next = |_| {
        let row = open.remove(proposer.propose(&open, rng));
        let item = ItemIdx(row as u32);
        proposer.learn(item, likes[row]);
        (item, likes[row])
    };
    (0..proposals.min(likes.len())).map(next).unzip()
}

/// Mean hits within each number of proposals, from 1.
pub fn curve(conversations: &[Conversation], proposals: usize) -> Vec<f64> {
    let mean = |k| {
        let hits: usize =
            conversations.iter().map(|conversation| conversation.hits_within(k)).sum();
        hits as f64 / conversations.len().max(1) as f64
    };
    (1..=proposals).map(mean).collect()
}

/// Mean hits within `k` proposals.
pub fn hits(conversations: &[Conversation], k: usize, seed: u64) -> Estimate {
    let value =
        |conversation: &Conversation| (conversation.listener, conversation.hits_within(k) as f64);
    clustered(conversations.iter().map(value), seed)
}

/// How many more hits within `k` proposals one way of proposing reaches than another, conversation
/// by conversation.
///
/// # Panics
/// If they did not talk to the same listeners in the same order.
pub fn compare(one: &[Conversation], other: &[Conversation], k: usize, seed: u64) -> Estimate {
    assert_eq!(one.len(), other.len(), "both talked to the same listeners");
    let difference = |(one, other): (&Conversation, &Conversation)| {
        assert_eq!(one.listener, other.listener, "both talked to the same listeners");
        (one.listener, one.hits_within(k) as f64 - other.hits_within(k) as f64)
    };
    clustered(one.iter().zip(other).map(difference), seed)
}

/// The mean of values with its interval by resampling listeners, each with all of their values.
fn clustered(values: impl Iterator<Item = (ListenerIdx, f64)>, seed: u64) -> Estimate {
    let mut sums: BTreeMap<ListenerIdx, (f64, f64)> = BTreeMap::new();
    for (listener, value) in values {
        let (sum, count) = sums.entry(listener).or_default();
        (*sum, *count) = (*sum + value, *count + 1.0);
    }
    let clusters: Vec<(f64, f64)> = sums.into_values().collect();
    let ratio = |(sum, count): (f64, f64)| if count > 0.0 { sum / count } else { 0.0 };
    let total = |a: (f64, f64), b: (f64, f64)| (a.0 + b.0, a.1 + b.1);
    let mean = ratio(clusters.iter().copied().fold((0.0, 0.0), total));
    if clusters.is_empty() {
        return Estimate { mean, low: mean, high: mean };
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let drawn = (0..clusters.len()).map(|_| clusters[rng.random_range(0..clusters.len())]);
            ratio(drawn.fold((0.0, 0.0), total))
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[((RESAMPLES - 1) as f64 * share).round() as usize];
    Estimate { mean, low: at(0.025), high: at(0.975) }
}
