//! Of what age the music is that a listener plays.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use serde::Serialize;

use super::plays::Plays;
use crate::{Catalogue, WorkIdx};

/// Music released in one decade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Decade {
    /// Its first year, such as 1990.
    pub decade: u16,
    /// Plays.
    pub plays: u64,
    /// Different songs.
    pub works: u64,
}

/// Plays by the decade in which the music came out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Decades {
    /// Every decade from the earliest to the latest, those without a play as well.
    pub decades: Vec<Decade>,
    /// Plays of music of which nobody knows the year.
    pub plays_without_year: u64,
}

/// Counts plays by decade of release.
pub fn decades(catalogue: &Catalogue, plays: &Plays) -> Decades {
    let mut counts: BTreeMap<u16, (u64, FxHashSet<WorkIdx>)> = BTreeMap::new();
    let mut plays_without_year = 0;
    for play in &plays.plays {
        let Some(year) = catalogue.track(play.track).year else {
            plays_without_year += u64::from(play.count);
            continue;
        };
        let (plays, works) = counts.entry(year / 10 * 10).or_default();
        *plays += u64::from(play.count);
        works.insert(catalogue.work(play.track));
    }
    let span = counts.keys().next().copied().zip(counts.keys().next_back().copied());
    let decade = |decade: u16| {
        let (plays, works) =
            counts.get(&decade).map_or((0, 0), |(plays, works)| (*plays, works.len() as u64));
        Decade { decade, plays, works }
    };
    let decades =
        span.map_or(Vec::new(), |(first, last)| (first..=last).step_by(10).map(decade).collect());
    Decades { decades, plays_without_year }
}
