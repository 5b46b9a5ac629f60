//! Protocols for likability models on one table of labelled rows.
//!
//! `paper` is that of arXiv 2312.10079: rows are split at random 140/35/20 into training,
//! validation and test, and accuracy is read on each. `nested-cv` tests on each of five outer
//! folds, duplicates and groups kept together; where there is a choice between configurations,
//! three inner folds of the training side make it, and the test side never does. Every held-out
//! prediction is returned with its repeat and fold, so that another model can be run on the very
//! same splits.

mod labelled_csv;
mod plot;
mod study;

use std::sync::atomic::{AtomicUsize, Ordering};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use segue_engine::classifier::{Classifier, ClassifierError, FittedClassifier};
use segue_engine::folds::{Fold, stratified_group_folds, stratified_group_split, ungrouped};
use segue_engine::metrics::{self, Summary};
use segue_engine::{Likability, Table};

pub use labelled_csv::{Inputs, TableRequest};
pub use plot::draw_calibration;
pub use study::{
    Figures, LikabilityOptions, LikabilityProtocol, LikabilityResult, Model, run, write_predictions,
};

/// Relative sizes of training, validation and test in the paper.
const PAPER_SHARES: [f64; 3] = [140.0, 35.0, 20.0];
const OUTER_FOLDS: usize = 5;
const INNER_FOLDS: usize = 3;
/// Bins of equal size in which the calibration error is measured.
pub const ECE_BINS: usize = 10;

/// Songs that one listener labelled liked or disliked: what every protocol of this module splits,
/// learns from and is measured on. All three fields have a row for each song, in one order.
#[derive(Clone, Debug)]
pub struct LabelledTable {
    /// Columns.
    pub table: Table,
    /// Whether each row was liked.
    pub labels: Vec<bool>,
    /// Rows of one group stay on one side of a nested split.
    pub groups: Vec<u32>,
}

/// How often a protocol is repeated, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeats {
    /// Number of repeats, each with splits of its own.
    pub count: usize,
    /// Seed of the first; the others count up from it.
    pub seed: u64,
}

/// Why a protocol could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// There are too few rows of a class to have one in every part.
    #[error(
        "found {liked} liked and {disliked} disliked rows: the protocol needs at least {needed} of \
        each"
    )]
    TooFewRows {
        /// Rows labelled liked.
        liked: usize,
        /// Rows labelled disliked.
        disliked: usize,
        /// How many of each it takes.
        needed: usize,
    },
    /// There is nothing to evaluate.
    #[error("at least one model and one repeat are needed")]
    Nothing,
    /// A model failed.
    #[error("the model failed: {0}")]
    Model(ClassifierError),
}

/// A prediction for a row that the model had not seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeldOutPrediction {
    /// Which repeat, from 0.
    pub repeat: usize,
    /// Which fold, from 0.
    pub fold: usize,
    /// Which row of the table, from 0.
    pub row: usize,
    /// Whether it was liked.
    pub liked: bool,
    /// Predicted probability of being liked.
    pub probability: f64,
    /// Standard deviation of that probability.
    pub uncertainty: f64,
}

/// Result of the `paper` protocol over its repeats.
#[derive(Clone, Debug, Serialize)]
pub struct PaperReport {
    /// Accuracy on the rows learned from.
    pub train_accuracy: Summary,
    /// Accuracy on the validation rows.
    pub validation_accuracy: Summary,
    /// Accuracy on the test rows.
    pub accuracy: Summary,
    /// Area under the ROC curve on the test rows.
    pub auc: Summary,
    /// Mean negative log-likelihood of the test rows.
    pub log_loss: Summary,
    /// Expected calibration error on the test rows of all repeats together.
    pub ece: Summary,
    /// The test predictions.
    #[serde(skip)]
    pub predictions: Vec<HeldOutPrediction>,
}

