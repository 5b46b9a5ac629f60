//! The likability network as a ranking: how likely a listener is to like an item, from what they
//! heard (arXiv 2312.10079, with the relations of [`crate::likability`]).
//!
//! Events become plays that were let run to the end, and items become tracks of which nothing is
//! known but who heard them and, where there are any, their audio features. Each is an artist of
//! its own: who likes what in common the network knows by artist. What a mix has beside that, such
//! as skips, an evaluation on events does not have.

use std::sync::Arc;

use segue_core::{AudioFeature, ListenerId, Timestamp, Track, TrackId, WorkId};
use segue_engine::dataset::interactions::Training;
use segue_engine::dataset::plays::Plays;
use segue_engine::{Catalogue, History, Profile, Query, Recommender, Scorer, TrackIdx};

use super::ItemFeatures;
use crate::ModelError;
use crate::likability::{LikabilityConfig, LikabilityModel, LikabilityScorer};

/// Ranks items by their likability, so that the network can be measured on the same questions as
/// recommenders that see nothing but who played what.
pub struct LikabilityRanking {
    catalogue: Arc<Catalogue>,
    scorer: LikabilityScorer,
}

impl LikabilityRanking {
    /// Fits the network on everybody's events.
    ///
    /// # Errors
    /// Those of [`LikabilityModel::fit`], and [`ModelError::LengthMismatch`] unless there is a row
    /// of audio features for each item.
    pub fn fit(
        training: &Training<'_>,
        features: Option<&ItemFeatures>,
        config: &LikabilityConfig,
        seed: u64,
    ) -> Result<Self, ModelError> {
        let items = training.items();
        if let Some(features) = features
            && (features.items(), features.dim()) != (items, AudioFeature::COUNT)
        {
            let (expected, found) =
                (items * AudioFeature::COUNT, features.items() * features.dim());
            return Err(ModelError::LengthMismatch { what: "item features", expected, found });
        }
        let track = |item: usize| {
            let mut track = Track::new(TrackId::new(name(item)), WorkId::new(name(item)), "");
            track.artists = vec![name(item)];
            for (&feature, &value) in
                AudioFeature::ALL.iter().zip(features.map_or(&[][..], |known| known.row(item)))
            {
                track.features.set(feature, value);
            }
            track
        };
        let catalogue = Arc::new(Catalogue::from_tracks((0..items).map(track).collect()));
        let profiles: Vec<Profile> =
            training.histories().map(|history| profile(&catalogue, history)).collect();
        let (model, _) =
            LikabilityModel::fit(&catalogue, &profiles, config.clone(), seed, &mut |_| {})?;
        let scorer = model.scorer(&catalogue);
        Ok(Self { catalogue, scorer })
    }
}

/// Names in the order of items: a catalogue sorts tracks by name.
fn name(item: usize) -> String {
    format!("{item:010}")
}

fn profile(catalogue: &Catalogue, history: History<'_>) -> Profile {
    let at = |event: usize| Timestamp::from_second(history.times.get(event)?.0).ok();
    let heard = history.items.iter().enumerate();
    let heard = heard.map(|(event, item)| (TrackIdx(item.0), at(event)));
    Plays::heard(ListenerId::new("listener"), heard).profile(catalogue)
}

impl Recommender for LikabilityRanking {
    fn items(&self) -> usize {
        self.catalogue.len()
    }

    fn score(&self, queries: &[Query<'_>], scores: &mut [f32]) {
        let tracks: Vec<TrackIdx> = self.catalogue.rows().collect();
        for (query, scores) in queries.iter().zip(scores.chunks_exact_mut(self.items())) {
            let found = self.scorer.score(&profile(&self.catalogue, query.history), &tracks);
            scores.iter_mut().zip(found).for_each(|(score, found)| *score = found.mean);
        }
    }
}
