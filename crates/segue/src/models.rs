//! The models of a library: how the one in use is read, and how a new one is trained and put in
//! use.
//!
//! The rest of the crate asks for them through [`Models`], so that a server is tested with a
//! made-up scorer instead of a training of seconds.

use std::error::Error as StdError;
use std::fs;
use std::sync::Arc;

use segue_core::{ListenerId, Timestamp};
use segue_engine::dataset::plays::Plays;
use segue_engine::{Catalogue, Index, Scorer};
use segue_models::likability::{LikabilityModel, Stage};
use segue_models::set::{Budget, ModelSet, OpenWorld, SetCard, SetConfig, SetData, SetStage};
use segue_store::{ModelEntry, NewModel, Store};

use crate::fallback::PopularityFallback;
use crate::sink::settle;
use crate::worlds::{WorldView, world_in_use};
use crate::{Dataset, Error, Result};

/// The kind under which stores of earlier versions have a likability network alone.
const LIKABILITY: &str = "likability";
/// So many models are kept, the newest, and the one in use beside them: enough to go back to one of
/// last week where a server learns every night.
const MODELS_KEPT: u32 = 10;
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
    /// Whether models of a kind can serve. A store may hold others, such as those that earlier
    /// versions trained for something else; they are listed and not put in use.
    fn serves(&self, kind: &str) -> bool;

    /// Reads a model, makes sure that it is what was registered, and binds it to a catalogue.
    ///
    /// # Errors
    /// When its files cannot be read, or hold anything else than what was registered.
    fn read(
        &self,
        store: &Store,
        entry: &ModelEntry,
        catalogue: &Arc<Catalogue>,
    ) -> std::result::Result<Arc<dyn Scorer>, ModelsError>;

    /// Trains a model on everything that the store holds, registers it and puts it in use. Returns
    /// its version. `progress` is told which share is done, 0 to 1.
    ///
    /// # Errors
    /// When there is too little to learn from, nothing to go on from, or the model cannot be
    /// registered.
    fn train(
        &self,
        store: &mut Store,
        start: Start,
        progress: &dyn Fn(f32),
    ) -> std::result::Result<String, ModelsError>;
}

/// The models that Segue ships: a [`ModelSet`], learned across all listeners, so that a few plays
/// of somebody new are enough.
#[derive(Clone, Copy, Debug, Default)]
pub struct StandardModels;

impl Models for StandardModels {
    fn serves(&self, kind: &str) -> bool {
        [ModelSet::KIND, LIKABILITY].contains(&kind)
    }

    fn read(
        &self,
        store: &Store,
        entry: &ModelEntry,
        catalogue: &Arc<Catalogue>,
    ) -> std::result::Result<Arc<dyn Scorer>, ModelsError> {
        Ok(bind(store, entry, catalogue)?)
    }

    fn train(
        &self,
        store: &mut Store,
        start: Start,
        progress: &dyn Fn(f32),
    ) -> std::result::Result<String, ModelsError> {
        let mut done = 0.0;
        let mut report = |_: SetStage| {
            // How many stages there are depends on the data: half of what is left, each time.
            done += (1.0 - done) / 8.0;
            progress(done);
        };
        let options = TrainOptions { start, ..TrainOptions::default() };
        Ok(train(store, &options, &mut report)?.version)
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
    /// Recordings of the world in use that are near to what listeners play and that none of them
    /// played: tracks of the library now. 0 without a world.
    pub drawn: usize,
}

/// What a member of a set is called for people: those of a world by what they know, all others by
/// the name that they have in the literature.
///
/// # Examples
/// ```
/// assert_eq!(segue::plain_name("world-popular"), "popular elsewhere");
/// assert_eq!(segue::plain_name("ease"), "ease");
/// ```
pub fn plain_name(member: &str) -> &str {
    match member {
        "world-popular" => "popular elsewhere",
        "world-neighbours" => "played along with, elsewhere",
        "world-ials" => "people alike, elsewhere",
        name => name,
    }
}

/// A stage of a training in words, for whoever shows progress.
///
/// # Examples
/// ```
/// use segue::stage_in_words;
/// use segue_models::set::{MemberKind, SetStage};
///
/// assert_eq!(stage_in_words(SetStage::Fitting(MemberKind::Ease)), "training ease");
/// ```
pub fn stage_in_words(stage: SetStage) -> String {
    match stage {
        SetStage::Choosing(member) => format!("choosing settings: {}", plain_name(member.name())),
        SetStage::Ranking => "fitting the rankings".to_owned(),
        SetStage::Fitting(member) => format!("training {}", plain_name(member.name())),
        SetStage::Likability(Stage::Episodes) => "likability: drawing episodes".to_owned(),
        SetStage::Likability(Stage::Training { done, of }) => {
            format!("likability: network {} of {of}", (done + 1).min(of.max(1)))
        }
        SetStage::Likability(Stage::Calibrating) => "likability: calibrating".to_owned(),
    }
}

/// Where a training starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// From nothing: what the data warrant, its settings and its weights are found out. What the
    /// first training must do, and one now and then.
    #[default]
    Fresh,
    /// From the set in use, with the plays, listeners and tracks that came since: its members,
    /// their settings and weights are kept. Takes a fraction of the time.
    Continue,
}

