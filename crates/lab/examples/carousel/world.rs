//! Playlists in a carousel, in the setting of "Carousel Personalization in Music Streaming Apps
//! with Contextual Bandits" (Bendada, Salha & Bontempelli, RecSys 2020), on **synthetic**
//! listeners: the published ones are not part of this program.
//!
//! A listener sees the first cards of a carousel, goes on to each further one with some
//! probability, and stops at the first that they stream. Cards seen and not streamed are negatives;
//! cards not seen say nothing. Policies learn at the end of a round, from all of its carousels at
//! once. The paper's simulation takes those who stream nothing to have seen the first cards only,
//! though their rewards came from all; here the last card seen is drawn, and known.
//!
//! **World.** A segment is a point `c ~ N(0, I)`, a listener of it `x = .8 c + .6 ε`. A playlist
//! leans towards a segment: the direction `v` is `.7` of that segment's and `.7` of a random one,
//! the reach `g ~ U(.1, .6)`, the appeal `b ~ N(-5.5, .6²)`, and a listener who sees it streams it
//! with probability `σ(b + g vᵀx)`: well below one in a hundred for most, some in a hundred for the
//! best, as published.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

/// Sizes of a world and how its carousel works.
#[derive(Clone, Debug)]
pub(crate) struct CarouselConfig {
    /// Groups of listeners with a taste in common; published: 100.
    pub(crate) segments: usize,
    /// Listeners, equally many a segment; published: 974,960.
    pub(crate) listeners: usize,
    /// Playlists to choose from; published: 862.
    pub(crate) playlists: usize,
    /// Playlists that have been shown before, of which a prior can be learned.
    pub(crate) warm_playlists: usize,
    /// Dimensions of a listener's embedding; published: 96.
    pub(crate) dimensions: usize,
    /// Cards of a carousel; published: 12.
    pub(crate) slots: usize,
    /// Cards that everyone sees; published: 3.
    pub(crate) first_slots: usize,
    /// Probability of going on to the next card after those.
    pub(crate) swipe: f64,
}

impl Default for CarouselConfig {
    fn default() -> Self {
        Self {
            segments: 20,
            listeners: 8_000,
            playlists: 862,
            warm_playlists: 200,
            dimensions: 32,
            slots: 12,
            first_slots: 3,
            swipe: 0.8,
        }
    }
}

/// Listeners, playlists, and who streams what.
#[derive(Clone, Debug)]
pub(crate) struct World {
    config: CarouselConfig,
    /// `[listeners, dimensions]`.
    embeddings: Vec<f32>,
    /// `[listeners, playlists + warm playlists]`.
    probabilities: Vec<f32>,
}

struct Playlist {
    weights: Vec<f32>,
    appeal: f32,
}

impl World {
    /// Draws a world.
    ///
    /// # Panics
    /// If there is no segment, or a carousel has more cards than there are playlists.
    pub(crate) fn draw(config: CarouselConfig, seed: u64) -> Self {
        assert!(
            config.segments > 0 && config.slots <= config.playlists,
            "a segment, and playlists to fill a carousel"
        );
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let width = config.dimensions;
        let centres: Vec<Vec<f32>> =
            (0..config.segments).map(|_| normals(width, &mut rng)).collect();
        let playlists: Vec<Playlist> = (0..config.playlists + config.warm_playlists)
            .map(|_| draw_playlist(&centres[rng.random_range(0..centres.len())], &mut rng))
            .collect();
        let listener = |listener: usize| -> Vec<f32> {
            let own = normals(width, &mut rng);
            centres[listener % config.segments]
                .iter()
                .zip(own)
                .map(|(c, own)| 0.8 * c + 0.6 * own)
                .collect()
        };
        let embeddings: Vec<f32> = (0..config.listeners).flat_map(listener).collect();
        let row = |embedding: &[f32]| -> Vec<f32> {
            playlists.iter().map(|playlist| playlist.probability(embedding)).collect()
        };
        let rows: Vec<Vec<f32>> = embeddings.par_chunks(width).map(row).collect();
        Self { config, embeddings, probabilities: rows.concat() }
    }

    /// Sizes, and how the carousel works.
    pub(crate) fn config(&self) -> &CarouselConfig {
        &self.config
    }

    /// The segment of a listener.
    pub(crate) fn segment(&self, listener: usize) -> usize {
        listener % self.config.segments
    }

    /// What is known of a listener beforehand.
    pub(crate) fn embedding(&self, listener: usize) -> &[f32] {
        &self.embeddings[listener * self.config.dimensions..][..self.config.dimensions]
    }