/// Result of nested cross-validation: mean and deviation over all outer folds of all repeats.
#[derive(Clone, Debug, Serialize)]
pub struct NestedReport {
    /// Share on the right side of one half.
    pub accuracy: Summary,
    /// Area under the ROC curve.
    pub auc: Summary,
    /// Mean negative log-likelihood.
    pub log_loss: Summary,
    /// Expected calibration error: over the held-out rows of a whole repeat, since a fold is too
    /// small for bins.
    pub ece: Summary,
    /// How often each configuration was chosen by the inner folds.
    pub chosen: Vec<usize>,
    /// All held-out predictions.
    #[serde(skip)]
    pub predictions: Vec<HeldOutPrediction>,
}

/// Runs the `paper` protocol; `progress` hears the share of work done.
///
/// # Errors
/// See [`EvalError`].
pub fn paper(
    data: &LabelledTable,
    classifier: &dyn Classifier,
    repeats: Repeats,
    progress: &(dyn Fn(f64) + Sync),
) -> Result<PaperReport, EvalError> {
    check(data, repeats, 3)?;
    let progress = Progress::new(repeats.count, progress);
    let runs = (0..repeats.count).into_par_iter().map(|repeat| {
        let seed = repeats.seed + repeat as u64;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // The paper splits at random, duplicates or not; so do we, to be comparable.
        let groups = ungrouped(data.labels.len());
        let parts = stratified_group_split(&data.labels, &groups, &PAPER_SHARES, &mut rng);
        let fitted = fit(classifier, data, &parts[0], seed)?;
        let scored = [0, 1, 2].map(|part| score(&*fitted, data, &parts[part], (repeat, 0)));
        progress.step();
        Ok(scored)
    });
    let runs: Vec<[Result<Vec<HeldOutPrediction>, EvalError>; 3]> =
        runs.collect::<Result<_, EvalError>>()?;
    let [mut train, mut validation, mut test] = [(); 3].map(|()| Vec::with_capacity(runs.len()));
    for run in runs {
        let [on_train, on_validation, on_test] = run;
        train.push(on_train?);
        validation.push(on_validation?);
        test.push(on_test?);
    }
    let accuracy =
        |parts: &[Vec<HeldOutPrediction>]| summary(parts, |rows| Some(accuracy_of(rows)));
    Ok(PaperReport {
        train_accuracy: accuracy(&train),
        validation_accuracy: accuracy(&validation),
        accuracy: accuracy(&test),
        auc: summary(&test, auc_of),
        log_loss: summary(&test, |rows| Some(log_loss_of(rows))),
        ece: Summary::from_values([ece_of(&test.concat())]),
        predictions: test.concat(),
    })
}

/// Runs nested cross-validation over one or more configurations; `progress` hears the share of work
/// done.
///
/// # Errors
/// See [`EvalError`].
pub fn nested_cv(
    data: &LabelledTable,
    candidates: &[&dyn Classifier],
    repeats: Repeats,
    progress: &(dyn Fn(f64) + Sync),
) -> Result<NestedReport, EvalError> {
    check(data, repeats, OUTER_FOLDS)?;
    if candidates.is_empty() {
        return Err(EvalError::Nothing);
    }
    let tasks: Vec<(usize, usize, Fold)> = (0..repeats.count)
        .flat_map(|repeat| {
            let mut rng = ChaCha8Rng::seed_from_u64(repeats.seed + repeat as u64);
            let outer = stratified_group_folds(&data.labels, &data.groups, OUTER_FOLDS, &mut rng);
            outer.into_iter().enumerate().map(move |(i, fold)| (repeat, i, fold))
        })
        .collect();
    let progress = Progress::new(tasks.len(), progress);
    let folds = tasks.into_par_iter().map(|(repeat, i, fold)| {
        let seed = repeats.seed + repeat as u64;
        let best = choose(data, candidates, &fold.train, seed)?;
        let fitted = fit(candidates[best], data, &fold.train, seed)?;
        let scored = score(&*fitted, data, &fold.test, (repeat, i))?;
        progress.step();
        Ok((best, scored))
    });
    let (best, folds): (Vec<usize>, Vec<Vec<HeldOutPrediction>>) =
        folds.collect::<Result<Vec<_>, EvalError>>()?.into_iter().unzip();
    let mut chosen = vec![0; candidates.len()];
    best.into_iter().for_each(|best| chosen[best] += 1);
    Ok(NestedReport {
        accuracy: summary(&folds, |rows| Some(accuracy_of(rows))),
        auc: summary(&folds, auc_of),
        log_loss: summary(&folds, |rows| Some(log_loss_of(rows))),
        ece: Summary::from_values(folds.chunks(OUTER_FOLDS).map(|repeat| ece_of(&repeat.concat()))),
        chosen,
        predictions: folds.concat(),
    })
}

