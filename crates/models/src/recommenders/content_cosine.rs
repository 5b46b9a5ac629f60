//! Items that are like the heard ones by what is known of them beside who played them: the baseline
//! for tracks that nobody has played yet.
//!
//! ```text
//! profile = Σ_i w_i f_i / Σ_i w_i        score(j) = cos(profile, f_j)
//! ```
//!
//! with `f` the features of an item, each standardised over all items, zero where missing. Items of
//! which nothing is known come last, by popularity. Who heard what is not looked at save for
//! listeners without a history.

use segue_engine::dataset::interactions::Training;
use segue_engine::{Query, Recommender};
use serde::{Deserialize, Serialize};

use super::ItemFeatures;
use super::counts::Counts;
use super::event_weighting::EventWeighting;
use super::popularity::TieBreak;
use super::saved::{ModelWriter, Reader};
use crate::ModelError;
use crate::kernels::matmul::{Matrix, Output, matmul};

/// How [`ContentCosine`] is asked: what of a history counts towards its mean.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContentCosineConfig {
    /// What of a history counts when asked.
    pub query: EventWeighting,
}

/// Ranks items by the cosine between their features and the weighted mean of the features in a
/// history. It needs no co-listening, so it can place items that nobody has played.
#[derive(Clone, Debug, PartialEq)]
pub struct ContentCosine {
    config: ContentCosineConfig,
    dim: usize,
    /// `[items, dim]`, standardised.
    features: Vec<f32>,
    /// The same with length one; zero where nothing is known.
    directions: Vec<f32>,
    tie_break: TieBreak,
}

impl ContentCosine {
    const NAME: &str = "content_cosine";
    /// Below every cosine.
    const UNKNOWN: f32 = -2.0;

    /// Standardises the features.
    ///
    /// # Errors
    /// [`ModelError::NoEvents`], [`ModelError::Setting`], or [`ModelError::LengthMismatch`] unless
    /// there is a row of features for each item.
    pub fn fit(
        training: &Training<'_>,
        features: &ItemFeatures,
        config: &ContentCosineConfig,
    ) -> Result<Self, ModelError> {
        config.query.decay.require_sound("query.decay")?;
        let (expected, found) = (training.items(), features.items());
        if expected != found {
            return Err(ModelError::LengthMismatch { what: "item features", expected, found });
        }
        let tie_break = TieBreak::of(&Counts::of(training, &EventWeighting::default())?);
        let dim = features.dim();
        // The flags of what is missing behind the numbers would make unknown items alike.
        let encoded = features.encoded(&features.scaling());
        let features = encoded.chunks_exact(2 * dim).flat_map(|row| &row[..dim]).copied().collect();
        Ok(Self::from_parts(config.clone(), dim, features, tie_break))
    }

    fn from_parts(
        config: ContentCosineConfig,
        dim: usize,
        features: Vec<f32>,
        tie_break: TieBreak,
    ) -> Self {
        let mut directions = features.clone();
        directions.chunks_exact_mut(dim).for_each(normalise);
        Self { config, dim, features, directions, tie_break }
    }

    /// The model as the bytes of a safetensors file, the configuration in its metadata: equal
    /// models give equal bytes, on any machine.
    pub fn to_bytes(&self) -> Vec<u8> {
        let writer =
            ModelWriter::default().f32s("features", &[self.items(), self.dim], &self.features);
        self.tie_break.write(writer).finish(Self::NAME, &self.config)
    }

    /// The model back from its bytes.
    ///
    /// # Errors
    /// [`ModelError::Damaged`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let (reader, config) = Reader::open(bytes, Self::NAME)?;
        let tie_break = TieBreak::read(&reader)?;
        let (shape, features) = reader.f32s("features")?;
        let sound = shape.len() == 2 && shape[0] == tie_break.items() && shape[1] > 0;
        reader.require(sound, || {
            format!("`features` are {shape:?}, of {} items", tie_break.items())
        })?;
        Ok(Self::from_parts(config, shape[1], features, tie_break))
    }

    fn profiles(&self, queries: &[Query<'_>]) -> Vec<f32> {
        let mut profiles = vec![0.0; queries.len() * self.dim];
        let bags = self.config.query.bags(queries);
        for (bag, profile) in bags.iter().zip(profiles.chunks_exact_mut(self.dim)) {
            for &(item, weight) in bag {
                let features = &self.features[item as usize * self.dim..][..self.dim];
                profile.iter_mut().zip(features).for_each(|(sum, x)| *sum += weight * x);
            }
            normalise(profile);
        }
        profiles
    }
}

impl Recommender for ContentCosine {
    fn items(&self) -> usize {
        self.tie_break.items()
    }

    fn score(&self, queries: &[Query<'_>], scores: &mut [f32]) {
        let items = self.items();
        assert_eq!(scores.len(), queries.len() * items, "one score a query and item");
        let profiles = self.profiles(queries);
        let directions = Matrix::new(&self.directions, items, self.dim);
        matmul(
            scores,
            Output::Overwrite,
            Matrix::new(&profiles, queries.len(), self.dim),
            directions.t(),
        );
        let rows = scores.chunks_exact_mut(items).zip(profiles.chunks_exact(self.dim));
        for (row, profile) in rows {
            if profile.iter().any(|&x| x != 0.0) {
                let unknown =
                    self.directions.chunks_exact(self.dim).map(|row| row.iter().all(|&x| x == 0.0));
                row.iter_mut()
                    .zip(unknown)
                    .filter(|entry| entry.1)
                    .for_each(|entry| *entry.0 = Self::UNKNOWN);
            }
            self.tie_break.add_shares(row);
        }
    }
}

/// Makes the length one, unless it is zero.
fn normalise(row: &mut [f32]) {
    let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        row.iter_mut().for_each(|x| *x /= length);
    }
}

#[cfg(test)]
mod tests {
    use segue_engine::dataset::interactions::{InteractionsBuilder, KCore, ListenerIdx};

    use super::*;

    #[test]
    fn a_track_nobody_played_is_found_by_how_it_sounds() {
        let mut builder = InteractionsBuilder::default();
        let plays = [
            ("a", "loud"),
            ("b", "quiet"),
            ("b", "unknown"),
            ("c", "new loud"),
            ("c", "new quiet"),
        ];
        for (listener, item) in plays {
            builder.push(listener, item, None, None).unwrap();
        }
        let interactions = builder.build(KCore::default()).unwrap();
        let training = Training::new(&interactions, vec![1, 2, 0]);
        let features = ItemFeatures::new(1, vec![2.0, -2.0, f32::NAN, 1.0, -1.0]).unwrap();
        let model =
            ContentCosine::fit(&training, &features, &ContentCosineConfig::default()).unwrap();
        let mut scores = vec![0.0; 5];
        let history = interactions.history(ListenerIdx(0));
        model.score(&[Query { history, ..Query::default() }], &mut scores);
        assert!(scores[3] > scores[1] && scores[3] > scores[4], "{scores:?}");
        assert!((0..5).all(|item| item == 2 || scores[item] > scores[2]), "{scores:?}");
        assert_eq!(ContentCosine::from_bytes(&model.to_bytes()).unwrap(), model);
    }
}
