//! How well listeners are served that a model has never seen, given a few of their likes: the
//! protocol.
//!
//! Some listeners are hidden from everything that learns. For each of them `k` of their likes are
//! given as the history, the likes beyond the largest `k` are to be found, and tracks of *other
//! hidden listeners* are to be left. Larger `k` add to smaller ones and are asked about the same
//! tracks, so that figures compare across `k`.
//!
//! Tracks to be left come from hidden listeners only. Taken from the training listeners as well
//! they would give themselves away: most tracks belong to one listener, so a track known from
//! training is hardly ever the new listener's, and "never seen before" would rank first. The
//! popularity of tracks says little here for the same reason, and honestly so.
//!
//! Works that the listener holds in any version are never to be left.

mod baselines;
mod benchmark;
mod ranker;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::seq::{IteratorRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use segue_core::ListenerId;
use serde::{Deserialize, Serialize};

use segue_engine::dataset::profile::liking;
use segue_engine::metrics::{self, Estimate};
use segue_engine::{Catalogue, TrackIdx};

pub use baselines::{Baseline, Baselines};
pub use benchmark::{NewListenerOptions, NewListenerResult, run};
pub use ranker::NewListenerRanker;

/// Likes of a hidden listener that must be left to find.
const FEWEST_HIDDEN_LIKES: usize = 5;
/// Ranks that count in NDCG.
const NDCG_RANKS: usize = 10;

/// What is asked about listeners of whom nothing was learned: which share of them is hidden, how
/// many of their likes are given, and among how many tracks the others are to be found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewListenerProtocol {
    /// Share of listeners hidden from training.
    pub unseen: f64,
    /// Numbers of likes given.
    pub supports: Vec<usize>,
    /// Tracks of other hidden listeners among the candidates.
    pub negatives: usize,
    /// Seed of the split, of the likes given and of the tracks drawn.
    pub seed: u64,
}

impl Default for NewListenerProtocol {
    fn default() -> Self {
        Self { unseen: 0.2, supports: vec![0, 5, 10, 20], negatives: 200, seed: 0 }
    }
}

/// One listener and what they like: one track per work.
#[derive(Clone, Debug, PartialEq)]
pub struct ListenerLikes {
    /// Who.
    pub listener: ListenerId,
    /// What.
    pub tracks: Vec<TrackIdx>,
}

/// Listeners to learn from and listeners to be served, as positions in the list that was split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerSplit {
    /// To learn from.
    pub training: Vec<usize>,
    /// Hidden.
    pub unseen: Vec<usize>,
}

/// The questions about one hidden listener. For each support the first so many of `given` are told,
/// and `candidates` are ranked: `liked` says which of them should come first.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Who.
    pub listener: ListenerId,
    /// Likes given, in the order in which more are given.
    pub given: Vec<TrackIdx>,
    /// What is to be ranked.
    pub candidates: Vec<TrackIdx>,
    /// Which candidates the listener likes.
    pub liked: Vec<bool>,
}

/// What one model reached on one trial with so many likes given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialOutcome {
    /// Which model.
    pub model: String,
    /// Likes given.
    pub given: usize,
    /// Who.
    pub listener: ListenerId,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Normalised discounted cumulative gain of the first ten.
    pub ndcg: f64,
}

/// The figures of one model with so many likes given, over all hidden listeners, with intervals
/// over them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewListenerSummary {
    /// Which model.
    pub model: String,
    /// Likes given.
    pub given: usize,
    /// Listeners measured.
    pub listeners: usize,
    /// Area under the ROC curve.
    pub auc: Estimate,
    /// NDCG of the first ten.
    pub ndcg: Estimate,
    /// How much more the first model of the report reaches on the same listeners; absent for
    /// itself.
    pub auc_behind: Option<Estimate>,
    /// The same for NDCG.
    pub ndcg_behind: Option<Estimate>,
}

/// Hides a share of the listeners. Same seed, same listeners.
///
/// ```
/// use segue_lab::new_listener::{NewListenerProtocol, split};
///
/// let protocol = NewListenerProtocol { unseen: 0.25, ..NewListenerProtocol::default() };
/// let parts = split(8, &protocol);
/// assert_eq!((parts.training.len(), parts.unseen.len()), (6, 2));
/// assert!(parts.unseen.iter().all(|hidden| !parts.training.contains(hidden)));
/// ```
pub fn split(listeners: usize, protocol: &NewListenerProtocol) -> ListenerSplit {
    let mut order: Vec<usize> = (0..listeners).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(protocol.seed));
    let hidden = ((listeners as f64 * protocol.unseen).round() as usize).min(listeners);
    let mut unseen = order.split_off(listeners - hidden);
    order.sort_unstable();
    unseen.sort_unstable();
    ListenerSplit { training: order, unseen }
}

