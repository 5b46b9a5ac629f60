//! The model beside what a new listener gets without it: a table is read, listeners are hidden,
//! the model is fitted and asked.
//!
//! Every value of a column is a listener and their rows are likes: playlists, users, anything that
//! groups tracks. The genre column is not read: in playlist data it describes the playlist, and
//! would give the answer away.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use segue_core::{ListenerId, Track, TrackId};
use segue_engine::dataset::profile::liking;
use segue_engine::metrics::Estimate;
use segue_engine::{Catalogue, Profile, TrackIdx};
use segue_models::likability::{FitReport, LikabilityConfig, LikabilityModel};
use serde::Serialize;

use super::{
    Baselines, ListenerLikes, NewListenerProtocol, NewListenerSummary, TrialOutcome, ask, split,
    summarise, table, trials,
};
use crate::progress::Progress;
use crate::report::{Report, Text, TextTable};

/// A benchmark of new listeners on one table: which column tells listeners apart, how many are
/// hidden, how often. The options of `segue evaluate new-listener` become this.
#[derive(Clone, Debug)]
pub struct NewListenerOptions {
    /// CSV of tracks with audio features; a row is a like.
    pub data: PathBuf,
    /// Column whose values are the listeners.
    pub listener: String,
    /// Who is hidden, and what is asked of them.
    pub protocol: NewListenerProtocol,
    /// How often to split, fit and ask again, each time with the next seed.
    pub repeats: u64,
    /// Also fit the model without artists, without popularity and age, and on sound alone.
    pub ablations: bool,
}

/// What the likability model and the baselines reached for listeners whom none of them had seen, by
/// the number of likes given.
#[derive(Clone, Debug, Serialize)]
pub struct NewListenerResult {
    /// The file.
    pub data: String,
    /// The column whose values are the listeners.
    pub listener: String,
    /// Listeners, hidden ones included.
    pub listeners: usize,
    /// Tracks in the file.
    pub tracks: usize,
    /// What was asked.
    pub protocol: NewListenerProtocol,
    /// How often.
    pub repeats: u64,
    /// The baselines with what training listeners chose for them, in the last repeat.
    pub baselines: Vec<String>,
    /// What each fit of the whole model said of itself.
    pub fits: Vec<FitReport>,
    /// Every model with every number of likes given.
    pub standings: Vec<NewListenerSummary>,
}

/// Columns that may not be read, by the beginnings of their names.
const ABLATIONS: [(&str, &[&str]); 3] = [
    ("without artists and others' likes", NAMES),
    (
        "without popularity and age as well",
        &[NAMES[0], NAMES[1], NAMES[2], "popularity", "newness", "all_", "disliked_all_"],
    ),
    ("sound alone", SOUND_ALONE),
];
const NAMES: &[&str] = &["artist_", "liked_by", "album_"];
const SOUND_ALONE: &[&str] = &[
    "artist_",
    "liked_by",
    "album_",
    "genre_",
    "popularity",
    "newness",
    "reworked",
    "with_guests",
    "all_",
    "disliked_all_",
];

/// What all repeats share.
struct Study<'a> {
    options: &'a NewListenerOptions,
    catalogue: &'a Arc<Catalogue>,
    listeners: &'a [ListenerLikes],
    progress: &'a dyn Progress,
}

/// Reads, hides, fits, asks and summarises.
///
/// # Errors
/// If the file cannot be read, lacks the column, or holds too few listeners to hide some.
pub fn run(
    options: &NewListenerOptions,
    progress: &dyn Progress,
) -> Result<Report<NewListenerResult>> {
    let (tracks, groups) = table::read(&options.data, &options.listener)?;
    let catalogue = Arc::new(Catalogue::from_tracks(tracks));
    let listeners: Vec<ListenerLikes> =
        groups.iter().map(|(name, ids)| likes(&catalogue, name, ids)).collect();
    let mut found = NewListenerResult {
        data: options.data.display().to_string(),
        listener: options.listener.clone(),
        listeners: listeners.len(),
        tracks: catalogue.len(),
        protocol: options.protocol.clone(),
        repeats: options.repeats,
        baselines: Vec::new(),
        fits: Vec::new(),
        standings: Vec::new(),
    };
    let study = Study { options, catalogue: &catalogue, listeners: &listeners, progress };
    progress.begin(Some(options.repeats), "measuring");
    let mut outcomes = Vec::new();
    for repeat in 0..options.repeats {
        outcomes.extend(measure(&study, options.protocol.seed + repeat, &mut found)?);
        progress.advance(1);
    }
    progress.end();
    found.standings = summarise(&outcomes, options.protocol.seed);
    Ok(Report { text: text(&found), data: found })
}

