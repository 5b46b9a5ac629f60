//! Audio features of a track that no service tells any of, estimated from what was measured in its
//! file.
//!
//! Tempo, key, mode and loudness are measured. Energy, valence, danceability, acousticness and
//! instrumentalness are read off the tags of the network: words that speak for a feature against
//! words that speak against it, each as often as the network's training data have it, so that 0 is
//! the average song:
//!
//! ```text
//! evidence = ln( Σ p(for) / Σ share(for) ) − ln( Σ p(against) / Σ share(against) )
//! feature  = Q( Φ(evidence / 1.2) )
//! ```
//!
//! `Q` has the deciles of 41,106 songs of six decades as Spotify describes them, so that half of
//! all songs lie below .52 of energy here as there. The words were chosen by what they mean;
//! nothing was fitted. These are guesses, good enough to tell mellow from loud and to be called
//! estimates.

use std::f64::consts::FRAC_1_SQRT_2;
use std::sync::LazyLock;

use segue_core::{AudioAnalysis, AudioFeature, AudioFeatures, Descriptor, SOUND_TAGS};
use statrs::function::erf::erf;

/// A tempo or key that says less of itself is left out.
const LEAST_CONFIDENCE: f32 = 0.1;
/// At most so many tags are said of a track.
const MOST_TAGS: usize = 5;
/// A tag fits from here on, if it is rare, and at the latest from there on, if it is frequent.
const LEAST_LIKELY: (f32, f32) = (0.1, 0.5);
/// The standard deviation of evidence over songs of all kinds.
const SPREAD: f32 = 1.2;

/// How many of the 241,904 songs that the network learned from have each of [`SOUND_TAGS`] (Last.fm
/// tags of the Million Song Dataset).
const COUNTS: [u32; SOUND_TAGS.len()] = [
    101_071, 69_024, 55_777, 48_175, 46_270, 42_565, 33_618, 31_432, 31_117, 30_152, 29_172,
    27_496, 26_257, 24_095, 23_784, 23_233, 22_951, 22_614, 20_994, 20_376, 20_180, 19_277, 18_382,
    16_806, 16_321, 16_228, 14_842, 14_621, 14_193, 13_732, 13_677, 13_078, 12_702, 11_978, 11_530,
    11_318, 11_259, 11_147, 11_127, 11_044, 10_998, 10_859, 10_604, 10_566, 10_466, 10_335, 10_149,
    9_983, 9_884, 9_854,
];
const SONGS: f32 = 241_904.0;

/// How a feature is read off tags.
struct ByTags {
    feature: AudioFeature,
    words_for: &'static [&'static str],
    words_against: &'static [&'static str],
    /// Values of the feature that 0 %, 10 %, … of songs lie below.
    deciles: [f32; 11],
}

const BY_TAGS: [ByTags; 5] = [
    ByTags {
        feature: AudioFeature::Energy,
        words_for: &[
            "metal",
            "heavy metal",
            "hard rock",
            "punk",
            "dance",
            "House",
            "electro",
            "party",
            "Hip-Hop",
        ],
        words_against: &[
            "ambient",
            "Mellow",
            "chillout",
            "chill",
            "acoustic",
            "easy listening",
            "beautiful",
            "folk",
            "sad",
        ],
        deciles: [0.0, 0.216, 0.344, 0.442, 0.523, 0.601, 0.676, 0.747, 0.826, 0.907, 1.0],
    },
    ByTags {
        feature: AudioFeature::Valence,
        words_for: &["happy", "party", "dance", "funk", "catchy", "House"],
        words_against: &["sad", "ambient", "experimental", "metal", "Mellow"],
        deciles: [0.0, 0.158, 0.277, 0.376, 0.472, 0.558, 0.644, 0.727, 0.81, 0.9, 0.996],
    },
    ByTags {
        feature: AudioFeature::Danceability,
        words_for: &["dance", "House", "party", "funk", "Hip-Hop", "rnb", "electro"],
        words_against: &[
            "ambient",
            "acoustic",
            "folk",
            "Progressive rock",
            "classic rock",
            "metal",
            "experimental",
        ],
        deciles: [0.0, 0.291, 0.384, 0.451, 0.505, 0.552, 0.598, 0.645, 0.696, 0.762, 0.988],
    },
    ByTags {
        feature: AudioFeature::Acousticness,
        words_for: &["acoustic", "folk", "country", "jazz", "blues", "easy listening", "guitar"],
        words_against: &[
            "electronic",
            "electro",
            "House",
            "dance",
            "metal",
            "hard rock",
            "electronica",
            "punk",
            "Hip-Hop",
        ],
        deciles: [0.0, 0.003, 0.021, 0.064, 0.141, 0.258, 0.416, 0.593, 0.752, 0.897, 0.996],
    },
    ByTags {
        feature: AudioFeature::Instrumentalness,
        words_for: &["instrumental", "ambient", "experimental"],
        words_against: &[
            "female vocalists",
            "male vocalists",
            "female vocalist",
            "soul",
            "rnb",
            "Hip-Hop",
            "pop",
        ],
        deciles: [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.001, 0.014, 0.242, 0.808, 1.0],
    },
];

