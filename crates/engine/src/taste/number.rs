//! How many tastes: as many as are set apart most clearly, beyond what a cloud without tastes would
//! show, or one.
//!
//! Clearly by the mean silhouette (Rousseeuw, 1987): `s = (b - a) / max(a, b)` with `a` the mean
//! distance to the likes of the same taste and `b` that to the likes of the nearest other one. A
//! cloud without any structure, cut in two, has a silhouette well above 0 too, the more so the
//! flatter it is. So it is compared, as in the gap statistic (Tibshirani, Walther and Hastie,
//! 2001), with that of clouds drawn from a normal distribution with the mean and the covariance of
//! the likes, artists and genres dealt out anew: a number of tastes must be [`CLEARER`] than there.
//! The Bayesian information criterion was rejected: audio features are correlated and skewed, and
//! against spheres of equal size it splits any cloud of a thousand likes as often as it is allowed
//! to.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use super::likes::{Like, squared_distance};
use super::ward::{Merge, cut, ward};
use crate::policy::draw::generator;
use crate::sound::{AXES, Position};

/// Fewer likes make no taste.
pub(super) const FEWEST_LIKES: usize = 5;
/// More tastes than this nobody would read.
pub(super) const MOST_TASTES: usize = 6;

/// How much larger than in a cloud without tastes the mean silhouette of several is.
const CLEARER: f64 = 0.06;
/// A taste with a smaller share of the weight is no taste.
const LEAST_SHARE: f64 = 0.04;
/// Clouds drawn, of at most so many points.
const CLOUDS: u64 = 4;
const MOST_POINTS: usize = 250;

/// The clusters decided on.
pub(super) struct Chosen {
    pub(super) count: usize,
    /// The cluster of each like.
    pub(super) clusters: Vec<usize>,
    /// The mean silhouette, where there are several.
    pub(super) separation: Option<f32>,
}

/// Decides where to cut the tree.
pub(super) fn choose(likes: &[&Like], merges: &[Merge]) -> Chosen {
    let by_chance = silhouettes_by_chance(likes);
    let mut best = Chosen { count: 1, clusters: vec![0; likes.len()], separation: None };
    let mut clearest = f64::NEG_INFINITY;
    for (cut, by_chance) in cuts(likes, merges).into_iter().zip(by_chance) {
        let is_clear = cut.silhouette >= by_chance + CLEARER
            && are_large_enough(likes, &cut.clusters, cut.count);
        if is_clear && cut.silhouette - by_chance > clearest {
            clearest = cut.silhouette - by_chance;
            best = Chosen {
                count: cut.count,
                clusters: cut.clusters,
                separation: Some(cut.silhouette as f32),
            };
        }
    }
    best
}

/// A tree cut into some clusters.
struct Cut {
    count: usize,
    clusters: Vec<usize>,
    silhouette: f64,
}

/// The tree cut into 2 clusters, 3, and so on.
fn cuts(likes: &[&Like], merges: &[Merge]) -> Vec<Cut> {
    let most = MOST_TASTES.min(likes.len());
    let finest = cut(merges, likes.len(), most);
    let sums = distances(likes, &finest, most);
    let cut = |count: usize| {
        let clusters = cut(merges, likes.len(), count);
        let sums = coarser(&sums, &finest, &clusters, count);
        Cut { count, silhouette: silhouette(likes, &clusters, &sums, count), clusters }
    };
    (2..=most).map(cut).collect()
}

/// The mean silhouettes that a cloud without tastes has when it is cut likewise.
fn silhouettes_by_chance(likes: &[&Like]) -> Vec<f64> {
    let mut means = vec![0.0; MOST_TASTES - 1];
    for seed in 0..CLOUDS {
        let cloud = cloud(likes, &mut generator(seed));
        let cloud: Vec<&Like> = cloud.iter().collect();
        let cuts = cuts(&cloud, &ward(&cloud));
        means.iter_mut().zip(cuts).for_each(|(mean, cut)| *mean += cut.silhouette / CLOUDS as f64);
    }
    means
}

