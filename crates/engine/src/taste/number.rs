//! How many tastes: as many as are set apart most clearly, or one.
//!
//! Clearly by the mean silhouette (Rousseeuw, 1987): `s = (b - a) / max(a, b)` with `a` the mean distance to the likes of the
//! same taste and `b` that to the likes of the nearest other one. A cloud without any structure, cut in two, has a small silhouette
//! too, so below [`CLEAR`] there is one taste. The Bayesian information criterion was rejected: audio features are correlated and skewed,
//! and against spheres of equal size it splits any cloud of a thousand likes as often as it is allowed to.

use super::likes::{Like, squared_distance};
use super::ward::{Merge, cut};
use super::{FEWEST_LIKES, MOST_TASTES};

/// The least mean silhouette of several tastes.
const CLEAR: f64 = 0.15;
/// A taste with a smaller share of the weight is no taste.
const LEAST_SHARE: f64 = 0.04;

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
    let most = MOST_TASTES.min(likes.len());
    let finest = cut(merges, likes.len(), most);
    let sums = distances(likes, &finest, most);
    let mut best = Chosen { count: 1, clusters: vec![0; likes.len()], separation: None };
    let mut clearest = CLEAR;
    for count in 2..=most {
        let clusters = cut(merges, likes.len(), count);
        if !are_large_enough(likes, &clusters, count) {
            continue;
        }
        let clarity = silhouette(likes, &clusters, &coarser(&sums, &finest, &clusters, count), count);
        if clarity > clearest {
            clearest = clarity;
            best = Chosen { count, clusters, separation: Some(clarity as f32) };
        }
    }
    best
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
    likes.iter().zip(clusters).for_each(|(like, &cluster)| weights[cluster] += f64::from(like.weight));
    let mut total = 0.0;
    for ((like, &own), sums) in likes.iter().zip(clusters).zip(sums) {
        let weight = f64::from(like.weight);
        let within = sums[own] / (weights[own] - weight).max(1e-9);
        let others = (0..count).filter(|&other| other != own).map(|other| sums[other] / weights[other]);
        let outside = others.min_by(f64::total_cmp).unwrap_or(0.0);
        total += weight * (outside - within) / within.max(outside).max(1e-9);
    }
    total / weights.iter().sum::<f64>()
}
