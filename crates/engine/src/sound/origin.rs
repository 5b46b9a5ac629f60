//! Where a feature of a track comes from.

use segue_core::AudioFeature;

use super::learned::LearnedFeatures;

/// Who says what a feature of a track is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeatureOrigin {
    /// Somebody set it by hand, for everybody in the library.
    Set,
    /// A service.
    Told,
    /// It was measured in the file: tempo, key, mode, loudness and length.
    Measured,
    /// An estimate by tags of the network (see [`estimates`](super::estimates)).
    Tags,
    /// An estimate by a map learned from songs of the library (see [`learned`](super::learned)).
    Learned,
}

impl FeatureOrigin {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Told => "told",
            Self::Measured => "measured",
            Self::Tags => "tags",
            Self::Learned => "learned",
        }
    }

    /// Where an estimate of a feature comes from.
    pub(crate) fn of_estimate(feature: AudioFeature, learned: Option<&LearnedFeatures>) -> Self {
        let is_learned = |learned: &LearnedFeatures| learned.uses(feature);
        match feature {
            _ if learned.is_some_and(is_learned) => Self::Learned,
            AudioFeature::Tempo
            | AudioFeature::Key
            | AudioFeature::Mode
            | AudioFeature::Loudness
            | AudioFeature::DurationMs => Self::Measured,
            _ => Self::Tags,
        }
    }
}
