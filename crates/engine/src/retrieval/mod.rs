//! The first step of a mix: from the whole catalogue to the candidates worth scoring.
//!
//! Up to [`EXACT_LIMIT`] tracks every track is a candidate and nothing can be missed ([`exact`]).
//! Beyond that the union of a few sources stands in for the catalogue, one file each: [`history`],
//! [`popular`], [`artists`], [`neighbours`]. Memory stays bounded: a byte per track, and a fixed
//! number of tracks per source. An approximate index (HNSW) was left out: at this size a scan over
//! nine numbers per track costs less than scoring its result.

pub mod artists;
pub(crate) mod bounded;
pub mod exact;
pub mod history;
pub mod neighbours;
pub mod popular;
mod popularity;

pub use popularity::Popularity;

use crate::sound::SoundSpace;
use crate::{ArtistIdx, Catalogue, Profile, TrackIdx};

/// Catalogues up to this many tracks are scored whole.
pub const EXACT_LIMIT: usize = 200_000;

/// Where a candidate came from; several sources may name the same track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources(u8);

impl Sources {
    /// The whole catalogue.
    pub const EXACT: Self = Self(1);
    /// The listener's own works.
    pub const HISTORY: Self = Self(2);
    /// What many listeners play.
    pub const POPULAR: Self = Self(4);
    /// Other songs by artists whom the listener likes.
    pub const ARTISTS: Self = Self(8);
    /// What sounds like the listener's likes.
    pub const NEIGHBOURS: Self = Self(16);
    /// What came to the catalogue lately.
    pub const ARRIVALS: Self = Self(32);

    /// Whether all of `other` are among these.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A track worth scoring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The track.
    pub track: TrackIdx,
    /// Who named it.
    pub sources: Sources,
}

/// Candidates while sources add to them: one byte per track of the catalogue, so that the order of
/// sources is no matter.
#[derive(Debug)]
pub struct CandidateSet(Vec<Sources>);

impl CandidateSet {
    /// None yet, of a catalogue of `tracks`.
    pub fn new(tracks: usize) -> Self {
        Self(vec![Sources::default(); tracks])
    }

    /// Adds a track on behalf of a source.
    pub fn add(&mut self, track: TrackIdx, source: Sources) {
        self.0[track.0 as usize].0 |= source.0;
    }

    /// The candidates in row order.
    pub fn into_candidates(self) -> Vec<Candidate> {
        let rows = (0..).map(TrackIdx).zip(self.0);
        rows.filter(|(_, sources)| *sources != Sources::default())
            .map(|(track, sources)| Candidate { track, sources })
            .collect()
    }
}

/// What retrieval and mixing look up in a catalogue. Built once for a catalogue and a community,
/// used for every mix.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// How popular each track is.
    pub popularity: Popularity,
    /// How each track sounds.
    pub sound: SoundSpace,
    /// Tracks of each artist: `artist_starts[a]..artist_starts[a + 1]` in `by_artist`.
    by_artist: Vec<TrackIdx>,
    artist_starts: Vec<u32>,
}

impl Index {
    /// Builds the index from a catalogue and the profiles of all listeners known.
    pub fn build<'a>(
        catalogue: &Catalogue,
        profiles: impl IntoIterator<Item = &'a Profile>,
    ) -> Self {
        let mut by_artist: Vec<TrackIdx> =
            catalogue.rows().filter(|&idx| catalogue.artist(idx).is_some()).collect();
        by_artist.sort_by_key(|&idx| (catalogue.artist(idx), idx));
        let mut artist_starts = vec![0; catalogue.artist_count() + 1];
        for &idx in &by_artist {
            let artist = catalogue.artist(idx).expect("tracks without artist were left out");
            artist_starts[artist.0 as usize + 1] += 1;
        }
        for artist in 1..artist_starts.len() {
            artist_starts[artist] += artist_starts[artist - 1];
        }
        Self {
            popularity: Popularity::from_profiles(catalogue, profiles),
            sound: SoundSpace::from_catalogue(catalogue),
            by_artist,
            artist_starts,
        }
    }

    /// Tracks whose main artist this is, in row order.
    pub fn tracks_by(&self, artist: ArtistIdx) -> &[TrackIdx] {
        let artist = artist.0 as usize;
        &self.by_artist
            [self.artist_starts[artist] as usize..self.artist_starts[artist + 1] as usize]
    }
}

/// Gathers the candidates for one listener, in row order.
///
/// `exact_limit` is [`EXACT_LIMIT`] outside tests.
pub fn retrieve(
    catalogue: &Catalogue,
    index: &Index,
    profile: &Profile,
    exact_limit: usize,
) -> Vec<Candidate> {
    let mut candidates = CandidateSet::new(catalogue.len());
    history::add(catalogue, profile, &mut candidates);
    if catalogue.len() <= exact_limit {
        exact::add(catalogue, &mut candidates);
    } else {
        popular::add(index, &mut candidates);
        artists::add(catalogue, index, profile, &mut candidates);
        neighbours::add(index, profile, &mut candidates);
    }
    candidates.into_candidates()
}
