//! Which works are liked by the same listeners.
//!
//! `cosine(a, b) = n(a, b) / √(n(a) n(b)) × m / (m + HALF_EVIDENCE)`, where `n` adds up listeners,
//! each with the weight `1 / ln(2 + likes)`, because who likes everything says little, and `m` is
//! the number of listeners who like both: one listener is no evidence.
//!
//! Who likes what is kept both ways, and added up for one work when it is asked for: that takes a
//! millisecond or two for what thousands like, where a table of all pairs took seconds at each
//! start, and most of it was never looked at.

use rustc_hash::FxHashMap;

use crate::WorkIdx;
use crate::dataset::listener_works::ListenerWorks;

/// Works that are named for one, the closest.
const MOST: usize = 200;
/// Likes of one listener that are looked at, those that weigh most.
const MOST_LIKES: usize = 400;
/// Listeners of a work that are looked at: of more, a sample of about so many. With the likes of
/// each it bounds what one question costs.
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
    starts: Vec<usize>,
    entries: Vec<u32>,
}

impl Lists {
    fn new(lists: impl IntoIterator<Item = Vec<u32>>) -> Self {
        let mut all = Self { starts: vec![0], entries: Vec::new() };
        for list in lists {
            all.entries.extend(list);
            all.starts.push(all.entries.len());
        }
        all
    }

    /// For each of `count` numbers, the lists that hold it, in order.
    fn transposed(&self, count: usize) -> Self {
        let mut starts = vec![0; count + 1];
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
                entries[*place] = list as u32;
                *place += 1;
            }
        }
        Self { starts, entries }
    }

    fn of(&self, list: usize) -> &[u32] {
        match self.starts.get(list..list + 2) {
            Some(&[first, end]) => &self.entries[first..end],
            _ => &[],
        }
    }

    fn bytes(&self) -> usize {
        self.starts.len() * size_of::<usize>() + self.entries.len() * size_of::<u32>()
    }
}

impl CoLikes {
    pub(super) fn of_listeners(works: usize, heard: &[ListenerWorks]) -> Self {
        let likes = Lists::new(heard.iter().map(likes));
        let listeners = likes.transposed(works);
        let weight = |ends: &[usize]| 1.0 / (2.0 + (ends[1] - ends[0]) as f32).ln();
        let weights: Vec<f32> = likes.starts.windows(2).map(weight).collect();
        let total = |work: usize| {
            listeners.of(work).iter().map(|&listener| weights[listener as usize]).sum()
        };
        let totals = (0..works).map(total).collect();
        Self { likes, listeners, weights, totals }
    }

    /// The works liked most by those who like a work, at most [`MOST`], in no order. Where more
    /// than [`MOST_LISTENERS`] do, counts are estimates from a sample.
    pub(super) fn of(&self, work: WorkIdx) -> Vec<CoLiked> {
        let all = self.listeners.of(work.row());
        let sample: Vec<u32> = all.iter().copied().filter(|&one| is_in(one, all.len())).collect();
        let mut sums = Sums::new(self.totals.len(), sample.iter().map(|&l| self.likes_of(l).len()));
        for &listener in &sample {
            let weight = self.weights[listener as usize];
            self.likes_of(listener).iter().for_each(|&other| sums.add(other, weight));
        }
        let of_all = all.len() as f32 / sample.len().max(1) as f32;
        let own = self.totals[work.row()];
        let seen: f32 = sample.iter().map(|&listener| self.weights[listener as usize]).sum();
        let co_liked = |(other, Together { weight, listeners }): (u32, Together)| {
            let total = self.totals[other as usize];
            let cosine = weight * (own / seen) / (own * total).sqrt();
            let at_most = self.listeners.of(other as usize).len() as u32;
            let listeners = ((listeners as f32 * of_all).round() as u32).min(at_most);
            let evidence = listeners as f32 / (listeners as f32 + HALF_EVIDENCE);
            CoLiked { work: WorkIdx(other), cosine: cosine.min(1.0) * evidence, listeners }
        };
        closest(sums.all().filter(|(other, _)| *other != work.0).map(co_liked).collect())
    }

    fn likes_of(&self, listener: u32) -> &[u32] {
        self.likes.of(listener as usize)
    }

    /// Bytes that it takes up.
    pub(super) fn bytes(&self) -> usize {
        let numbers = self.weights.len() + self.totals.len();
        self.likes.bytes() + self.listeners.bytes() + numbers * size_of::<f32>()
    }
}

