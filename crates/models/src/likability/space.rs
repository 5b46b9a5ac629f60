//! Spaces in which tracks that one listener likes lie together, and what a few likes say in them:
//! probabilistic linear discriminant analysis (Ioffe 2006; Prince & Elder 2007), as speaker
//! verification uses it.
//!
//! A listener is a point `m ~ N(0, Ψ)`, a track of theirs `x ~ N(m, I)`, after a linear map that
//! whitens the spread *within* listeners and makes the spread *between* them diagonal. Given `k`
//! likes with mean `x̄`,
//!
//! ```text
//! m | likes ~ N( kΨ/(kΨ+1) · x̄ ,  Ψ/(kΨ+1) )
//! log-likelihood ratio(x) = log N(x; kΨ/(kΨ+1)·x̄, 1 + Ψ/(kΨ+1)) - log N(x; 0, 1 + Ψ)
//! ```
//!
//! so one like already moves the ratio, none leaves it at 0, and directions in which listeners do
//! not differ (`Ψ` near 0) do not count. On unseen playlists it beat the centroid's cosine by .05
//! of AUC before any network. The map is then scaled by `√(Ψ/(1+Ψ))`, which makes plain Euclidean
//! distance the right one for kernels and neighbours.

use serde::{Deserialize, Serialize};

use crate::square::Square;

/// Groups with fewer members say nothing of the spread within.
const FEWEST_MEMBERS: usize = 3;
/// With fewer groups than this, the spread between them is not estimated.
const FEWEST_GROUPS: usize = 12;
/// Directions in which listeners differ less than this, relative to the spread within, are dropped.
const SMALLEST_BETWEEN: f64 = 1e-3;
const RIDGE: f64 = 1e-2;

/// A learned space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Space {
    /// Number of descriptors that it takes.
    pub(crate) inputs: usize,
    /// Subtracted from the descriptors.
    mean: Vec<f32>,
    /// One row of `inputs` numbers for each dimension.
    map: Vec<f32>,
    /// Variance between listeners in each dimension, where the variance within is 1 before scaling.
    between: Vec<f32>,
}

impl Space {
    /// Learns the space from groups of descriptors (without NaN), one group per listener.
    pub(crate) fn fit(inputs: usize, groups: &[Vec<Vec<f32>>]) -> Self {
        let groups: Vec<&Vec<Vec<f32>>> =
            groups.iter().filter(|group| group.len() >= FEWEST_MEMBERS).collect();
        if groups.len() < FEWEST_GROUPS {
            return Self::plain(inputs);
        }
        let means: Vec<Vec<f64>> = groups.iter().map(|group| mean(group.iter(), inputs)).collect();
        let centre = mean(means.iter(), inputs);
        let mut within = Square::zeros(inputs);
        let mut between = Square::zeros(inputs);
        for (group, group_mean) in groups.iter().zip(&means) {
            let mut spread = Square::zeros(inputs);
            for member in *group {
                let deviation: Vec<f64> =
                    member.iter().zip(group_mean).map(|(&x, &m)| f64::from(x) - m).collect();
                spread.add_outer(&deviation, 1.0 / (group.len() - 1) as f64);
            }
            let deviation: Vec<f64> =
                group_mean.iter().zip(&centre).map(|(&a, &b)| a - b).collect();
            between.add_outer(&deviation, 1.0 / groups.len() as f64);
            // The mean of n members itself varies by within/n: that is no difference between
            // listeners.
            between.add(&spread, -1.0 / (group.len() * groups.len()) as f64);
            within.add(&spread, 1.0 / groups.len() as f64);
        }
        within.add(&Square::identity(inputs), RIDGE);
        Self::from_spreads(&centre, &within, &between)
    }

    fn from_spreads(centre: &[f64], within: &Square, between: &Square) -> Self {
        let whitening = within.inverse_cholesky(RIDGE);
        let (values, vectors) =
            whitening.multiply(between).multiply(&whitening.transposed()).eigen();
        let inputs = within.n;
        let mut map = Vec::new();
        let mut kept = Vec::new();
        for (&psi, vector) in
            values.iter().zip(&vectors).filter(|&(&psi, _)| psi > SMALLEST_BETWEEN)
        {
            let scale = (psi / (1.0 + psi)).sqrt();
            for input in 0..inputs {
                let along: f64 = (0..inputs).map(|i| vector[i] * whitening.at(i, input)).sum();
                map.push((along * scale) as f32);
            }
            kept.push(psi as f32);
        }
        if kept.is_empty() {
            return Self::plain(inputs);
        }
        Self {
            inputs,
            mean: centre.iter().map(|&value| value as f32).collect(),
            map,
            between: kept,
        }
    }

    /// The space for want of a better one: the standardised descriptors themselves, as much between
    /// as within.
    fn plain(inputs: usize) -> Self {
        let map = Square::identity(inputs).values.iter().map(|&value| value as f32).collect();
        Self { inputs, mean: vec![0.0; inputs], map, between: vec![1.0; inputs] }
    }

