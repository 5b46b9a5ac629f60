//! What fitting collaborative models and ranking a catalogue with them cost: 2,000 listeners, 1,500
//! items, 80,000 events.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_engine::dataset::interactions::{Interactions, InteractionsBuilder, KCore, ListenerIdx};
use segue_engine::{Query, Recommender};
use segue_models::recommenders::{Ease, EaseConfig, Ials, IalsConfig, ItemKnn, ItemKnnConfig};

const LISTENERS: usize = 2_000;
const ITEMS: f64 = 1_500.0;

fn main() {
    divan::main();
}

/// Squaring a uniform number makes some items popular.
fn interactions() -> Interactions {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut builder = InteractionsBuilder::default();
    for event in 0..80_000 {
        let item = (rng.random_range(0.0..1.0f64).powi(2) * ITEMS) as usize;
        let listener = (event % LISTENERS).to_string();
        builder.push(&listener, &item.to_string(), None, None).expect("rows do not run out");
    }
    builder.build(KCore::default()).expect("there are events")
}

fn ials(interactions: &Interactions, iterations: usize) -> Ials {
    let config = IalsConfig { iterations, ..IalsConfig::default() };
    Ials::fit(&interactions.all(), &config, 1).expect("there are events")
}

fn ease(interactions: &Interactions) -> Ease {
    Ease::fit(&interactions.all(), &EaseConfig::default()).expect("there are events")
}

fn item_knn(interactions: &Interactions) -> ItemKnn {
    ItemKnn::fit(&interactions.all(), &ItemKnnConfig::default()).expect("there are events")
}

#[divan::bench(sample_count = 10)]
fn fit_ials_one_iteration(bencher: divan::Bencher<'_, '_>) {
    let interactions = interactions();
    bencher.bench(|| ials(&interactions, 1));
}

#[divan::bench(sample_count = 10)]
fn fit_ease(bencher: divan::Bencher<'_, '_>) {
    let interactions = interactions();
    bencher.bench(|| ease(&interactions));
}

#[divan::bench(sample_count = 10)]
fn fit_item_knn(bencher: divan::Bencher<'_, '_>) {
    let interactions = interactions();
    bencher.bench(|| item_knn(&interactions));
}

fn score_64_listeners(
    bencher: divan::Bencher<'_, '_>,
    interactions: &Interactions,
    model: &impl Recommender,
) {
    let histories = (0..64).map(|row| interactions.history(ListenerIdx(row)));
    let queries: Vec<Query<'_>> =
        histories.map(|history| Query { history, ..Query::default() }).collect();
    let mut scores = vec![0.0; queries.len() * model.items()];
    bencher.bench_local(|| model.score(&queries, &mut scores));
}

#[divan::bench]
fn score_64_listeners_with_ials(bencher: divan::Bencher<'_, '_>) {
    let interactions = interactions();
    score_64_listeners(bencher, &interactions, &ials(&interactions, 2));
}

#[divan::bench]
fn score_64_listeners_with_ease(bencher: divan::Bencher<'_, '_>) {
    let interactions = interactions();
    score_64_listeners(bencher, &interactions, &ease(&interactions));
}

#[divan::bench]
fn score_64_listeners_with_item_knn(bencher: divan::Bencher<'_, '_>) {
    let interactions = interactions();
    score_64_listeners(bencher, &interactions, &item_knn(&interactions));
}