/// The questions to each hidden listener who likes enough; those who do not are left out.
pub fn trials(
    catalogue: &Catalogue,
    hidden: &[&ListenerLikes],
    protocol: &NewListenerProtocol,
) -> Vec<Trial> {
    let most_given = protocol.supports.iter().copied().max().unwrap_or(0);
    let drawn = |(position, likes): (usize, &&ListenerLikes)| {
        let mut rng = ChaCha8Rng::seed_from_u64(protocol.seed);
        rng.set_stream(1 + position as u64);
        let mut tracks = likes.tracks.clone();
        tracks.shuffle(&mut rng);
        if tracks.len() < most_given + FEWEST_HIDDEN_LIKES {
            return None;
        }
        let to_find = tracks.split_off(most_given);
        let held: BTreeSet<_> = likes.tracks.iter().map(|&track| catalogue.work(track)).collect();
        let others: BTreeSet<TrackIdx> =
            hidden.iter().flat_map(|other| other.tracks.iter().copied()).collect();
        let foreign = others.into_iter().filter(|&track| !held.contains(&catalogue.work(track)));
        let to_leave = foreign.sample(&mut rng, protocol.negatives);
        let mut candidates: Vec<(TrackIdx, bool)> = to_find
            .iter()
            .map(|&track| (track, true))
            .chain(to_leave.into_iter().map(|track| (track, false)))
            .collect();
        // Ties keep their order in NDCG: it must not be that of the answers.
        candidates.shuffle(&mut rng);
        let (candidates, liked) = candidates.into_iter().unzip();
        Some(Trial { listener: likes.listener.clone(), given: tracks, candidates, liked })
    };
    hidden.iter().enumerate().filter_map(drawn).collect()
}

/// Asks a model the questions of all trials, each with every number of likes that `supports` names,
/// or all that there are where they are fewer. Questions for which a figure is not defined, since
/// everything or nothing is liked, are left out.
pub fn ask(
    name: &str,
    ranker: &dyn NewListenerRanker,
    catalogue: &Catalogue,
    trials: &[Trial],
    supports: &[usize],
) -> Vec<TrialOutcome> {
    let mut outcomes = Vec::new();
    for trial in trials {
        for &given in supports {
            let profile = liking(
                catalogue,
                trial.listener.clone(),
                &trial.given[..given.min(trial.given.len())],
            );
            let scores = ranker.rank(&profile, &trial.candidates);
            let measured = metrics::auc(&trial.liked, &scores).zip(metrics::ndcg(
                &trial.liked,
                &scores,
                NDCG_RANKS,
            ));
            if let Some((auc, ndcg)) = measured {
                outcomes.push(TrialOutcome {
                    model: name.to_owned(),
                    given,
                    listener: trial.listener.clone(),
                    auc,
                    ndcg,
                });
            }
        }
    }
    outcomes
}

/// Means over listeners with bootstrap intervals, and paired differences to the model named first.
/// A listener who was asked in several repeats counts once, with the mean of them.
pub fn summarise(outcomes: &[TrialOutcome], seed: u64) -> Vec<NewListenerSummary> {
    let mut models: Vec<&str> = Vec::new();
    for outcome in outcomes {
        if !models.contains(&outcome.model.as_str()) {
            models.push(&outcome.model);
        }
    }
    let supports: BTreeSet<usize> = outcomes.iter().map(|outcome| outcome.given).collect();
    let mut standings = Vec::new();
    for &given in &supports {
        let first =
            models.first().map(|first| by_listener(outcomes, first, given)).unwrap_or_default();
        for (i, model) in models.iter().enumerate() {
            let own = by_listener(outcomes, model, given);
            let estimate = |value: fn(&(f64, f64)) -> f64| {
                Estimate::from_values(&own.values().map(value).collect::<Vec<_>>(), seed)
            };
            let behind = |value: fn(&(f64, f64)) -> f64| {
                let pairs = own
                    .iter()
                    .filter_map(|(listener, own)| Some(value(first.get(listener)?) - value(own)));
                (i > 0).then(|| Estimate::from_values(&pairs.collect::<Vec<_>>(), seed))
            };
            standings.push(NewListenerSummary {
                model: (*model).to_owned(),
                given,
                listeners: own.len(),
                auc: estimate(|pair| pair.0),
                ndcg: estimate(|pair| pair.1),
                auc_behind: behind(|pair| pair.0),
                ndcg_behind: behind(|pair| pair.1),
            });
        }
    }
    standings
}

fn by_listener<'a>(
    outcomes: &'a [TrialOutcome],
    model: &str,
    given: usize,
) -> BTreeMap<&'a ListenerId, (f64, f64)> {
    let mut sums: BTreeMap<&ListenerId, (f64, f64, f64)> = BTreeMap::new();
    for outcome in
        outcomes.iter().filter(|outcome| outcome.model == model && outcome.given == given)
    {
        let sum = sums.entry(&outcome.listener).or_default();
        *sum = (sum.0 + outcome.auc, sum.1 + outcome.ndcg, sum.2 + 1.0);
    }
    sums.into_iter()
        .map(|(listener, (auc, ndcg, count))| (listener, (auc / count, ndcg / count)))
        .collect()
}
