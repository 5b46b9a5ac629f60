//! When the songs of a catalogue came out, by artist.

use rustc_hash::FxHashMap;
use segue_core::{Date, Release};

use crate::{ArtistIdx, Catalogue, TrackIdx};

/// The songs of which it is known when they came out.
///
/// # Examples
/// ```
/// use segue_core::{Date, Release, Track, TrackId, WorkId};
/// use segue_engine::{Catalogue, TrackIdx};
/// use segue_engine::releases::Releases;
///
/// let id = TrackId::new("t");
/// let mut track = Track::new(id.clone(), WorkId::new("w"), "Tide");
/// track.artists.push("Vera".to_owned());
/// let catalogue = Catalogue::from_tracks(vec![track]);
/// let day = Date::constant(2026, 10, 2);
/// let releases = Releases::new(&catalogue, &[Release { track: id, day, is_late: true }]);
/// let vera = catalogue.artist(TrackIdx(0)).unwrap();
/// assert_eq!(releases.of(vera), [(day, TrackIdx(0))]);
/// assert_eq!(releases.latest(), [TrackIdx(0)]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Releases {
    by_artist: FxHashMap<ArtistIdx, Vec<(Date, TrackIdx)>>,
    latest: Vec<TrackIdx>,
}

impl Releases {
    /// Takes what a store knows; tracks that the catalogue lacks or names no artist of are passed
    /// over.
    pub fn new(catalogue: &Catalogue, releases: &[Release]) -> Self {
        let mut found = Self::default();
        for release in releases {
            let Some(track) = catalogue.find(&release.track) else { continue };
            let Some(artist) = catalogue.artist(track) else { continue };
            found.by_artist.entry(artist).or_default().push((release.day, track));
            if release.is_late {
                found.latest.push(track);
            }
        }
        found.by_artist.values_mut().for_each(|songs| songs.sort_unstable());
        found
    }

    /// Whether nothing is known of when songs came out.
    pub fn is_empty(&self) -> bool {
        self.by_artist.is_empty()
    }

    /// What an artist brought out, the oldest first.
    pub fn of(&self, artist: ArtistIdx) -> &[(Date, TrackIdx)] {
        self.by_artist.get(&artist).map_or(&[], Vec::as_slice)
    }

    /// What came out in the last weeks of which anything is known.
    pub fn latest(&self) -> &[TrackIdx] {
        &self.latest
    }
}
