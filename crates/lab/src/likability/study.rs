//! A deep model on any table of liked and disliked songs: reads it, runs a protocol, summarises.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use segue_engine::classifier::Classifier;
use segue_engine::metrics::{CalibrationBin, Summary, calibration_bins};
use segue_models::tabular::{
    BoostedTreesClassifier, MlpClassifier, NetworkAndTreesClassifier, TabmClassifier,
};
use serde::Serialize;

use super::labelled_csv::{self, LabelledCsv, TableRequest};
use super::{HeldOutPrediction, NestedReport, PaperReport, Repeats, nested_cv, paper};
use crate::progress::Progress;
use crate::report::{Report, Text, TextTable};

const PLOT_BINS: usize = 10;
/// Steps that a run is divided into for who waits for it.
const STEPS: u64 = 1_000;

/// A study of likability on one file: which table, which model, how it is split and how often.
/// [`run`] carries it out; it is what the options of `segue evaluate likability` become.
#[derive(Clone, Debug)]
pub struct LikabilityOptions {
    /// Where the rows are.
    pub table: TableRequest,
    /// How they are split.
    pub protocol: LikabilityProtocol,
    /// What is evaluated; `None` takes the one that the protocol is published with.
    pub model: Option<Model>,
    /// How often the protocol is repeated with other splits; `None` for 40 with `paper`, 5 with
    /// `nested-cv`.
    pub repeats: Option<usize>,
    /// Seed of the first repeat; the others count up from it.
    pub seed: u64,
}

/// How labelled songs are split into what is learned from and what is measured. The figures of the
/// two are not comparable: the first has no group kept together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LikabilityProtocol {
    /// 140/35/20 at random, as in arXiv 2312.10079: [`paper`].
    Paper,
    /// Five outer folds, duplicates and groups kept together: [`nested_cv`].
    NestedCv,
}

/// The model that learns from labelled songs. Each is a
/// [`Classifier`](segue_engine::classifier::Classifier) of `segue_models::tabular`; `segue evaluate
/// likability --model` takes their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Parameter-efficient ensemble with periodic embeddings.
    Tabm,
    /// Boosted trees.
    Trees,
    /// The ensemble with trees beside it.
    NetworkAndTrees,
    /// Plain network on standardised inputs.
    Mlp,
}

/// The figures of a likability study beside what they were measured on, so that the JSON of a
/// report can be understood alone and made again.
#[derive(Debug, Serialize)]
pub struct LikabilityResult {
    /// The file.
    pub data: PathBuf,
    /// The column that says what is liked.
    pub label: String,
    /// How rows were split.
    pub protocol: LikabilityProtocol,
    /// What learned.
    pub model: Model,
    /// How often.
    pub repeats: usize,
    /// Seed of the first repeat.
    pub seed: u64,
    /// Labelled rows.
    pub rows: usize,
    /// Those that are liked.
    pub liked: usize,
    /// Distinct groups that splits keep together; as many as rows where nothing repeats.
    pub groups: usize,
    /// Inputs of the model.
    pub columns: Vec<String>,
    /// The figures.
    #[serde(flatten)]
    pub result: Figures,
    /// For each row, its line in the file.
    #[serde(skip)]
    pub lines: Vec<u64>,
}

/// The figures of the protocol that was run.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Figures {
    /// Of [`paper`].
    Paper(PaperReport),
    /// Of [`nested_cv`].
    Nested(NestedReport),
}

