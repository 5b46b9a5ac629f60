//! The policies of the paper that go by segment: each segment counts for itself how often a
//! playlist was seen and streamed.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution};

use segue_engine::policy::beta_thompson::ShareBelief;

use crate::run::{CarouselPolicy, Shown};
use crate::world::{World, highest};

/// Any playlists.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Random;

impl CarouselPolicy for Random {
    fn fill(&self, world: &World, _: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let config = world.config();
        rand::seq::index::sample(rng, config.playlists, config.slots).into_vec()
    }

    fn learn(&mut self, _: &World, _: &[Shown]) {}
}

/// How often each segment saw and streamed each playlist.
#[derive(Clone, Debug)]
struct Counts {
    playlists: usize,
    seen: Vec<u32>,
    streamed: Vec<u32>,
}

impl Counts {
    fn new(world: &World) -> Self {
        let config = world.config();
        let zeros = vec![0; config.segments * config.playlists];
        Self { playlists: config.playlists, seen: zeros.clone(), streamed: zeros }
    }

    fn add(&mut self, world: &World, shown: &[Shown]) {
        for card in shown {
            let cell = world.segment(card.listener) * self.playlists + card.playlist;
            self.seen[cell] += 1;
            self.streamed[cell] += u32::from(card.streamed);
        }
    }

    /// A value of every segment and playlist from the numbers seen and streamed.
    fn map<T>(&self, value: impl Fn(u32, u32) -> T) -> Vec<T> {
        self.seen
            .iter()
            .zip(&self.streamed)
            .map(|(&seen, &streamed)| value(seen, streamed))
            .collect()
    }
}

/// The highest of a segment's scores; those not yet known, which are infinite, come first in any
/// order.
fn best_known(scores: &[f32], slots: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let known = |&score: &f32| if score.is_finite() { score } else { 2.0 + rng.random::<f32>() };
    highest(&scores.iter().map(known).collect::<Vec<_>>(), slots)
}

/// The playlists with the highest shares of streams, or with probability ε any; what a segment has
/// not seen comes first.
#[derive(Clone, Debug)]
pub(crate) struct EpsilonGreedy {
    epsilon: f64,
    counts: Counts,
    shares: Vec<f32>,
}

impl EpsilonGreedy {
    /// With nothing seen, and the share of carousels that are filled at random.
    pub(crate) fn new(world: &World, epsilon: f64) -> Self {
        let counts = Counts::new(world);
        Self { epsilon, shares: vec![f32::INFINITY; counts.seen.len()], counts }
    }
}

impl CarouselPolicy for EpsilonGreedy {
    fn fill(&self, world: &World, listener: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
        if rng.random::<f64>() < self.epsilon {
            return Random.fill(world, listener, rng);
        }
        let playlists = self.counts.playlists;
        let shares = &self.shares[world.segment(listener) * playlists..][..playlists];
        best_known(shares, world.config().slots, rng)
    }

    fn learn(&mut self, world: &World, shown: &[Shown]) {
        self.counts.add(world, shown);
        self.shares = self.counts.map(|seen, streamed| match seen {
            0 => f32::INFINITY,
            _ => streamed as f32 / seen as f32,
        });
    }
}

/// KL-UCB (Garivier & Cappé, COLT 2011): the highest shares that are not yet unlikely, `max { q : n
/// KL(p, q) ≤ c ln t }`.
#[derive(Clone, Debug)]
pub(crate) struct KlUcb {
    scale: f64,
    counts: Counts,
    bounds: Vec<f32>,
}

impl KlUcb {
    /// With nothing seen, and the factor `c`; 1 in the paper.
    pub(crate) fn new(world: &World, scale: f64) -> Self {
        let counts = Counts::new(world);
        Self { scale, bounds: vec![f32::INFINITY; counts.seen.len()], counts }
    }
}

impl CarouselPolicy for KlUcb {
    fn fill(&self, world: &World, listener: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let playlists = self.counts.playlists;
        let bounds = &self.bounds[world.segment(listener) * playlists..][..playlists];
        best_known(bounds, world.config().slots, rng)
    }

    fn learn(&mut self, world: &World, shown: &[Shown]) {
        self.counts.add(world, shown);
        let total: f64 = self.counts.seen.iter().map(|&seen| f64::from(seen)).sum();
        let budget = self.scale * total.max(1.0).ln();
        self.bounds = self.counts.map(|seen, streamed| match seen {
            0 => f32::INFINITY,
            _ => kl_upper_bound(f64::from(streamed) / f64::from(seen), budget / f64::from(seen))
                as f32,
        });
    }
}

/// The largest `q` with `KL(p, q) = p ln(p/q) + (1-p) ln((1-p)/(1-q))` of at most `limit`, by
/// bisection.
pub(crate) fn kl_upper_bound(p: f64, limit: f64) -> f64 {
    let term = |p: f64, q: f64| if p > 0.0 { p * (p / q).ln() } else { 0.0 };
    let (mut low, mut high) = (p, 1.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if term(p, middle) + term(1.0 - p, 1.0 - middle) > limit {
            high = middle;
        } else {
            low = middle;
        }
    }
    low
}

/// Thompson sampling: the highest of one draw each from the beliefs of the segment. The prior is
/// what sets apart the naive variant, `Beta(1, 1)`, the pessimistic one of the paper, `Beta(1,
/// 99)`, and one that was learned from other playlists.
#[derive(Clone, Debug)]
pub(crate) struct SegmentThompson {
    prior: ShareBelief,
    counts: Counts,
    draws: Vec<Beta<f32>>,
}

impl SegmentThompson {
    /// With nothing seen but the prior.
    ///
    /// # Panics
    /// If a shape of the prior is not above 0.
    pub(crate) fn new(world: &World, prior: ShareBelief) -> Self {
        let mut policy = Self { prior, counts: Counts::new(world), draws: Vec::new() };
        policy.learn(world, &[]);
        policy
    }

    /// What a segment believes of each playlist. The first card is drawn as
    /// [`BetaThompson`](segue_engine::policy::BetaThompson) draws by these.
    #[cfg(test)]
    pub(crate) fn beliefs(&self, segment: usize) -> Vec<ShareBelief> {
        let cells = segment * self.counts.playlists..(segment + 1) * self.counts.playlists;
        cells
            .map(|cell| posterior(self.prior, self.counts.seen[cell], self.counts.streamed[cell]))
            .collect()
    }
}

fn posterior(prior: ShareBelief, seen: u32, streamed: u32) -> ShareBelief {
    ShareBelief {
        successes: prior.successes + f64::from(streamed),
        failures: prior.failures + f64::from(seen - streamed),
    }
}

impl CarouselPolicy for SegmentThompson {
    fn fill(&self, world: &World, listener: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let playlists = self.counts.playlists;
        let draws = &self.draws[world.segment(listener) * playlists..][..playlists];
        highest(
            &draws.iter().map(|beta| beta.sample(rng)).collect::<Vec<_>>(),
            world.config().slots,
        )
    }

    fn learn(&mut self, world: &World, shown: &[Shown]) {
        self.counts.add(world, shown);
        let prior = self.prior;
        self.draws = self.counts.map(|seen, streamed| {
            let ShareBelief { successes, failures } = posterior(prior, seen, streamed);
            Beta::new(successes as f32, failures as f32).expect("shapes are above 0")
        });
    }
}
