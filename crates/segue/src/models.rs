//! The models of a library: how the one in use is read, and how a new one is trained and put in
//! use.
//!
//! The rest of the crate asks for them through [`Models`], so that a server is tested with a
//! made-up scorer instead of a training of seconds.

use std::error::Error as StdError;
use std::fs;
use std::sync::Arc;

use segue_core::{ListenerId, Timestamp};
use segue_engine::{Catalogue, Scorer};
use segue_models::likability::{FitReport, LikabilityConfig, LikabilityModel, Stage};
use segue_store::{ModelEntry, NewModel, Store};

use crate::{Dataset, Error, Result};

/// The kind under which the store has models of likability, one of which is in use at a time.
pub const LIKABILITY: &str = "likability";
/// The seed of a training that nobody gave one.
pub const DEFAULT_SEED: u64 = 1;

/// Why a model cannot be read or trained. Implementations of [`Models`] have errors of their own,
/// so that it may be of any type.
pub type ModelsError = Box<dyn StdError + Send + Sync>;

/// The model in use, bound to the rows of a catalogue: with another catalogue its predictions would
/// be of other tracks.
pub struct Loaded {
    /// Its version, which every impression names, so that a log tells which model it is of.
    pub version: String,
    /// When it was trained. Tracks that came later are arrivals.
    pub trained_at: Timestamp,
    /// What predicts how likely a listener is to like each track, shared by all threads.
    pub scorer: Arc<dyn Scorer>,
}

/// Reads and trains the models that mixes are made with. Implement it to serve a model of your own;
/// [`StandardModels`] are those that Segue ships.
pub trait Models: Send + Sync {
    /// The kind under which the store has them; no two implementations share one.
    fn kind(&self) -> &'static str;

    /// Reads the model in use, if there is one, and binds it to a catalogue.
    ///
    /// # Errors
    /// When the store cannot be read, or the model not be used.
    fn load(
        &self,
        store: &Store,
        catalogue: &Arc<Catalogue>,
    ) -> std::result::Result<Option<Loaded>, ModelsError>;

    /// Trains a model on everything that the store holds, registers it and puts it in use. Returns
    /// its version. `progress` is told which share is done, 0 to 1.
    ///
    /// # Errors
    /// When there is too little to learn from, or the model cannot be registered.
    fn train(
        &self,
        store: &mut Store,
        progress: &dyn Fn(f32),
    ) -> std::result::Result<String, ModelsError>;
}

/// The models that Segue ships: likability, learned across all listeners, so that a few plays of
/// somebody new are enough.
#[derive(Clone, Copy, Debug, Default)]
pub struct StandardModels;

impl Models for StandardModels {
    fn kind(&self) -> &'static str {
        LIKABILITY
    }

    fn load(
        &self,
        store: &Store,
        catalogue: &Arc<Catalogue>,
    ) -> std::result::Result<Option<Loaded>, ModelsError> {
        let Some(entry) = store.active_model(LIKABILITY)? else { return Ok(None) };
        let scorer = Arc::new(read(store, &entry)?.scorer(catalogue).online());
        Ok(Some(Loaded { version: entry.version, trained_at: entry.created_at, scorer }))
    }

    fn train(
        &self,
        store: &mut Store,
        progress: &dyn Fn(f32),
    ) -> std::result::Result<String, ModelsError> {
        let dataset = Dataset::load(store)?;
        let mut report = |stage: Stage| {
            if let Stage::Training { done, of } = stage {
                progress(done as f32 / of.max(1) as f32);
            }
        };
        Ok(train(store, &dataset, DEFAULT_SEED, &mut report)?.version)
    }
}

/// A model that was trained and is in use, as [`Library::train`](crate::Library::train) returns it.
#[derive(Clone, Debug)]
pub struct Trained {
    /// Its version: equal data and seed, equal version.
    pub version: String,
    /// How many rows it learned from, and how it did on those that were held out.
    pub report: FitReport,
    /// Whether an earlier training had made the very same model.
    pub existed: bool,
}

/// Trains likability on a data set and registers the model, which is in use from then on.
///
/// # Errors
/// [`Error::Training`] where there is too little to learn from, [`Error::Store`] where the model
/// cannot be registered.
pub(crate) fn train(
    store: &mut Store,
    dataset: &Dataset,
    seed: u64,
    progress: &mut dyn FnMut(Stage),
) -> Result<Trained> {
    let config = LikabilityConfig::default();
    let (model, report) =
        LikabilityModel::fit(&dataset.catalogue, &dataset.profiles, config, seed, progress)?;
    let labelled = dataset.profiles.iter().filter(|profile| profile.labelled().next().is_some());
    let learned_from: Vec<ListenerId> = labelled.map(|profile| profile.listener.clone()).collect();
    let (weights, card) = model.to_bytes();
    let version = model.version().to_owned();
    let existed = register(
        store,
        &NewModel {
            version: &version,
            kind: LIKABILITY,
            created_at: Timestamp::now(),
            card: std::str::from_utf8(&card).expect("a card is JSON"),
            weights: &weights,
            listeners: &learned_from,
        },
    )?;
    Ok(Trained { version, report, existed })
}

/// Registers a model and puts it in use; says whether it had been registered before.
pub(crate) fn register(store: &mut Store, model: &NewModel<'_>) -> Result<bool> {
    let existed = store.models()?.iter().any(|entry| entry.version == model.version);
    match existed {
        true => store.activate(model.version)?,
        false => store.register_model(model)?,
    }
    Ok(existed)
}

fn read(store: &Store, entry: &ModelEntry) -> Result<LikabilityModel> {
    let unusable = |source: Box<dyn StdError + Send + Sync>| Error::UnusableModel {
        version: entry.version.clone(),
        source,
    };
    let files = store.model_files(&entry.version)?;
    let weights = fs::read(&files.weights).map_err(|error| {
        unusable(format!("cannot read `{}`: {error}", files.weights.display()).into())
    })?;
    LikabilityModel::from_bytes(&weights, entry.card.as_bytes())
        .map_err(|error| unusable(Box::new(error)))
}
