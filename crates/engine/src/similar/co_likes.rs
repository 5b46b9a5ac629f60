//! Which works are liked by the same listeners.
//!
//! `cosine(a, b) = n(a, b) / √(n(a) n(b)) × m / (m + HALF_EVIDENCE)`, where `n` adds up listeners,
//! each with the weight `1 / ln(2 + likes)`, because who likes everything says little, and `m` is
//! the number of listeners who like both: one listener is no evidence.

use rayon::prelude::*;

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
        let nearest = |shared: &mut Shared, work: usize| {
            for &listener in &listeners_of[work] {
                for &other in likes[listener].iter().filter(|other| other.0 as usize != work) {
                    shared.add(other, weights[listener]);
                }
            }
            let cosine = |(other, Together { weight, listeners }): (WorkIdx, Together)| {
                let cosine = weight / (totals[work] * totals[other.0 as usize]).sqrt();
                let evidence = listeners as f32 / (listeners as f32 + HALF_EVIDENCE);
                CoLiked { work: other, cosine: cosine.min(1.0) * evidence, listeners }
            };
            closest(shared.take().map(cosine).collect())
        };
        let works = (0..catalogue.work_count()).into_par_iter();
        let shared = || Shared::new(catalogue.work_count());
        Self::both_ways(works.map_init(shared, nearest).collect())
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

/// The [`KEPT`] closest, in no order, in no more memory than they need: of a work that many like,
/// thousands of others are.
fn closest(mut all: Vec<CoLiked>) -> Vec<CoLiked> {
    if all.len() > KEPT {
        all.select_nth_unstable_by(KEPT, |a, b| {
            b.cosine.total_cmp(&a.cosine).then(a.work.cmp(&b.work))
        });
        all.truncate(KEPT);
    }
    all.shrink_to_fit();
    all
}

/// How many listeners like a work together with another.
#[derive(Clone, Copy, Default)]
struct Together {
    /// The sum of their weights.
    weight: f32,
    listeners: u32,
}

/// What is liked together with one work, added up in a table of all works, which costs half of what
/// a hash table does. It serves one work after another.
struct Shared {
    of: Vec<Together>,
    touched: Vec<WorkIdx>,
}

impl Shared {
    fn new(works: usize) -> Self {
        Self { of: vec![Together::default(); works], touched: Vec::new() }
    }

    fn add(&mut self, other: WorkIdx, weight: f32) {
        let together = &mut self.of[other.0 as usize];
        if together.listeners == 0 {
            self.touched.push(other);
        }
        together.weight += weight;
        together.listeners += 1;
    }

    /// All that was added since the last time.
    fn take(&mut self) -> impl Iterator<Item = (WorkIdx, Together)> {
        let Self { of, touched } = self;
        touched.drain(..).map(|work| (work, std::mem::take(&mut of[work.0 as usize])))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_closest_are_those_that_sorting_finds(cosines in prop::collection::vec(0_u8..20, 0..200)) {
            let all: Vec<CoLiked> = (0..)
                .zip(&cosines)
                .map(|(work, &cosine)| CoLiked {
                    work: WorkIdx(work),
                    cosine: f32::from(cosine) / 20.0,
                    listeners: 1,
                })
                .collect();
            let mut sorted = all.clone();
            sorted.sort_by(|a, b| b.cosine.total_cmp(&a.cosine).then(a.work.cmp(&b.work)));
            sorted.truncate(KEPT);
            let mut found = closest(all);
            prop_assert!(found.capacity() <= KEPT.max(found.len()));
            found.sort_by(|a, b| b.cosine.total_cmp(&a.cosine).then(a.work.cmp(&b.work)));
            prop_assert_eq!(found, sorted);
        }

        #[test]
        fn a_table_adds_up_what_a_map_does_for_one_work_after_another(
            works in prop::collection::vec(prop::collection::vec((0_u32..30, 1_u8..9), 0..60), 1..5),
        ) {
            let mut shared = Shared::new(30);
            for added in works {
                let mut slow: BTreeMap<WorkIdx, (f32, u32)> = BTreeMap::new();
                for (work, weight) in added {
                    let (work, weight) = (WorkIdx(work), f32::from(weight) / 7.0);
                    shared.add(work, weight);
                    let sum = slow.entry(work).or_default();
                    *sum = (sum.0 + weight, sum.1 + 1);
                }
                let found: BTreeMap<WorkIdx, (f32, u32)> =
                    shared.take().map(|(work, sum)| (work, (sum.weight, sum.listeners))).collect();
                prop_assert_eq!(found, slow);
            }
        }
    }
}
