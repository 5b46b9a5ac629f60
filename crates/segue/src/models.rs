//! The models of a library: how the one in use is read, and how a new one is trained and put in
//! use.
//!
//! The rest of the crate asks for them through [`Models`], so that a server is tested with a
//! made-up scorer instead of a training of seconds.

use std::error::Error as StdError;
use std::fs;
use std::sync::Arc;

use segue_core::Timestamp;
use segue_engine::{Catalogue, Scorer};
use segue_models::likability::LikabilityModel;
use segue_models::set::{ModelSet, SetCard, SetConfig, SetStage};
use segue_store::{ModelEntry, NewModel, Store};

use crate::{Dataset, Error, Result};

/// The kind under which stores of earlier versions have a likability network alone. It is used
/// where there is no set yet.
const LIKABILITY: &str = "likability";
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

/// The models that Segue ships: a [`ModelSet`], learned across all listeners, so that a few plays
/// of somebody new are enough.
#[derive(Clone, Copy, Debug, Default)]
pub struct StandardModels;

impl Models for StandardModels {
    fn kind(&self) -> &'static str {
        ModelSet::KIND
    }

    fn load(
        &self,
        store: &Store,
        catalogue: &Arc<Catalogue>,
    ) -> std::result::Result<Option<Loaded>, ModelsError> {
        let active = match store.active_model(ModelSet::KIND)? {
            Some(entry) => Some(entry),
            None => store.active_model(LIKABILITY)?,
        };
        let Some(entry) = active else { return Ok(None) };
        let scorer = bind(store, &entry, catalogue)?;
        Ok(Some(Loaded { version: entry.version, trained_at: entry.created_at, scorer }))
    }

    fn train(
        &self,
        store: &mut Store,
        progress: &dyn Fn(f32),
    ) -> std::result::Result<String, ModelsError> {
        let mut done = 0.0;
        let mut report = |_: SetStage| {
            // How many stages there are depends on the data: half of what is left, each time.
            done += (1.0 - done) / 8.0;
            progress(done);
        };
        Ok(train(store, DEFAULT_SEED, &mut report)?.version)
    }
}

/// A set that was trained and is in use, as [`Library::train`](crate::Library::train) returns it.
#[derive(Clone, Debug)]
pub struct Trained {
    /// Its version: equal data and seed, equal version.
    pub version: String,
    /// What is in it, why, and how well it did on what listeners turned to next.
    pub card: SetCard,
    /// Whether an earlier training had made the very same set.
    pub existed: bool,
}

/// Trains a set on everything that the store holds and registers it; it is in use from then on.
///
/// # Errors
/// [`Error::NothingImported`] without a track, [`Error::Training`] where there is nothing to learn
/// from, [`Error::Store`] where the set cannot be registered.
pub(crate) fn train(
    store: &mut Store,
    seed: u64,
    progress: &mut dyn FnMut(SetStage),
) -> Result<Trained> {
    let (catalogue, plays) = Dataset::plays(store)?;
    if catalogue.is_empty() {
        return Err(Error::NothingImported);
    }
    let set = ModelSet::fit(&catalogue, &plays, &SetConfig::default(), seed, progress)?;
    let card = serde_json::to_string(set.card()).expect("a card has no map with other keys");
    let version = set.version().to_owned();
    let existed = register(
        store,
        &NewModel {
            version: &version,
            kind: ModelSet::KIND,
            created_at: Timestamp::now(),
            card: &card,
            weights: &set.to_bytes(),
            listeners: set.taught_by(),
        },
    )?;
    Ok(Trained { version, card: set.card().clone(), existed })
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

fn bind(store: &Store, entry: &ModelEntry, catalogue: &Arc<Catalogue>) -> Result<Arc<dyn Scorer>> {
    let unusable = |source: Box<dyn StdError + Send + Sync>| Error::UnusableModel {
        version: entry.version.clone(),
        source,
    };
    let files = store.model_files(&entry.version)?;
    let weights = fs::read(&files.weights).map_err(|error| {
        unusable(format!("cannot read `{}`: {error}", files.weights.display()).into())
    })?;
    let card = entry.card.as_bytes();
    let damaged = |error| unusable(Box::new(error));
    if entry.kind == ModelSet::KIND {
        let set = ModelSet::from_bytes(&weights, card).map_err(damaged)?;
        return Ok(Arc::new(set.scorer(catalogue)));
    }
    let model = LikabilityModel::from_bytes(&weights, card).map_err(damaged)?;
    Ok(Arc::new(model.scorer(catalogue).online()))
}
