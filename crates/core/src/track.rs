//! A track: one version of one work, with what is known about it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{AudioFeature, AudioFeatures, TrackId, WorkId};

/// How a track differs from the first release of its work. Importers read it from the title, such
/// as "Song (Live)".
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// The work as first released, or no sign that it is anything else.
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

/// One version of a song and what is known about it. What is unknown is `None` and never empty
/// text, except the title.
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
    /// The name of this version in the outside world: a URI, a MusicBrainz id, or one made of
    /// artist and title.
    pub id: TrackId,
    /// The song that it is a version of. Remasters and live recordings share one work, and feedback
    /// on one of them counts for all.
    pub work: WorkId,
    /// Which version of the work it is, as far as the title says.
    pub version: Version,
    /// The title as the source wrote it, with any "Remastered" in it; empty where the source gave
    /// only an id.
    pub title: String,
    /// Artists as credited, the main one first; empty where the source names none.
    pub artists: Vec<String>,
    /// The album or single that it came from, as the source wrote it; `None` where it names none.
    pub album: Option<String>,
    /// International Standard Recording Code, twelve letters and digits such as `USRC17607839`. It
    /// names a recording across services.
    pub isrc: Option<String>,
    /// MusicBrainz recording id, a UUID. Scrobblers often give it where no ISRC is known.
    pub recording_mbid: Option<String>,
    /// Where it can be played, if that differs from `id`: a path of a file, or another URI.
    /// Playlists are written with it.
    pub location: Option<String>,
    /// Year of first release, as far as the source knows it; reissues often carry their own year
    /// instead.
    pub year: Option<u16>,
    /// Genre in the words of the source. Sources disagree on names, so genres are only compared
    /// within one catalogue.
    pub genre: Option<String>,
    /// Popularity from 0, unknown to the world, to 1, a hit, as the source sees it. Scales differ
    /// between sources.
    pub popularity: Option<f32>,
    /// How it sounds, and how long it is. [`AudioFeatures::MISSING`] for most tracks that only a
    /// history mentions.
    pub features: AudioFeatures,
}

impl Track {
    /// A track of which only the names are known. Set the public fields for what else the source
    /// tells; the version is [`Version::Original`] until then.
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

    /// The main artist, which is the first one credited; `None` if the source named nobody.
    pub fn artist(&self) -> Option<&str> {
        self.artists.first().map(String::as_str)
    }

    /// What to call the track wherever people read it: its title. Where the source gave none, that
    /// is said, with the length and the album that tell it from other unnamed ones, or with the id
    /// where neither is known. The artists are shown beside it, as beside any title. Never empty.
    ///
    /// ```
    /// use segue_core::{AudioFeature, Track, TrackId, WorkId};
    ///
    /// let mut track = Track::new(TrackId::new("7qbZ"), WorkId::new("7qbZ"), "");
    /// assert_eq!(track.display_title(), "Unnamed song (7qbZ)");
    /// track.features.set(AudioFeature::DurationMs, 221_000.0);
    /// assert_eq!(track.display_title(), "Unnamed song, 3:41");
    /// track.title = "Sinnerman".to_owned();
    /// assert_eq!(track.display_title(), "Sinnerman");
    /// ```
    pub fn display_title(&self) -> Cow<'_, str> {
        if !self.title.trim().is_empty() {
            return Cow::Borrowed(&self.title);
        }
        let length = self.duration_ms().map(|ms| format!(", {}", minutes_and_seconds(ms)));
        let album = self.album.as_ref().map(|album| format!(", from {album}"));
        let known: String = length.into_iter().chain(album).collect();
        Cow::Owned(match known.as_str() {
            "" => format!("Unnamed song ({})", self.id),
            known => format!("Unnamed song{known}"),
        })
    }

    /// Length in whole milliseconds, or `None` where it is unknown. It is kept among the
    /// [`Self::features`].
    pub fn duration_ms(&self) -> Option<u32> {
        self.features.get(AudioFeature::DurationMs).map(|ms| ms as u32)
    }
}

/// A length as players write it, `3:41`, to the nearest second.
pub fn minutes_and_seconds(duration_ms: u32) -> String {
    let seconds = duration_ms.saturating_add(500) / 1_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_song_without_a_title_is_called_by_what_tells_it_apart() {
        let mut track = Track::new(TrackId::new("spotify:track:7qbZ"), WorkId::new("7qbZ"), " ");
        assert_eq!(track.display_title(), "Unnamed song (spotify:track:7qbZ)");
        track.album = Some("Pastel Blues".to_owned());
        assert_eq!(track.display_title(), "Unnamed song, from Pastel Blues");
        track.features.set(AudioFeature::DurationMs, 620_600.0);
        assert_eq!(track.display_title(), "Unnamed song, 10:21, from Pastel Blues");
        track.title = "Sinnerman".to_owned();
        assert_eq!(track.display_title(), "Sinnerman");
    }
}