/// Reads the table, runs the protocol and summarises.
///
/// # Errors
/// If the table cannot be read or holds too few rows of a class, or the model cannot be fitted.
pub fn run(
    options: &LikabilityOptions,
    progress: &dyn Progress,
) -> Result<Report<LikabilityResult>> {
    let csv = labelled_csv::read(&options.table)?;
    say_what_was_left_out(&csv, progress);
    let count = options.repeats.unwrap_or(options.protocol.default_repeats());
    let repeats = Repeats { count, seed: options.seed };
    ensure!(repeats.count > 0, "`--repeats` must be at least 1");
    let model = options.model.unwrap_or(options.protocol.default_model());
    let classifier: &dyn Classifier = match model {
        Model::Tabm => &TabmClassifier,
        Model::Trees => &BoostedTreesClassifier,
        Model::NetworkAndTrees => &NetworkAndTreesClassifier,
        Model::Mlp => &MlpClassifier,
    };
    progress.begin(Some(STEPS), "measuring");
    let done = std::sync::atomic::AtomicU64::new(0);
    let tell = |share: f64| {
        let now = (share * STEPS as f64) as u64;
        let before = done.fetch_max(now, std::sync::atomic::Ordering::Relaxed);
        progress.advance(now.saturating_sub(before));
    };
    let result = match options.protocol {
        LikabilityProtocol::Paper => {
            paper(&csv.data, classifier, repeats, &tell).map(Figures::Paper)
        }
        LikabilityProtocol::NestedCv => {
            nested_cv(&csv.data, &[classifier], repeats, &tell).map(Figures::Nested)
        }
    };
    progress.end();
    let path = &options.table.path;
    let result = result.with_context(|| format!("cannot evaluate `{}`", path.display()))?;
    let data = &csv.data;
    let mut groups = data.groups.clone();
    groups.sort_unstable();
    groups.dedup();
    let found = LikabilityResult {
        data: path.clone(),
        label: options.table.label.clone(),
        protocol: options.protocol,
        model,
        repeats: repeats.count,
        seed: repeats.seed,
        rows: data.labels.len(),
        liked: data.labels.iter().filter(|liked| **liked).count(),
        groups: groups.len(),
        columns: data.table.columns().iter().map(|column| column.name.clone()).collect(),
        result,
        lines: csv.lines,
    };
    Ok(Report { text: found.text(), data: found })
}

impl LikabilityProtocol {
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

impl LikabilityResult {
    /// Every prediction for a row that the model had not seen.
    pub fn predictions(&self) -> &[HeldOutPrediction] {
        match &self.result {
            Figures::Paper(report) => &report.predictions,
            Figures::Nested(report) => &report.predictions,
        }
    }

    /// Ten bins of equal size of all held-out predictions: what a calibration diagram shows.
    pub fn bins(&self) -> Vec<CalibrationBin> {
        let (labels, probabilities): (Vec<bool>, Vec<f64>) =
            self.predictions().iter().map(|p| (p.liked, p.probability)).unzip();
        calibration_bins(&labels, &probabilities, PLOT_BINS)
    }

    fn metrics(&self) -> Vec<(&'static str, Summary)> {
        match &self.result {
            Figures::Paper(report) => vec![
                ("training accuracy", report.train_accuracy),
                ("validation accuracy", report.validation_accuracy),
                ("test accuracy", report.accuracy),
                ("test AUC", report.auc),
                ("test log-loss", report.log_loss),
                ("test ECE", report.ece),
            ],
            Figures::Nested(report) => vec![
                ("accuracy", report.accuracy),
                ("AUC", report.auc),
                ("log-loss", report.log_loss),
                ("ECE", report.ece),
            ],
        }
    }

    fn text(&self) -> Vec<Text> {
        let subject = format!(
            "{} rows, {} liked, {} columns, {} repeats",
            self.rows,
            self.liked,
            self.columns.len(),
            self.repeats
        );
        let mut table = TextTable::new(["", "mean", "sd", "median"]);
        for (name, summary) in self.metrics() {
            let number = |x: f64| format!("{x:.4}");
            table.push([
                name.to_owned(),
                number(summary.mean),
                number(summary.sd),
                number(summary.median),
            ]);
        }
        vec![Text::Line(subject), Text::Table(table)]
    }
}

fn say_what_was_left_out(csv: &LabelledCsv, progress: &dyn Progress) {
    if csv.unlabelled > 0 {
        progress.say(&format!("left out {} rows without a label", csv.unlabelled));
    }
    if csv.out_of_range > 0 {
        progress.say(&format!(
            "counted {} values outside the range of their feature as missing",
            csv.out_of_range
        ));
    }
}

/// Writes every held-out prediction as a row of a CSV, so that another model can be run on the very
/// same splits.
///
/// # Errors
/// If the file cannot be written.
pub fn write_predictions(path: &Path, found: &LikabilityResult) -> Result<()> {
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
    for p in found.predictions() {
        writer
            .write_record([
                p.repeat.to_string(),
                p.fold.to_string(),
                p.row.to_string(),
                found.lines[p.row].to_string(),
                u8::from(p.liked).to_string(),
                p.probability.to_string(),
                p.uncertainty.to_string(),
            ])
            .with_context(context)?;
    }
    writer.flush().with_context(context)
}
