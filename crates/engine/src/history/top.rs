//! The most played artists and tracks of a period.

use rustc_hash::FxHashMap;
use segue_core::{Timestamp, TrackId};
use serde::Serialize;

use super::plays::Plays;
use crate::{ArtistIdx, Catalogue, TrackIdx, WorkIdx};

/// A stretch of time from one moment up to, and not with, another, so that neighbouring periods
/// share no play. Empty where `until` is not later than `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first moment of it: a play at this very moment is in the period.
    pub from: Timestamp,
    /// The first moment after it: a play at this very moment is in the next period.
    pub until: Timestamp,
}

impl Period {
    /// All time that a timestamp can name, for a list of the most played ever.
    pub const ALL: Self = Self { from: Timestamp::MIN, until: Timestamp::MAX };
}

/// An artist among the most played of a period, counted by main artist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopArtist {
    /// The name of the artist as the catalogue spells it first.
    pub artist: String,
    /// Plays in the period of tracks that have this main artist; the list is ordered by it.
    pub plays: u64,
    /// Time of these plays in milliseconds; plays whose time is not known add nothing.
    pub ms_played: u64,
}

/// A song among the most played of a period; its versions are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopTrack {
    /// The version of the song that was played last in the period, for links and playback.
    pub track: TrackId,
    /// Its title as the catalogue has it for that version, or the id of the track where there is
    /// none.
    pub title: String,
    /// Its main artist as the catalogue spells it; `None` where the catalogue names none for that
    /// version.
    pub artist: Option<String>,
    /// Plays in the period of all versions of the song; the list is ordered by it.
    pub plays: u64,
    /// Time of these plays in milliseconds; plays whose time is not known add nothing.
    pub ms_played: u64,
}

/// The most played artists and songs of a period, the most played first, as [`top`] counts them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Top {
    /// Artists by plays, ties by row of the catalogue. Tracks without an artist are in no entry.
    pub artists: Vec<TopArtist>,
    /// Songs by plays, one entry for all versions, ties by row of the work.
    pub tracks: Vec<TopTrack>,
}

/// The `k` most played artists and the `k` most played songs of a period; fewer where fewer were
/// played.
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
