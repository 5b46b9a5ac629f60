//! A recommender of one's own: what was played after this item, most often (a Markov chain of first
//! order), held against popularity.
//!
//! `cargo run -p segue-models --example new_recommender`
//!
//! A [`Recommender`] writes one score per item for a history and knows nothing else of a listener,
//! so people who came after training are ranked for like any other. It is measured on the full
//! catalogue: how near the top are the items that listeners turned to next?
//!
//! For `segue evaluate` to offer it, put it into a file of `crates/models/src/recommenders/` with a
//! configuration that serialises, and add it to `RecommenderKind` and `RecommenderConfig` in
//! `configured.rs` beside it. The tests there then hold it to what every recommender promises.
#![allow(clippy::print_stdout, reason = "an example, run by hand")]

use std::error::Error;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_engine::dataset::interactions::split::leave_one_out;
use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
use segue_engine::full_ranking::{
    Candidates, CaseMean, HistoryUse, RankingMetric, RankingOutcomes, compare, evaluate,
};
use segue_engine::{Interactions, Query, Recommender, Seconds, Training};
use segue_models::recommenders::{PopularityConfig, PopularityModel};

const ITEMS: usize = 60;

/// How often each item followed each other.
struct WhatFollows {
    items: usize,
    /// `[items, items]`: from, to.
    counts: Vec<f32>,
    /// How often each item was played, over all plays: decides where nothing followed.
    shares: Vec<f32>,
}

impl WhatFollows {
    /// Counts once. Only the training part of the histories is seen here.
    fn fit(training: &Training<'_>) -> Self {
        let items = training.items();
        let (mut counts, mut shares) = (vec![0.0; items * items], vec![0.0; items]);
        let event = 1.0 / training.events().max(1) as f32;
        for history in training.histories() {
            history.items.iter().for_each(|item| shares[item.row()] += event);
            for pair in history.items.windows(2) {
                counts[pair[0].row() * items + pair[1].row()] += 1.0;
            }
        }
        Self { items, counts, shares }
    }
}

impl Recommender for WhatFollows {
    fn items(&self) -> usize {
        self.items
    }

    /// One row of scores a query. Somebody without a history is answered by popularity.
    fn score(&self, queries: &[Query<'_>], scores: &mut [f32]) {
        assert_eq!(scores.len(), queries.len() * self.items, "one score a query and item");
        for (query, scores) in queries.iter().zip(scores.chunks_exact_mut(self.items)) {
            scores.copy_from_slice(&self.shares);
            let Some(last) = query.history.items.last() else { continue };
            let followed = &self.counts[last.row() * self.items..][..self.items];
            scores.iter_mut().zip(followed).for_each(|(score, count)| *score += count);
        }
    }
}

/// Made-up listeners who go through the items in order, and now and then jump anywhere.
fn listeners() -> Result<Interactions, Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut builder = InteractionsBuilder::default();
    for listener in 0..200 {
        let mut item = rng.random_range(0..ITEMS);
        for play in 0..12 {
            let time = Some(Seconds(1_700_000_000 + 240 * play));
            builder.push(&format!("listener {listener}"), &format!("item {item}"), time, None)?;
            let jumps = rng.random_bool(0.3);
            item = if jumps { rng.random_range(0..ITEMS) } else { (item + 1) % ITEMS };
        }
    }
    Ok(builder.build(KCore::default())?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let interactions = listeners()?;
    // The last play of everybody is asked for, by all plays before it.
    let split = leave_one_out(&interactions);
    let training = split.training_and_validation(&interactions);
    let measured = |model: &dyn Recommender| {
        let candidates = Candidates { history: HistoryUse::Kept, among: None };
        evaluate(model, &interactions, &split.test, candidates, &|_| ())
    };

    let ours = measured(&WhatFollows::fit(&training));
    let popularity = measured(&PopularityModel::fit(&training, &PopularityConfig::default())?);
    for (name, outcomes) in [("what follows", &ours), ("popularity", &popularity)] {
        let (ndcg, mrr) =
            (mean(outcomes, RankingMetric::NdcgAt10), mean(outcomes, RankingMetric::Mrr));
        println!("{name:<12} ndcg@10 {ndcg:.3}, mrr {mrr:.3}");
    }
    // Paired by case: the same listeners are asked of both.
    let difference: CaseMean = compare(&[ours], &[popularity], 1).differences["ndcg@10"];
    let CaseMean { mean, low: Some(low), high: Some(high) } = difference else {
        return Err("one case tells no difference".into());
    };
    println!("what follows is ahead by {mean:.3} ndcg@10, 95 % interval {low:.3} to {high:.3}");
    Ok(())
}

fn mean(outcomes: &RankingOutcomes, metric: RankingMetric) -> f64 {
    let values =
        outcomes.cases.iter().flatten().map(|case| f64::from(case.values[metric as usize]));
    values.sum::<f64>() / outcomes.cases.iter().flatten().count().max(1) as f64
}
