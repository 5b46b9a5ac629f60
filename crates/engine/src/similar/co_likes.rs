//! Which works are liked by the same listeners.
//!
//! `cosine(a, b) = n(a, b) / √(n(a) n(b)) × m / (m + HALF_EVIDENCE)`, where `n` adds up listeners,
//! each with the weight `1 / ln(2 + likes)`, because who likes everything says little, and `m` is
//! the number of listeners who like both: one listener is no evidence.
//!
//! Who likes what is kept both ways, and added up for one work when it is asked for: that takes a
//! millisecond or two for what thousands like, where a table of all pairs took seconds at each
//! start, and most of it was never looked at.

use crate::{Catalogue, Profile, WorkIdx};

/// Works that are named for one, the closest.
const MOST: usize = 200;
/// Likes of one listener that are looked at, those that weigh most.
const MOST_LIKES: usize = 400;
/// Listeners of a work that are looked at: of more, an even sample. With the likes of each it
/// bounds what one question costs.
const MOST_LISTENERS: usize = 4_096;
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

/// Which listeners like which works.
#[derive(Clone, Debug, Default)]
pub(super) struct CoLikes {
    /// Works by listener.
    likes: Lists,
    /// Listeners by work.
    listeners: Lists,
    /// What each listener counts.
    weights: Vec<f32>,
    /// What all listeners of a work count together.
    totals: Vec<f32>,
}

/// Lists of numbers behind one another: list `i` is `starts[i]..starts[i + 1]` of `entries`.
#[derive(Clone, Debug, Default)]
struct Lists {
    starts: Vec<u32>,
    entries: Vec<u32>,
}

impl Lists {
    fn new(lists: impl IntoIterator<Item = Vec<u32>>) -> Self {
        let mut all = Self { starts: vec![0], entries: Vec::new() };
        for list in lists {
            all.entries.extend(list);
            all.starts.push(all.entries.len() as u32);
        }
        all
    }

    /// For each of `count` numbers, the lists that hold it, in order.
    fn transposed(&self, count: usize) -> Self {
        let mut starts = vec![0_u32; count + 1];
        for &entry in &self.entries {
            starts[entry as usize + 1] += 1;
        }
        for i in 0..count {
            starts[i + 1] += starts[i];
        }
        let (mut entries, mut next) = (vec![0; self.entries.len()], starts.clone());
        for list in 0..self.starts.len().saturating_sub(1) {
            for &entry in self.of(list) {
                let place = &mut next[entry as usize];
                entries[*place as usize] = list as u32;
                *place += 1;
            }
        }
        Self { starts, entries }
    }

    fn of(&self, list: usize) -> &[u32] {
        match self.starts.get(list..list + 2) {
            Some(&[first, end]) => &self.entries[first as usize..end as usize],
            _ => &[],
        }
    }

    fn bytes(&self) -> usize {
        (self.starts.len() + self.entries.len()) * size_of::<u32>()
    }
}

impl CoLikes {
    pub(super) fn from_profiles<'a>(
        catalogue: &Catalogue,
        profiles: impl IntoIterator<Item = &'a Profile>,
    ) -> Self {
        let likes = Lists::new(profiles.into_iter().map(|profile| likes(catalogue, profile)));
        let listeners = likes.transposed(catalogue.work_count());
        let weight = |ends: &[u32]| 1.0 / (2.0 + (ends[1] - ends[0]) as f32).ln();
        let weights: Vec<f32> = likes.starts.windows(2).map(weight).collect();
        let total = |work: usize| {
            listeners.of(work).iter().map(|&listener| weights[listener as usize]).sum()
        };
        let totals = (0..catalogue.work_count()).map(total).collect();
        Self { likes, listeners, weights, totals }
    }

    /// The works liked most by those who like a work, at most [`MOST`], in no order.
    pub(super) fn of(&self, work: WorkIdx) -> Vec<CoLiked> {
        let listeners = self.listeners.of(work.row());
        let step = listeners.len().div_ceil(MOST_LISTENERS).max(1);
        let mut together = vec![Together::default(); self.totals.len()];
        let mut others = Vec::new();
        for &listener in listeners.iter().step_by(step) {
            for &other in self.likes.of(listener as usize) {
                let sum = &mut together[other as usize];
                if sum.listeners == 0 {
                    others.push(other);
                }
                sum.weight += self.weights[listener as usize];
                sum.listeners += 1;
            }
        }
        let own = together.get(work.row()).map_or(0.0, |own| own.weight);
        let co_liked = |&other: &u32| {
            let Together { weight, listeners } = together[other as usize];
            // Of a sample, the work itself counts as often as it was seen.
            let scale = own.max(f32::MIN_POSITIVE) / self.totals[work.row()];
            let cosine =
                weight / scale / (self.totals[work.row()] * self.totals[other as usize]).sqrt();
            let listeners = listeners * step as u32;
            let evidence = listeners as f32 / (listeners as f32 + HALF_EVIDENCE);
            CoLiked { work: WorkIdx(other), cosine: cosine.min(1.0) * evidence, listeners }
        };
        closest(others.iter().filter(|&&other| other != work.0).map(co_liked).collect())
    }

    /// Bytes that it takes up.
    pub(super) fn bytes(&self) -> usize {
        let numbers = self.weights.len() + self.totals.len();
        self.likes.bytes() + self.listeners.bytes() + numbers * size_of::<f32>()
    }
}