    /// The probability that a listener streams each playlist, once seen.
    pub(crate) fn probabilities(&self, listener: usize) -> &[f32] {
        &self.row(listener)[..self.config.playlists]
    }

    fn row(&self, listener: usize) -> &[f32] {
        let width = self.config.playlists + self.config.warm_playlists;
        &self.probabilities[listener * width..][..width]
    }

    /// The probability that a listener streams something of a carousel.
    pub(crate) fn reward(&self, listener: usize, slate: &[usize]) -> f64 {
        let probabilities = self.probabilities(listener);
        let (mut reach, mut reward) = (1.0, 0.0);
        for (slot, &playlist) in slate.iter().enumerate() {
            if slot >= self.config.first_slots {
                reach *= self.config.swipe;
            }
            let probability = f64::from(probabilities[playlist]);
            reward += reach * probability;
            reach *= 1.0 - probability;
        }
        reward
    }

    /// The best carousel for a listener: the likeliest first.
    pub(crate) fn best(&self, listener: usize) -> Vec<usize> {
        highest(self.probabilities(listener), self.config.slots)
    }

    /// The best carousel for each segment as a whole: what no policy beats that sees nothing but
    /// segments.
    pub(crate) fn best_of_segments(&self) -> Vec<Vec<usize>> {
        let mut sums = vec![vec![0.0_f32; self.config.playlists]; self.config.segments];
        for listener in 0..self.config.listeners {
            let sums = sums[self.segment(listener)].iter_mut();
            sums.zip(self.probabilities(listener))
                .for_each(|(sum, probability)| *sum += probability);
        }
        sums.iter().map(|sums| highest(sums, self.config.slots)).collect()
    }

    /// Streams and displays of each warm playlist in each segment, each shown so many times to
    /// listeners drawn at random.
    pub(crate) fn warm_counts(&self, displays: u32, rng: &mut impl Rng) -> Vec<(u32, u32)> {
        let mut counts = Vec::new();
        for segment in 0..self.config.segments {
            let members = (self.config.listeners - segment).div_ceil(self.config.segments);
            for playlist in
                self.config.playlists..self.config.playlists + self.config.warm_playlists
            {
                let mut streams = |_: &u32| {
                    let listener = segment + self.config.segments * rng.random_range(0..members);
                    rng.random::<f32>() < self.row(listener)[playlist]
                };
                counts.push(((0..displays).filter(&mut streams).count() as u32, displays));
            }
        }
        counts
    }

    /// Draws what a listener does with a carousel: how many cards they see, and whether they stream
    /// the last of them.
    pub(crate) fn browse(
        &self,
        listener: usize,
        slate: &[usize],
        rng: &mut impl Rng,
    ) -> (usize, bool) {
        for (slot, &playlist) in slate.iter().enumerate() {
            if slot >= self.config.first_slots && rng.random::<f64>() >= self.config.swipe {
                return (slot, false);
            }
            if rng.random::<f32>() < self.probabilities(listener)[playlist] {
                return (slot + 1, true);
            }
        }
        (slate.len(), false)
    }
}

impl Playlist {
    fn probability(&self, embedding: &[f32]) -> f32 {
        let logit =
            self.appeal + self.weights.iter().zip(embedding).map(|(w, x)| w * x).sum::<f32>();
        1.0 / (1.0 + (-logit).exp())
    }
}

fn draw_playlist(centre: &[f32], rng: &mut impl Rng) -> Playlist {
    let appeal: f32 = StandardNormal.sample(rng);
    let reach = rng.random_range(0.1..0.6);
    let own = normals(centre.len(), rng);
    let direction: Vec<f32> = centre.iter().zip(own).map(|(c, own)| 0.7 * c + 0.7 * own).collect();
    let length = direction.iter().map(|v| v * v).sum::<f32>().sqrt();
    Playlist {
        weights: direction.iter().map(|v| reach * v / length).collect(),
        appeal: 0.6 * appeal - 5.5,
    }
}

fn normals(count: usize, rng: &mut impl Rng) -> Vec<f32> {
    (0..count).map(|_| StandardNormal.sample(rng)).collect()
}

/// Positions of the `count` highest scores, highest first, of equals the first.
pub(crate) fn highest(scores: &[f32], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    let descending = |&a: &usize, &b: &usize| scores[b].total_cmp(&scores[a]).then(a.cmp(&b));
    if count < order.len() {
        order.select_nth_unstable_by(count, descending);
        order.truncate(count);
    }
    order.sort_unstable_by(descending);
    order
}
