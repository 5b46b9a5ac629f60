//! The sequence model of a library: trained on everybody's plays, asked what a listener turns to
//! next.
//!
//! Items of the model are works: live and studio are the same choice. A model keeps the rows of its
//! items for good, by the ids of the works; `ItemRows` ties them to the rows of a catalogue once,
//! and from then on nothing is looked up by name.

use std::collections::{BTreeMap, HashMap};
use std::fs;

use segue_core::{AudioFeature, ListenerId, Timestamp};
use segue_engine::dataset::interactions::split::Case;
use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
use segue_engine::full_ranking::{Candidates, HistoryUse, Metric, evaluate, top_k};
use segue_engine::{
    Catalogue, History, Interactions, ItemIdx, ListenerIdx, Query, Recommender, Seconds, TrackIdx,
    Training, WorkIdx,
};
use segue_models::NextTrackModel;
use segue_models::recommenders::sasrec::{Epoch, Windows};
use segue_models::recommenders::{
    ItemFeatures, Popularity, PopularityConfig, Sasrec, SasrecConfig,
};
use segue_store::{NewModel, Store};
use serde::Serialize;
use serde_json::json;

use crate::models::register;
use crate::{Error, Result};

/// Share of the plays, the newest, that tell when to stop.
const HELD_OUT: f64 = 0.05;
/// The most of those that are asked for.
const MOST_CASES: usize = 2_000;
/// Steps of training from which on a small library gains nothing.
const STEPS: usize = 800;
/// Shares of the network that are dropped while it trains, of which the newest plays choose one.
const DROPOUTS: [f32; 2] = [0.2, 0.5];
const COMMAND: &str = "segue train --next-track";

/// Where training of the sequence model starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// From nothing: what the first training must do, and later ones that should forget.
    Fresh,
    /// From the model in use, with what was played since: a fifth of the epochs, and its items keep
    /// their rows.
    Continue,
}

/// How far a training of the sequence model is, told after every epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Epochs done of this run; there is one run per setting tried and one for the final model.
    pub epoch: usize,
    /// Epochs of the run at most. Early stopping ends most runs before.
    pub epochs: usize,
    /// Mean loss of the epoch, which falls while the network learns.
    pub loss: f64,
}

/// What training found on the newest plays, before it learned from them as well.
#[derive(Clone, Debug, Serialize)]
pub struct NextTrackReport {
    /// How many of the newest plays were asked for, each by what came before it.
    pub plays: usize,
    /// Metrics of the model, 0 to 1, by name, such as `ndcg@10`.
    pub model: BTreeMap<&'static str, f64>,
    /// The same of popularity, to compare with: a model that is not above it has learned nothing.
    pub popularity: BTreeMap<&'static str, f64>,
}

/// A sequence model that was trained and is in use.
#[derive(Clone, Debug)]
pub struct TrainedNextTrack {
    /// Its version, a hash of its weights: equal data and seed, equal version.
    pub version: String,
    /// How it did on the newest plays, before it learned from them as well.
    pub held_out: NextTrackReport,
    /// How many dated plays it learned from, of all listeners together.
    pub plays: usize,
    /// How many works it knows, those that nobody played included.
    pub works: usize,
    /// The card that is registered with it: settings, data and figures as JSON.
    pub card: serde_json::Value,
    /// Whether an earlier training had made the very same model.
    pub existed: bool,
}

/// Which works [`next`](crate::Library::next) may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// All: people like to hear what they heard.
    Any,
    /// Those that the listener has not played before, for discoveries.
    Never,
}

/// A work that a listener may turn to next, as [`Library::next`](crate::Library::next) ranks them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NextTrack {
    /// The version of the work that stands for it, as a row of the data set given beside.
    pub track: TrackIdx,
    /// Probability among everything that could follow, 0 to 1.
    pub share: f64,
    /// Whether the listener has played the work before.
    pub played_before: bool,
}

/// The dated plays of a listener as works of the catalogue, in the order of the store, exclusions
/// applied.
///
/// # Errors
/// When the store cannot be read.
pub fn dated_plays(
    store: &Store,
    catalogue: &Catalogue,
    listener: &ListenerId,
) -> Result<Vec<(WorkIdx, Seconds)>> {
    let listens = store.listens(listener)?;
    let dated = listens.iter().filter_map(|listen| {
        let track = catalogue.find(&listen.track)?;
        Some((catalogue.work(track), Seconds(listen.at?.as_second())))
    });
    Ok(dated.collect())
}

