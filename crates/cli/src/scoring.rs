//! The model in use, read back from the registry and bound to the catalogue.

use std::fs;

use anyhow::Context as _;
use segue_core::{Timestamp, TrackId};
use segue_engine::Scorer;
use segue_engine::mix::arrivals::arrivals;
use segue_models::likability::LikabilityModel;
use segue_store::{ModelEntry, Store};

use segue_home::Dataset;

/// The kind of model that mixes are made with.
pub(crate) const LIKABILITY: &str = "likability";

/// The model that mixes are made with.
pub(crate) struct ActiveModel {
    pub(crate) scorer: Box<dyn Scorer>,
    trained_at: Timestamp,
}

/// Reads the model in use.
pub(crate) fn active_model(store: &Store, dataset: &Dataset) -> anyhow::Result<ActiveModel> {
    let entry = store
        .active_model(LIKABILITY)?
        .context("no model has been trained yet; run `segue train`")?;
    let scorer = Box::new(read(store, &entry)?.scorer(&dataset.catalogue).online());
    Ok(ActiveModel { scorer, trained_at: entry.created_at })
}

/// Reads the model of an entry.
pub(crate) fn read(store: &Store, entry: &ModelEntry) -> anyhow::Result<LikabilityModel> {
    let files = store.model_files(&entry.version)?;
    let weights = fs::read(&files.weights)
        .with_context(|| format!("cannot read `{}`", files.weights.display()))?;
    LikabilityModel::from_bytes(&weights, entry.card.as_bytes()).with_context(|| {
        format!("model `{}` cannot be used; `segue train` makes a new one", entry.version)
    })
}

impl ActiveModel {
    /// Tracks that came to the catalogue after the model was trained and that few have answered.
    pub(crate) fn arrivals(
        &self,
        store: &Store,
        dataset: &Dataset,
    ) -> anyhow::Result<Vec<TrackId>> {
        let lately = store.tracks_added_after(self.trained_at)?;
        let rows = lately.iter().filter_map(|track| dataset.catalogue.find(track));
        Ok(arrivals(&dataset.catalogue, &dataset.profiles, rows))
    }
}