/// The configuration of lowest log-loss over the inner folds; the only one without trying it.
fn choose(
    data: &LabelledTable,
    candidates: &[&dyn Classifier],
    rows: &[usize],
    seed: u64,
) -> Result<usize, EvalError> {
    if candidates.len() == 1 {
        return Ok(0);
    }
    let labels: Vec<bool> = rows.iter().map(|&row| data.labels[row]).collect();
    let groups: Vec<u32> = rows.iter().map(|&row| data.groups[row]).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let inner = stratified_group_folds(&labels, &groups, INNER_FOLDS, &mut rng);
    let mut losses = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let mut loss = 0.0;
        for Fold { train, test } in &inner {
            let of_table = |side: &[usize]| side.iter().map(|&i| rows[i]).collect::<Vec<usize>>();
            let (train, test) = (of_table(train), of_table(test));
            let scored = score(&*fit(*candidate, data, &train, seed)?, data, &test, (0, 0))?;
            loss += log_loss_of(&scored) * test.len() as f64;
        }
        losses.push(loss);
    }
    Ok((0..losses.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap_or(0))
}

fn check(data: &LabelledTable, repeats: Repeats, needed: usize) -> Result<(), EvalError> {
    let liked = data.labels.iter().filter(|liked| **liked).count();
    let disliked = data.labels.len() - liked;
    if liked.min(disliked) < needed {
        return Err(EvalError::TooFewRows { liked, disliked, needed });
    }
    if repeats.count == 0 { Err(EvalError::Nothing) } else { Ok(()) }
}

fn fit(
    classifier: &dyn Classifier,
    data: &LabelledTable,
    rows: &[usize],
    seed: u64,
) -> Result<Box<dyn FittedClassifier>, EvalError> {
    let labels: Vec<bool> = rows.iter().map(|&row| data.labels[row]).collect();
    classifier.fit(&data.table.select(rows), &labels, seed).map_err(EvalError::Model)
}

fn score(
    fitted: &dyn FittedClassifier,
    data: &LabelledTable,
    rows: &[usize],
    place: (usize, usize),
) -> Result<Vec<HeldOutPrediction>, EvalError> {
    let predicted = fitted.predict(&data.table.select(rows)).map_err(EvalError::Model)?;
    let (repeat, fold) = place;
    let prediction = |(&row, p): (&usize, Likability)| HeldOutPrediction {
        repeat,
        fold,
        row,
        liked: data.labels[row],
        probability: f64::from(p.mean),
        uncertainty: f64::from(p.uncertainty),
    };
    Ok(rows.iter().zip(predicted).map(prediction).collect())
}

/// Applies a metric to each part; parts on which it is not defined are left out.
fn summary(
    parts: &[Vec<HeldOutPrediction>],
    metric: impl Fn(&[HeldOutPrediction]) -> Option<f64>,
) -> Summary {
    Summary::from_values(parts.iter().filter_map(|part| metric(part)))
}

fn columns(predictions: &[HeldOutPrediction]) -> (Vec<bool>, Vec<f64>) {
    predictions.iter().map(|p| (p.liked, p.probability)).unzip()
}

fn accuracy_of(predictions: &[HeldOutPrediction]) -> f64 {
    let (labels, probabilities) = columns(predictions);
    metrics::accuracy(&labels, &probabilities)
}