/// Which item of a model each work of a catalogue is.
struct ItemRows {
    /// Ids of works, in the order of the items.
    names: Vec<String>,
    /// The item of each work.
    of_work: Vec<ItemIdx>,
    /// The work of each item; `None` where the catalogue lacks it.
    works: Vec<Option<WorkIdx>>,
}

impl ItemRows {
    /// Items known already come first and keep their rows, the other works follow in the order of
    /// the catalogue.
    fn new(catalogue: &Catalogue, known: &[String]) -> Self {
        let rows: HashMap<&str, usize> =
            known.iter().enumerate().map(|(row, name)| (name.as_str(), row)).collect();
        let (mut names, mut works) = (known.to_vec(), vec![None; known.len()]);
        let mut of_work = Vec::with_capacity(catalogue.work_count());
        for work in catalogue.works() {
            let name = catalogue.work_id(work).as_str();
            let row = rows.get(name).copied().unwrap_or(names.len());
            if row == names.len() {
                names.push(name.to_owned());
                works.push(None);
            }
            works[row] = Some(work);
            of_work.push(ItemIdx(row as u32));
        }
        Self { names, of_work, works }
    }

    fn item(&self, work: WorkIdx) -> ItemIdx {
        self.of_work[work.row()]
    }

    fn plays(&self, store: &Store, catalogue: &Catalogue) -> Result<Interactions> {
        let mut builder = InteractionsBuilder::default();
        self.names.iter().try_for_each(|name| builder.know_item(name))?;
        for summary in store.listeners()? {
            for (work, time) in dated_plays(store, catalogue, &summary.id)? {
                builder.push_item(summary.id.as_str(), self.item(work), Some(time), None)?;
            }
        }
        if builder.events() == 0 {
            return Err(Error::NoPlays);
        }
        Ok(builder.build(KCore::default())?)
    }

    /// What each item sounds like, by the first of its versions that is known; `None` where nothing
    /// is.
    fn features(&self, catalogue: &Catalogue) -> Result<Option<ItemFeatures>> {
        let mut values = vec![f32::NAN; self.names.len() * AudioFeature::COUNT];
        for track in catalogue.rows() {
            let row = self.item(catalogue.work(track)).row();
            let own = &mut values[row * AudioFeature::COUNT..][..AudioFeature::COUNT];
            let features = &catalogue.track(track).features;
            for (feature, value) in AudioFeature::ALL.into_iter().zip(own) {
                if value.is_nan() {
                    *value = features.get(feature).unwrap_or(f32::NAN);
                }
            }
        }
        let is_known = values.iter().any(|value| !value.is_nan());
        Ok(if is_known { Some(ItemFeatures::new(AudioFeature::COUNT, values)?) } else { None })
    }
}

