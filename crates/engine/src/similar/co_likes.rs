//! Which works are liked by the same listeners.
//!
//! `cosine(a, b) = n(a, b) / √(n(a) n(b)) × m / (m + HALF_EVIDENCE)`, where `n` adds up listeners,
//! each with the weight `1 / ln(2 + likes)`, because who likes everything says little, and `m` is
//! the number of listeners who like both: one listener is no evidence.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::{Catalogue, Profile, WorkIdx};

/// Works kept for each.
const KEPT: usize = 40;
/// Likes of one listener that are looked at, those that weigh most: the work grows with their
/// square.
const MOST_LIKES: usize = 400;
/// Listeners who like both that make half an evidence.
const HALF_EVIDENCE: f32 = 2.0;

/// Another work that is liked by the same listeners.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CoLiked {
    pub(super) work: WorkIdx,
    /// From 0 to 1.
    pub(super) cosine: f32,
    /// Listeners who like both.
    pub(super) listeners: u32,
}

/// For each work, others in row order: `starts[w]..starts[w + 1]` in `entries`. If one work is
/// among the others of a second, the second is among those of the first.
#[derive(Clone, Debug, Default)]
pub(super) struct CoLikes {
    starts: Vec<u32>,
    entries: Vec<CoLiked>,
}

impl CoLikes {
    pub(super) fn from_profiles<'a>(
        catalogue: &Catalogue,
        profiles: impl IntoIterator<Item = &'a Profile>,
    ) -> Self {
        let likes: Vec<Vec<WorkIdx>> =
            profiles.into_iter().map(|profile| likes(catalogue, profile)).collect();
        let weights: Vec<f32> =
            likes.iter().map(|likes| 1.0 / (2.0 + likes.len() as f32).ln()).collect();
        let mut listeners_of = vec![Vec::new(); catalogue.work_count()];
        let mut totals = vec![0.0_f32; catalogue.work_count()];
        for (listener, likes) in likes.iter().enumerate() {
            for work in likes {
                listeners_of[work.0 as usize].push(listener);
                totals[work.0 as usize] += weights[listener];
            }
        }
        let works: Vec<usize> = (0..catalogue.work_count()).collect();
        let nearest = |&work: &usize| {
            let mut counts: FxHashMap<WorkIdx, (f32, u32)> = FxHashMap::default();
            for &listener in &listeners_of[work] {
                for &other in likes[listener].iter().filter(|other| other.0 as usize != work) {
                    let count = counts.entry(other).or_default();
                    count.0 += weights[listener];
                    count.1 += 1;
                }
            }
            let cosine = |(other, (sum, listeners)): (WorkIdx, (f32, u32))| {
                let cosine = sum / (totals[work] * totals[other.0 as usize]).sqrt();
                let evidence = listeners as f32 / (listeners as f32 + HALF_EVIDENCE);
                CoLiked { work: other, cosine: cosine.min(1.0) * evidence, listeners }
            };
            let mut all: Vec<CoLiked> = counts.into_iter().map(cosine).collect();
            all.sort_unstable_by(|a, b| b.cosine.total_cmp(&a.cosine).then(a.work.cmp(&b.work)));
            all.truncate(KEPT);
            all
        };
        Self::both_ways(works.par_iter().map(nearest).collect())
    }

    /// Makes sure that each is among the others of those that are among its own.
    fn both_ways(mut lists: Vec<Vec<CoLiked>>) -> Self {
        let mut back: Vec<Vec<CoLiked>> = vec![Vec::new(); lists.len()];
        for (work, list) in lists.iter().enumerate() {
            for other in list {
                let work = WorkIdx(work as u32);
                back[other.work.0 as usize].push(CoLiked { work, ..*other });
            }
        }
        let mut co_likes = Self { starts: vec![0], entries: Vec::new() };
        for (list, back) in lists.iter_mut().zip(&mut back) {
            list.append(back);
            list.sort_by_key(|other| other.work);
            list.dedup_by_key(|other| other.work);
            co_likes.entries.append(list);
            co_likes.starts.push(co_likes.entries.len() as u32);
        }
        co_likes
    }

    /// Works liked by the same listeners, in row order.
    pub(super) fn of(&self, work: WorkIdx) -> &[CoLiked] {
        let work = work.0 as usize;
        match self.starts.get(work..work + 2) {
            Some(&[first, end]) => &self.entries[first as usize..end as usize],
            _ => &[],
        }
    }

    /// Bytes that it takes up.
    pub(super) fn bytes(&self) -> usize {
        self.entries.len() * size_of::<CoLiked>() + self.starts.len() * size_of::<u32>()
    }
}

/// The works that a listener likes, those that weigh most, ties by row.
fn likes(catalogue: &Catalogue, profile: &Profile) -> Vec<WorkIdx> {
    let liked = profile.labelled().filter(|(_, label)| label.liked);
    let mut likes: Vec<(f32, WorkIdx)> =
        liked.map(|(track, label)| (label.weight, catalogue.work(track))).collect();
    if likes.len() > MOST_LIKES {
        likes.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        likes.truncate(MOST_LIKES);
    }
    likes.into_iter().map(|(_, work)| work).collect()
}
