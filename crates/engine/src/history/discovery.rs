//! How much of what a listener plays is new to them, month by month, and how much of it stays.
//!
//! A song comes back if it is played again between one and ninety days after its first play: the
//! same evening is still the same meeting. Of months whose ninety days are not over nobody can say
//! yet how much comes back, so nothing is said. A history begins at its first row, not at birth: in
//! the first months nearly everything is a "first" play, whatever it was.

use rustc_hash::{FxHashMap, FxHashSet};
use segue_core::Timestamp;
use serde::Serialize;

use super::calendar::Month;
use super::plays::DatedPlays;
use crate::{ArtistIdx, Catalogue, WorkIdx};

const DAY_SECONDS: i64 = 86_400;
const COMES_BACK_WITHIN_DAYS: i64 = 90;
/// So many months from the first play on say more of where the record begins than of the listener.
const FIRST_MONTHS: usize = 3;

/// What was new to the listener in one month, where new means not on record before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Discoveries {
    /// The month, in the listener's time zone. Months without a play are in the list too.
    pub month: Month,
    /// All plays of the month, new or not: what to hold the other counts against.
    pub plays: u64,
    /// Songs first played in this month, all versions of a work together.
    pub new_works: u64,
    /// Main artists first played in this month. Tracks without an artist count for none.
    pub new_artists: u64,
    /// How many of `new_works` were played again one to ninety days after their first play. `None`
    /// until four months later, when all have had their ninety days.
    pub came_back: Option<u64>,
}

/// How much of what a listener plays is new to them, month by month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Discovery {
    /// Every month from the first to the last play, those without a play as well; empty without any
    /// play.
    pub months: Vec<Discoveries>,
    /// How many months at the start of the record to disregard, at most three: nearly everything is
    /// called new there, because the record begins.
    pub first_months: usize,
}

impl Discovery {
    /// Of the songs first played after the record's first months, the share that came back, 0 to 1,
    /// with how many there were. `None` while no such month can be judged.
    pub fn share_that_came_back(&self) -> Option<(f64, u64)> {
        let known =
            || self.months.iter().skip(self.first_months).filter(|month| month.came_back.is_some());
        let works: u64 = known().map(|month| month.new_works).sum();
        let back: u64 = known().filter_map(|month| month.came_back).sum();
        (works > 0).then(|| (back as f64 / works as f64, works))
    }
}

/// The first play of a song.
struct First {
    at: Timestamp,
    month: Month,
    came_back: bool,
}

/// Counts first plays of songs and artists by month, and how many of the songs came back within
/// ninety days.
pub(super) fn discovery(catalogue: &Catalogue, plays: &DatedPlays) -> Discovery {
    let Some((first, last)) = plays.span() else { return Discovery::default() };
    let empty =
        |month| Discoveries { month, plays: 0, new_works: 0, new_artists: 0, came_back: Some(0) };
    let mut months: Vec<Discoveries> = first.through(last).map(empty).collect();
    let mut works: FxHashMap<WorkIdx, First> = FxHashMap::default();
    let mut artists: FxHashSet<ArtistIdx> = FxHashSet::default();
    for play in &plays.plays {
        let month = &mut months[play.month().since(first) as usize];
        month.plays += u64::from(play.count);
        month.new_artists +=
            u64::from(catalogue.artist(play.track).is_some_and(|artist| artists.insert(artist)));
        match works.entry(catalogue.work(play.track)) {
            std::collections::hash_map::Entry::Vacant(entry) => {
                month.new_works += 1;
                entry.insert(First { at: play.at, month: play.month(), came_back: false });
            }
            std::collections::hash_map::Entry::Occupied(mut entry) => {
                let first = entry.get_mut();
                first.came_back |= comes_back(first.at, play.at);
            }
        }
    }
    for work in works.values().filter(|work| work.came_back) {
        let month = &mut months[work.month.since(first) as usize];
        month.came_back = month.came_back.map(|count| count + 1);
    }
    forget_unfinished(&mut months, last);
    let first_months = FIRST_MONTHS.min(months.len());
    Discovery { months, first_months }
}

fn comes_back(first: Timestamp, again: Timestamp) -> bool {
    let seconds = again.as_second() - first.as_second();
    (DAY_SECONDS..=COMES_BACK_WITHIN_DAYS * DAY_SECONDS).contains(&seconds)
}

/// A month is judged once three whole months have followed it; the last one counts as begun only.
fn forget_unfinished(months: &mut [Discoveries], last: Month) {
    for month in months.iter_mut().filter(|month| last.since(month.month) < 4) {
        month.came_back = None;
    }
}
