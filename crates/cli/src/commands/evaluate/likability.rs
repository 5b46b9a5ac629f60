//! `segue evaluate likability`: a deep model on any table of liked and disliked songs, under a
//! stated protocol.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use segue_lab::likability::{
    self, Inputs, LikabilityOptions, LikabilityProtocol, Model, TableRequest, draw_calibration,
    write_predictions,
};

use crate::study::{Bar, print_report};

/// Measure how well liking is predicted from one listener's table of songs.
///
/// Any CSV with columns under Spotify's thirteen audio-feature names and one that says which songs
/// are liked. Accuracy, AUC, log-loss and expected calibration error, as mean and standard
/// deviation over held-out folds; equal rows never lie on both sides of a split.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue evaluate likability --data songs.csv --label liked
  segue evaluate likability --data songs.csv --label liked --protocol paper --repeats 40
  segue evaluate likability --data songs.csv --label liked --group artist --json
  segue evaluate likability --data songs.csv --label liked --plot calibration.svg \
        --predictions folds.csv")]
pub(crate) struct LikabilityArgs {
    /// CSV with one song per row and audio features under Spotify's names.
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Column that says whether the song is liked: 0/1, true/false, liked/disliked, yes/no.
    #[arg(long, value_name = "COLUMN")]
    label: String,
    /// How rows are split: at random 140/35/20 as in the paper, or nested cross-validation.
    #[arg(long, value_enum, default_value_t = ProtocolArg::NestedCv)]
    protocol: ProtocolArg,
    /// What is evaluated [default: mlp for paper, as there; tabm for nested-cv].
    #[arg(long, value_enum)]
    model: Option<ModelArg>,
    /// How often the protocol is repeated with other splits [default: 40 for paper, 5 for
    /// nested-cv].
    #[arg(long, value_name = "N")]
    repeats: Option<usize>,
    /// Seed of the first repeat.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Column whose equal values stay on one side of a nested split, for instance the artist.
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// Use the thirteen audio features only, not artist, genre, year and popularity.
    #[arg(long)]
    audio_only: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Write every held-out prediction to this CSV.
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
    /// Draw the calibration of the held-out predictions into this SVG.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ProtocolArg {
    /// 140/35/20 at random, as in arXiv 2312.10079.
    Paper,
    /// Five outer folds, duplicates and groups kept together.
    NestedCv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ModelArg {
    /// Parameter-efficient ensemble with periodic embeddings.
    Tabm,
    /// Boosted trees.
    Trees,
    /// The ensemble with trees beside it, better from a thousand songs on.
    NetworkAndTrees,
    /// Plain network on standardised inputs.
    Mlp,
}

/// Runs the protocol and prints what it found.
pub(crate) fn run(args: LikabilityArgs) -> anyhow::Result<()> {
    let options = LikabilityOptions {
        table: TableRequest {
            path: args.data,
            label: args.label,
            group: args.group,
            inputs: if args.audio_only { Inputs::AudioOnly } else { Inputs::All },
        },
        protocol: match args.protocol {
            ProtocolArg::Paper => LikabilityProtocol::Paper,
            ProtocolArg::NestedCv => LikabilityProtocol::NestedCv,
        },
        model: args.model.map(|model| match model {
            ModelArg::Tabm => Model::Tabm,
            ModelArg::Trees => Model::Trees,
            ModelArg::NetworkAndTrees => Model::NetworkAndTrees,
            ModelArg::Mlp => Model::Mlp,
        }),
        repeats: args.repeats,
        seed: args.seed,
    };
    let report = likability::run(&options, &Bar::default())?;
    if let Some(path) = &args.predictions {
        write_predictions(path, &report.data)?;
    }
    if let Some(path) = &args.plot {
        let name = options.table.path.file_name().unwrap_or_default().to_string_lossy();
        draw_calibration(path, &format!("Calibration on {name}"), &report.data.bins())?;
    }
    print_report(&report, args.json)
}
