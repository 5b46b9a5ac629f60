//! Audio features: the thirteen numbers per track that streaming services publish, under their
//! usual names and units.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One of the thirteen numbers that streaming services publish for a track. Names, units and scales
/// are those of Spotify's audio features, which most public tables copy. [`AudioFeatures`] holds
/// one value for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum AudioFeature {
    /// How suitable for dancing, 0 to 1.
    Danceability,
    /// Perceived intensity, 0 to 1.
    Energy,
    /// Pitch class of the key, 0 = C to 11 = B.
    Key,
    /// Mean loudness in decibels relative to full scale, mostly -60 to 0.
    Loudness,
    /// 1 = major, 0 = minor.
    Mode,
    /// Share of spoken words, 0 to 1.
    Speechiness,
    /// Confidence that the track is acoustic, 0 to 1.
    Acousticness,
    /// Confidence that the track has no vocals, 0 to 1.
    Instrumentalness,
    /// Confidence that an audience is present, 0 to 1.
    Liveness,
    /// Musical positiveness, 0 to 1.
    Valence,
    /// Beats per minute.
    Tempo,
    /// Length in milliseconds.
    DurationMs,
    /// Beats per bar.
    TimeSignature,
}

impl AudioFeature {
    /// How many features there are: the width of every table of audio features, and the length of
    /// [`AudioFeature::ALL`].
    pub const COUNT: usize = 13;

    /// All features, in the order in which [`AudioFeatures`] holds them. Databases and models keep
    /// vectors in this order, so it never changes.
    pub const ALL: [AudioFeature; Self::COUNT] = [
        Self::Danceability,
        Self::Energy,
        Self::Key,
        Self::Loudness,
        Self::Mode,
        Self::Speechiness,
        Self::Acousticness,
        Self::Instrumentalness,
        Self::Liveness,
        Self::Valence,
        Self::Tempo,
        Self::DurationMs,
        Self::TimeSignature,
    ];

    /// The name that Spotify's API and every table derived from it use, such as `tempo` or
    /// `duration_ms`. It is the column's name in an import and the key in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Danceability => "danceability",
            Self::Energy => "energy",
            Self::Key => "key",
            Self::Loudness => "loudness",
            Self::Mode => "mode",
            Self::Speechiness => "speechiness",
            Self::Acousticness => "acousticness",
            Self::Instrumentalness => "instrumentalness",
            Self::Liveness => "liveness",
            Self::Valence => "valence",
            Self::Tempo => "tempo",
            Self::DurationMs => "duration_ms",
            Self::TimeSignature => "time_signature",
        }
    }

    /// The feature that bears this [`name`](Self::name); letter case is ignored. `None` if there is
    /// no such feature, which is how an importer tells feature columns from others.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.name().eq_ignore_ascii_case(name))
    }

    /// The values that count as measured, both ends included. A value outside means "not measured":
    /// services write -1 for the key and 0 for tempo or time signature where they found none.
    /// [`AudioFeatures::set`] drops such values.
    pub fn valid_range(self) -> RangeInclusive<f32> {
        match self {
            Self::Key => 0.0..=11.0,
            Self::Loudness => -80.0..=10.0,
            Self::Tempo => 20.0..=400.0,
            Self::DurationMs => 1.0..=86_400_000.0,
            Self::TimeSignature => 1.0..=16.0,
            _ => 0.0..=1.0,
        }
    }

    /// Whether somebody may set a feature to a value by hand: one in its
    /// [range](Self::valid_range), whole where it counts. The length is no matter of opinion, and
    /// what a play says about liking depends on it.
    pub fn may_be_set_to(self, value: f32) -> bool {
        let is_whole = value.fract() == 0.0;
        self.valid_range().contains(&value)
            && match self {
                Self::DurationMs => false,
                Self::Key | Self::Mode | Self::TimeSignature => is_whole,
                _ => true,
            }
    }
}

/// The audio features of one track, of which any may be missing. Most tracks of a listening history
/// have none at all; a catalogue fills them in.
///
/// ```
/// use segue_core::{AudioFeature, AudioFeatures};
///
/// let mut features = AudioFeatures::MISSING;
/// assert!(features.set(AudioFeature::Tempo, 128.0));
/// assert!(!features.set(AudioFeature::Tempo, 0.0), "services write 0 where none was measured");
/// assert_eq!(features.get(AudioFeature::Tempo), None);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AudioFeatures([f32; AudioFeature::COUNT]);

impl AudioFeatures {
    /// A track of which no feature is known: the value that every track begins with.
    pub const MISSING: Self = Self([f32::NAN; AudioFeature::COUNT]);

    /// The value in the unit that the variant of [`AudioFeature`] documents, or `None` where it is
    /// missing.
    pub fn get(&self, feature: AudioFeature) -> Option<f32> {
        let value = self.0[feature as usize];
        (!value.is_nan()).then_some(value)
    }

    /// Sets a feature and returns whether the value was usable. A value outside
    /// [`AudioFeature::valid_range`], or one that is not a number, makes the feature missing, even
    /// if it was known before.
    pub fn set(&mut self, feature: AudioFeature, value: f32) -> bool {
        let valid = feature.valid_range().contains(&value);
        self.0[feature as usize] = if valid { value } else { f32::NAN };
        valid
    }

    /// Whether nothing is known of how the track sounds. The duration does not count: most
    /// histories tell it, and two songs of equal length need not sound alike.
    pub fn is_silent(&self) -> bool {
        AudioFeature::ALL
            .into_iter()
            .filter(|&f| f != AudioFeature::DurationMs)
            .all(|f| self.get(f).is_none())
    }

    /// Takes from `other` the features that are missing here. What is known here stays, so that the
    /// first source to describe a track wins.
    pub fn fill_from(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            if mine.is_nan() {
                *mine = theirs;
            }
        }
    }

    /// All values in the order of [`AudioFeature::ALL`], a missing one as NaN. Shape:
    /// `[AudioFeature::COUNT]`. Models and databases read this; other code should prefer
    /// [`Self::get`].
    pub fn as_array(&self) -> &[f32; AudioFeature::COUNT] {
        &self.0
    }
}

impl Default for AudioFeatures {
    fn default() -> Self {
        Self::MISSING
    }
}

impl PartialEq for AudioFeatures {
    /// Two missing values are equal.
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
    }
}

impl Serialize for AudioFeatures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            AudioFeature::ALL.into_iter().filter_map(|f| Some((f.name(), self.get(f)?))),
        )
    }
}

impl<'de> Deserialize<'de> for AudioFeatures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named = std::collections::BTreeMap::<String, Option<f32>>::deserialize(deserializer)?;
        let mut features = Self::MISSING;
        for (name, value) in named {
            if let (Some(feature), Some(value)) = (AudioFeature::from_name(&name), value) {
                features.set(feature, value);
            }
        }
        Ok(features)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_outside_its_range_is_missing() {
        let mut features = AudioFeatures::MISSING;
        assert!(features.set(AudioFeature::Key, 11.0));
        assert!(!features.set(AudioFeature::Key, -1.0));
        assert_eq!(features.get(AudioFeature::Key), None);
    }

    #[test]
    fn json_names_what_is_known_and_nothing_else() {
        let mut features = AudioFeatures::MISSING;
        features.set(AudioFeature::Tempo, 120.0);
        let json = serde_json::to_string(&features).unwrap();
        assert_eq!(json, r#"{"tempo":120.0}"#);
        assert_eq!(serde_json::from_str::<AudioFeatures>(&json).unwrap(), features);
    }
}
