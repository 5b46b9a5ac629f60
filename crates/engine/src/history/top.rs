//! The most played artists and tracks of a period.

use rustc_hash::FxHashMap;
use segue_core::{Timestamp, TrackId};
use serde::Serialize;

use super::plays::Plays;
use crate::{ArtistIdx, Catalogue, TrackIdx, WorkIdx};

/// From one moment up to, and not with, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first moment of it.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

impl Period {
    /// All time.
    pub const ALL: Self = Self { from: Timestamp::MIN, until: Timestamp::MAX };
}

/// An artist among the most played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopArtist {
    /// The name.
    pub artist: String,
    /// Plays.
    pub plays: u64,
    /// Time played in milliseconds, as far as it is known.
    pub ms_played: u64,
}

/// A song among the most played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopTrack {
    /// Its version that was played last.
    pub track: TrackId,
    /// Its title.
    pub title: String,
    /// Its artist, if known.
    pub artist: Option<String>,
    /// Plays of all its versions.
    pub plays: u64,
    /// Time played in milliseconds, as far as it is known.
    pub ms_played: u64,
}

/// The most played of a period, the most first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Top {
    /// Artists.
    pub artists: Vec<TopArtist>,
    /// Songs, one entry for all versions.
    pub tracks: Vec<TopTrack>,
}

/// The `k` most played artists and songs of a period.
pub fn top(catalogue: &Catalogue, plays: &Plays, period: Period, k: usize) -> Top {
    let from = plays.plays.partition_point(|play| play.at < period.from);
    let until = plays.plays.partition_point(|play| play.at < period.until).max(from);
    let mut artists: FxHashMap<ArtistIdx, (u64, u64)> = FxHashMap::default();
    let mut works: FxHashMap<WorkIdx, (u64, u64, TrackIdx)> = FxHashMap::default();
    for play in &plays.plays[from..until] {
        let (count, ms) = (u64::from(play.count), u64::from(play.ms_played.unwrap_or(0)));
        if let Some(artist) = catalogue.artist(play.track) {
            let sum = artists.entry(artist).or_default();
            *sum = (sum.0 + count, sum.1 + ms);
        }
        let sum = works.entry(catalogue.work(play.track)).or_insert((0, 0, play.track));
        *sum = (sum.0 + count, sum.1 + ms, play.track);
    }
    let artist = |(artist, (plays, ms_played)): (ArtistIdx, (u64, u64))| TopArtist {
        artist: catalogue.artist_name(artist).to_owned(),
        plays,
        ms_played,
    };
    let track = |(_, (plays, ms_played, track)): (WorkIdx, (u64, u64, TrackIdx))| {
        let row = catalogue.track(track);
        TopTrack {
            track: row.id.clone(),
            title: row.display_title().to_owned(),
            artist: row.artist().map(str::to_owned),
            plays,
            ms_played,
        }
    };
    Top {
        artists: most(artists, k, |sum| sum.0).into_iter().map(artist).collect(),
        tracks: most(works, k, |sum| sum.0).into_iter().map(track).collect(),
    }
}

/// The `k` entries that count most, ties by key.
fn most<K: Ord + Copy, V>(
    sums: FxHashMap<K, V>,
    k: usize,
    count: impl Fn(&V) -> u64,
) -> Vec<(K, V)> {
    let mut sums: Vec<(K, V)> = sums.into_iter().collect();
    sums.sort_unstable_by(|a, b| count(&b.1).cmp(&count(&a.1)).then(a.0.cmp(&b.0)));
    sums.truncate(k);
    sums
}
