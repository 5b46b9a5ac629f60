//! The model against the truth that only a simulation knows: for each listener, tracks that they
//! never played are scored and compared with whether they would like them.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_engine::Index;
use segue_engine::metrics::{Summary, auc};
use segue_engine::{Scorer, TrackIdx};
use segue_lab::simulation::community::MadeUpCommunity;

use segue::Dataset;

use crate::terminal::{print_line, table};

/// Tracks scored per listener.
const SAMPLE: usize = 400;

/// Mean AUC over listeners of three ways to rank tracks that they never played.
pub(super) struct Comparison {
    model: f64,
    popularity: f64,
    truth: f64,
    listeners: usize,
}

/// Scores a sample of unplayed tracks for every listener.
pub(super) fn compare(
    community: &MadeUpCommunity,
    dataset: &Dataset,
    scorer: &dyn Scorer,
    seed: u64,
) -> Comparison {
    let index = Index::build(&dataset.catalogue, &dataset.profiles);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut model, mut popularity, mut truth) = (Vec::new(), Vec::new(), Vec::new());
    for history in &community.histories {
        let profile = dataset.profile(&history.listener);
        let unplayed = |&track: &TrackIdx| !profile.has_heard(dataset.catalogue.work(track));
        let mut tracks: Vec<TrackIdx> = dataset.catalogue.rows().filter(unplayed).collect();
        tracks.shuffle(&mut rng);
        tracks.truncate(SAMPLE);
        let likely: Vec<f64> = tracks
            .iter()
            .map(|&track| {
                f64::from(
                    community.likes(history, &dataset.catalogue.track(track).id).unwrap_or(0.0),
                )
            })
            .collect();
        let labels: Vec<bool> = likely.iter().map(|&p| rng.random_bool(p)).collect();
        let scores = scorer.score(&profile, &tracks);
        let scores: Vec<f64> = scores.iter().map(|score| f64::from(score.mean)).collect();
        let popular: Vec<f64> =
            tracks.iter().map(|&track| f64::from(index.popularity.value(track))).collect();
        for (sum, scores) in
            [(&mut model, &scores), (&mut popularity, &popular), (&mut truth, &likely)]
        {
            sum.extend(auc(&labels, scores));
        }
    }
    let listeners = model.len();
    let mean = |values: Vec<f64>| Summary::from_values(values).mean;
    Comparison { model: mean(model), popularity: mean(popularity), truth: mean(truth), listeners }
}

/// Prints the comparison as a table.
pub(super) fn print(comparison: &Comparison) -> anyhow::Result<()> {
    let mut rows = table(&["ranking of unplayed tracks by", "AUC, mean over listeners"]);
    for (name, value) in [
        ("popularity", comparison.popularity),
        ("the model", comparison.model),
        ("the true probability (nothing can do better)", comparison.truth),
    ] {
        rows.add_row([name.to_owned(), format!("{value:.3}")]);
    }
    print_line(&rows.to_string())?;
    print_line(&format!("{} listeners, up to {SAMPLE} unplayed tracks each", comparison.listeners))
}
