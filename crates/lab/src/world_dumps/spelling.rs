//! How players write down what was played.

use super::planted::PlantedRecording;

/// Which spelling of artist and title a listen has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// As MusicBrainz spells them.
    Canonical,
    /// All in small letters.
    Lowercase,
    /// A guest in the title.
    Featuring,
    /// The title of a reissue.
    Remastered,
    /// The title of a version played on a stage.
    Live,
}

/// Which identifier a listen of a made-up dump carries, as real ones do: none, its own, or that of
/// another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identified {
    /// None.
    No,
    /// That of the recording.
    Canonical,
    /// That of another version, for which the recording stands.
    Version,
}

impl Spelling {
    /// Artist and title, so spelt.
    pub fn of(self, recording: &PlantedRecording) -> (String, String) {
        let (artist, title) = (recording.artist.clone(), &recording.title);
        match self {
            Self::Canonical => (artist, title.clone()),
            Self::Lowercase => (artist.to_lowercase(), title.to_lowercase()),
            Self::Featuring => (artist, format!("{title} (feat. Vera Ito)")),
            Self::Remastered => (artist, format!("{title} - Remastered 2011")),
            Self::Live => (artist, format!("{title} (Live)")),
        }
    }
}

impl Identified {
    /// The identifier that a listen of this recording has.
    pub fn mbid(self, recording: &PlantedRecording) -> Option<&str> {
        match self {
            Self::No => None,
            Self::Canonical => Some(&recording.mbid),
            Self::Version => recording.version.as_deref(),
        }
    }
}
