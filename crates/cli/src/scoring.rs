//! The model in use, read back from the registry and bound to the catalogue.

use std::fs;

use anyhow::Context as _;
use segue_engine::Scorer;
use segue_models::likability::LikabilityModel;
use segue_store::Store;

use crate::dataset::Dataset;

/// The scorer that mixes are made with.
pub(crate) fn active_scorer(store: &Store, dataset: &Dataset) -> anyhow::Result<Box<dyn Scorer>> {
    let entry =
        store.active_model("likability")?.context("no model has been trained yet; run `segue train`")?;
    let files = store.model_files(&entry.version)?;
    let weights =
        fs::read(&files.weights).with_context(|| format!("cannot read `{}`", files.weights.display()))?;
    let model = LikabilityModel::from_bytes(&weights, entry.card.as_bytes()).with_context(|| {
        format!("model `{}` cannot be used; `segue train` makes a new one", entry.version)
    })?;
    Ok(Box::new(model.scorer(&dataset.catalogue).online()))
}
