//! What is said of a track before any listener comes in: eighteen numbers (sound, age, popularity,
//! kind of version) on a common scale, and which album, genre and artist it belongs to.
//!
//! Skewed shares enter as logarithms, the key as a point on its circle, the age of a track as the
//! logarithm of years before the newest track, because 2018 and 2019 differ less than 1968 and 1978
//! sound alike. Missing stays NaN.

use std::collections::BTreeMap;
use std::f32::consts::TAU;

use segue_core::{AudioAnalysis, AudioFeature, AudioFeatures, Version};
use segue_engine::sound::embedding::EmbeddingAxes;
use segue_engine::{ArtistIdx, Catalogue, TrackIdx, WorkIdx};
use serde::{Deserialize, Serialize};

/// Names of the descriptors, in order: sound first. Where sound is described by embeddings, the
/// first fourteen are the first fourteen axes of these.
pub(crate) const NAMES: [&str; COUNT] = [
    "danceability",
    "energy",
    "loudness",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "liveness",
    "valence",
    "tempo",
    "duration",
    "mode",
    "key_cos",
    "key_sin",
    "in_four",
    "newness",
    "popularity",
    "reworked",
    "with_guests",
];

/// How many descriptors there are.
pub(crate) const COUNT: usize = 18;
/// How many of them describe the sound; they come first.
pub(crate) const SOUND: usize = 14;
pub(crate) const NEWNESS: usize = 14;
pub(crate) const POPULARITY: usize = 15;
pub(crate) const REWORKED: usize = 16;

const CLIP: f32 = 4.0;

/// Descriptors of one track, NaN where unknown.
pub(crate) type TrackDescriptors = [f32; COUNT];

/// Means and deviations that put descriptors on a common scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scale {
    newest_year: u16,
    mean: Vec<f32>,
    deviation: Vec<f32>,
    /// The axes of embeddings, where sound is described by these: numbers of two
    /// sources are never mixed, and the one that describes more tracks is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    embedding: Option<EmbeddingAxes>,
}

impl Scale {
    /// Learns the scale of a catalogue.
    pub(crate) fn fit(catalogue: &Catalogue) -> Self {
        let newest_year =
            catalogue.rows().filter_map(|row| catalogue.track(row).year).max().unwrap_or(0);
        let embedding =
            has_more_embeddings(catalogue).then(|| catalogue.embedding_axes().cloned()).flatten();
        let mut sums = [(0.0f64, 0.0f64, 0.0f64); COUNT];
        for row in catalogue.rows() {
            let raw = raw(catalogue, row, newest_year, embedding.as_ref());
            for ((count, sum, squares), value) in sums.iter_mut().zip(raw.map(f64::from)) {
                if !value.is_nan() {
                    *count += 1.0;
                    *sum += value;
                    *squares += value * value;
                }
            }
        }
        let mean = sums.map(|(count, sum, _)| if count > 0.0 { sum / count } else { 0.0 });
        let deviation = sums.map(|(count, sum, squares)| {
            let mean = sum / count.max(1.0);
            (squares / count.max(1.0) - mean * mean).max(0.0).sqrt()
        });
        Self {
            newest_year,
            mean: mean.iter().map(|&value| value as f32).collect(),
            deviation: deviation.iter().map(|&value| value as f32).collect(),
            embedding,
        }
    }

    /// Whether a scale that was read from a file fits the descriptors.
    pub(crate) fn is_sound(&self) -> bool {
        self.mean.len() == COUNT
            && self.deviation.len() == COUNT
            && self.embedding.as_ref().is_none_or(EmbeddingAxes::is_whole)
    }

    /// Describes one track.
    pub(crate) fn describe(&self, catalogue: &Catalogue, row: TrackIdx) -> TrackDescriptors {
        let mut description = raw(catalogue, row, self.newest_year, self.embedding.as_ref());
        for (i, value) in description.iter_mut().enumerate() {
            // A descriptor that never varied says nothing: 0, as if it were average. NaN passes
            // through.
            let scaled = if self.deviation[i] > 1e-6 {
                (*value - self.mean[i]) / self.deviation[i]
            } else {
                *value * 0.0
            };
            *value = scaled.clamp(-CLIP, CLIP);
        }
        description
    }
}

