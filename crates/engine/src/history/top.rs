//! The most played artists, songs and albums of a period.

use std::hash::Hash;

use rustc_hash::FxHashMap;
use segue_core::TrackId;
use serde::Serialize;

use super::plays::DatedPlay;
use crate::{ArtistIdx, Catalogue, TrackIdx};

/// An artist among the most played of a period, counted by main artist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopArtist {
    /// The name of the artist as the catalogue spells it first.
    pub artist: String,
    /// Plays in the period of tracks that have this main artist; the list is ordered by it.
    pub plays: u64,
    /// Time of these plays in milliseconds; plays whose time is not known add nothing.
    pub ms_played: u64,
    /// Its place, from 1, in the period that this one is compared with; `None` where it was not
    /// played then, or nothing is compared.
    pub place_before: Option<u32>,
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
    /// Its place, from 1, in the period that this one is compared with; `None` as for artists.
    pub place_before: Option<u32>,
}

/// An album among the most played of a period. Albums of one name by several main artists are
/// several: on a compilation each artist has an album of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopAlbum {
    /// Its name, as the track that was played of it last has it.
    pub album: String,
    /// The main artist of that track; `None` where the catalogue names none.
    pub artist: Option<String>,
    /// The track of it that was played last in the period, for links and playback.
    pub track: TrackId,
    /// Plays in the period of its tracks; the list is ordered by it.
    pub plays: u64,
    /// Time of these plays in milliseconds; plays whose time is not known add nothing.
    pub ms_played: u64,
    /// Its place, from 1, in the period that this one is compared with; `None` as for artists.
    pub place_before: Option<u32>,
}

/// The most played artists, songs and albums of a period, the most played first. Equals are in the
/// order of the catalogue, albums in the order in which they were first played.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Top {
    /// Artists by plays. Tracks without an artist are in no entry.
    pub artists: Vec<TopArtist>,
    /// Songs by plays, one entry for all versions.
    pub tracks: Vec<TopTrack>,
    /// Albums by plays. Tracks of which no album is known are in no entry.
    pub albums: Vec<TopAlbum>,
}

/// The `k` most played of each kind; fewer where fewer were played. `before` are the plays that
/// they are compared with.
pub(super) fn top(
    albums: &mut Albums<'_>,
    plays: &[DatedPlay],
    before: &[DatedPlay],
    k: usize,
) -> Top {
    let catalogue = albums.catalogue;
    let artists = most([plays, before], k, |track| catalogue.artist(track));
    let works = most([plays, before], k, |track| Some(catalogue.work(track)));
    let albums = most([plays, before], k, |track| albums.of(track));
    let artist = |TopEntry { key, tally, place_before }: TopEntry<ArtistIdx>| TopArtist {
        artist: catalogue.artist_name(key).to_owned(),
        plays: tally.plays,
        ms_played: tally.ms_played,
        place_before,
    };
    Top {
        artists: artists.into_iter().map(artist).collect(),
        tracks: works.into_iter().map(|one| top_track(catalogue, one)).collect(),
        albums: albums.into_iter().map(|one| top_album(catalogue, one)).collect(),
    }
}

fn top_track<K>(
    catalogue: &Catalogue,
    TopEntry { tally, place_before, .. }: TopEntry<K>,
) -> TopTrack {
    let row = catalogue.track(tally.last);
    TopTrack {
        track: row.id.clone(),
        title: row.display_title().into_owned(),
        artist: row.artist().map(str::to_owned),
        plays: tally.plays,
        ms_played: tally.ms_played,
        place_before,
    }
}

fn top_album<K>(
    catalogue: &Catalogue,
    TopEntry { tally, place_before, .. }: TopEntry<K>,
) -> TopAlbum {
    let row = catalogue.track(tally.last);
    TopAlbum {
        album: row.album.clone().unwrap_or_default(),
        artist: row.artist().map(str::to_owned),
        track: row.id.clone(),
        plays: tally.plays,
        ms_played: tally.ms_played,
        place_before,
    }
}

/// What was played of one artist, song or album.
struct Tally {
    plays: u64,
    ms_played: u64,
    /// The track that was played last.
    last: TrackIdx,
}

struct TopEntry<K> {
    key: K,
    tally: Tally,
    place_before: Option<u32>,
}

/// The keys with the most plays, with their places among the plays before.
fn most<K: Ord + Copy + Hash>(
    [plays, before]: [&[DatedPlay]; 2],
    k: usize,
    mut key: impl FnMut(TrackIdx) -> Option<K>,
) -> Vec<TopEntry<K>> {
    let mut most = ordered(plays, &mut key);
    most.truncate(k);
    let before = ordered(before, &mut key).into_iter().zip(1..);
    let places: FxHashMap<K, u32> = before.map(|((key, _), place)| (key, place)).collect();
    let ranked = |(key, tally)| TopEntry { key, tally, place_before: places.get(&key).copied() };
    most.into_iter().map(ranked).collect()
}

/// All keys, the most played first, equals by key.
fn ordered<K: Ord + Copy + Hash>(
    plays: &[DatedPlay],
    key: &mut impl FnMut(TrackIdx) -> Option<K>,
) -> Vec<(K, Tally)> {
    let mut tallies: FxHashMap<K, Tally> = FxHashMap::default();
    for play in plays {
        let Some(key) = key(play.track) else { continue };
        let none = Tally { plays: 0, ms_played: 0, last: play.track };
        let tally = tallies.entry(key).or_insert(none);
        tally.plays += u64::from(play.count);
        tally.ms_played += u64::from(play.ms_played.unwrap_or(0));
        tally.last = play.track;
    }
    let mut tallies: Vec<(K, Tally)> = tallies.into_iter().collect();
    tallies.sort_unstable_by(|a, b| b.1.plays.cmp(&a.1.plays).then(a.0.cmp(&b.0)));
    tallies
}

/// Numbers for albums, in the order in which they are asked about. The catalogue has names only.
pub(super) struct Albums<'a> {
    pub(super) catalogue: &'a Catalogue,
    tracks: FxHashMap<TrackIdx, Option<u32>>,
    names: FxHashMap<(Option<ArtistIdx>, String), u32>,
}

impl<'a> Albums<'a> {
    pub(super) fn new(catalogue: &'a Catalogue) -> Self {
        Self { catalogue, tracks: FxHashMap::default(), names: FxHashMap::default() }
    }

    /// The album that a track is on; `None` where none is known.
    pub(super) fn of(&mut self, track: TrackIdx) -> Option<u32> {
        let (catalogue, names) = (self.catalogue, &mut self.names);
        *self.tracks.entry(track).or_insert_with(|| {
            let name = catalogue.track(track).album.as_deref()?.trim();
            let next = names.len() as u32;
            let key = (catalogue.artist(track), name.to_lowercase());
            (!name.is_empty()).then(|| *names.entry(key).or_insert(next))
        })
    }
}
