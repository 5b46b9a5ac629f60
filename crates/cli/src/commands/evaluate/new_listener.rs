//! `segue evaluate new-listener`: how well are listeners served whom the model has never seen?

use std::path::PathBuf;

use anyhow::{Result, bail};
use segue_lab::new_listener::{self, NewListenerOptions, NewListenerProtocol};

use crate::study::{Bar, print_report};

/// Measure the model on listeners it has never seen.
///
/// Every value of a column is a listener and their rows are likes. Some listeners are hidden from
/// training; of each, a few likes are given, and the model has to tell the rest from tracks of
/// others. Beside it stand popularity, the nearest liked track, cosine to the centroid of the
/// likes, and a logistic regression per listener, tuned on the training listeners. AUC and NDCG@10
/// with bootstrap 95 % intervals.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  segue evaluate new-listener --data playlists.csv \
    --listener playlist_id --support 0,5,10,20")]
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
    let options = NewListenerOptions {
        data: args.data.clone(),
        listener: args.listener.clone(),
        protocol: NewListenerProtocol {
            unseen: args.unseen,
            supports: args.support.clone(),
            negatives: args.negatives,
            seed: args.seed,
        },
        repeats: args.repeats,
        ablations: args.ablations,
    };
    print_report(&new_listener::run(&options, &Bar::default())?, args.json)
}