fn auc_of(predictions: &[HeldOutPrediction]) -> Option<f64> {
    let (labels, probabilities) = columns(predictions);
    metrics::auc(&labels, &probabilities)
}

fn log_loss_of(predictions: &[HeldOutPrediction]) -> f64 {
    let (labels, probabilities) = columns(predictions);
    metrics::log_loss(&labels, &probabilities)
}

fn ece_of(predictions: &[HeldOutPrediction]) -> f64 {
    let (labels, probabilities) = columns(predictions);
    metrics::expected_calibration_error(&labels, &probabilities, ECE_BINS)
}

/// Tells how much of the work is done, whichever thread did it.
struct Progress<'a> {
    done: AtomicUsize,
    total: usize,
    report: &'a (dyn Fn(f64) + Sync),
}

impl<'a> Progress<'a> {
    fn new(total: usize, report: &'a (dyn Fn(f64) + Sync)) -> Self {
        Self { done: AtomicUsize::new(0), total, report }
    }

    fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        (self.report)(done as f64 / self.total as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_engine::Values;

    /// Says what share of its training rows was liked, or the one column of the table.
    enum Fake {
        Prior,
        Oracle,
    }

    struct Learned(Option<f32>);

    impl Classifier for Fake {
        fn fit(
            &self,
            _: &Table,
            labels: &[bool],
            _: u64,
        ) -> Result<Box<dyn FittedClassifier>, ClassifierError> {
            let share = labels.iter().filter(|l| **l).count() as f32 / labels.len() as f32;
            Ok(Box::new(Learned(matches!(self, Fake::Prior).then_some(share))))
        }
    }

    impl FittedClassifier for Learned {
        fn predict(&self, table: &Table) -> Result<Vec<Likability>, ClassifierError> {
            let Values::Numeric(x) = &table.columns()[0].values else {
                panic!("the column is numeric")
            };
            Ok(x.iter()
                .map(|&x| Likability { mean: self.0.unwrap_or(x), uncertainty: 0.0 })
                .collect())
        }
    }

    fn data(rows: usize) -> LabelledTable {
        let labels: Vec<bool> = (0..rows).map(|i| i % 2 == 0).collect();
        let mut table = Table::new(rows);
        let told = labels.iter().map(|&l| if l { 0.9 } else { 0.1 }).collect();
        table.push("told", Values::Numeric(told));
        LabelledTable { table, labels, groups: ungrouped(rows) }
    }

    const TWICE: Repeats = Repeats { count: 2, seed: 7 };

    #[test]
    fn every_row_is_predicted_once_in_each_repeat() {
        let report = nested_cv(&data(40), &[&Fake::Oracle], TWICE, &|_| ()).unwrap();
        for repeat in 0..2 {
            let mut rows: Vec<usize> =
                report.predictions.iter().filter(|p| p.repeat == repeat).map(|p| p.row).collect();
            rows.sort_unstable();
            assert_eq!(rows, (0..40).collect::<Vec<_>>());
        }
        assert_eq!((report.accuracy.mean, report.auc.mean), (1.0, 1.0));
    }

    #[test]
    fn inner_folds_choose_the_better_configuration() {
        let report = nested_cv(&data(40), &[&Fake::Prior, &Fake::Oracle], TWICE, &|_| ()).unwrap();
        assert_eq!(report.chosen, [0, 10]);
    }

    #[test]
    fn a_model_that_knows_nothing_reads_one_half() {
        let report = paper(&data(78), &Fake::Prior, TWICE, &|_| ()).unwrap();
        assert_eq!(report.auc.mean, 0.5);
        assert!((report.log_loss.mean - 2f64.ln()).abs() < 0.01);
    }

    #[test]
    fn too_few_rows_of_a_class_are_refused() {
        let mut data = data(40);
        data.labels.fill(true);
        let refused = nested_cv(&data, &[&Fake::Prior], TWICE, &|_| ());
        assert!(matches!(
            refused,
            Err(EvalError::TooFewRows { liked: 40, disliked: 0, needed: 5 })
        ));
    }
}
