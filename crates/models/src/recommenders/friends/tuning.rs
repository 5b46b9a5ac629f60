//! How much friends count, measured on listeners who are made to look new.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use segue_engine::Recommender;
use segue_engine::dataset::interactions::{ListenerIdx, Training};

use super::{FALLBACK, Friends, FriendsConfig, Friendships, Influence, require_rows};
use crate::ModelError;

const WEIGHTS: [f64; 6] = [0.02, 0.05, 0.1, 0.2, 0.4, 0.8];
const HALF_LIVES: [f64; 5] = [1.5, 3.0, 6.0, 12.0, 24.0];
/// Own items of newcomers.
const PICKS: [usize; 3] = [1, 3, 10];
/// A fifth of those who have friends, but no more: enough to tell factors of two apart.
const MOST_WITHHELD: usize = 300;
const DEPTH: usize = 100;

/// Someone withheld: some of what they hear, the rest of it, and friends among those learned from.
struct Newcomer {
    picks: Vec<u32>,
    others: Vec<u32>,
    friends: Vec<ListenerIdx>,
}

impl Friends {
    /// Fits both models, and how much friends count unless the configuration says so.
    ///
    /// # Errors
    /// [`ModelError::NoEvents`], [`ModelError::TooLarge`], [`ModelError::Setting`], or
    /// [`ModelError::LengthMismatch`] unless there is a row of friends for each listener.
    pub fn fit(
        training: &Training<'_>,
        friendships: &Friendships,
        config: &FriendsConfig,
        seed: u64,
    ) -> Result<Self, ModelError> {
        require_rows(training, friendships)?;
        let influence = match config.influence {
            Some(influence) => influence,
            None => fit_influence(training, friendships, config, seed)?,
        };
        Self::with(training, friendships, config, influence, seed)
    }
}

/// The pair that ranks best what withheld listeners hear.
fn fit_influence(
    training: &Training<'_>,
    friendships: &Friendships,
    config: &FriendsConfig,
    seed: u64,
) -> Result<Influence, ModelError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let withheld = withhold(training, friendships, &mut rng);
    if withheld.is_empty() {
        return Ok(FALLBACK);
    }
    let rest = training.without(&withheld);
    let newcomers: Vec<Newcomer> = withheld
        .iter()
        .flat_map(|&listener| PICKS.map(|picks| (listener, picks)))
        .filter_map(|(listener, picks)| {
            newcomer(
                training,
                friends_left(&withheld, &friendships[listener.row()]),
                listener,
                picks,
                &mut rng,
            )
        })
        .collect();
    let mut model = Friends::with(&rest, friendships, config, FALLBACK, seed)?;
    let mut best = (f64::NEG_INFINITY, FALLBACK);
    for (weight, half_life_items) in WEIGHTS.iter().flat_map(|&w| HALF_LIVES.map(|h| (w, h))) {
        model.influence = Influence { weight, half_life_items };
        let gain = mean_gain(&model, &newcomers);
        if gain > best.0 {
            best = (gain, model.influence);
        }
    }
    Ok(best.1)
}

fn withhold(
    training: &Training<'_>,
    friendships: &Friendships,
    rng: &mut impl Rng,
) -> Vec<ListenerIdx> {
    let known = |listener: &ListenerIdx| {
        !friendships[listener.row()].is_empty() && training.history(*listener).items.len() > 1
    };
    let mut listeners: Vec<ListenerIdx> =
        (0..training.listeners()).map(|row| ListenerIdx(row as u32)).filter(known).collect();
    listeners.shuffle(rng);
    listeners.truncate((listeners.len() / 5).min(MOST_WITHHELD));
    listeners.sort_unstable();
    listeners
}

/// Friends whose histories are still learned from. `withheld` ascends.
fn friends_left(withheld: &[ListenerIdx], friends: &[ListenerIdx]) -> Vec<ListenerIdx> {
    friends.iter().copied().filter(|friend| withheld.binary_search(friend).is_err()).collect()
}

fn newcomer(
    training: &Training<'_>,
    friends: Vec<ListenerIdx>,
    listener: ListenerIdx,
    picks: usize,
    rng: &mut impl Rng,
) -> Option<Newcomer> {
    let mut items: Vec<u32> = training.history(listener).items.iter().map(|item| item.0).collect();
    items.sort_unstable();
    items.dedup();
    items.shuffle(rng);
    let others = items.split_off(picks.min(items.len() - 1));
    items.sort_unstable();
    let tells = !friends.is_empty() && !others.is_empty();
    tells.then_some(Newcomer { picks: items, others, friends })
}

/// Mean NDCG@100.
fn mean_gain(model: &Friends, newcomers: &[Newcomer]) -> f64 {
    let gains: Vec<f64> = newcomers
        .par_iter()
        .map_init(
            || vec![0.0; model.items()],
            |scores, newcomer| {
                let own = newcomer.picks.iter().map(|&item| (item, 1.0)).collect();
                model.score_one(&own, model.bag_of(&newcomer.friends), scores);
                gain(scores, newcomer)
            },
        )
        .collect();
    gains.iter().sum::<f64>() / gains.len().max(1) as f64
}

fn gain(scores: &mut [f32], newcomer: &Newcomer) -> f64 {
    newcomer.picks.iter().for_each(|&item| scores[item as usize] = f32::NEG_INFINITY);
    let discount = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
    let better =
        |a: u32, b: u32| scores[b as usize].total_cmp(&scores[a as usize]).then(a.cmp(&b)).is_lt();
    let found: f64 = newcomer
        .others
        .iter()
        .map(|&item| {
            let rank = (0..scores.len() as u32).filter(|&other| better(other, item)).count();
            if rank < DEPTH { discount(rank) } else { 0.0 }
        })
        .sum();
    found / (0..newcomer.others.len().min(DEPTH)).map(discount).sum::<f64>()
}
