//! What one choice costs, by policy and number of candidates; and a slate of thirty from a
//! short-list, as a mix draws it.

use divan::Bencher;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::Parameters;
use segue_engine::policy::draw::generator;
use segue_engine::policy::{Belief, LinearThompson, Policy, PolicyKind, choose};

/// Directions of the belief, as many as a track's embedding has numbers.
const WIDTH: usize = 43;

fn settings() -> Parameters {
    Parameters::default().with("temperature", 0.5).with("epsilon", 0.1).with("optimism", 0.5)
}

fn main() {
    divan::main();
}

fn belief(tracks: usize) -> Belief {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let scores = (0..tracks).map(|_| rng.random_range(-2.0..2.0)).collect();
    let factors = (0..tracks * WIDTH).map(|_| rng.random_range(-0.1..0.1)).collect();
    Belief::new(scores, factors)
}

fn one_choice(bencher: Bencher<'_, '_>, policy: &dyn Policy, tracks: usize) {
    let belief = belief(tracks);
    let eligible: Vec<usize> = (0..tracks).collect();
    let mut rng = generator(2);
    bencher.bench_local(|| choose(policy.prepare(&belief, &mut rng).as_ref(), &eligible, &mut rng));
}

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

#[divan::bench(args = SIZES)]
fn greedy(bencher: Bencher<'_, '_>, tracks: usize) {
    one_choice(bencher, PolicyKind::Greedy.build(&settings()).as_ref(), tracks);
}

#[divan::bench(args = SIZES)]
fn epsilon_greedy(bencher: Bencher<'_, '_>, tracks: usize) {
    one_choice(bencher, PolicyKind::EpsilonGreedy.build(&settings()).as_ref(), tracks);
}

#[divan::bench(args = SIZES)]
fn plackett_luce(bencher: Bencher<'_, '_>, tracks: usize) {
    one_choice(bencher, PolicyKind::PlackettLuce.build(&settings()).as_ref(), tracks);
}

#[divan::bench(args = SIZES)]
fn lin_ucb(bencher: Bencher<'_, '_>, tracks: usize) {
    one_choice(bencher, PolicyKind::LinUcb.build(&settings()).as_ref(), tracks);
}

#[divan::bench(args = SIZES)]
fn ensemble_thompson(bencher: Bencher<'_, '_>, tracks: usize) {
    one_choice(bencher, PolicyKind::EnsembleThompson.build(&settings()).as_ref(), tracks);
}

/// The choice alone, without a propensity.
#[divan::bench(args = SIZES)]
fn linear_thompson_one_draw(bencher: Bencher<'_, '_>, tracks: usize) {
    one_choice(bencher, &LinearThompson { draws: 1 }, tracks);
}

/// With the propensity, from all draws.
#[divan::bench(args = [100, 1_000, 10_000], sample_count = 10)]
fn linear_thompson(bencher: Bencher<'_, '_>, tracks: usize) {
    one_choice(bencher, &LinearThompson::default(), tracks);
}

/// Thirty picks from a short-list of 120, the quota apart.
#[divan::bench(args = PolicyKind::ALL.map(PolicyKind::name))]
fn slate_of_thirty(bencher: Bencher<'_, '_>, policy: &str) {
    let belief = belief(120);
    let policy = policy.parse::<PolicyKind>().expect("it is the name of one").build(&settings());
    let mut rng = generator(3);
    bencher.bench_local(|| {
        let chooser = policy.prepare(&belief, &mut rng);
        let mut eligible: Vec<usize> = (0..belief.len()).collect();
        for _ in 0..30 {
            let (choice, _) = choose(chooser.as_ref(), &eligible, &mut rng);
            eligible.remove(choice);
        }
    });
}