/// Whether a listener is in the sample of so many. It goes by a hash of the number: listeners are
/// in the order of their names, where accounts of one household stand side by side.
fn is_in(listener: u32, of: usize) -> bool {
    // Fibonacci hashing: 2^32 over the golden ratio.
    let hash = listener.wrapping_mul(2_654_435_769);
    of <= MOST_LISTENERS || u64::from(hash) * (of as u64) < MOST_LISTENERS as u64 * (1 << 32)
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

/// What is added up by work: in a table of all works, or where few are met, of those alone.
enum Sums {
    Table { of: Vec<Together>, met: Vec<u32> },
    Met(FxHashMap<u32, Together>),
}

impl Sums {
    /// For works of which lists of these lengths are to be added.
    fn new(works: usize, lengths: impl Iterator<Item = usize>) -> Self {
        match lengths.sum::<usize>() < works / 16 {
            true => Self::Met(FxHashMap::default()),
            false => Self::Table { of: vec![Together::default(); works], met: Vec::new() },
        }
    }

    fn add(&mut self, work: u32, weight: f32) {
        let sum = match self {
            Self::Met(sums) => sums.entry(work).or_default(),
            Self::Table { of, met } => {
                let sum = &mut of[work as usize];
                if sum.listeners == 0 {
                    met.push(work);
                }
                sum
            }
        };
        sum.weight += weight;
        sum.listeners += 1;
    }

    fn all(self) -> Box<dyn Iterator<Item = (u32, Together)>> {
        match self {
            Self::Met(sums) => Box::new(sums.into_iter()),
            Self::Table { of, met } => {
                Box::new(met.into_iter().map(move |work| (work, of[work as usize])))
            }
        }
    }
}

/// The works that a listener likes, those that weigh most, ties by row.
fn likes(heard: &ListenerWorks) -> Vec<u32> {
    let labelled = heard.works.iter().filter_map(|heard| Some((heard.label?, heard.work)));
    let liked = labelled.filter(|(label, _)| label.liked);
    let mut likes: Vec<(f32, WorkIdx)> = liked.map(|(label, work)| (label.weight, work)).collect();
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
    use crate::dataset::profile::liking;
    use crate::{Catalogue, TrackIdx};

    fn songs(count: u32) -> Catalogue {
        let track =
            |i| Track::new(TrackId::new(format!("{i:04}")), WorkId::new(format!("{i}")), "");
        Catalogue::from_tracks((0..count).map(track).collect())
    }

    fn of_lists(catalogue: &Catalogue, lists: &[Vec<u32>]) -> CoLikes {
        let heard: Vec<ListenerWorks> = (0..)
            .zip(lists)
            .map(|(i, list)| {
                let tracks: Vec<TrackIdx> = list.iter().map(|&row| TrackIdx(row)).collect();
                let profile = liking(catalogue, ListenerId::new(format!("l{i}")), &tracks);
                ListenerWorks::from(&profile)
            })
            .collect();
        CoLikes::of_listeners(catalogue.work_count(), &heard)
    }

    proptest! {
        #[test]
        fn what_is_added_up_when_asked_is_what_going_through_all_pairs_finds(
            lists in prop::collection::vec(prop::collection::btree_set(0_u32..30, 0..12), 1..12),
            works in prop::sample::select(vec![30_u32, 3_000]),
        ) {
            let lists: Vec<Vec<u32>> =
                lists.into_iter().map(|list| list.into_iter().collect()).collect();
            // Among few works a table is kept, among many what is met.
            let catalogue = songs(works);
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
                        let similarity = (sum(&both) / alone.sqrt()).min(1.0) * evidence;
                        slow.insert(b, (similarity, listeners));
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
    fn what_very_many_like_is_judged_by_a_sample_in_whatever_order_they_come() {
        let catalogue = songs(3);
        for (listeners, period) in [(MOST_LISTENERS + 1, 2), (2 * MOST_LISTENERS, 2), (12_000, 3)] {
            // Everybody likes the first, some the second, nobody the third.
            let some = |i: usize| if i.is_multiple_of(period) { vec![0, 1] } else { vec![0] };
            let co_likes = of_lists(&catalogue, &(0..listeners).map(some).collect::<Vec<_>>());
            let found = co_likes.of(WorkIdx(0));
            assert_eq!(found.len(), 1);
            let share = found[0].listeners as f32 / (listeners / period) as f32;
            assert!((share - 1.0).abs() < 0.05, "{listeners}: {share}");
            let other_way = co_likes.of(WorkIdx(1))[0];
            assert!((found[0].cosine - other_way.cosine).abs() < 0.05, "{found:?} {other_way:?}");
        }
    }
}
