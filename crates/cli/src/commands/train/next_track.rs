//! `segue train --next-track`: a sequence model over the plays in the store.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use segue_core::{AudioFeature, ListenerId, Timestamp};
use segue_engine::dataset::interactions::split::Case;
use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
use segue_engine::full_ranking::{Candidates, HistoryUse, Metric, evaluate};
use segue_engine::{Catalogue, Interactions, ListenerIdx, Recommender, Training};
use segue_models::NextTrackModel;
use segue_models::recommenders::sasrec::Windows;
use segue_models::recommenders::{
    ItemFeatures, Popularity, PopularityConfig, Sasrec, SasrecConfig,
};
use segue_store::{NewModel, Store};
use serde::Serialize;
use serde_json::json;

use crate::dataset::{collect_listens, load_dataset};
use crate::terminal::{self, print_json, print_line, say, table};

/// Share of the plays, the newest, that tell when to stop.
const HELD_OUT: f64 = 0.05;
/// The most of those that are asked for.
const MOST_CASES: usize = 2_000;
/// Steps of training from which on a small home gains nothing.
const STEPS: usize = 800;

/// Shares of the network that are dropped while it trains, of which the newest plays choose one.
const DROPOUTS: [f32; 2] = [0.2, 0.5];

/// Where training starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// From nothing.
    Fresh,
    /// From the model in use, with what was played since.
    FromModelInUse,
}

/// What training found, on the newest plays, before it learned from them as well.
#[derive(Serialize)]
struct HeldOut {
    plays: usize,
    model: BTreeMap<&'static str, f64>,
    popularity: BTreeMap<&'static str, f64>,
}

/// Trains, registers, reports.
pub(super) fn train(store: &mut Store, start: Start, seed: u64, as_json: bool) -> Result<()> {
    let dataset = load_dataset(store)?;
    let begun = Instant::now();
    let before = match start {
        Start::Fresh => None,
        Start::FromModelInUse => Some(model_in_use(store)?.context(
            "there is no next-track model to continue from; `segue train --next-track` makes the first one",
        )?),
    };
    let known = before.as_ref().map_or(&[][..], |model| &model.items);
    let interactions = interactions(store, &dataset.catalogue, known)?;
    let features = features(&dataset.catalogue, &interactions)?;
    let lesson = Lesson {
        interactions: &interactions,
        features: features.as_ref(),
        before: before.as_ref(),
        seed,
    };
    let (training, cases) = newest_held_out(&interactions);
    let Choice { config, held_out } = lesson.choose(&training, &cases)?;
    let network = lesson.fit(&interactions.all(), &config, &mut |_| None)?;
    let items = (0..interactions.items() as u32)
        .map(|row| interactions.item_name(segue_engine::ItemIdx(row)).to_owned())
        .collect();
    let model = NextTrackModel { network, items };
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
    let version = register(store, &model, &interactions, &card.to_string())?;
    let seconds = begun.elapsed().as_secs_f64();
    if as_json {
        return print_json(&json!({"version": version, "seconds": seconds, "card": card}));
    }
    print_report(&version, &held_out, &interactions, seconds)
}

/// The active model of this kind.
pub(crate) fn model_in_use(store: &Store) -> Result<Option<NextTrackModel>> {
    let Some(entry) = store.active_model(NextTrackModel::KIND)? else { return Ok(None) };
    let path = store.model_files(&entry.version)?.weights;
    let bytes = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(Some(NextTrackModel::from_bytes(&bytes, &path)?))
}

/// The plays of everybody; the items known already come first and keep their rows, the rest of the
/// catalogue follows.
pub(crate) fn interactions(
    store: &Store,
    catalogue: &Catalogue,
    known: &[String],
) -> Result<Interactions> {
    let mut builder = InteractionsBuilder::default();
    known.iter().try_for_each(|item| builder.know_item(item))?;
    for row in catalogue.rows() {
        builder.know_item(catalogue.track(row).work.as_str())?;
    }
    collect_listens(store, catalogue, &mut builder)?;
    builder
        .build(KCore::default())
        .context("the store holds no plays with a time; `segue import PATH` reads exports")
}