/// Whether more tracks have embeddings than are described by services.
fn has_more_embeddings(catalogue: &Catalogue) -> bool {
    let mut embedding = 0;
    let mut told = 0;
    for row in catalogue.rows() {
        let is_embedded = catalogue.analysis(row).is_some_and(|found| found.embedding().len() > 0);
        embedding += usize::from(is_embedded);
        let is_silent = catalogue.track(row).features.is_silent();
        told += usize::from(!is_silent && !catalogue.is_estimated(row));
    }
    embedding > told
}

fn raw(
    catalogue: &Catalogue,
    row: TrackIdx,
    newest_year: u16,
    embedding: Option<&EmbeddingAxes>,
) -> TrackDescriptors {
    let track = catalogue.track(row);
    let flag = |set: bool| if set { 1.0 } else { 0.0 };
    let mut description = [f32::NAN; COUNT];
    let sound = match embedding {
        Some(axes) => catalogue.analysis(row).and_then(|analysis| embedded_sound(axes, analysis)),
        None if catalogue.is_estimated(row) => None,
        None => Some(told_sound(&track.features)),
    };
    description[..SOUND].copy_from_slice(&sound.unwrap_or([f32::NAN; SOUND]));
    description[SOUND..].copy_from_slice(&[
        track.year.map_or(f32::NAN, |year| -f32::from(newest_year.saturating_sub(year)).ln_1p()),
        track.popularity.unwrap_or(f32::NAN),
        flag(matches!(track.version, Version::Remix | Version::Edit)),
        flag(track.artists.len() > 1 || names_guests(&track.title)),
    ]);
    description
}

fn embedded_sound(axes: &EmbeddingAxes, analysis: &AudioAnalysis) -> Option<[f32; SOUND]> {
    axes.place(analysis)?.first_chunk().copied()
}

fn told_sound(features: &AudioFeatures) -> [f32; SOUND] {
    let audio = |feature| features.get(feature).unwrap_or(f32::NAN);
    let key = audio(AudioFeature::Key) * TAU / 12.0;
    let metre = audio(AudioFeature::TimeSignature);
    let in_four = if (metre - 4.0).abs() < 0.5 { 1.0 } else { 0.0 };
    [
        audio(AudioFeature::Danceability),
        audio(AudioFeature::Energy),
        audio(AudioFeature::Loudness),
        (audio(AudioFeature::Speechiness) + 0.01).ln(),
        (audio(AudioFeature::Acousticness) + 0.003).ln(),
        (audio(AudioFeature::Instrumentalness) + 1e-4).ln(),
        (audio(AudioFeature::Liveness) + 0.01).ln(),
        audio(AudioFeature::Valence),
        audio(AudioFeature::Tempo).ln(),
        audio(AudioFeature::DurationMs).ln(),
        audio(AudioFeature::Mode),
        key.cos(),
        key.sin(),
        if metre.is_nan() { f32::NAN } else { in_four },
    ]
}

fn names_guests(title: &str) -> bool {
    let title = title.to_lowercase();
    ["feat.", "(with ", "ft. "].iter().any(|mark| title.contains(mark))
}

/// Whether anything of the sound is known besides the duration.
pub(crate) fn is_audible(description: &TrackDescriptors) -> bool {
    const DURATION: usize = 9;
    description[..SOUND].iter().enumerate().any(|(i, value)| i != DURATION && !value.is_nan())
}

/// Every track of a catalogue, described.
pub(crate) struct Descriptions {
    pub(crate) values: Vec<TrackDescriptors>,
    pub(crate) works: Vec<WorkIdx>,
    pub(crate) artists: Vec<Option<ArtistIdx>>,
    pub(crate) albums: Vec<Option<u32>>,
    pub(crate) genres: Vec<Option<u32>>,
    /// Share of tracks of each genre.
    pub(crate) genre_shares: Vec<f32>,
}