/// How a library is trained.
///
/// # Examples
/// ```
/// use segue::{Start, TrainOptions};
///
/// let tonight = TrainOptions { start: Start::Continue, ..TrainOptions::default() };
/// assert_eq!(tonight.seed, 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainOptions {
    /// Seed of everything random: equal data, options and set in use, equal set.
    pub seed: u64,
    /// From nothing, or from the set in use.
    pub start: Start,
    /// What a training from nothing may cost in time and memory.
    pub budget: Budget,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self { seed: 1, start: Start::Fresh, budget: Budget::default() }
    }
}

/// Trains a set on everything that the store holds and registers it; it is in use from then on, and
/// the oldest beyond the [tenth](MODELS_KEPT) go.
///
/// # Errors
/// [`Error::NothingImported`] without a track, [`Error::NoSet`] where there is nothing to go on
/// from, [`Error::Training`] where there is nothing to learn from, [`Error::Store`] where the set
/// cannot be registered.
pub(crate) fn train(
    store: &mut Store,
    options: &TrainOptions,
    progress: &mut dyn FnMut(SetStage),
) -> Result<Trained> {
    let seed = options.seed;
    // Plays that other programs report bring tracks between imports.
    settle(store)?;
    let marks = store.marks()?;
    let (mut catalogue, mut plays) = Dataset::plays(store)?;
    if catalogue.is_empty() {
        return Err(Error::NothingImported);
    }
    let world = world_in_use(store)?;
    let mut drawn = 0;
    if let Some(world) = &world {
        let found = WorldView::new(world, &catalogue).draw(&plays);
        drawn = found.len();
        if !found.missing.is_empty() {
            store.add_tracks(&found.missing)?;
            settle(store)?;
            (catalogue, plays) = Dataset::plays(store)?;
        }
    }
    let view = world.as_ref().map(|world| WorldView::new(world, &catalogue));
    store.set_releases(&view.as_ref().map_or_else(Vec::new, WorldView::releases))?;
    let data = SetData {
        world: view.as_ref().map(|view| view as &dyn OpenWorld),
        ..SetData::new(&catalogue, &plays)
    };
    let set = match options.start {
        Start::Fresh => {
            let config = SetConfig { budget: options.budget, ..SetConfig::default() };
            ModelSet::fit(&data, &config, seed, progress)?
        }
        Start::Continue => set_in_use(store)?.go_on(&data, seed, progress)?,
    };
    let has_taught = |one: &&Plays| !one.plays.is_empty() || !one.feedback.is_empty();
    let listeners: Vec<ListenerId> =
        plays.iter().filter(has_taught).map(|one| one.listener.clone()).collect();
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
            listeners: &listeners,
            log_end: marks.log_end(),
            forgotten: marks.forgotten,
        },
    )?;
    store.keep_newest_models(MODELS_KEPT)?;
    Ok(Trained { version, card: set.card().clone(), existed, drawn })
}

/// Puts a registered model in use, in place of whichever is, once it is [`check`]ed.
///
/// # Errors
/// As [`check`], and [`Error::Store`] for a version that nobody registered.
pub fn activate(store: &mut Store, models: &dyn Models, version: &str) -> Result<()> {
    check(store, models, version)?;
    Ok(store.activate(version)?)
}

/// Whether a registered model can serve: its kind, and its files, which are read for that. One that
/// nobody registered is for [`Store::activate`] to refuse.
///
/// # Errors
/// [`Error::CannotServe`] for a model of a kind that `models` do not serve,
/// [`Error::UnusableModel`] where its files do not hold what was registered.
pub fn check(store: &Store, models: &dyn Models, version: &str) -> Result<()> {
    let entry = store.models()?.into_iter().find(|entry| entry.version == version);
    let Some(entry) = entry else { return Ok(()) };
    if !models.serves(&entry.kind) {
        return Err(Error::CannotServe { version: entry.version, kind: entry.kind });
    }
    match models.read(store, &entry, &Arc::default()) {
        Ok(_) => Ok(()),
        Err(source) => Err(match source.downcast::<Error>() {
            Ok(error) => *error,
            Err(source) => unusable(&entry, source),
        }),
    }
}

/// Models that can serve, best first: the one in use, then the others, the newest first.
fn candidates(models: &dyn Models, store: &Store) -> Result<Vec<ModelEntry>> {
    let mut all = store.models()?;
    all.retain(|entry| models.serves(&entry.kind));
    all.reverse();
    all.sort_by_key(|entry| !entry.active);
    Ok(all)
}