/// What each item sounds like, by the first of its versions that is known; `None` where nothing is.
fn features(catalogue: &Catalogue, interactions: &Interactions) -> Result<Option<ItemFeatures>> {
    let rows: std::collections::HashMap<&str, usize> = (0..interactions.items())
        .map(|row| (interactions.item_name(segue_engine::ItemIdx(row as u32)), row))
        .collect();
    let mut values = vec![f32::NAN; interactions.items() * AudioFeature::COUNT];
    for track in catalogue.rows().map(|row| catalogue.track(row)) {
        let row = rows[track.work.as_str()];
        let own = &mut values[row * AudioFeature::COUNT..][..AudioFeature::COUNT];
        for (feature, value) in AudioFeature::ALL.into_iter().zip(own) {
            if value.is_nan() {
                *value = track.features.get(feature).unwrap_or(f32::NAN);
            }
        }
    }
    let known = values.iter().any(|value| !value.is_nan());
    Ok(if known { Some(ItemFeatures::new(AudioFeature::COUNT, values)?) } else { None })
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
    held_out: HeldOut,
}

/// What is learned from, and where from.
struct Lesson<'a> {
    interactions: &'a Interactions,
    features: Option<&'a ItemFeatures>,
    before: Option<&'a NextTrackModel>,
    seed: u64,
}

impl Lesson<'_> {
    /// What is tried: before anything is known of a home, how much of the network to drop is
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
        validate: &mut dyn FnMut(&Sasrec) -> Option<f64>,
    ) -> Result<Sasrec> {
        let bar = terminal::steps(config.epochs as u64, "training");
        let mut after_epoch = |epoch: &segue_models::recommenders::sasrec::Epoch<'_>| {
            bar.inc(1);
            bar.set_message(format!("loss {:.3}", epoch.loss));
            validate(epoch.model)
        };
        let fitted = match self.before {
            None => Sasrec::fit(training, self.features, config, self.seed, &mut after_epoch),
            Some(before) => before.network.fine_tune(
                training,
                self.features,
                config,
                self.seed,
                &mut after_epoch,
            ),
        };
        bar.finish_and_clear();
        fitted.context("cannot learn what comes next")
    }

    /// Trains on all but the newest plays and says with what settings, and after how many epochs,
    /// those were predicted best, and how well.
    fn choose(&self, training: &Training<'_>, cases: &[Case]) -> Result<Choice> {
        if training.events() == 0 || cases.is_empty() {
            bail!("there are too few plays with a time to learn what comes next");
        }
        let mut best: Option<(f64, SasrecConfig, Sasrec)> = None;
        for config in self.configs() {
            let (mut highest, mut epochs, mut epoch) = (f64::NEG_INFINITY, 1, 0);
            let network = self.fit(training, &config, &mut |network| {
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
        let held_out = HeldOut {
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

fn register(
    store: &mut Store,
    model: &NextTrackModel,
    interactions: &Interactions,
    card: &str,
) -> Result<String> {
    let weights = model.to_bytes();
    let version = NextTrackModel::version(&weights);
    if store.models()?.iter().any(|entry| entry.version == version) {
        say("the data and the seed are those of a model that exists already: it is in use again");
        store.activate(&version)?;
        return Ok(version);
    }
    let listeners: Vec<ListenerId> = (0..interactions.listeners() as u32)
        .map(|row| ListenerId::new(interactions.listener_name(ListenerIdx(row))))
        .collect();
    store.register_model(&NewModel {
        version: &version,
        kind: NextTrackModel::KIND,
        created_at: Timestamp::now(),
        card,
        weights: &weights,
        listeners: &listeners,
    })?;
    Ok(version)
}

fn print_report(
    version: &str,
    held_out: &HeldOut,
    interactions: &Interactions,
    seconds: f64,
) -> Result<()> {
    let metrics = [Metric::NdcgAt10, Metric::RecallAt10, Metric::NdcgAt100, Metric::RecallAt100];
    let mut header = vec!["newest plays held out"];
    header.extend(metrics.map(Metric::name));
    let mut rows = table(&header);
    for (name, found) in [("this model", &held_out.model), ("popularity", &held_out.popularity)] {
        let figures = metrics.map(|metric| format!("{:.3}", found[metric.name()]));
        rows.add_row(std::iter::once(name.to_owned()).chain(figures));
    }
    print_line(&rows.to_string())?;
    print_line(&format!(
        "{} of the newest plays, each asked for by what came before it; then learned from all",
        held_out.plays
    ))?;
    print_line(&format!(
        "model {version}, trained on {} plays over {} works in {seconds:.1} s",
        interactions.events(),
        interactions.items()
    ))
}