fn closest(mut all: Vec<CoLiked>) -> Vec<CoLiked> {
    if all.len() > MOST {
        let order =
            |a: &CoLiked, b: &CoLiked| b.cosine.total_cmp(&a.cosine).then(a.work.cmp(&b.work));
        all.select_nth_unstable_by(MOST, order);
        all.truncate(MOST);
    }
    all
}

/// How many listeners like a work together with another.
#[derive(Clone, Copy, Default)]
struct Together {
    /// The sum of their weights.
    weight: f32,
    listeners: u32,
}

/// The works that a listener likes, those that weigh most, ties by row.
fn likes(catalogue: &Catalogue, profile: &Profile) -> Vec<u32> {
    let liked = profile.labelled().filter(|(_, label)| label.liked);
    let mut likes: Vec<(f32, WorkIdx)> =
        liked.map(|(track, label)| (label.weight, catalogue.work(track))).collect();
    if likes.len() > MOST_LIKES {
        likes.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        likes.truncate(MOST_LIKES);
    }
    likes.into_iter().map(|(_, work)| work.0).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use segue_core::{ListenerId, Track, TrackId, WorkId};

    use super::*;
    use crate::TrackIdx;
    use crate::dataset::profile::liking;

    fn songs(count: u32) -> Catalogue {
        let track =
            |i| Track::new(TrackId::new(format!("{i:04}")), WorkId::new(format!("{i}")), "");
        Catalogue::from_tracks((0..count).map(track).collect())
    }

    fn of_lists(catalogue: &Catalogue, lists: &[Vec<u32>]) -> CoLikes {
        let profiles: Vec<Profile> = (0..)
            .zip(lists)
            .map(|(i, list)| {
                let tracks: Vec<TrackIdx> = list.iter().map(|&row| TrackIdx(row)).collect();
                liking(catalogue, ListenerId::new(format!("l{i}")), &tracks)
            })
            .collect();
        CoLikes::from_profiles(catalogue, &profiles)
    }

    proptest! {
        #[test]
        fn what_is_added_up_when_asked_is_what_going_through_all_pairs_finds(
            lists in prop::collection::vec(prop::collection::btree_set(0_u32..30, 0..12), 1..12),
        ) {
            let lists: Vec<Vec<u32>> =
                lists.into_iter().map(|list| list.into_iter().collect()).collect();
            let catalogue = songs(30);
            let co_likes = of_lists(&catalogue, &lists);
            let weight = |list: &Vec<u32>| 1.0 / (2.0 + list.len() as f32).ln();
            let sum = |likes: &dyn Fn(&Vec<u32>) -> bool| {
                lists.iter().filter(|list| likes(list)).map(weight).sum::<f32>()
            };
            for a in 0..30 {
                let mut slow = BTreeMap::new();
                for b in (0..30).filter(|&b| b != a) {
                    let both = |list: &Vec<u32>| list.contains(&a) && list.contains(&b);
                    let listeners = lists.iter().filter(|list| both(list)).count() as f32;
                    if listeners > 0.0 {
                        let alone = sum(&|list| list.contains(&a)) * sum(&|list| list.contains(&b));
                        let evidence = listeners / (listeners + HALF_EVIDENCE);
                        slow.insert(b, ((sum(&both) / alone.sqrt()).min(1.0) * evidence, listeners));
                    }
                }
                let found = co_likes.of(WorkIdx(a));
                prop_assert_eq!(found.len(), slow.len());
                for CoLiked { work, cosine, listeners } in found {
                    let (expected, both) = slow[&work.0];
                    prop_assert!((cosine - expected).abs() < 1e-5);
                    prop_assert_eq!(listeners as f32, both);
                }
            }
        }

        #[test]
        fn the_closest_are_those_that_sorting_finds(
            cosines in prop::collection::vec(0_u8..20, 0..500),
        ) {
            let all: Vec<CoLiked> = (0..)
                .zip(&cosines)
                .map(|(work, &cosine)| CoLiked {
                    work: WorkIdx(work),
                    cosine: f32::from(cosine) / 20.0,
                    listeners: 1,
                })
                .collect();
            let order = |a: &CoLiked, b: &CoLiked| {
                b.cosine.total_cmp(&a.cosine).then(a.work.cmp(&b.work))
            };
            let mut sorted = all.clone();
            sorted.sort_by(order);
            sorted.truncate(MOST);
            let mut found = closest(all);
            found.sort_by(order);
            prop_assert_eq!(found, sorted);
        }
    }

    #[test]
    fn a_work_that_very_many_like_is_judged_by_a_sample() {
        let catalogue = songs(3);
        let listeners = 3 * MOST_LISTENERS;
        // Everybody likes the first, every second the second, nobody the third.
        let lists: Vec<Vec<u32>> =
            (0..listeners).map(|i| if i % 2 == 0 { vec![0, 1] } else { vec![0] }).collect();
        let found = of_lists(&catalogue, &lists).of(WorkIdx(0));
        assert_eq!(found.len(), 1);
        let half = listeners as f32 / 2.0;
        assert!((found[0].listeners as f32 / half - 1.0).abs() < 0.05, "{:?}", found[0]);
    }
}