impl Descriptions {
    pub(crate) fn new(catalogue: &Catalogue, scale: &Scale) -> Self {
        let rows = || catalogue.rows();
        let albums = interned(rows().map(|row| {
            let track = catalogue.track(row);
            // Albums of two artists may share a title ("Greatest Hits").
            Some((catalogue.artist(row), track.album.as_deref()?.to_lowercase()))
        }));
        let genres =
            interned(rows().map(|row| Some(catalogue.track(row).genre.as_deref()?.to_lowercase())));
        Self {
            values: rows().map(|row| scale.describe(catalogue, row)).collect(),
            works: rows().map(|row| catalogue.work(row)).collect(),
            artists: rows().map(|row| catalogue.artist(row)).collect(),
            genre_shares: shares(&genres),
            albums,
            genres,
        }
    }

    pub(crate) fn of(&self, track: TrackIdx) -> &TrackDescriptors {
        &self.values[track.0 as usize]
    }
}

fn interned<K: Ord>(keys: impl Iterator<Item = Option<K>>) -> Vec<Option<u32>> {
    let mut seen = BTreeMap::new();
    keys.map(|key| {
        let next = seen.len() as u32;
        Some(*seen.entry(key?).or_insert(next))
    })
    .collect()
}

fn shares(codes: &[Option<u32>]) -> Vec<f32> {
    let known = codes.iter().flatten();
    let mut counts = vec![0.0f32; known.clone().max().map_or(0, |&most| most as usize + 1)];
    known.for_each(|&code| counts[code as usize] += 1.0);
    let total: f32 = counts.iter().sum();
    counts.into_iter().map(|count| count / total).collect()
}

#[cfg(test)]
mod tests {
    use segue_core::{EMBEDDING, SOUND_TAGS, Track, TrackId, WorkId};

    use super::*;

    fn track(id: &str, energy: Option<f32>, year: Option<u16>) -> Track {
        let mut track = Track::new(TrackId::new(id), WorkId::new(id), id);
        let mut features = AudioFeatures::MISSING;
        if let Some(energy) = energy {
            features.set(AudioFeature::Energy, energy);
        }
        track.features = features;
        track.year = year;
        track
    }

    #[test]
    fn missing_stays_missing_and_known_values_are_standardised() {
        let catalogue = Catalogue::from_tracks(vec![
            track("a", Some(0.2), Some(1980)),
            track("b", Some(0.8), Some(2020)),
            track("c", None, None),
        ]);
        let scale = Scale::fit(&catalogue);
        let energy = |row| scale.describe(&catalogue, TrackIdx(row))[1];
        assert!((energy(0) + 1.0).abs() < 1e-4 && (energy(1) - 1.0).abs() < 1e-4);
        assert!(energy(2).is_nan());
        let newness = |row| scale.describe(&catalogue, TrackIdx(row))[NEWNESS];
        assert!(newness(1) > newness(0));
        assert!(!is_audible(&scale.describe(&catalogue, TrackIdx(2))));
    }

    #[test]
    fn a_library_of_more_embeddings_is_described_by_these_alone() {
        let analysed = |id: &str, at: usize| {
            let mut embedding = [0.5; EMBEDDING];
            embedding[at] = 3.0;
            let mut analysis = AudioAnalysis::new(1);
            analysis.set_embedding(&embedding, &[0.1; SOUND_TAGS.len()]);
            (TrackId::new(id), analysis)
        };
        let tracks = || vec![track("a", Some(0.2), None), track("b", None, None)];
        let catalogue = Catalogue::from_tracks(tracks());
        let told = Scale::fit(&catalogue);
        assert_eq!(told.embedding, None);
        let catalogue = Catalogue::from_tracks(tracks())
            .with_analyses(vec![analysed("a", 1), analysed("b", 2)]);
        let scale = Scale::fit(&catalogue);
        let described = |row| scale.describe(&catalogue, TrackIdx(row));
        assert!(is_audible(&described(0)) && is_audible(&described(1)));
        assert!((described(0)[0] - described(1)[0]).abs() > 1.0, "they sound different");
        // By what services tell, an estimate is no description.
        assert!(!is_audible(&told.describe(&catalogue, TrackIdx(1))));
    }
}