/// One split: fits on the training listeners, asks about the hidden ones.
fn measure(
    study: &Study<'_>,
    seed: u64,
    found: &mut NewListenerResult,
) -> Result<Vec<TrialOutcome>> {
    let Study { options, catalogue, listeners, progress } = *study;
    let protocol = NewListenerProtocol { seed, ..options.protocol.clone() };
    let parts = split(listeners.len(), &protocol);
    let pick = |positions: &[usize]| -> Vec<&ListenerLikes> {
        positions.iter().map(|&i| &listeners[i]).collect()
    };
    let (training, hidden) = (pick(&parts.training), pick(&parts.unseen));
    let trials = trials(catalogue, &hidden, &protocol);
    if trials.is_empty() {
        bail!(
            "no hidden listener has enough likes: give fewer (`--support`) or hide more \
            (`--unseen`)"
        );
    }
    let mut outcomes = Vec::new();
    let mut variants = vec![("segue", &[][..])];
    if options.ablations {
        variants.extend(ABLATIONS);
    }
    for (name, without) in variants {
        progress.message(&format!("fitting {name}"));
        let config = LikabilityConfig {
            without: without.iter().map(|&prefix| prefix.to_owned()).collect(),
            ..LikabilityConfig::default()
        };
        let (model, fit) = fit(catalogue, &training, config, seed)?;
        if without.is_empty() {
            found.fits.push(fit);
        }
        progress.message(&format!("asking {name}"));
        let scorer = model.scorer(catalogue);
        outcomes.extend(ask(name, &scorer, catalogue, &trials, &protocol.supports));
    }
    progress.message("asking the baselines");
    let baselines = Baselines::fit(catalogue, &training, seed);
    found.baselines.clear();
    for (name, baseline) in Baselines::tuned(catalogue, &training, &protocol) {
        found.baselines.push(format!("{name}: {baseline:?}"));
        outcomes.extend(ask(
            name,
            &baselines.ranker(baseline),
            catalogue,
            &trials,
            &protocol.supports,
        ));
    }
    Ok(outcomes)
}

/// Fits on a catalogue that holds the training listeners' tracks only: the model must not even know
/// that others exist.
fn fit(
    catalogue: &Catalogue,
    training: &[&ListenerLikes],
    config: LikabilityConfig,
    seed: u64,
) -> Result<(LikabilityModel, FitReport)> {
    let known: Vec<Track> = training
        .iter()
        .flat_map(|likes| &likes.tracks)
        .map(|&track| catalogue.track(track).clone())
        .collect();
    let known = Catalogue::from_tracks(known);
    let profile = |likes: &&ListenerLikes| -> Profile {
        let rows = likes.tracks.iter().filter_map(|&track| known.find(&catalogue.track(track).id));
        liking(&known, likes.listener.clone(), &rows.collect::<Vec<TrackIdx>>())
    };
    let profiles: Vec<Profile> = training.iter().map(profile).collect();
    LikabilityModel::fit(&known, &profiles, config, seed, &mut |_| {})
        .context("cannot fit the model")
}

/// One track per work, the first in the order of rows.
fn likes(catalogue: &Catalogue, name: &str, ids: &[TrackId]) -> ListenerLikes {
    let mut by_work = BTreeMap::new();
    for track in ids.iter().filter_map(|id| catalogue.find(id)) {
        by_work.entry(catalogue.work(track)).or_insert(track);
    }
    ListenerLikes { listener: ListenerId::new(name), tracks: by_work.into_values().collect() }
}

fn text(found: &NewListenerResult) -> Vec<Text> {
    let subject = format!(
        "{} listeners, {} tracks; {} % of the listeners unseen, {} repeat(s)",
        found.listeners,
        found.tracks,
        (found.protocol.unseen * 100.0).round(),
        found.repeats
    );
    let mut rows =
        TextTable::new(["likes given", "model", "listeners", "AUC", "behind", "NDCG@10", "behind"]);
    let shown = |estimate: &Estimate| {
        format!("{:.3} [{:.3}, {:.3}]", estimate.mean, estimate.low, estimate.high)
    };
    let maybe = |estimate: &Option<Estimate>| estimate.as_ref().map(shown).unwrap_or_default();
    for row in &found.standings {
        rows.push([
            row.given.to_string(),
            row.model.clone(),
            row.listeners.to_string(),
            shown(&row.auc),
            maybe(&row.auc_behind),
            shown(&row.ndcg),
            maybe(&row.ndcg_behind),
        ]);
    }
    let tuned = format!("tuned on training listeners: {}", found.baselines.join("; "));
    vec![Text::Line(subject), Text::Table(rows), Text::Line(tuned)]
}