/// What mixes are to be made with.
pub(crate) struct ChosenModel {
    /// The model, or what stands in for it; `None` before the first training.
    pub(crate) model: Option<Loaded>,
    /// The model that the registry says is in use.
    pub(crate) in_use: Option<String>,
    /// Why it is not the one in use.
    pub(crate) fallback: Option<String>,
}

/// Reads the model in use, or the newest that can be used in its place, or makes do without one.
/// A library that had none yet gets none, unless it has a folder of music.
pub(crate) fn choose(
    models: &dyn Models,
    store: &Store,
    catalogue: &Arc<Catalogue>,
    index: &Arc<Index>,
) -> std::result::Result<ChosenModel, ModelsError> {
    let candidates = candidates(models, store)?;
    let in_use = store.active_model()?.map(|entry| entry.version);
    let mut problems = Vec::new();
    let mut found = None;
    for entry in candidates {
        match models.read(store, &entry, catalogue) {
            Ok(scorer) => {
                let (version, trained_at) = (entry.version, entry.created_at);
                found = Some(Loaded { version, trained_at, scorer });
                break;
            }
            Err(error) => problems.push(in_a_line(error.as_ref())),
        }
    }
    let had_one = !problems.is_empty() || store.marks()?.forgotten > 0;
    // Of a folder of music alone there is nothing to learn, and it can be listened to all the same,
    // until there is enough.
    let is_untrained = !had_one && found.is_none() && in_use.is_none();
    let is_collection = is_untrained && !store.music_folders()?.is_empty();
    let model = found.or_else(|| {
        ((had_one || is_collection) && !catalogue.is_empty()).then(|| Loaded {
            version: PopularityFallback::VERSION.to_owned(),
            trained_at: Timestamp::now(),
            scorer: Arc::new(PopularityFallback::new(catalogue, index)),
        })
    });
    let is_in_use =
        is_collection || model.as_ref().is_none_or(|model| in_use.as_ref() == Some(&model.version));
    let fallback = model.as_ref().filter(|_| !is_in_use).map(|model| {
        if problems.is_empty() {
            problems.push(match &in_use {
                Some(version) => format!("`{version}` serves no mixes"),
                None => "the model in use went with somebody who was forgotten".to_owned(),
            });
        }
        format!("{}; mixes are made with `{}`", problems.join("; "), model.version)
    });
    Ok(ChosenModel { model, in_use, fallback })
}

/// An error and everything behind it, in one line.
pub(crate) fn in_a_line(error: &dyn StdError) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    line
}

/// The error where the content of a model is not what was registered: its version is a digest.
fn check_version(entry: &ModelEntry, found: &str) -> Result<()> {
    if entry.version == found {
        return Ok(());
    }
    Err(unusable(entry, format!("its files are damaged: they hold `{found}`")))
}

/// Registers a model and puts it in use; says whether it had been registered before.
pub(crate) fn register(store: &mut Store, model: &NewModel<'_>) -> Result<bool> {
    let existed = store.models()?.iter().any(|entry| entry.version == model.version);
    match existed {
        true => store.register_again(model)?,
        false => store.register_model(model)?,
    }
    Ok(existed)
}

/// The set in use, to go on from.
fn set_in_use(store: &Store) -> Result<ModelSet> {
    let entry = store.active_model()?.filter(|entry| entry.kind == ModelSet::KIND);
    let entry = entry.ok_or(Error::NoSet)?;
    let weights = read_weights(store, &entry)?;
    let set = ModelSet::from_bytes(&weights, entry.card.as_bytes());
    let set = set.map_err(|error| unusable(&entry, error))?;
    check_version(&entry, set.version())?;
    Ok(set)
}

pub(crate) fn bind(
    store: &Store,
    entry: &ModelEntry,
    catalogue: &Arc<Catalogue>,
) -> Result<Arc<dyn Scorer>> {
    let (weights, card) = (read_weights(store, entry)?, entry.card.as_bytes());
    if entry.kind == ModelSet::KIND {
        let set = ModelSet::from_bytes(&weights, card).map_err(|error| unusable(entry, error))?;
        check_version(entry, set.version())?;
        return Ok(Arc::new(set.scorer(catalogue)));
    }
    let model =
        LikabilityModel::from_bytes(&weights, card).map_err(|error| unusable(entry, error))?;
    check_version(entry, model.version())?;
    Ok(Arc::new(model.scorer(catalogue).online()))
}

fn read_weights(store: &Store, entry: &ModelEntry) -> Result<Vec<u8>> {
    let path = store.model_files(&entry.version)?.weights;
    fs::read(&path)
        .map_err(|error| unusable(entry, format!("cannot read `{}`: {error}", path.display())))
}

fn unusable(entry: &ModelEntry, source: impl Into<ModelsError>) -> Error {
    Error::UnusableModel { version: entry.version.clone(), source: source.into() }
}