/// Trains a model, registers it and puts it in use.
pub(crate) fn train(
    store: &mut Store,
    catalogue: &Catalogue,
    start: Start,
    seed: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<TrainedNextTrack> {
    let before = match start {
        Start::Fresh => None,
        Start::Continue => Some(model_in_use(store)?.ok_or(Error::NoModel { command: COMMAND })?),
    };
    let known = before.as_ref().map_or(&[][..], |model| &model.items);
    let rows = ItemRows::new(catalogue, known);
    let interactions = rows.plays(store, catalogue)?;
    let features = rows.features(catalogue)?;
    let fitting = Fitting {
        interactions: &interactions,
        features: features.as_ref(),
        before: before.as_ref(),
        seed,
    };
    let (training, cases) = newest_held_out(&interactions);
    let Choice { config, held_out } = fitting.choose(&training, &cases, progress)?;
    let network = fitting.fit(&interactions.all(), &config, progress, &mut |_| None)?;
    let model = NextTrackModel { network, items: rows.names };
    let card = json!({
        "kind": NextTrackModel::KIND,
        "config": model.network.config(),
        "seed": seed,
        "plays": interactions.events(),
        "listeners": interactions.listeners(),
        "items": interactions.items(),
        "continued": before.is_some(),
        "held_out": held_out,
    });
    let weights = model.to_bytes();
    let version = NextTrackModel::version(&weights);
    let listeners = (0..interactions.listeners() as u32)
        .map(|row| ListenerId::new(interactions.listener_name(ListenerIdx(row))))
        .collect::<Vec<_>>();
    let existed = register(
        store,
        &NewModel {
            version: &version,
            kind: NextTrackModel::KIND,
            created_at: Timestamp::now(),
            card: &card.to_string(),
            weights: &weights,
            listeners: &listeners,
        },
    )?;
    let (plays, works) = (interactions.events(), interactions.items());
    Ok(TrainedNextTrack { version, held_out, plays, works, card, existed })
}

/// What a listener is likely to turn to now, going on from their latest plays.
pub(crate) fn next(
    store: &Store,
    catalogue: &Catalogue,
    listener: &ListenerId,
    most: usize,
    played: Played,
) -> Result<Vec<NextTrack>> {
    let model = model_in_use(store)?.ok_or(Error::NoModel { command: COMMAND })?;
    let rows = ItemRows::new(catalogue, &model.items);
    let mut plays = dated_plays(store, catalogue, listener)?;
    plays.sort_by_key(|(_, time)| *time);
    // What came into the library after training has no row in the model yet.
    let items = model.items.len();
    let known: Vec<ItemIdx> =
        plays.iter().map(|(work, _)| rows.item(*work)).filter(|item| item.row() < items).collect();
    let query = Query {
        history: History { items: &known, ..Default::default() },
        now: plays.last().map(|(_, last)| Seconds(last.0 + 1)),
        friends: &[],
    };
    let mut scores = vec![0.0; items];
    model.network.score(&[query], &mut scores);
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let odds = |score: f32| f64::from(score - highest).exp();
    let total: f64 = scores.iter().map(|&score| odds(score)).sum();
    let shares: Vec<f64> = scores.iter().map(|&score| odds(score) / total).collect();
    if played == Played::Never {
        known.iter().for_each(|item| scores[item.row()] = f32::NEG_INFINITY);
    }
    let mut top = Vec::new();
    top_k(&scores, most, &mut top);
    let next = top.iter().filter_map(|item| {
        let track = catalogue.standing(rows.works[item.row()]?);
        let played_before = known.contains(item);
        Some(NextTrack { track, share: shares[item.row()], played_before })
    });
    Ok(next.collect())
}

/// The sequence model in use.
fn model_in_use(store: &Store) -> Result<Option<NextTrackModel>> {
    let Some(entry) = store.active_model(NextTrackModel::KIND)? else { return Ok(None) };
    let path = store.model_files(&entry.version)?.weights;
    let unusable = |source| Error::UnusableModel { version: entry.version.clone(), source };
    let bytes = fs::read(&path)
        .map_err(|error| unusable(format!("cannot read `{}`: {error}", path.display()).into()))?;
    let model = NextTrackModel::from_bytes(&bytes, &path);
    Ok(Some(model.map_err(|error| unusable(Box::new(error)))?))
}

/// Cuts off the newest plays, at one moment for all listeners, and asks for each of them by what
/// came before it.
fn newest_held_out(interactions: &Interactions) -> (Training<'_>, Vec<Case>) {
    let listeners = || (0..interactions.listeners() as u32).map(ListenerIdx);
    let mut times: Vec<_> = listeners().flat_map(|row| interactions.history(row).times).collect();
    times.sort_unstable();
    let cut = times[((times.len() - 1) as f64 * (1.0 - HELD_OUT)) as usize];
    let (mut ends, mut cases) = (Vec::new(), Vec::new());
    for listener in listeners() {
        let times = interactions.history(listener).times;
        let end = times.partition_point(|time| time < cut) as u32;
        ends.push(end);
        cases.extend((end.max(1)..times.len() as u32).map(|shown| Case {
            listener,
            shown,
            answers: shown..shown + 1,
            now: Some(times[shown as usize]),
            friends: Vec::new(),
        }));
    }
    let stride = cases.len().div_ceil(MOST_CASES).max(1);
    (Training::new(interactions, ends), cases.into_iter().step_by(stride).collect())
}

/// What the newest plays chose.
struct Choice {
    config: SasrecConfig,
    held_out: NextTrackReport,
}

/// What is learned from, and where from.
struct Fitting<'a> {
    interactions: &'a Interactions,
    features: Option<&'a ItemFeatures>,
    before: Option<&'a NextTrackModel>,
    seed: u64,
}