    /// Whether the parts of a space that was read from a file belong together.
    pub(crate) fn is_sound(&self, inputs: usize) -> bool {
        self.inputs == inputs
            && self.mean.len() == inputs
            && self.map.len() == inputs * self.between.len()
    }

    /// Number of dimensions.
    pub(crate) fn dimensions(&self) -> usize {
        self.between.len()
    }

    /// The position of a track by the first of its descriptors, as many as the space has inputs;
    /// what is missing counts as average.
    pub(crate) fn position(&self, descriptors: &[f32]) -> Vec<f32> {
        let descriptors = &descriptors[..self.inputs];
        let along = |row: &[f32]| {
            let known = row.iter().zip(descriptors).zip(&self.mean);
            known.map(|((&w, &x), &mean)| if x.is_nan() { 0.0 } else { w * (x - mean) }).sum()
        };
        self.map.chunks_exact(self.inputs).map(along).collect()
    }

    /// Mean squared distance of two tracks of different listeners: the yardstick of kernels.
    pub(crate) fn spread(&self) -> f32 {
        2.0 * self.between.iter().sum::<f32>()
    }

    /// What `k` likes say of the tracks to come.
    pub(crate) fn expectation(&self, k: f32) -> Expectation {
        let dimensions = self
            .between
            .iter()
            .map(|&psi| {
                let scale = psi / (1.0 + psi);
                let shrink = k * psi / (k * psi + 1.0);
                let variance = scale * (1.0 + psi / (k * psi + 1.0));
                let prior = scale * (1.0 + psi);
                Dimension { shrink, precision: 1.0 / variance, prior_precision: 1.0 / prior }
            })
            .collect::<Vec<_>>();
        let offset = dimensions.iter().map(|d| 0.5 * (d.precision / d.prior_precision).ln()).sum();
        Expectation { dimensions, offset }
    }
}

/// The predictive distribution after some likes, without their mean.
#[derive(Clone, Debug)]
pub(crate) struct Expectation {
    dimensions: Vec<Dimension>,
    offset: f32,
}

#[derive(Clone, Copy, Debug)]
struct Dimension {
    shrink: f32,
    precision: f32,
    prior_precision: f32,
}

impl Expectation {
    /// Log-likelihood ratio of a position against the prior, and its distance from where likes are
    /// expected.
    pub(crate) fn ratio(&self, position: &[f32], mean: &[f32]) -> (f32, f32) {
        let mut sum = self.offset;
        let mut distance = 0.0;
        for ((d, &x), &mean) in self.dimensions.iter().zip(position).zip(mean) {
            let away = x - d.shrink * mean;
            sum += 0.5 * (x * x * d.prior_precision - away * away * d.precision);
            distance += away * away;
        }
        (sum, distance.sqrt())
    }
}

fn mean<'a, T: Copy + Into<f64> + 'a>(
    rows: impl Iterator<Item = &'a Vec<T>>,
    inputs: usize,
) -> Vec<f64> {
    let mut sum = vec![0.0f64; inputs];
    let mut count = 0.0f64;
    for row in rows {
        sum.iter_mut().zip(row).for_each(|(sum, &value)| *sum += value.into());
        count += 1.0;
    }
    sum.iter_mut().for_each(|value| *value /= count.max(1.0));
    sum
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;

    /// Listeners differ in the first descriptor only.
    fn groups() -> Vec<Vec<Vec<f32>>> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut normal = || -> f32 { StandardNormal.sample(&mut rng) };
        (0..60)
            .map(|_| {
                let centre = 2.0 * normal();
                (0..30).map(|_| vec![centre + normal(), normal(), 3.0 * normal()]).collect()
            })
            .collect()
    }

    fn at(space: &Space, descriptors: [f32; 3]) -> Vec<f32> {
        space.position(&descriptors)
    }

    #[test]
    fn only_what_tells_listeners_apart_counts() {
        let space = Space::fit(3, &groups());
        let expectation = space.expectation(5.0);
        let likes = at(&space, [3.0, 0.0, 0.0]);
        let ratio = |descriptors| expectation.ratio(&at(&space, descriptors), &likes).0;
        assert!(ratio([3.0, 0.0, 0.0]) > ratio([-3.0, 0.0, 0.0]) + 5.0);
        assert!((ratio([3.0, 0.0, 6.0]) - ratio([3.0, 0.0, 0.0])).abs() < 1.0);
    }

    #[test]
    fn no_likes_say_nothing() {
        let space = Space::fit(3, &groups());
        let origin = vec![0.0; space.dimensions()];
        let (ratio, _) = space.expectation(0.0).ratio(&at(&space, [2.0, -1.0, 0.5]), &origin);
        assert!(ratio.abs() < 1e-4, "{ratio}");
    }

    #[test]
    fn too_few_listeners_leave_the_descriptors_as_they_are() {
        let space = Space::fit(3, &groups()[..4]);
        assert_eq!(at(&space, [1.0, f32::NAN, -2.0]), [1.0, 0.0, -2.0]);
    }
}
