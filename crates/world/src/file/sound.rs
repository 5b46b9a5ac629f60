//! How a recording sounds: a row of sixty-four bytes.
//!
//! Fourteen numbers, of which those that nobody measured are none (NaN in the file); then how many
//! submissions they are medians of, and the key. A world that was built without features has no
//! such section.

use super::reader::{RecordingIdx, World};

/// Bytes of a row.
pub(crate) const SOUND_BYTES: usize = 64;
/// Numbers of a row, in the order of [`Sound::numbers`].
pub(crate) const NUMBERS: usize = 14;
/// A key that nobody measured.
const NO_KEY: u32 = u32::MAX;

/// How a recording sounds, as [AcousticBrainz](https://acousticbrainz.org) measured it until 2022
/// (CC0). What is `None` was not in the dumps of which the world was built.
///
/// Each number is the lower median of what people submitted, so that it is one that was measured,
/// and the key is the one that most submissions have. These are not Spotify's features: Essentia
/// computes them by other means and on other scales, and no distance may mix the two.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sound {
    /// How many submissions there were of the number that most have.
    pub submissions: u32,
    /// Tempo in beats a minute (`rhythm.bpm`). Half or twice what people would tap is common.
    pub tempo_bpm: Option<f32>,
    /// How danceable the rhythm is, from 0 to about 3 (`rhythm.danceability`): how regular it is,
    /// by detrended fluctuation analysis (Streich and Herrera 2005). It is no probability.
    pub danceability: Option<f32>,
    /// Onsets of notes a second (`rhythm.onset_rate`).
    pub onset_rate: Option<f32>,
    /// Loudness on average, from 0 to 1 (`lowlevel.average_loudness`), without unit.
    pub average_loudness: Option<f32>,
    /// How much the loudness changes, in decibels (`lowlevel.dynamic_complexity`).
    pub dynamic_complexity: Option<f32>,
    /// The key (`tonal.key_key` and `tonal.key_scale`).
    pub key: Option<RecordingKey>,
    /// Probability from 0 to 1 that one would dance to it, by a model (`highlevel.danceability`).
    /// Probabilities of these models lie close to 0 or 1 more often than such a probability would.
    pub probability_danceable: Option<f32>,
    /// Probability that it is happy (`highlevel.mood_happy`).
    pub probability_happy: Option<f32>,
    /// Probability that it is sad (`highlevel.mood_sad`).
    pub probability_sad: Option<f32>,
    /// Probability that it is relaxed (`highlevel.mood_relaxed`).
    pub probability_relaxed: Option<f32>,
    /// Probability that it is aggressive (`highlevel.mood_aggressive`).
    pub probability_aggressive: Option<f32>,
    /// Probability that it is music for a party (`highlevel.mood_party`).
    pub probability_party: Option<f32>,
    /// Probability that it is acoustic (`highlevel.mood_acoustic`).
    pub probability_acoustic: Option<f32>,
    /// Probability that it is electronic (`highlevel.mood_electronic`).
    pub probability_electronic: Option<f32>,
    /// Probability that nobody sings (`highlevel.voice_instrumental`).
    pub probability_instrumental: Option<f32>,
}

/// A key: what its scale begins with, and which scale it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordingKey {
    /// The tonic as a pitch class: 0 is C, 1 is C♯ or D♭, 11 is B.
    pub tonic: u8,
    /// Whether the scale is major, and not minor.
    pub is_major: bool,
}

impl RecordingKey {
    /// A number below 24 for each key, and back.
    pub(crate) fn number(self) -> u8 {
        2 * self.tonic + u8::from(self.is_major)
    }

    pub(crate) fn of_number(number: u32) -> Option<Self> {
        (number < 24).then_some(Self { tonic: number as u8 / 2, is_major: number % 2 == 1 })
    }
}

impl Sound {
    /// The numbers, in the order in which they lie in the file.
    pub(crate) fn numbers(&mut self) -> [&mut Option<f32>; NUMBERS] {
        [
            &mut self.tempo_bpm,
            &mut self.danceability,
            &mut self.onset_rate,
            &mut self.average_loudness,
            &mut self.dynamic_complexity,
            &mut self.probability_danceable,
            &mut self.probability_happy,
            &mut self.probability_sad,
            &mut self.probability_relaxed,
            &mut self.probability_aggressive,
            &mut self.probability_party,
            &mut self.probability_acoustic,
            &mut self.probability_electronic,
            &mut self.probability_instrumental,
        ]
    }

    pub(crate) fn to_bytes(mut self) -> [u8; SOUND_BYTES] {
        let key = self.key.map_or(NO_KEY, |key| u32::from(key.number()));
        let numbers = self.numbers().map(|number| number.unwrap_or(f32::NAN).to_bits());
        let mut row = [0; SOUND_BYTES];
        let words = numbers.into_iter().chain([self.submissions, key]);
        for (bytes, word) in row.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *bytes = word.to_le_bytes();
        }
        row
    }

    /// `None` where nobody submitted it.
    fn from_bytes(row: &[u8; SOUND_BYTES]) -> Option<Self> {
        let words: [u32; SOUND_BYTES / 4] =
            std::array::from_fn(|at| u32::from_le_bytes(row.as_chunks().0[at]));
        let mut sound = Self { submissions: words[NUMBERS], ..Self::default() };
        sound.key = RecordingKey::of_number(words[NUMBERS + 1]);
        for (number, &word) in sound.numbers().into_iter().zip(&words) {
            *number = Some(f32::from_bits(word)).filter(|number| number.is_finite());
        }
        (sound.submissions > 0).then_some(sound)
    }
}

impl World {
    /// How a recording sounds; `None` where nobody submitted it, and in a world that was built
    /// without features.
    pub fn sound(&self, recording: RecordingIdx) -> Option<Sound> {
        Sound::from_bytes(self.sound_bytes(recording)?)
    }
}
