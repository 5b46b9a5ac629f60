//! Reasons as integers: a kind, and values that are numbers, keys of texts, or features.

use std::sync::Arc;

use segue_core::{AudioFeature, Difference, Direction, Reason};

use crate::keys::Key;
use crate::slates::wire::{Reader, Writer};
use crate::{Result, StoreError};

/// Room for the kind beside the number of values.
const KIND_BITS: u32 = 5;

/// A reason with keys in place of names. No kind ever changes its meaning.
pub(super) struct StoredReason {
    kind: u8,
    values: Vec<u32>,
}

impl StoredReason {
    /// A reason in keys, given the key of each text.
    pub(super) fn of(
        reason: &Reason,
        mut text_of: impl FnMut(&str) -> Result<Key>,
    ) -> Result<Self> {
        let (kind, values) = match reason {
            Reason::Liked => (0, Vec::new()),
            Reason::Favourite { finished } => (1, vec![*finished]),
            Reason::BackAfter { days } => (2, vec![*days]),
            Reason::Saved => (3, Vec::new()),
            Reason::Heard { plays } => (4, vec![*plays]),
            Reason::Artist { artist, finished } => (5, vec![text_of(artist)?, *finished]),
            Reason::ArtistLiked { artist, liked } => (6, vec![text_of(artist)?, *liked]),
            Reason::SoundsLike { anchor, features } => {
                let anchor = std::iter::once(text_of(anchor)?);
                (7, anchor.chain(features.iter().map(|feature| place_of(*feature))).collect())
            }
            Reason::Genre { genre } => (8, vec![text_of(genre)?]),
            Reason::StepOutside { differences } => {
                (9, differences.iter().map(value_of_difference).collect())
            }
            Reason::Lately => (10, Vec::new()),
            Reason::Habit => (11, Vec::new()),
            Reason::PlayedWith { anchors } => {
                (12, anchors.iter().map(|anchor| text_of(anchor)).collect::<Result<_>>()?)
            }
            Reason::Together { anchor } => (13, vec![text_of(anchor)?]),
            Reason::NewFrom { artist } => (14, vec![text_of(artist)?]),
            Reason::Friends { friends } => (15, vec![*friends]),
            Reason::LikeFriends => (16, Vec::new()),
            Reason::Popular => (17, Vec::new()),
            Reason::Predicted => (18, Vec::new()),
            Reason::Tagged { tags } => {
                (19, tags.iter().map(|tag| text_of(tag)).collect::<Result<_>>()?)
            }
        };
        Ok(Self { kind, values })
    }

    /// The reason with its names, given the text of each key.
    pub(super) fn into_reason(
        self,
        mut text: impl FnMut(Key) -> Result<Arc<str>>,
    ) -> Result<Reason> {
        let mut text = |key: u32| text(key).map(|text| text.to_string());
        Ok(match (self.kind, self.values.as_slice()) {
            (0, []) => Reason::Liked,
            (1, &[finished]) => Reason::Favourite { finished },
            (2, &[days]) => Reason::BackAfter { days },
            (3, []) => Reason::Saved,
            (4, &[plays]) => Reason::Heard { plays },
            (5, &[artist, finished]) => Reason::Artist { artist: text(artist)?, finished },
            (6, &[artist, liked]) => Reason::ArtistLiked { artist: text(artist)?, liked },
            (7, [anchor, features @ ..]) => Reason::SoundsLike {
                anchor: text(*anchor)?,
                features: features.iter().map(|place| feature_at(*place)).collect::<Result<_>>()?,
            },
            (8, &[genre]) => Reason::Genre { genre: text(genre)? },
            (9, differences) => Reason::StepOutside {
                differences: differences.iter().map(difference_of).collect::<Result<_>>()?,
            },
            (10, []) => Reason::Lately,
            (11, []) => Reason::Habit,
            (12, anchors) => Reason::PlayedWith {
                anchors: anchors.iter().map(|anchor| text(*anchor)).collect::<Result<_>>()?,
            },
            (13, &[anchor]) => Reason::Together { anchor: text(anchor)? },
            (14, &[artist]) => Reason::NewFrom { artist: text(artist)? },
            (15, &[friends]) => Reason::Friends { friends },
            (16, []) => Reason::LikeFriends,
            (17, []) => Reason::Popular,
            (18, []) => Reason::Predicted,
            (19, tags) => {
                Reason::Tagged { tags: tags.iter().map(|tag| text(*tag)).collect::<Result<_>>()? }
            }
            _ => return Err(StoreError::corrupt("a reason is of no kind that is known")),
        })
    }

