//! `segue evaluate likability`: a deep model on any table of liked and disliked songs, under a
//! stated protocol.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use comfy_table::Table as TextTable;
use indicatif::{ProgressBar, ProgressStyle};
use segue_engine::classifier::Classifier;
use segue_engine::metrics::{Summary, calibration_bins};
use segue_lab::likability::{
    HeldOutPrediction, NestedReport, PaperReport, Repeats, nested_cv, paper,
};
use segue_models::tabular::{MlpClassifier, TabmClassifier};
use serde::Serialize;

use super::calibration_plot;
use super::labelled_csv::{self, Inputs, LabelledCsv, Request};

const PLOT_BINS: usize = 10;

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
  segue evaluate likability --data songs.csv --label liked --plot calibration.svg --predictions folds.csv")]
pub(crate) struct LikabilityArgs {
    /// CSV with one song per row and audio features under Spotify's names.
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Column that says whether the song is liked: 0/1, true/false, liked/disliked, yes/no.
    #[arg(long, value_name = "COLUMN")]
    label: String,
    /// How rows are split: at random 140/35/20 as in the paper, or nested cross-validation.
    #[arg(long, value_enum, default_value_t = Protocol::NestedCv)]
    protocol: Protocol,
    /// What is evaluated [default: mlp for paper, as there; tabm for nested-cv].
    #[arg(long, value_enum)]
    model: Option<Model>,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Protocol {
    /// 140/35/20 at random, as in arXiv 2312.10079.
    Paper,
    /// Five outer folds, duplicates and groups kept together.
    NestedCv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Model {
    /// Parameter-efficient ensemble with periodic embeddings.
    Tabm,
    /// Plain network on standardised inputs.
    Mlp,
}

#[derive(Serialize)]
struct Report<'a> {
    data: &'a Path,
    label: &'a str,
    protocol: Protocol,
    model: Model,
    repeats: usize,
    seed: u64,
    rows: usize,
    liked: usize,
    /// Distinct groups that splits keep together; as many as rows where nothing repeats.
    groups: usize,
    columns: Vec<&'a str>,
    #[serde(flatten)]
    result: Outcome,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    Paper(PaperReport),
    Nested(NestedReport),
}

/// Runs the protocol and prints what it found.
pub(crate) fn run(args: LikabilityArgs) -> anyhow::Result<()> {
    let inputs = if args.audio_only { Inputs::AudioOnly } else { Inputs::All };
    let request =
        Request { path: &args.data, label: &args.label, group: args.group.as_deref(), inputs };
    let csv = labelled_csv::read(&request)?;
    tell_what_was_left_out(&csv);
    let repeats =
        Repeats { count: args.repeats.unwrap_or(args.protocol.default_repeats()), seed: args.seed };
    ensure!(repeats.count > 0, "`--repeats` must be at least 1");

    let model = args.model.unwrap_or(args.protocol.default_model());
    let classifier: &dyn Classifier = match model {
        Model::Tabm => &TabmClassifier,
        Model::Mlp => &MlpClassifier,
    };
    let bar = progress_bar();
    let progress = |share: f64| bar.set_position((share * 1000.0) as u64);
    let result = match args.protocol {
        Protocol::Paper => paper(&csv.data, classifier, repeats, &progress).map(Outcome::Paper),
        Protocol::NestedCv => {
            nested_cv(&csv.data, &[classifier], repeats, &progress).map(Outcome::Nested)
        }
    };
    bar.finish_and_clear();
    let result = result.with_context(|| format!("cannot evaluate `{}`", args.data.display()))?;

    if let Some(path) = &args.predictions {
        write_predictions(path, result.predictions(), &csv.lines)?;
    }
    if let Some(path) = &args.plot {
        let name = args.data.file_name().unwrap_or_default().to_string_lossy();
        calibration_plot::draw(path, &format!("Calibration on {name}"), &result.bins())?;
    }
    print(&args, &csv, (model, repeats), result)
}

impl Protocol {
    /// The paper's training accuracy is that of a plain network that learns its rows by heart; the
    /// default model does not.
    fn default_model(self) -> Model {
        match self {
            Self::Paper => Model::Mlp,
            Self::NestedCv => Model::Tabm,
        }
    }

