//! Scoring a catalogue: everything that does not depend on the listener is computed once, relations
//! and the network for each request.

use std::borrow::Cow;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use segue_core::WorkId;
use segue_engine::{Catalogue, Likability, Profile, Scorer, Table, TrackIdx, WorkIdx};

use super::community::Community;
use super::describe::Descriptions;
use super::feature_spaces::{FeatureSpaces, Placed};
use super::fit::table;
use super::labelled::labelled_tracks;
use super::measure::calibrated;
use super::relation::{COLUMNS, PreparedHistory};
use super::{LikabilityModel, NamedCommunity};

/// Tracks whose relations are held in memory at once.
const BATCH: usize = 8_192;
/// Tracks that one thread relates at a time.
const TILE: usize = 256;

/// A likability model bound to the rows of a catalogue: what does not depend on the listener is
/// worked out once, and every profile after that costs the relations alone.
pub struct LikabilityScorer {
    model: LikabilityModel,
    descriptions: Descriptions,
    feature_spaces: FeatureSpaces,
    placed: Vec<Placed>,
}

impl LikabilityModel {
    /// Binds the model to a catalogue, which need not be the one it was fitted on.
    pub fn scorer(self, catalogue: &Arc<Catalogue>) -> LikabilityScorer {
        let descriptions = Descriptions::new(catalogue, &self.scale);
        let community = self.community.in_rows_of(catalogue);
        let feature_spaces =
            FeatureSpaces::new(self.spaces.clone(), community, self.background.clone());
        let rows: Vec<TrackIdx> = catalogue.rows().collect();
        let placed = rows.par_iter().map(|&row| feature_spaces.place(&descriptions, row)).collect();
        LikabilityScorer { model: self, descriptions, feature_spaces, placed }
    }
}

impl LikabilityScorer {
    /// The model that was bound to the catalogue, with its card and version.
    pub fn model(&self) -> &LikabilityModel {
        &self.model
    }

    /// What predictions for a listener are made from, for as many calls as there are.
    pub(super) fn history(&self, profile: &Profile) -> PreparedHistory<'_> {
        PreparedHistory::new(
            &self.feature_spaces,
            &self.descriptions,
            &labelled_tracks(profile),
            |track| Cow::Borrowed(&self.placed[track.0 as usize].positions),
        )
    }

    /// As [`Scorer::score`], for a history that was prepared before.
    pub(super) fn score_after(
        &self,
        history: &PreparedHistory<'_>,
        tracks: &[TrackIdx],
    ) -> Vec<Likability> {
        tracks.chunks(BATCH).flat_map(|batch| self.score_batch(history, batch)).collect()
    }

    fn score_batch(&self, history: &PreparedHistory<'_>, tracks: &[TrackIdx]) -> Vec<Likability> {
        let predicted = self.model.network.predict(&self.table(history, tracks));
        let predicted =
            predicted.expect("the table has the columns that the network was fitted on");
        predicted.into_iter().map(|raw| calibrated(self.model.card.calibration, raw)).collect()
    }

    /// What each member of the network says, calibrated, after one another for each track.
    pub(super) fn members(&self, profile: &Profile, tracks: &[TrackIdx]) -> Vec<Vec<f32>> {
        let table = self.table(&self.history(profile), tracks);
        let members = self.model.network.predict_members(&table);
        let mut members =
            members.expect("the table has the columns that the network was fitted on");
        for probability in members.iter_mut().flatten() {
            *probability = self.model.card.calibration.apply(f64::from(*probability)) as f32;
        }
        members
    }

    /// Where tracks lie.
    ///
    /// # Shapes
    /// `[tracks, EMBEDDING]`.
    pub(super) fn embeddings(&self, tracks: &[TrackIdx]) -> Vec<f32> {
        tracks.iter().flat_map(|track| self.placed[track.0 as usize].embedding()).collect()
    }

    fn table(&self, history: &PreparedHistory<'_>, tracks: &[TrackIdx]) -> Table {
        let mut rows = vec![0.0f32; tracks.len() * COLUMNS];
        rows.par_chunks_mut(TILE * COLUMNS).zip(tracks.par_chunks(TILE)).for_each(
            |(rows, tracks)| {
                let mut scratch = Vec::new();
                for (row, track) in rows.chunks_exact_mut(COLUMNS).zip(tracks) {
                    row.copy_from_slice(
                        &history.relate(&self.placed[track.0 as usize], &mut scratch),
                    );
                }
            },
        );
        table(&rows, &self.model.columns)
    }
}

impl Scorer for LikabilityScorer {
    fn version(&self) -> &str {
        self.model.version()
    }

    fn score(&self, profile: &Profile, tracks: &[TrackIdx]) -> Vec<Likability> {
        self.score_after(&self.history(profile), tracks)
    }
}

impl NamedCommunity {
    pub(super) fn new(catalogue: &Catalogue, community: &Community) -> Self {
        let work_name = |work: WorkIdx| catalogue.track(catalogue.versions(work)[0]).work.clone();
        let mut works: Vec<(WorkId, u32)> =
            community.work_likes.iter().map(|(&work, &likes)| (work_name(work), likes)).collect();
        works.sort();
        let named = |artist| catalogue.artist_name(artist).to_lowercase();
        let mut artists: Vec<_> = community
            .artists
            .iter()
            .map(|(&artist, &artist_place)| (named(artist), artist_place))
            .collect();
        artists.sort_by(|a, b| a.0.cmp(&b.0));
        Self { listeners: community.listeners, works, artists }
    }

    fn in_rows_of(&self, catalogue: &Catalogue) -> Community {
        let works: FxHashMap<&WorkId, WorkIdx> =
            catalogue.rows().map(|row| (&catalogue.track(row).work, catalogue.work(row))).collect();
        Community {
            listeners: self.listeners,
            work_likes: self
                .works
                .iter()
                .filter_map(|(name, likes)| Some((*works.get(name)?, *likes)))
                .collect(),
            artists: self
                .artists
                .iter()
                .filter_map(|(name, artist_place)| {
                    Some((catalogue.find_artist(name)?, *artist_place))
                })
                .collect(),
        }
    }
}