/// The share of songs of all kinds that bear a tag; `None` of a word that the network does not
/// have.
pub fn usual_share(tag: &str) -> Option<f32> {
    let place = SOUND_TAGS.iter().position(|known| *known == tag)?;
    Some(COUNTS[place] as f32 / SONGS)
}

/// The tags that fit a track, likeliest first, at most five: guesses, to be called so. A tag fits
/// where it is twice as likely as of the average song.
///
/// ```
/// use segue_core::{AudioAnalysis, EMBEDDING, SOUND_TAGS};
/// use segue_engine::sound::estimates::fitting_tags;
///
/// let mut analysis = AudioAnalysis::new(1);
/// let tags: Vec<f32> =
///     SOUND_TAGS.iter().map(|&tag| if tag == "jazz" { 0.6 } else { 0.02 }).collect();
/// analysis.set_embedding(&[0.0; EMBEDDING], &tags);
/// assert_eq!(fitting_tags(&analysis), ["jazz"]);
/// ```
pub fn fitting_tags(analysis: &AudioAnalysis) -> Vec<&'static str> {
    let mut fitting: Vec<(f32, &str)> = SOUND_TAGS
        .into_iter()
        .filter(|tag| has_tag(analysis, tag) == Some(true))
        .filter_map(|tag| Some((analysis.tag(tag)?, tag)))
        .collect();
    fitting.sort_by(|a, b| b.0.total_cmp(&a.0));
    fitting.into_iter().take(MOST_TAGS).map(|(_, tag)| tag).collect()
}

/// Whether a tag of the network fits a track; `None` where the file was too short, or of no such
/// tag.
pub fn has_tag(analysis: &AudioAnalysis, tag: &str) -> Option<bool> {
    let least = (2.0 * usual_share(tag)?).clamp(LEAST_LIKELY.0, LEAST_LIKELY.1);
    Some(analysis.tag(tag)? >= least)
}

/// The features that an analysis tells; the others are missing, the length among them.
///
/// ```
/// use segue_core::{AudioAnalysis, AudioFeature, Descriptor, Measurement};
/// use segue_engine::sound::estimates::estimated;
///
/// let mut analysis = AudioAnalysis::new(1);
/// analysis.set(Descriptor::Key, Measurement { value: 21.0, confidence: 0.6 });
/// let features = estimated(&analysis);
/// // A minor.
/// assert_eq!(features.get(AudioFeature::Key), Some(9.0));
/// assert_eq!(features.get(AudioFeature::Mode), Some(0.0));
/// assert_eq!(features.get(AudioFeature::Energy), None);
/// ```
pub fn estimated(analysis: &AudioAnalysis) -> AudioFeatures {
    let mut features = AudioFeatures::MISSING;
    let sure = |descriptor| {
        let measured = analysis.measurement(descriptor)?;
        (measured.confidence >= LEAST_CONFIDENCE).then_some(measured.value)
    };
    if let Some(loudness) = analysis.value(Descriptor::Loudness) {
        features.set(AudioFeature::Loudness, loudness);
    }
    if let Some(tempo) = sure(Descriptor::Tempo) {
        features.set(AudioFeature::Tempo, tempo);
    }
    if let Some(key) = sure(Descriptor::Key) {
        features.set(AudioFeature::Key, key % 12.0);
        features.set(AudioFeature::Mode, if key < 12.0 { 1.0 } else { 0.0 });
    }
    let likely: Vec<f32> = analysis.tags().collect();
    if !likely.is_empty() {
        for (by_tags, [words_for, words_against]) in BY_TAGS.iter().zip(&*GROUPS) {
            let evidence = words_for.lift(&likely) - words_against.lift(&likely);
            features.set(by_tags.feature, by_tags.value(evidence));
        }
    }
    features
}