    fn default_repeats(self) -> usize {
        match self {
            Self::Paper => 40,
            Self::NestedCv => 5,
        }
    }
}

impl Outcome {
    fn predictions(&self) -> &[HeldOutPrediction] {
        match self {
            Self::Paper(report) => &report.predictions,
            Self::Nested(report) => &report.predictions,
        }
    }

    fn bins(&self) -> Vec<segue_engine::metrics::CalibrationBin> {
        let (labels, probabilities): (Vec<bool>, Vec<f64>) =
            self.predictions().iter().map(|p| (p.liked, p.probability)).unzip();
        calibration_bins(&labels, &probabilities, PLOT_BINS)
    }

    fn metrics(&self) -> Vec<(&'static str, Summary)> {
        match self {
            Self::Paper(report) => vec![
                ("training accuracy", report.train_accuracy),
                ("validation accuracy", report.validation_accuracy),
                ("test accuracy", report.accuracy),
                ("test AUC", report.auc),
                ("test log-loss", report.log_loss),
                ("test ECE", report.ece),
            ],
            Self::Nested(report) => vec![
                ("accuracy", report.accuracy),
                ("AUC", report.auc),
                ("log-loss", report.log_loss),
                ("ECE", report.ece),
            ],
        }
    }
}

fn tell_what_was_left_out(csv: &LabelledCsv) {
    if csv.unlabelled > 0 {
        eprintln!("left out {} rows without a label", csv.unlabelled);
    }
    if csv.out_of_range > 0 {
        eprintln!(
            "counted {} values outside the range of their feature as missing",
            csv.out_of_range
        );
    }
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(1000);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent}% ({eta} left)") {
        bar.set_style(style);
    }
    bar.set_position(0);
    bar
}

fn write_predictions(
    path: &Path,
    predictions: &[HeldOutPrediction],
    lines: &[u64],
) -> anyhow::Result<()> {
    let context = || format!("cannot write `{}`", path.display());
    let mut writer = csv::Writer::from_path(path).with_context(context)?;
    writer.write_record([
        "repeat",
        "fold",
        "row",
        "line",
        "label",
        "probability",
        "uncertainty",
    ])?;
    for p in predictions {
        writer
            .write_record([
                p.repeat.to_string(),
                p.fold.to_string(),
                p.row.to_string(),
                lines[p.row].to_string(),
                u8::from(p.liked).to_string(),
                p.probability.to_string(),
                p.uncertainty.to_string(),
            ])
            .with_context(context)?;
    }
    writer.flush().with_context(context)
}

fn print(
    args: &LikabilityArgs,
    csv: &LabelledCsv,
    ran: (Model, Repeats),
    result: Outcome,
) -> anyhow::Result<()> {
    let (model, repeats) = ran;
    let data = &csv.data;
    let mut groups = data.groups.clone();
    groups.sort_unstable();
    groups.dedup();
    let report = Report {
        data: &args.data,
        label: &args.label,
        protocol: args.protocol,
        model,
        repeats: repeats.count,
        seed: repeats.seed,
        rows: data.labels.len(),
        liked: data.labels.iter().filter(|liked| **liked).count(),
        groups: groups.len(),
        columns: data.table.columns().iter().map(|column| column.name.as_str()).collect(),
        result,
    };
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(
        out,
        "{} rows, {} liked, {} columns, {} repeats",
        report.rows,
        report.liked,
        report.columns.len(),
        report.repeats
    )?;
    let mut table = TextTable::new();
    table.set_header(["", "mean", "sd", "median"]);
    for (name, summary) in report.result.metrics() {
        let number = |x: f64| format!("{x:.4}");
        table.add_row([
            name.to_owned(),
            number(summary.mean),
            number(summary.sd),
            number(summary.median),
        ]);
    }
    writeln!(out, "{table}")?;
    Ok(())
}
