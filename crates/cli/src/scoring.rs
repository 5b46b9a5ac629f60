//! The model in use, read back from the registry and bound to the catalogue.

use std::fs;

use anyhow::Context as _;
use rustc_hash::FxHashMap;
use segue_core::{Timestamp, TrackId};
use segue_engine::{Scorer, WorkIdx};
use segue_models::likability::LikabilityModel;
use segue_store::Store;

use crate::dataset::Dataset;

/// Listeners whose word on a track makes it as well known as any other.
const FIRM: u32 = 3;

/// The model that mixes are made with.
pub(crate) struct ActiveModel {
    pub(crate) scorer: Box<dyn Scorer>,
    trained_at: Timestamp,
}

/// Reads the model in use.
pub(crate) fn active_model(store: &Store, dataset: &Dataset) -> anyhow::Result<ActiveModel> {
    let entry =
        store.active_model("likability")?.context("no model has been trained yet; run `segue train`")?;
    let files = store.model_files(&entry.version)?;
    let weights =
        fs::read(&files.weights).with_context(|| format!("cannot read `{}`", files.weights.display()))?;
    let model = LikabilityModel::from_bytes(&weights, entry.card.as_bytes()).with_context(|| {
        format!("model `{}` cannot be used; `segue train` makes a new one", entry.version)
    })?;
    let scorer = Box::new(model.scorer(&dataset.catalogue).online());
    Ok(ActiveModel { scorer, trained_at: entry.created_at })
}

impl ActiveModel {
    /// Tracks that came to the catalogue after the model was trained and on which fewer than [`FIRM`] listeners have given a word.
    pub(crate) fn arrivals(&self, store: &Store, dataset: &Dataset) -> anyhow::Result<Vec<TrackId>> {
        let mut arrivals = store.tracks_added_after(self.trained_at)?;
        if arrivals.is_empty() {
            return Ok(arrivals);
        }
        let mut answered: FxHashMap<WorkIdx, u32> = FxHashMap::default();
        for (track, _) in dataset.profiles.iter().flat_map(|profile| profile.labelled()) {
            *answered.entry(dataset.catalogue.work(track)).or_default() += 1;
        }
        let is_firm = |track: &TrackId| {
            let work = dataset.catalogue.find(track).map(|row| dataset.catalogue.work(row));
            work.is_none_or(|work| answered.get(&work).is_some_and(|&count| count >= FIRM))
        };
        arrivals.retain(|track| !is_firm(track));
        Ok(arrivals)
    }
}
