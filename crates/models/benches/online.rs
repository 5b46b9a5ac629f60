//! What an answer costs: folded into the layer of a listener, and scored anew.

use divan::Bencher;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_models::online::posterior::{Answer, LinearPosterior, LinearPrior};

/// Numbers that say where a track lies.
const WIDTH: usize = 43;

fn main() {
    divan::main();
}

fn embeddings(tracks: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    (0..tracks * WIDTH).map(|_| rng.random_range(-0.5..0.5)).collect()
}

fn posterior() -> LinearPosterior {
    LinearPosterior::new(&LinearPrior { variances: vec![0.01; WIDTH], noise: 1.0 })
}

fn answers(count: usize) -> Vec<Answer> {
    let answer = |embedding: &[f32]| Answer {
        embedding: embedding.to_vec(),
        residual: 0.3,
        predicted: 0.5,
        weight: 1.0,
    };
    embeddings(count).chunks_exact(WIDTH).map(answer).collect()
}

#[divan::bench]
fn fold_an_answer(bencher: Bencher<'_, '_>) {
    let mut posterior = posterior();
    let answer = answers(1).remove(0);
    bencher.bench_local(|| posterior.fold(&answer));
}

/// The slow obvious way: all answers at once.
#[divan::bench(args = [10, 100, 1_000])]
fn solve_for_answers(bencher: Bencher<'_, '_>, count: usize) {
    let prior = LinearPrior { variances: vec![0.01; WIDTH], noise: 1.0 };
    let answers = answers(count);
    bencher.bench_local(|| LinearPosterior::from_answers(&prior, &answers));
}

#[divan::bench(args = [1_000, 10_000, 100_000])]
fn mean_and_variance_of_tracks(bencher: Bencher<'_, '_>, tracks: usize) {
    let posterior = posterior();
    let embeddings = embeddings(tracks);
    bencher.bench_local(|| -> f64 {
        embeddings.chunks_exact(WIDTH).map(|embedding| posterior.predict(embedding).0).sum()
    });
}
