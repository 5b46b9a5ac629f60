//! What the listeners that a model was trained on have in common: how many like a work, how many
//! like an artist, and where an artist stands among the others.
//!
//! Artists are placed by a truncated singular value decomposition of the listener × artist matrix
//! (log counts × inverse listener frequency, listeners of unit length), found by subspace
//! iteration: Halko, Martinsson & Tropp 2011. Twenty-four numbers an artist replace the
//! co-occurrence table, and smooth it: two artists that no listener has in common are still close
//! if their neighbours are. On playlists the smoothed version ranked better than raw co-occurrence.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::collections::BTreeMap;

use segue_engine::{ArtistIdx, WorkIdx};

use crate::square::Square;

/// Numbers that place an artist.
pub(crate) const PLACE: usize = 24;
/// With fewer listeners than this there is no community to learn from.
pub(crate) const FEWEST_LISTENERS: usize = 12;
const ITERATIONS: usize = 8;

/// What listeners have in common, in the rows of one catalogue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Community {
    /// How many listeners it was learned from.
    pub(crate) listeners: u32,
    /// Listeners who like a work.
    pub(crate) work_likes: BTreeMap<WorkIdx, u32>,
    /// Listeners who like an artist, and the place of the artist: of unit length.
    pub(crate) artists: BTreeMap<ArtistIdx, ArtistPlace>,
}

/// How an artist stands in a community.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ArtistPlace {
    /// Listeners who like a work of the artist.
    pub(crate) listeners: u32,
    /// Where the artist stands.
    pub(crate) place: [f32; PLACE],
}

/// The works one listener likes, with the artist of each.
pub(crate) type LikedWorks = Vec<(WorkIdx, Option<ArtistIdx>)>;

impl Community {
    /// Learns from what each listener likes. Too few listeners are no community: nothing is learned
    /// from them.
    pub(crate) fn fit(likes: &[&LikedWorks], seed: u64) -> Self {
        if likes.len() < FEWEST_LISTENERS {
            return Self::default();
        }
        let mut work_likes = BTreeMap::new();
        for &(work, _) in likes.iter().copied().flatten() {
            *work_likes.entry(work).or_default() += 1;
        }
        let counts: Vec<BTreeMap<ArtistIdx, f32>> =
            likes.iter().map(|likes| artist_counts(likes)).collect();
        let mut listeners_of: BTreeMap<ArtistIdx, u32> = BTreeMap::new();
        for &artist in counts.iter().flat_map(BTreeMap::keys) {
            *listeners_of.entry(artist).or_default() += 1;
        }
        let column: BTreeMap<ArtistIdx, usize> = listeners_of.keys().copied().zip(0..).collect();
        let matrix = Sparse {
            columns: column.len(),
            rows: counts
                .iter()
                .map(|counts| weighted_row(counts, &listeners_of, &column, likes.len()))
                .collect(),
        };
        let places = matrix.right_factors(seed);
        let artists = listeners_of
            .iter()
            .zip(places)
            .map(|((&artist, &listeners), place)| (artist, ArtistPlace { listeners, place }))
            .collect();
        Self { listeners: likes.len() as u32, work_likes, artists }
    }
}

fn artist_counts(likes: &LikedWorks) -> BTreeMap<ArtistIdx, f32> {
    let mut counts = BTreeMap::new();
    for artist in likes.iter().filter_map(|&(_, artist)| artist) {
        *counts.entry(artist).or_default() += 1.0;
    }
    counts
}

fn weighted_row(
    counts: &BTreeMap<ArtistIdx, f32>,
    listeners_of: &BTreeMap<ArtistIdx, u32>,
    column: &BTreeMap<ArtistIdx, usize>,
    listeners: usize,
) -> Vec<(usize, f32)> {
    let rarity = |artist| ((listeners as f32 + 1.0) / (listeners_of[artist] as f32 + 0.5)).ln();
    let mut row: Vec<(usize, f32)> = counts
        .iter()
        .map(|(artist, count)| (column[artist], count.ln_1p() * rarity(artist)))
        .collect();
    let length = row.iter().map(|(_, value)| value * value).sum::<f32>().sqrt().max(1e-9);
    row.iter_mut().for_each(|(_, value)| *value /= length);
    row
}

