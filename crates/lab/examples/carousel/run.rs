//! Rounds of carousels: all of a round are drawn before the policy learns from any of it.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::world::World;

/// A card that a listener saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Who.
    pub(crate) listener: usize,
    /// What.
    pub(crate) playlist: usize,
    /// Whether they streamed it.
    pub(crate) streamed: bool,
}

/// Fills carousels and learns from what is streamed.
pub(crate) trait CarouselPolicy {
    /// Distinct playlists for a listener, the first card first.
    fn fill(&self, world: &World, listener: usize, rng: &mut ChaCha8Rng) -> Vec<usize>;

    /// Learns from the cards seen in a round.
    fn learn(&mut self, world: &World, shown: &[Shown]);
}

/// How many carousels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Rounds; published: 100.
    pub(crate) rounds: usize,
    /// Listeners drawn each round, with replacement; published: 20,000.
    pub(crate) batch: usize,
}

/// Runs a policy, and returns the regret of each round: how many more listeners would have streamed
/// something, in expectation, had each been shown their own best carousel. Listeners are drawn by
/// the seed alone, the same ones for every policy.
pub(crate) fn run(
    world: &World,
    plan: Plan,
    policy: &mut dyn CarouselPolicy,
    seed: u64,
) -> Vec<f64> {
    let mut visits = ChaCha8Rng::seed_from_u64(seed);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(1);
    let listeners = world.config().listeners;
    let best: Vec<f64> =
        (0..listeners).map(|listener| world.reward(listener, &world.best(listener))).collect();
    let mut regrets = Vec::with_capacity(plan.rounds);
    for _ in 0..plan.rounds {
        let (mut shown, mut regret) = (Vec::new(), 0.0);
        for _ in 0..plan.batch {
            let listener = visits.random_range(0..listeners);
            let slate = policy.fill(world, listener, &mut rng);
            regret += best[listener] - world.reward(listener, &slate);
            let (seen, streamed) = world.browse(listener, &slate, &mut rng);
            let card = |slot: usize| Shown {
                listener,
                playlist: slate[slot],
                streamed: streamed && slot + 1 == seen,
            };
            shown.extend((0..seen).map(card));
        }
        policy.learn(world, &shown);
        regrets.push(regret);
    }
    regrets
}