impl Fitting<'_> {
    /// What is tried: before anything is known of a library, how much of the network to drop is
    /// anybody's guess.
    fn configs(&self) -> Vec<SasrecConfig> {
        if let Some(before) = self.before {
            let before = before.network.config();
            return vec![SasrecConfig { epochs: self.most_epochs(before) / 5, ..before.clone() }];
        }
        let default = SasrecConfig::default();
        // One listener is a handful of sequences: small batches, or an epoch would be a single
        // step.
        let batch = (self.sequences(&default) / 20).clamp(8, default.batch);
        let sized = SasrecConfig { windows: Windows::All, batch, ..default };
        let epochs = self.most_epochs(&sized);
        let patience = (epochs / 4).max(3);
        DROPOUTS.map(|dropout| SasrecConfig { epochs, patience, dropout, ..sized.clone() }).to_vec()
    }

    fn sequences(&self, config: &SasrecConfig) -> usize {
        self.interactions.events() / config.max_length + self.interactions.listeners()
    }

    /// As many epochs as make enough steps; early stopping ends most runs before.
    fn most_epochs(&self, config: &SasrecConfig) -> usize {
        (STEPS / self.sequences(config).div_ceil(config.batch)).clamp(30, STEPS)
    }

    fn fit(
        &self,
        training: &Training<'_>,
        config: &SasrecConfig,
        progress: &mut dyn FnMut(Progress),
        validate: &mut dyn FnMut(&Sasrec) -> Option<f64>,
    ) -> Result<Sasrec> {
        let mut done = 0;
        let mut after_epoch = |epoch: &Epoch<'_>| {
            done += 1;
            progress(Progress { epoch: done, epochs: config.epochs, loss: epoch.loss });
            validate(epoch.model)
        };
        let (features, seed) = (self.features, self.seed);
        Ok(match self.before {
            None => Sasrec::fit(training, features, config, seed, &mut after_epoch)?,
            Some(before) => {
                before.network.fine_tune(training, features, config, seed, &mut after_epoch)?
            }
        })
    }

    /// Trains on all but the newest plays and says with what settings, and after how many epochs,
    /// those were predicted best, and how well.
    fn choose(
        &self,
        training: &Training<'_>,
        cases: &[Case],
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Choice> {
        if training.events() == 0 || cases.is_empty() {
            return Err(Error::TooFewPlays);
        }
        let mut best: Option<(f64, SasrecConfig, Sasrec)> = None;
        for config in self.configs() {
            let (mut highest, mut epochs, mut epoch) = (f64::NEG_INFINITY, 1, 0);
            let network = self.fit(training, &config, progress, &mut |network| {
                epoch += 1;
                let found = self.measure(network, cases)[Metric::NdcgAt10.name()];
                if found > highest {
                    (highest, epochs) = (found, epoch);
                }
                Some(found)
            })?;
            if best.as_ref().is_none_or(|(found, ..)| highest > *found) {
                best = Some((highest, SasrecConfig { epochs, ..config }, network));
            }
        }
        let (_, config, network) = best.expect("there is a configuration to try");
        let popularity = Popularity::fit(training, &PopularityConfig::default())?;
        let held_out = NextTrackReport {
            plays: cases.len(),
            model: self.measure(&network, cases),
            popularity: self.measure(&popularity, cases),
        };
        Ok(Choice { config, held_out })
    }

    fn measure(&self, model: &dyn Recommender, cases: &[Case]) -> BTreeMap<&'static str, f64> {
        let candidates = Candidates { history: HistoryUse::Kept, among: None };
        let outcomes = evaluate(model, self.interactions, cases, candidates, &|_| ());
        let mean = |metric: Metric| {
            let values = outcomes
                .cases
                .iter()
                .flatten()
                .map(|outcome| f64::from(outcome.values[metric as usize]));
            values.sum::<f64>() / cases.len() as f64
        };
        Metric::ALL.into_iter().map(|metric| (metric.name(), mean(metric))).collect()
    }
}
