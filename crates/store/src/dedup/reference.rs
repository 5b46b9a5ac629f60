//! The rule word by word, without a page: all plays of everybody in a row, which is what
//! [`SeenPlays`](super::SeenPlays) is held to.

use rustc_hash::FxHashMap;

use super::report::{Distance, Play, ReportedPlay, can_be_one, must_be_one};
use super::{BUCKET_BITS, MOST_LOOKED_AT, MOST_PLAYS_IN_A_BUCKET, PlayVerdict, SearchBounds};
use crate::keys::Key;

#[derive(Default)]
pub(super) struct PlainPlays {
    plays: Vec<Play>,
    bounds: FxHashMap<Key, SearchBounds>,
    /// The plays of the file that were folded into rows of other reports, by their index.
    folded: FxHashMap<usize, Play>,
}

/// How well the play agrees with one, its row and index.
type PlainChoice = (Distance, u32, usize);

impl PlainPlays {
    pub(super) fn next_file(&mut self) {
        self.folded.clear();
        self.plays.iter_mut().for_each(|play| play.is_taken = false);
    }

    pub(super) fn note(&mut self, told: ReportedPlay<'_>, row: i64, is_of_file: bool) {
        let play = Play { is_taken: is_of_file, ..Play::logged(told, row) };
        self.bounds.entry(play.listener).or_default().note(&play);
        self.plays.push(play);
    }

    pub(super) fn judge(&mut self, told: ReportedPlay<'_>) -> PlayVerdict {
        let play = Play::reported(told);
        let nearby = self.nearby(&play);
        let of_place = |at: usize| {
            let bucket = self.plays[at].start_s >> BUCKET_BITS;
            nearby.iter().filter(|&&one| self.plays[one].start_s >> BUCKET_BITS == bucket).count()
        };
        let too_many = nearby.iter().any(|&at| of_place(at) >= MOST_PLAYS_IN_A_BUCKET);
        let mut best: Option<(bool, PlainChoice)> = None;
        let mut contested = Vec::new();
        for &at in &nearby {
            let kept = &self.plays[at];
            let by = self.folded.get(&at).unwrap_or(kept);
            if kept.is_taken && !must_be_one(by, &play) {
                if let Some(distance) = can_be_one(kept, &play)
                    && self.folded.contains_key(&at)
                {
                    contested.push((distance, kept.row, at));
                }
            } else if let Some(distance) = can_be_one(by, &play) {
                let choice = (!kept.is_taken, (distance, kept.row, at));
                best = best.into_iter().chain([choice]).min();
            }
        }
        match best {
            Some((false, (.., at))) => self.complete(at, &play),
            Some((true, (.., at))) => self.fold(at, play),
            None if too_many => PlayVerdict::Duplicate { exact: false, completes: None },
            None => match self.free_one(contested) {
                Some(at) => self.fold(at, play),
                None => PlayVerdict::New,
            },
        }
    }

    pub(super) fn judge_told(&mut self, told: ReportedPlay<'_>) -> PlayVerdict {
        let play = Play::reported(told);
        let choices = self.nearby(&play).into_iter().filter_map(|at| {
            let kept = &self.plays[at];
            let is_one = kept.stamp.source() != play.stamp.source() && must_be_one(kept, &play);
            can_be_one(kept, &play).filter(|_| is_one).map(|distance| (distance, kept.row, at))
        });
        choices.min().map_or(PlayVerdict::New, |(.., at)| self.complete(at, &play))
    }

    fn nearby(&self, play: &Play) -> Vec<usize> {
        let buckets = self.bounds.get(&play.listener).copied().unwrap_or_default().buckets(play);
        let is_near = |kept: &Play| {
            kept.listener == play.listener
                && kept.song == play.song
                && buckets.contains(&(kept.start_s >> BUCKET_BITS))
        };
        (0..self.plays.len()).filter(|&at| is_near(&self.plays[at])).collect()
    }

    fn fold(&mut self, at: usize, play: Play) -> PlayVerdict {
        self.plays[at].is_taken = true;
        self.folded.insert(at, play);
        self.complete(at, &play)
    }

    fn complete(&mut self, at: usize, play: &Play) -> PlayVerdict {
        let kept = &mut self.plays[at];
        let exact = kept.is_exactly(play);
        let missing = kept.detail.missing_from(play.detail);
        kept.detail = kept.detail.and(missing);
        if missing.has_play_time() {
            kept.length = kept.length.with_play_time_of(play.length);
        }
        let completes = Some((kept.row, missing)).filter(|_| !missing.is_empty());
        PlayVerdict::Duplicate { exact, completes }
    }

    /// The shortest way to a free row, breadth first.
    fn free_one(&mut self, mut contested: Vec<PlainChoice>) -> Option<usize> {
        contested.sort_unstable();
        let mut ways: Vec<Vec<usize>> = contested.iter().map(|(.., at)| vec![*at]).collect();
        let mut seen: Vec<usize> = contested.iter().map(|(.., at)| *at).collect();
        let (mut next, mut looked_at) = (0, 0);
        while next < ways.len() && looked_at < MOST_LOOKED_AT {
            let way = ways[next].clone();
            let play = self.folded[&way[way.len() - 1]];
            let nearby = self.nearby(&play);
            looked_at += nearby.len();
            let choice = |&at: &usize| {
                can_be_one(&self.plays[at], &play).map(|how| (how, self.plays[at].row, at))
            };
            let (taken, free): (Vec<PlainChoice>, Vec<PlainChoice>) =
                nearby.iter().filter_map(choice).partition(|(.., at)| self.plays[*at].is_taken);
            if let Some((.., free)) = free.into_iter().min() {
                return Some(self.move_along(&way, free));
            }
            let mut taken = taken;
            taken.retain(|(.., at)| self.folded.contains_key(at) && !seen.contains(at));
            taken.sort_unstable();
            for (.., at) in taken {
                seen.push(at);
                ways.push(way.iter().copied().chain([at]).collect());
            }
            next += 1;
        }
        None
    }

    /// Moves the play of each row on the way to the one behind it, and returns the first.
    fn move_along(&mut self, way: &[usize], free: usize) -> usize {
        let mut to = free;
        for &at in way.iter().rev() {
            self.plays[to].is_taken = true;
            self.folded.insert(to, self.folded[&at]);
            to = at;
        }
        to
    }
}
