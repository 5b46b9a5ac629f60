//! Eras: stretches of a history in which one artist, or one taste, led.
//!
//! Quarter by quarter the most played artist leads; neighbouring quarters with the same leader are
//! one era, and what was most played is counted over all of it. A quarter with too few plays to be
//! led by anybody is a gap. Of equals the leader of the quarter before stays, so that a tie ends no
//! era.

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::calendar::Month;
use super::plays::{DatedPlay, DatedPlays};
use crate::{ArtistIdx, Catalogue, TrackIdx};

/// A quarter with fewer plays has no leader.
const FEWEST_PLAYS: u64 = 10;
/// So many of the most played are named for each era.
const NAMED: usize = 3;
const QUARTER: i32 = 3;

/// How often one of the most played artists or tastes was played in an era.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Share {
    /// The artist as the catalogue spells it, or the name of the taste.
    pub name: String,
    /// Plays of this artist or taste within the era, each row counting as many plays as it stands
    /// for.
    pub plays: u64,
}

/// A stretch of time in which one artist, or one taste, was played most in every quarter. See
/// [`artist_eras`] and [`Tastes::eras`](crate::taste::Tastes::eras).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Era {
    /// Its first month, which begins a quarter, but for the quarter in which the record begins.
    pub from: Month,
    /// Its last month, which ends a quarter, but for the quarter in which the record ends. Both
    /// ends are part of the era.
    pub to: Month,
    /// All plays in it, those of other names and of none included: the denominator of
    /// [`Era::leader_share`].
    pub plays: u64,
    /// The most played in it, at most three: the leader first, then by plays. It is never empty.
    pub top: Vec<Share>,
}

impl Era {
    /// The name of the artist or taste that led every quarter of the era: the first of `top`.
    pub fn leader(&self) -> &str {
        &self.top[0].name
    }

    /// The leader's share of all plays of the era, above 0 and at most 1; those without a name
    /// count in the whole.
    pub fn leader_share(&self) -> f64 {
        self.top[0].plays as f64 / self.plays as f64
    }
}

/// Eras by artist: stretches in which one artist was played most in every quarter, in the order of
/// time. Quarters with fewer than ten plays are gaps.
pub fn artist_eras(catalogue: &Catalogue, plays: &DatedPlays) -> Vec<Era> {
    let key = |track: TrackIdx| catalogue.artist(track).map(|artist| artist.0);
    eras(plays, key, |artist| catalogue.artist_name(ArtistIdx(artist)).to_owned())
}

/// Eras by whatever `key` groups tracks by; `name` says what a key is called. Plays whose key is
/// `None` count for the length of an era and lead none.
pub fn eras(
    plays: &DatedPlays,
    key: impl Fn(TrackIdx) -> Option<u32>,
    name: impl Fn(u32) -> String,
) -> Vec<Era> {
    let Some((first, last)) = plays.span() else { return Vec::new() };
    let mut stretches: Vec<Stretch> = Vec::new();
    for quarter in plays.plays.chunk_by(|a, b| a.month().quarter() == b.month().quarter()) {
        let counted = Stretch::count(quarter, &key);
        let before = stretches.last_mut();
        match before.filter(|before| before.to.plus(1) == counted.from) {
            Some(before) => {
                let leader = counted.leader(before.leader);
                if leader.is_some() && leader == before.leader {
                    before.extend(counted);
                } else {
                    stretches.push(Stretch { leader, ..counted });
                }
            }
            None => stretches.push(Stretch { leader: counted.leader(None), ..counted }),
        }
    }
    let eras = stretches.into_iter().filter_map(|stretch| stretch.into_era(&name));
    eras.map(|era| Era { from: era.from.max(first), to: era.to.min(last), ..era }).collect()
}

/// An era while it may still go on; without a leader it is a gap.
struct Stretch {
    from: Month,
    to: Month,
    leader: Option<u32>,
    plays: u64,
    counts: FxHashMap<u32, u64>,
}

impl Stretch {
    /// # Panics
    /// If there is no play.
    fn count(quarter: &[DatedPlay], key: impl Fn(TrackIdx) -> Option<u32>) -> Self {
        let from = quarter[0].month().quarter();
        let mut counts: FxHashMap<u32, u64> = FxHashMap::default();
        let mut plays = 0;
        for play in quarter {
            plays += u64::from(play.count);
            if let Some(key) = key(play.track) {
                *counts.entry(key).or_default() += u64::from(play.count);
            }
        }
        Self { from, to: from.plus(QUARTER - 1), leader: None, plays, counts }
    }

    fn leader(&self, before: Option<u32>) -> Option<u32> {
        let order = |a: &(&u32, &u64), b: &(&u32, &u64)| {
            a.1.cmp(b.1)
                .then((Some(*a.0) == before).cmp(&(Some(*b.0) == before)))
                .then(b.0.cmp(a.0))
        };
        let most = self.counts.iter().max_by(order)?;
        (self.plays >= FEWEST_PLAYS).then_some(*most.0)
    }

    fn extend(&mut self, later: Self) {
        self.to = later.to;
        self.plays += later.plays;
        for (key, count) in later.counts {
            *self.counts.entry(key).or_default() += count;
        }
    }

    fn into_era(self, name: impl Fn(u32) -> String) -> Option<Era> {
        let leader = self.leader?;
        let mut counts: Vec<(u32, u64)> = self.counts.into_iter().collect();
        counts.sort_by(|a, b| {
            (b.0 == leader).cmp(&(a.0 == leader)).then(b.1.cmp(&a.1)).then(a.0.cmp(&b.0))
        });
        let top =
            counts.into_iter().take(NAMED).map(|(key, plays)| Share { name: name(key), plays });
        Some(Era { from: self.from, to: self.to, plays: self.plays, top: top.collect() })
    }
}
