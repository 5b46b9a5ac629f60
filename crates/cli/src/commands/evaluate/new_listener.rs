//! `segue evaluate new-listener`: how well are listeners served whom the model has never seen?
//!
//! Every value of a column is a listener and their rows are likes: playlists, users, anything that
//! groups tracks. The genre column is not read: in playlist data it describes the playlist, and
//! would give the answer away.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use segue_core::{AudioFeature, ListenerId, Track, TrackId};
use segue_engine::dataset::profile::liking;
use segue_engine::metrics::Estimate;
use segue_engine::{Catalogue, Profile, TrackIdx};
use segue_ingest::identity::named_track;
use segue_lab::new_listener::{
    Baselines, Likes, Outcome, Protocol, Standing, ask, split, summarise, trials,
};
use segue_models::likability::{FitReport, LikabilityConfig, LikabilityModel};
use serde::Serialize;
use std::sync::Arc;

use crate::terminal::{self, print_json, print_line, table};

/// Measure the model on listeners it has never seen.
///
/// Every value of a column is a listener and their rows are likes. Some listeners are hidden from
/// training; of each, a few likes are given, and the model has to tell the rest from tracks of
/// others. Beside it stand popularity, the nearest liked track, cosine to the centroid of the
/// likes, and a logistic regression per listener, tuned on the training listeners. AUC and NDCG@10
/// with bootstrap 95 % intervals.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  segue evaluate new-listener --data playlists.csv --listener playlist_id --support 0,5,10,20"
)]
pub(crate) struct NewListenerArgs {
    /// CSV of tracks with audio features; a row is a like.
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Column whose values are the listeners.
    #[arg(long, value_name = "COLUMN")]
    listener: String,
    /// Share of listeners hidden from training.
    #[arg(long, default_value_t = 0.2, value_name = "SHARE")]
    unseen: f64,
    /// Numbers of likes given.
    #[arg(long, value_delimiter = ',', default_value = "0,5,10,20", value_name = "K,…")]
    support: Vec<usize>,
    /// Tracks of other hidden listeners to be told apart from each listener's own.
    #[arg(long, default_value_t = 200, value_name = "N")]
    negatives: usize,
    /// How often to split, fit and ask again, each time with the next seed.
    #[arg(long, default_value_t = 1, value_name = "N")]
    repeats: u64,
    /// Seed of everything random.
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    seed: u64,
    /// Also fit the model without artists, without popularity and age, and on sound alone.
    #[arg(long)]
    ablations: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
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

/// What was measured.
#[derive(Serialize)]
struct Report {
    data: String,
    listener: String,
    listeners: usize,
    tracks: usize,
    protocol: Protocol,
    repeats: u64,
    baselines: Vec<String>,
    fits: Vec<FitReport>,
    standings: Vec<Standing>,
}

/// Reads, fits, asks and prints.
///
/// # Errors
/// If the file cannot be read, lacks the column, or holds too few listeners to hide some.
pub(crate) fn run(args: &NewListenerArgs) -> Result<()> {
    if !(0.0..1.0).contains(&args.unseen) || args.support.is_empty() || args.repeats == 0 {
        bail!(
            "`--unseen` lies between 0 and 1, `--support` names a number, `--repeats` is at least 1"
        );
    }
    let (tracks, groups) = read(&args.data, &args.listener)?;
    let catalogue = Arc::new(Catalogue::from_tracks(tracks));
    let listeners: Vec<Likes> =
        groups.iter().map(|(name, ids)| likes(&catalogue, name, ids)).collect();
    let mut report = Report {
        data: args.data.display().to_string(),
        listener: args.listener.clone(),
        listeners: listeners.len(),
        tracks: catalogue.len(),
        protocol: protocol(args, args.seed),
        repeats: args.repeats,
        baselines: Vec::new(),
        fits: Vec::new(),
        standings: Vec::new(),
    };
    let progress = terminal::steps(args.repeats, "measuring");
    let mut outcomes = Vec::new();
    for repeat in 0..args.repeats {
        outcomes.extend(measure(
            args,
            args.seed + repeat,
            &catalogue,
            &listeners,
            &mut report,
            &progress,
        )?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    report.standings = summarise(&outcomes, args.seed);
    print(&report, args.json)
}

fn protocol(args: &NewListenerArgs, seed: u64) -> Protocol {
    Protocol {
        unseen: args.unseen,
        supports: args.support.clone(),
        negatives: args.negatives,
        seed,
    }
}

/// One split: fits on the training listeners, asks about the hidden ones.
fn measure(
    args: &NewListenerArgs,
    seed: u64,
    catalogue: &Arc<Catalogue>,
    listeners: &[Likes],
    report: &mut Report,
    progress: &ProgressBar,
) -> Result<Vec<Outcome>> {
    let protocol = protocol(args, seed);
    let parts = split(listeners.len(), &protocol);
    let pick =
        |positions: &[usize]| -> Vec<&Likes> { positions.iter().map(|&i| &listeners[i]).collect() };
    let (training, hidden) = (pick(&parts.training), pick(&parts.unseen));
    let trials = trials(catalogue, &hidden, &protocol);
    if trials.is_empty() {
        bail!(
            "no hidden listener has enough likes: give fewer (`--support`) or hide more (`--unseen`)"
        );
    }
    let mut outcomes = Vec::new();
    let mut variants = vec![("segue", &[][..])];
    if args.ablations {
        variants.extend(ABLATIONS);
    }
    for (name, without) in variants {
        progress.set_message(format!("fitting {name}"));
        let config = LikabilityConfig {
            without: without.iter().map(|&prefix| prefix.to_owned()).collect(),
            ..LikabilityConfig::default()
        };
        let (model, fit) = fit(catalogue, &training, config, seed)?;
        if without.is_empty() {
            report.fits.push(fit);
        }
        progress.set_message(format!("asking {name}"));
        let scorer = model.scorer(catalogue);
        outcomes.extend(ask(name, &scorer, catalogue, &trials, &args.support));
    }
    progress.set_message("asking the baselines");
    let baselines = Baselines::fit(catalogue, &training, seed);
    report.baselines.clear();
    for (name, baseline) in Baselines::tuned(catalogue, &training, &protocol) {
        report.baselines.push(format!("{name}: {baseline:?}"));
        outcomes.extend(ask(name, &baselines.ranker(baseline), catalogue, &trials, &args.support));
    }
    Ok(outcomes)
}

/// Fits on a catalogue that holds the training listeners' tracks only: the model must not even know
/// that others exist.
fn fit(
    catalogue: &Catalogue,
    training: &[&Likes],
    config: LikabilityConfig,
    seed: u64,
) -> Result<(LikabilityModel, FitReport)> {
    let known: Vec<Track> = training
        .iter()
        .flat_map(|likes| &likes.tracks)
        .map(|&track| catalogue.track(track).clone())
        .collect();
    let known = Catalogue::from_tracks(known);
    let profile = |likes: &&Likes| -> Profile {
        let rows = likes.tracks.iter().filter_map(|&track| known.find(&catalogue.track(track).id));
        liking(&known, likes.listener.clone(), &rows.collect::<Vec<TrackIdx>>())
    };
    let profiles: Vec<Profile> = training.iter().map(profile).collect();
    LikabilityModel::fit(&known, &profiles, config, seed, &mut |_| {})
        .context("cannot fit the model")
}

/// One track per work, the first in the order of rows.
fn likes(catalogue: &Catalogue, name: &str, ids: &[TrackId]) -> Likes {
    let mut by_work = BTreeMap::new();
    for track in ids.iter().filter_map(|id| catalogue.find(id)) {
        by_work.entry(catalogue.work(track)).or_insert(track);
    }
    Likes { listener: ListenerId::new(name), tracks: by_work.into_values().collect() }
}

type Groups = BTreeMap<String, Vec<TrackId>>;

fn read(path: &Path, listener: &str) -> Result<(Vec<Track>, Groups)> {
    let mut reader = csv::Reader::from_path(path)
        .with_context(|| format!("cannot open `{}`", path.display()))?;
    let headers: Vec<String> =
        reader.headers()?.iter().map(|name| name.trim().to_lowercase()).collect();
    let find = |names: &[&str]| {
        names.iter().find_map(|name| headers.iter().position(|header| header == name))
    };
    let Some(listener_column) = find(&[&listener.to_lowercase()]) else {
        bail!("`{}` has no column `{listener}`; it has {}", path.display(), headers.join(", "));
    };
    let columns = Columns {
        id: find(&["track_id", "id", "uri"]),
        title: find(&["track_name", "title", "name", "track"]),
        artist: find(&["track_artist", "artist", "artist_name", "artistname", "artists"]),
        album: find(&["track_album_name", "album", "album_name"]),
        year: find(&["year", "track_album_release_date", "release_date"]),
        popularity: find(&["track_popularity", "popularity"]),
        features: AudioFeature::ALL.map(|feature| find(&[feature.name()])),
    };
    let mut tracks = Vec::new();
    let mut groups = Groups::new();
    for row in reader.records() {
        let row = row.with_context(|| format!("cannot read `{}`", path.display()))?;
        let Some(track) = columns.track(&row) else { continue };
        let name = row.get(listener_column).unwrap_or("").trim();
        if !name.is_empty() {
            groups.entry(name.to_owned()).or_default().push(track.id.clone());
            tracks.push(track);
        }
    }
    Ok((tracks, groups))
}

/// Where a table keeps what is known of a track.
struct Columns {
    id: Option<usize>,
    title: Option<usize>,
    artist: Option<usize>,
    album: Option<usize>,
    year: Option<usize>,
    popularity: Option<usize>,
    features: [Option<usize>; AudioFeature::COUNT],
}

impl Columns {
    fn track(&self, row: &csv::StringRecord) -> Option<Track> {
        let text = |column: Option<usize>| {
            row.get(column?).map(str::trim).filter(|text| !text.is_empty() && *text != "NA")
        };
        let id = text(self.id).map(TrackId::new);
        let title = text(self.title);
        if id.is_none() && title.is_none() {
            return None;
        }
        let artists = text(self.artist).map(str::to_owned).into_iter().collect();
        let mut track = named_track(id, artists, title.unwrap_or(""));
        track.album = text(self.album).map(str::to_owned);
        track.year = text(self.year).and_then(|date| date.get(..4)?.parse().ok());
        track.popularity = text(self.popularity)
            .and_then(|value| value.parse().ok())
            .map(|percent: f32| percent / 100.0);
        for (feature, column) in AudioFeature::ALL.into_iter().zip(self.features) {
            if let Some(value) = text(column).and_then(|value| value.parse().ok()) {
                track.features.set(feature, value);
            }
        }
        Some(track)
    }
}

fn print(report: &Report, json: bool) -> Result<()> {
    if json {
        return print_json(report);
    }
    print_line(&format!(
        "{} listeners, {} tracks; {} % of the listeners unseen, {} repeat(s)",
        report.listeners,
        report.tracks,
        (report.protocol.unseen * 100.0).round(),
        report.repeats
    ))?;
    let mut rows =
        table(&["likes given", "model", "listeners", "AUC", "behind", "NDCG@10", "behind"]);
    let shown = |estimate: &Estimate| {
        format!("{:.3} [{:.3}, {:.3}]", estimate.mean, estimate.low, estimate.high)
    };
    let maybe = |estimate: &Option<Estimate>| estimate.as_ref().map(shown).unwrap_or_default();
    for row in &report.standings {
        rows.add_row([
            row.given.to_string(),
            row.model.clone(),
            row.listeners.to_string(),
            shown(&row.auc),
            maybe(&row.auc_behind),
            shown(&row.ndcg),
            maybe(&row.ndcg_behind),
        ]);
    }
    print_line(&rows.to_string())?;
    print_line(&format!("tuned on training listeners: {}", report.baselines.join("; ")))
}