/// Points with the mean and covariance of the likes: `x = mean + 1/√n Σ g_i (x_i - mean)` with `g`
/// standard normal.
fn cloud(likes: &[&Like], rng: &mut impl Rng) -> Vec<Like> {
    let positions: Vec<Position> = likes.iter().filter_map(|like| like.position).collect();
    let mean: Position = std::array::from_fn(|axis| {
        positions.iter().map(|position| position[axis]).sum::<f32>() / positions.len() as f32
    });
    let scale = 1.0 / (positions.len() as f32).sqrt();
    let point = |_| {
        let mut drawn = [0.0; AXES.len()];
        for position in &positions {
            let normal: f32 = StandardNormal.sample(rng);
            (0..AXES.len()).for_each(|axis| drawn[axis] += normal * (position[axis] - mean[axis]));
        }
        let mut like = || likes[rng.random_range(0..likes.len())];
        Like {
            position: Some(std::array::from_fn(|axis| mean[axis] + scale * drawn[axis])),
            artist: like().artist,
            genre: like().genre,
            ..like().clone()
        }
    };
    (0..likes.len().min(MOST_POINTS)).map(point).collect()
}

fn are_large_enough(likes: &[&Like], clusters: &[usize], count: usize) -> bool {
    let mut sizes = vec![(0, 0.0); count];
    for (like, &cluster) in likes.iter().zip(clusters) {
        sizes[cluster].0 += 1;
        sizes[cluster].1 += f64::from(like.weight);
    }
    let total: f64 = sizes.iter().map(|size| size.1).sum();
    sizes.iter().all(|&(likes, weight)| likes >= FEWEST_LIKES && weight >= LEAST_SHARE * total)
}

/// For each like, the weighted sum of distances to the likes of each cluster.
fn distances(likes: &[&Like], clusters: &[usize], count: usize) -> Vec<Vec<f64>> {
    let mut sums = vec![vec![0.0; count]; likes.len()];
    for i in 0..likes.len() {
        for j in 0..i {
            let distance = f64::from(squared_distance(likes[i], likes[j]).sqrt());
            sums[i][clusters[j]] += distance * f64::from(likes[j].weight);
            sums[j][clusters[i]] += distance * f64::from(likes[i].weight);
        }
    }
    sums
}

/// Adds up what clusters of a finer cut have in a coarser one.
fn coarser(sums: &[Vec<f64>], finest: &[usize], clusters: &[usize], count: usize) -> Vec<Vec<f64>> {
    let mut holder = vec![0; sums.first().map_or(0, Vec::len)];
    finest.iter().zip(clusters).for_each(|(&fine, &coarse)| holder[fine] = coarse);
    let add = |fine: &Vec<f64>| {
        let mut coarse = vec![0.0; count];
        fine.iter().zip(&holder).for_each(|(sum, &holder)| coarse[holder] += sum);
        coarse
    };
    sums.iter().map(add).collect()
}

fn silhouette(likes: &[&Like], clusters: &[usize], sums: &[Vec<f64>], count: usize) -> f64 {
    let mut weights = vec![0.0; count];
    likes
        .iter()
        .zip(clusters)
        .for_each(|(like, &cluster)| weights[cluster] += f64::from(like.weight));
    let mut total = 0.0;
    for ((like, &own), sums) in likes.iter().zip(clusters).zip(sums) {
        let weight = f64::from(like.weight);
        let within = sums[own] / (weights[own] - weight).max(1e-9);
        let others =
            (0..count).filter(|&other| other != own).map(|other| sums[other] / weights[other]);
        let outside = others.min_by(f64::total_cmp).unwrap_or(0.0);
        total += weight * (outside - within) / within.max(outside).max(1e-9);
    }
    total / weights.iter().sum::<f64>()
}