/// Tags by their places, with how often they are usual together: looked up once for all tracks.
struct Group {
    places: Vec<usize>,
    usual: f32,
}

static GROUPS: LazyLock<[[Group; 2]; BY_TAGS.len()]> = LazyLock::new(|| {
    std::array::from_fn(|i| [BY_TAGS[i].words_for, BY_TAGS[i].words_against].map(Group::of))
});

impl Group {
    fn of(tags: &[&str]) -> Self {
        let place = |tag: &&str| SOUND_TAGS.iter().position(|known| known == tag);
        let usual = tags.iter().filter_map(|tag| usual_share(tag)).sum();
        Self { places: tags.iter().filter_map(place).collect(), usual }
    }

    /// How much likelier the tags are than in the average song, as a logarithm.
    fn lift(&self, likely: &[f32]) -> f32 {
        let sum: f32 = self.places.iter().map(|&place| likely[place]).sum();
        (sum.max(1e-4) / self.usual).ln()
    }
}

impl ByTags {
    /// The value of the feature where its evidence is so much.
    fn value(&self, evidence: f32) -> f32 {
        let deviations = f64::from(evidence / SPREAD);
        let share = 0.5 * (1.0 + erf(deviations * FRAC_1_SQRT_2)) as f32;
        let place = share * (self.deciles.len() - 1) as f32;
        let low = (place as usize).min(self.deciles.len() - 2);
        let (below, above) = (self.deciles[low], self.deciles[low + 1]);
        below + (place - low as f32) * (above - below)
    }
}

#[cfg(test)]
mod tests {
    use segue_core::EMBEDDING;

    use super::*;

    /// What the network would say of the average song, but for some words.
    fn analysis_of(tags: &[(&str, f32)]) -> AudioAnalysis {
        let tag = |name: &&str| {
            let said = tags.iter().find(|(tag, _)| tag == name).map(|(_, likely)| *likely);
            said.or(usual_share(name)).unwrap()
        };
        let tags: Vec<f32> = SOUND_TAGS.iter().map(tag).collect();
        let mut analysis = AudioAnalysis::new(1);
        analysis.set_embedding(&[0.0; EMBEDDING], &tags);
        analysis
    }

    #[test]
    fn the_average_song_has_the_features_of_one() {
        let features = estimated(&analysis_of(&[]));
        for by_tags in &BY_TAGS {
            let value = features.get(by_tags.feature).unwrap();
            assert!((value - by_tags.deciles[5]).abs() < 0.02, "{:?} {value}", by_tags.feature);
        }
    }

    #[test]
    fn words_move_features_the_way_they_mean() {
        let of =
            |words: &[(&str, f32)], feature| estimated(&analysis_of(words)).get(feature).unwrap();
        let lively = [("metal", 0.7), ("hard rock", 0.5)];
        let mellow = [("ambient", 0.6), ("Mellow", 0.3), ("acoustic", 0.3)];
        assert!(of(&lively, AudioFeature::Energy) > 0.75);
        assert!(of(&mellow, AudioFeature::Energy) < 0.4);
        assert!(of(&mellow, AudioFeature::Acousticness) > of(&lively, AudioFeature::Acousticness));
        let sung = [("female vocalists", 0.6), ("pop", 0.6), ("instrumental", 0.01)];
        assert!(of(&sung, AudioFeature::Instrumentalness) < 0.01);
        let played = [("instrumental", 0.4), ("ambient", 0.4), ("pop", 0.02)];
        assert!(of(&played, AudioFeature::Instrumentalness) > 0.1);
    }

    #[test]
    fn every_word_is_one_that_the_network_has() {
        for ByTags { words_for, words_against, .. } in &BY_TAGS {
            for word in words_for.iter().chain(*words_against) {
                assert!(usual_share(word).is_some(), "{word}");
            }
        }
        assert!(
            COUNTS.is_sorted_by(|a, b| a >= b),
            "tags are in the order of how frequent they are"
        );
    }
}
