//! A track: one version of one work, with what is known about it.

use serde::{Deserialize, Serialize};

use crate::{AudioFeature, AudioFeatures, TrackId, WorkId};

/// How a track differs from the first release of its work.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// The work as first released, or nothing says otherwise.
    #[default]
    Original,
    /// The same recording, mastered again.
    Remaster,
    /// Recorded before an audience.
    Live,
    /// An acoustic or unplugged recording.
    Acoustic,
    /// A demo or early take.
    Demo,
    /// Reworked by another hand: remix, dub, VIP, sped up, slowed.
    Remix,
    /// Without the vocals: instrumental, karaoke.
    Instrumental,
    /// Cut to another length: radio edit, extended mix, single version.
    Edit,
}

/// One version of a song and what is known about it. What is unknown is `None`, never empty text,
/// the title excepted.
///
/// ```
/// use segue_core::{AudioFeature, Track, TrackId, Version, WorkId};
///
/// let mut track = Track::new(TrackId::new("a"), WorkId::new("artist␟song"), "Song - Live");
/// track.version = Version::Live;
/// track.artists = vec!["Artist".to_owned(), "Guest".to_owned()];
/// track.features.set(AudioFeature::DurationMs, 215_000.0);
/// assert_eq!((track.artist(), track.duration_ms()), (Some("Artist"), Some(215_000)));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// The world's name of this version.
    pub id: TrackId,
    /// The song it is a version of.
    pub work: WorkId,
    /// Which version of it.
    pub version: Version,
    /// The title as the source wrote it; empty where it gave only an id.
    pub title: String,
    /// Artists as credited, the main one first; empty where the source names none.
    pub artists: Vec<String>,
    /// The album or single it came from.
    pub album: Option<String>,
    /// International Standard Recording Code.
    pub isrc: Option<String>,
    /// MusicBrainz recording id.
    pub recording_mbid: Option<String>,
    /// Where it can be played: a path or URI other than `id`.
    pub location: Option<String>,
    /// Year of first release.
    pub year: Option<u16>,
    /// Genre in the words of the source.
    pub genre: Option<String>,
    /// Popularity from 0 to 1, as the source sees it.
    pub popularity: Option<f32>,
    /// How it sounds, its duration included.
    pub features: AudioFeatures,
}

impl Track {
    /// A track of which only the names are known.
    pub fn new(id: TrackId, work: WorkId, title: impl Into<String>) -> Self {
        Self {
            id,
            work,
            version: Version::Original,
            title: title.into(),
            artists: Vec::new(),
            album: None,
            isrc: None,
            recording_mbid: None,
            location: None,
            year: None,
            genre: None,
            popularity: None,
            features: AudioFeatures::MISSING,
        }
    }

    /// The main artist, if the source named one.
    pub fn artist(&self) -> Option<&str> {
        self.artists.first().map(String::as_str)
    }

    /// What to call it: the title, or the id where there is none.
    pub fn display_title(&self) -> &str {
        if self.title.is_empty() { self.id.as_str() } else { &self.title }
    }

    /// Length in milliseconds, where known.
    pub fn duration_ms(&self) -> Option<u32> {
        self.features.get(AudioFeature::DurationMs).map(|ms| ms as u32)
    }
}
