//! When the songs of a catalogue came out, by artist.

use jiff::tz::TimeZone;
use rustc_hash::FxHashMap;
use segue_core::{Date, Release, Timestamp};

use crate::{ArtistIdx, Catalogue, TrackIdx};

/// What came out so many days ago is new no more, however new the world was that told of it.
const NEW_FOR_DAYS: i64 = 180;

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
/// let new_at = |moment: &str| releases.new_at(moment.parse().unwrap()).count();
/// assert_eq!(new_at("2026-11-01T00:00:00Z"), 1);
/// assert_eq!(new_at("2027-11-01T00:00:00Z"), 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Releases {
    by_artist: FxHashMap<ArtistIdx, Vec<(Date, TrackIdx)>>,
    latest: Vec<(Date, TrackIdx)>,
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
                found.latest.push((release.day, track));
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

    /// What came out in the last weeks of which anything is known, as far as that is not long ago
    /// at a moment: a world may be old.
    pub fn new_at(&self, now: Timestamp) -> impl Iterator<Item = TrackIdx> + '_ {
        let today = now.to_zoned(TimeZone::UTC).date();
        let age_days = move |day: Date| day.duration_until(today).as_hours() / 24;
        let latest = self.latest.iter().copied();
        latest.filter(move |(day, _)| age_days(*day) <= NEW_FOR_DAYS).map(|(_, track)| track)
    }
}