/// A sparse matrix by rows.
struct Sparse {
    columns: usize,
    rows: Vec<Vec<(usize, f32)>>,
}

type Tall = Vec<[f32; PLACE]>;

impl Sparse {
    /// Rows of `V·S` of the truncated decomposition `U·S·Vᵀ`, each scaled to unit length.
    fn right_factors(&self, seed: u64) -> Tall {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut v: Tall = (0..self.columns)
            .map(|_| std::array::from_fn(|_| rng.random_range(-1.0f32..1.0)))
            .collect();
        orthonormalise(&mut v);
        for _ in 0..ITERATIONS {
            v = self.transposed_times(&self.times(&v));
            orthonormalise(&mut v);
        }
        let mut gram = Square::zeros(PLACE);
        for row in self.times(&v) {
            gram.add_outer(&row.map(f64::from), 1.0);
        }
        let (values, vectors) = gram.eigen();
        v.iter()
            .map(|row| {
                let place: [f64; PLACE] = std::array::from_fn(|i| {
                    let along: f64 =
                        row.iter().zip(&vectors[i]).map(|(&a, &b)| f64::from(a) * b).sum();
                    along * values[i].max(0.0).sqrt()
                });
                let length = place.iter().map(|value| value * value).sum::<f64>().sqrt();
                place.map(|value| if length > 1e-9 { (value / length) as f32 } else { 0.0 })
            })
            .collect()
    }

    fn times(&self, v: &Tall) -> Tall {
        let product = |row: &Vec<(usize, f32)>| {
            let mut sum = [0.0f32; PLACE];
            for &(column, value) in row {
                sum.iter_mut().zip(&v[column]).for_each(|(sum, &v)| *sum += value * v);
            }
            sum
        };
        self.rows.par_iter().map(product).collect()
    }

    fn transposed_times(&self, u: &Tall) -> Tall {
        let mut product = vec![[0.0f32; PLACE]; self.columns];
        for (row, u) in self.rows.iter().zip(u) {
            for &(column, value) in row {
                product[column].iter_mut().zip(u).for_each(|(sum, &u)| *sum += value * u);
            }
        }
        product
    }
}

/// Modified Gram-Schmidt over the columns; a column that depends on earlier ones becomes zero.
fn orthonormalise(v: &mut Tall) {
    for i in 0..PLACE {
        for j in 0..i {
            let dot: f64 = v.iter().map(|row| f64::from(row[i]) * f64::from(row[j])).sum();
            v.iter_mut().for_each(|row| row[i] -= (dot * f64::from(row[j])) as f32);
        }
        let length = v.iter().map(|row| f64::from(row[i]).powi(2)).sum::<f64>().sqrt();
        let scale = if length > 1e-6 { 1.0 / length } else { 0.0 };
        v.iter_mut().for_each(|row| row[i] = (f64::from(row[i]) * scale) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two camps of ten listeners; each listener likes four of the six artists of a camp.
    fn camps() -> Vec<LikedWorks> {
        (0..20u32)
            .map(|listener| {
                let camp = listener % 2;
                (0..4)
                    .map(|i| camp * 6 + (listener / 2 + i) % 6)
                    .map(|a| (WorkIdx(a), Some(ArtistIdx(a))))
                    .collect()
            })
            .collect()
    }

    #[test]
    fn artists_of_one_camp_stand_together() {
        let camps = camps();
        let community = Community::fit(&camps.iter().collect::<Vec<_>>(), 7);
        let place = |artist| community.artists[&ArtistIdx(artist)].place;
        let cosine = |a, b| place(a).iter().zip(place(b)).map(|(&a, b)| a * b).sum::<f32>();
        assert!(cosine(0, 3) > cosine(0, 6) + 0.2, "{} and {}", cosine(0, 3), cosine(0, 6));
        assert_eq!(community.listeners, 20);
    }

    #[test]
    fn a_handful_of_listeners_is_no_community() {
        let camps = camps();
        let community = Community::fit(&camps.iter().take(3).collect::<Vec<_>>(), 7);
        assert!(community.artists.is_empty() && community.work_likes.is_empty());
    }
}