    /// The keys of the texts among the values.
    pub(super) fn texts(&self) -> &[Key] {
        match self.kind {
            5..=8 | 13 | 14 => &self.values[..self.values.len().min(1)],
            12 | 19 => &self.values,
            _ => &[],
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.integer((self.values.len() as u64) << KIND_BITS | u64::from(self.kind));
        self.values.iter().for_each(|value| writer.integer((*value).into()));
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let packed = reader.integer()?;
        let kind = (packed & ((1 << KIND_BITS) - 1)) as u8;
        let values = (0..packed >> KIND_BITS).map(|_| reader.key()).collect::<Option<_>>()?;
        Some(Self { kind, values })
    }
}

fn place_of(feature: AudioFeature) -> u32 {
    let place = AudioFeature::ALL.iter().position(|one| *one == feature);
    place.expect("all features are among all") as u32
}

fn feature_at(place: u32) -> Result<AudioFeature> {
    let feature = AudioFeature::ALL.get(place as usize).copied();
    feature.ok_or_else(|| StoreError::corrupt(format!("`{place}` is no audio feature")))
}

fn value_of_difference(difference: &Difference) -> u32 {
    place_of(difference.feature) << 1 | u32::from(difference.direction == Direction::Less)
}

fn difference_of(value: &u32) -> Result<Difference> {
    let direction = if value & 1 == 0 { Direction::More } else { Direction::Less };
    Ok(Difference { feature: feature_at(value >> 1)?, direction })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_comes_back() {
        let (artist, anchor) = ("Ann".to_owned(), "Ann – Song".to_owned());
        let features = vec![AudioFeature::ALL[12], AudioFeature::ALL[0]];
        let more = Difference { feature: AudioFeature::ALL[3], direction: Direction::More };
        let less = Difference { feature: AudioFeature::ALL[12], direction: Direction::Less };
        let all = [
            Reason::Liked,
            Reason::Favourite { finished: u32::MAX },
            Reason::BackAfter { days: 400 },
            Reason::Saved,
            Reason::Heard { plays: 0 },
            Reason::Artist { artist: artist.clone(), finished: 12 },
            Reason::ArtistLiked { artist: artist.clone(), liked: 3 },
            Reason::SoundsLike { anchor: anchor.clone(), features },
            Reason::Tagged { tags: vec!["jazz".to_owned(), artist.clone()] },
            Reason::Genre { genre: String::new() },
            Reason::StepOutside { differences: vec![more, less] },
            Reason::StepOutside { differences: Vec::new() },
            Reason::Lately,
            Reason::Habit,
            Reason::PlayedWith { anchors: vec![anchor.clone(), artist.clone()] },
            Reason::PlayedWith { anchors: Vec::new() },
            Reason::Together { anchor },
            Reason::NewFrom { artist },
            Reason::Friends { friends: 2 },
            Reason::LikeFriends,
            Reason::Popular,
            Reason::Predicted,
        ];
        for reason in all {
            let mut texts = Vec::new();
            let stored = StoredReason::of(&reason, |text| {
                texts.push(text.to_owned());
                Ok(texts.len() as Key)
            });
            let mut writer = Writer::new(0);
            stored.unwrap().write(&mut writer);
            let bytes = writer.into_bytes();
            let read = StoredReason::read(&mut Reader::new(&bytes[1..])).unwrap();
            assert_eq!(read.texts().len(), texts.len(), "{reason:?}");
            let text = |key: Key| Ok(Arc::from(texts[key as usize - 1].as_str()));
            assert_eq!(read.into_reason(text).unwrap(), reason);
        }
    }
}
