//! Of what age the music is that a listener plays.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use serde::Serialize;

use super::plays::DatedPlay;
use crate::{Catalogue, WorkIdx};

/// How much a listener played of the music that was released in one decade; a bar of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Decade {
    /// The first year of the decade: 1990 for music released from 1990 to 1999.
    pub decade: u16,
    /// Plays of music of this decade; 0 where the decade only fills the gap between others.
    pub plays: u64,
    /// Different songs among these plays; several versions of a work count once.
    pub works: u64,
}

/// Plays by the decade in which the music came out. It shows of what
/// age the music is that a listener plays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Decades {
    /// Every decade from the earliest to the latest that was played, those without a play as well.
    /// It is empty where no year is known.
    pub decades: Vec<Decade>,
    /// Plays of music whose year of release the catalogue does not know. They are in no decade.
    pub plays_without_year: u64,
}

/// Counts plays and different songs by the decade of release that the catalogue has for the track
/// that was played, a later version under its own year.
pub(super) fn decades(catalogue: &Catalogue, plays: &[DatedPlay]) -> Decades {
    let mut counts: BTreeMap<u16, (u64, FxHashSet<WorkIdx>)> = BTreeMap::new();
    let mut plays_without_year = 0;
    for play in plays {
        let Some(year) = catalogue.track(play.track).year else {
            plays_without_year += u64::from(play.count);
            continue;
        };
        let (sum, works) = counts.entry(year / 10 * 10).or_default();
        *sum += u64::from(play.count);
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
