//! What retrieval and mixing look up in a catalogue: popularity, sound and the tracks of each
//! artist.
//!
//! Built once for a catalogue and the listeners known, then shared by every mix.

mod popularity;

pub use popularity::Popularity;

use crate::dataset::listener_works::ListenerWorks;
use crate::sound::SoundSpace;
use crate::{ArtistIdx, Catalogue, Profile, TrackIdx};

/// What retrieval and mixing look up in a catalogue. Built once for a catalogue and a community,
/// used for every mix; a changed catalogue needs a new one. The default belongs to an empty
/// catalogue.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// How popular each track is, 0 to 1, and which are most popular.
    pub popularity: Popularity,
    /// How each track sounds: its position in the space in which neighbours are looked for.
    pub sound: SoundSpace,
    /// Tracks of each artist: `artist_starts[a]..artist_starts[a + 1]` in `by_artist`.
    by_artist: Vec<TrackIdx>,
    artist_starts: Vec<u32>,
}

impl Index {
    /// Builds the index from a catalogue and the profiles of all listeners known, folded with that
    /// same catalogue. Without profiles, popularity is what the source of the catalogue says.
    pub fn build<'a>(
        catalogue: &Catalogue,
        profiles: impl IntoIterator<Item = &'a Profile>,
    ) -> Self {
        let heard: Vec<ListenerWorks> = profiles.into_iter().map(ListenerWorks::from).collect();
        Self::of_listeners(catalogue, &heard)
    }

    /// The same from what is kept of all listeners.
    pub fn of_listeners(catalogue: &Catalogue, heard: &[ListenerWorks]) -> Self {
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
            popularity: Popularity::of_listeners(catalogue, heard),
            sound: SoundSpace::from_catalogue(catalogue),
            by_artist,
            artist_starts,
        }
    }

    /// Tracks whose main artist this is, in row order, all versions included; at least one, since a
    /// row is only given to an artist with a track.
    pub fn tracks_by(&self, artist: ArtistIdx) -> &[TrackIdx] {
        let artist = artist.0 as usize;
        &self.by_artist
            [self.artist_starts[artist] as usize..self.artist_starts[artist + 1] as usize]
    }
}
