//! What all tabular models are: an encoding, networks that start from different weights, trees
//! beside them or alone, and a calibration.
//!
//! A prediction is the mean of all members' probabilities, calibrated; the members' spread is its
//! uncertainty. Trees move the logit of every member by the same `Blend`. Calibration and blend
//! are cross-fitted: networks and trees that learned from k - 1 of k folds of the training rows
//! score the fold they did not see, duplicates of a row staying together.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use segue_engine::classifier::{ClassifierError, FittedClassifier};
use segue_engine::folds::{self, Fold};
use segue_engine::metrics;
use segue_engine::{Likability, Table};
use serde::{Deserialize, Serialize};

use super::blend::{Blend, HeldOutLogits, labels_and_weights};
use super::calibration::Calibration;
use super::network::{Architecture, Network};
use super::preprocess::{Names, Preprocessing, Scaling};
use super::training::{Examples, TrainConfig, derive_seed, train};
use super::trees::{DecisionTrees, TreesConfig};
use crate::ModelError;

/// Bins of the calibration error in a card.
const ECE_BINS: usize = 10;
/// The part of a seed that trees draw from.
const TREES: u64 = 1 << 21;

/// All that decides how a model is fitted, besides the data and the seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnsembleConfig {
    /// How quantities are put on a common scale before they enter the network.
    pub scaling: Scaling,
    /// How columns of names enter the network.
    pub names: Names,
    /// Shape of each network: members, widths, embeddings.
    pub architecture: Architecture,
    /// How each network is trained: epochs, steps, what is dropped.
    pub training: TrainConfig,
    /// Networks that start from different weights; none where trees are alone.
    pub networks: usize,
    /// Trees beside the networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trees: Option<Box<TreesConfig>>,
    /// How held-out predictions for the calibration are made.
    pub calibration: CalibrationConfig,
}

/// How held-out predictions for the calibration are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalibrationConfig {
    /// Parts that the training rows are cut into; 0 leaves the model as it is.
    pub folds: usize,
    /// How many of them are really held out: all on small data, one on large.
    pub held_out: usize,
}

/// What a model was learned from, kept with it, so that a model that lies in a folder can say what
/// it knows and which columns it needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataDescription {
    /// Where the rows came from, in words.
    pub source: Option<String>,
    /// Version of the label policy, where labels were derived from plays.
    pub label_policy: Option<u32>,
    /// How many rows the model was trained on, those of weight 0 included.
    pub rows: usize,
    /// How many of the rows were labelled liked; the others were labelled disliked.
    pub liked: usize,
    /// Names of the columns it reads, in the order of training; a table to predict on must have
    /// them all.
    pub columns: Vec<String>,
}

/// How the model did on training rows held out for the calibration, before it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// How many rows the model was trained on, those of weight 0 included.
    pub rows: usize,
    /// Share on the right side of one half.
    pub accuracy: f64,
    /// Area under the ROC curve: the probability that a liked row is ranked above a disliked one.
    /// None where all rows have one label.
    pub auc: Option<f64>,
    /// Mean negative log-likelihood of the labels, in nats; 0 is perfect and .693 knows nothing.
    pub log_loss: f64,
    /// Expected calibration error, 10 bins of equal size.
    pub ece: f64,
}

/// A fitted model: encoding, networks and calibration. [`Tabm`](super::Tabm) and
/// [`Mlp`](super::Mlp) differ only in how it is configured.
#[derive(Clone, Debug)]
pub struct Ensemble {
    pub(super) config: EnsembleConfig,
    pub(super) preprocessing: Preprocessing,
    pub(super) networks: Vec<Network>,
    pub(super) trees: Option<DecisionTrees>,
    pub(super) blend: Blend,
    pub(super) calibration: Calibration,
    pub(super) data: DataDescription,
    pub(super) held_out: Option<HeldOut>,
    pub(super) seed: u64,
}

impl Ensemble {
    /// Learns from rows; those of weight 0 teach nothing.
    ///
    /// # Errors
    /// [`ModelError::LengthMismatch`], [`ModelError::TooFewRows`] unless there is a liked and a
    /// disliked row, or [`ModelError::NothingVaries`].
    pub fn fit(
        table: &Table,
        labels: &[bool],
        weights: &[f32],
        config: &EnsembleConfig,
        seed: u64,
    ) -> Result<Self, ModelError> {
        let rows = LabelledRows { table, labels, weights };
        check(rows)?;
        let unseen = cross_fit(rows, config, seed);
        let blend = Blend::choose(&unseen, config);
        let networks: Vec<u64> =
            (0..config.networks as u64).map(|i| derive_seed(seed, i)).collect();
        let seeds = Seeds { networks: &networks, trees: derive_seed(seed, TREES) };
        let mut model = Self::fit_parts(rows, None, &blend.grown(config), seeds)?;
        (model.seed, model.blend) = (seed, blend);
        (model.calibration, model.held_out) = calibrate(&unseen, blend);
        Ok(model)
    }

    /// Learns from rows and leaves blend and calibration to the caller. With rows to watch, trees
    /// end where these get no better; how many to keep is then for [`Blend::choose`] to say.
    fn fit_parts(
        rows: LabelledRows<'_>,
        watched: Option<LabelledRows<'_>>,
        config: &EnsembleConfig,
        seeds: Seeds<'_>,
    ) -> Result<Self, ModelError> {
        let LabelledRows { table, labels, weights } = rows;
        let preprocessing = Preprocessing::fit(table, config.scaling, config.names);
        if preprocessing.layout().is_empty() {
            return Err(ModelError::NothingVaries { rows: table.rows() });
        }
        let data = preprocessing.encode(table)?;
        let examples = Examples { data: &data, labels, weights };
        let fit = |&seed: &u64| fit_network(&preprocessing, examples, config, seed);
        let networks = seeds.networks.into_par_iter().map(fit).collect();
        let grow = |trees| DecisionTrees::fit(rows, trees, seeds.trees, watched);
        let data = DataDescription {
            rows: table.rows(),
            liked: labels.iter().filter(|liked| **liked).count(),
            columns: preprocessing.column_names().map(String::from).collect(),
            ..DataDescription::default()
        };
        Ok(Self {
            config: config.clone(),
            preprocessing,
            networks,
            trees: config.trees.as_deref().map(grow),
            blend: Blend::NETWORK_ALONE,
            calibration: Calibration::NONE,
            data,
            held_out: None,
            seed: seeds.trees,
        })
    }

    /// What networks and trees say apart, of rows that neither learned from.
    fn unseen(&self, rows: LabelledRows<'_>) -> Result<HeldOutLogits, ModelError> {
        let stages = self.trees.as_ref().map(|trees| trees.stages(rows.table)).transpose()?;
        Ok(HeldOutLogits {
            members: self.member_logits(rows.table)?,
            stages: stages.unwrap_or_default(),
            labels: rows.labels.to_vec(),
            weights: rows.weights.to_vec(),
        })
    }

    /// One likability per row.
    ///
    /// # Errors
    /// [`ModelError::ColumnMismatch`] if a column of the training table is missing or of another
    /// kind.
    pub fn predict(&self, table: &Table) -> Result<Vec<Likability>, ModelError> {
        self.over_logits(table, |logits| self.likability(logits.iter().map(|&z| f64::from(z))))
    }

    /// What each member says of each row, as a probability.
    ///
    /// # Shapes
    /// `[rows, members]`.
    ///
    /// # Errors
    /// As for [`Self::predict`].
    pub(crate) fn predict_members(&self, table: &Table) -> Result<Vec<Vec<f32>>, ModelError> {
        let probability = |&z: &f32| self.calibration.of_logit(f64::from(z)) as f32;
        self.over_logits(table, |logits| logits.iter().map(probability).collect())
    }

    /// Runs networks and trees and reads the logits of all members, row by row.
    fn over_logits<T: Send>(
        &self,
        table: &Table,
        read: impl Fn(&[f32]) -> T + Sync,
    ) -> Result<Vec<T>, ModelError> {
        let mut members = self.member_logits(table)?;
        if let Some(trees) = &self.trees {
            let logits = trees.logits(table)?;
            let blend = self.blend;
            members.par_iter_mut().zip(logits).for_each(|(row, trees)| blend.apply(row, trees));
        }
        Ok(members.par_iter().map(|row| read(row)).collect())
    }

    /// The logits of all members of all networks; of trees alone there is one member that says
    /// nothing.
    ///
    /// # Shapes
    /// `[rows][members]`.
    fn member_logits(&self, table: &Table) -> Result<Vec<Vec<f32>>, ModelError> {
        if self.networks.is_empty() {
            return Ok(vec![vec![0.0]; table.rows()]);
        }
        let data = self.preprocessing.encode(table)?;
        let logits: Vec<Vec<f32>> =
            self.networks.iter().map(|network| network.logits(&data)).collect();
        let of_row = |row: usize| {
            let of_network = |(logits, network): (&Vec<f32>, &Network)| {
                logits[row * network.members()..(row + 1) * network.members()].to_vec()
            };
            logits.iter().zip(&self.networks).flat_map(of_network).collect()
        };
        Ok((0..data.rows).into_par_iter().map(of_row).collect())
    }

    /// What is known of the data it was learned from.
    pub fn data(&self) -> &DataDescription {
        &self.data
    }

    /// How it did on training rows held out for the calibration.
    pub fn held_out(&self) -> Option<HeldOut> {
        self.held_out
    }

    /// Notes where the rows came from and which label policy made their labels, for the card.
    pub fn describe(&mut self, source: impl Into<String>, label_policy: Option<u32>) {
        self.data.source = Some(source.into());
        self.data.label_policy = label_policy;
    }

    fn likability(&self, logits: impl Iterator<Item = f64> + Clone) -> Likability {
        let n = logits.clone().count() as f64;
        let mean = logits.clone().map(|z| Calibration::NONE.of_logit(z)).sum::<f64>() / n;
        let calibrated = logits.map(|z| self.calibration.of_logit(z));
        let (sum, squares) =
            calibrated.fold((0.0, 0.0), |(sum, squares), p| (sum + p, squares + p * p));
        let variance = (squares / n - (sum / n).powi(2)).max(0.0);
        Likability {
            mean: self.calibration.apply(mean) as f32,
            uncertainty: variance.sqrt() as f32,
        }
    }
}

/// What the classifiers of this module do: fit on rows that all count alike.
pub(super) fn fit_classifier(
    table: &Table,
    labels: &[bool],
    config: &EnsembleConfig,
    seed: u64,
) -> Result<Box<dyn FittedClassifier>, ClassifierError> {
    let weights = vec![1.0; labels.len()];
    Ok(Box::new(Ensemble::fit(table, labels, &weights, config, seed)?))
}

impl FittedClassifier for Ensemble {
    fn predict(&self, table: &Table) -> Result<Vec<Likability>, ClassifierError> {
        Ok(Ensemble::predict(self, table)?)
    }
}

/// Where the parts of an ensemble draw from.
struct Seeds<'a> {
    networks: &'a [u64],
    trees: u64,
}

/// Rows with what is known of each.
#[derive(Clone, Copy, Debug)]
pub(super) struct LabelledRows<'a> {
    pub(super) table: &'a Table,
    /// Whether each row was liked.
    pub(super) labels: &'a [bool],
    /// How much each row counts.
    pub(super) weights: &'a [f32],
}

fn check(rows: LabelledRows<'_>) -> Result<(), ModelError> {
    let LabelledRows { table, labels, weights } = rows;
    let expected = table.rows();
    for (what, found) in [("labels", labels.len()), ("weights", weights.len())] {
        if found != expected {
            return Err(ModelError::LengthMismatch { what, expected, found });
        }
    }
    let liked = labels.iter().filter(|liked| **liked).count();
    let disliked = labels.len() - liked;
    if liked == 0 || disliked == 0 {
        return Err(ModelError::TooFewRows { liked, disliked, needed: 1 });
    }
    Ok(())
}

fn fit_network(
    preprocessing: &Preprocessing,
    examples: Examples<'_>,
    config: &EnsembleConfig,
    seed: u64,
) -> Network {
    let mut network =
        Network::new(config.architecture.clone(), preprocessing.layout(), derive_seed(seed, 0));
    train(&mut network, examples, &config.training, derive_seed(seed, 1));
    network
}

/// Fits one network, and trees, without each fold that is held out, and asks both about it.
fn cross_fit(rows: LabelledRows<'_>, config: &EnsembleConfig, seed: u64) -> Vec<HeldOutLogits> {
    let LabelledRows { table, labels, weights } = rows;
    let CalibrationConfig { folds: k, held_out } = config.calibration;
    let liked = labels.iter().filter(|liked| **liked).count();
    if k < 2 || liked.min(labels.len() - liked) < k {
        return Vec::new();
    }
    let mut rng = ChaCha8Rng::seed_from_u64(derive_seed(seed, u64::from(u32::MAX)));
    let splits = folds::stratified_group_folds(labels, &table.duplicate_groups(), k, &mut rng);
    let select = |chosen: &[usize]| RowsOfFold {
        table: table.select(chosen),
        labels: chosen.iter().map(|&row| labels[row]).collect(),
        weights: chosen.iter().map(|&row| weights[row]).collect(),
    };
    let ask = |(i, fold): (usize, Fold)| {
        let (train, test) = (select(&fold.train), select(&fold.test));
        let seed = derive_seed(seed, (1 << 20) + i as u64);
        let seeds =
            Seeds { networks: &[seed][..config.networks.min(1)], trees: derive_seed(seed, TREES) };
        // A fold in which no row differs says nothing of how a model would do.
        let fitted = Ensemble::fit_parts(train.rows(), Some(test.rows()), config, seeds).ok()?;
        fitted.unseen(test.rows()).ok()
    };
    splits.into_par_iter().take(held_out).enumerate().filter_map(ask).collect()
}

/// Rows on one side of a fold.
struct RowsOfFold {
    table: Table,
    labels: Vec<bool>,
    weights: Vec<f32>,
}

impl RowsOfFold {
    fn rows(&self) -> LabelledRows<'_> {
        LabelledRows { table: &self.table, labels: &self.labels, weights: &self.weights }
    }
}

/// The calibration that held-out rows ask for, and how the blend did on them before it.
fn calibrate(unseen: &[HeldOutLogits], blend: Blend) -> (Calibration, Option<HeldOut>) {
    if unseen.is_empty() {
        return (Calibration::NONE, None);
    }
    let (labels, weights) = labels_and_weights(unseen);
    let probabilities: Vec<f64> =
        unseen.iter().flat_map(|part| part.probabilities(blend)).collect();
    let held_out = HeldOut {
        rows: labels.len(),
        accuracy: metrics::accuracy(&labels, &probabilities),
        auc: metrics::auc(&labels, &probabilities),
        log_loss: metrics::log_loss(&labels, &probabilities),
        ece: metrics::expected_calibration_error(&labels, &probabilities, ECE_BINS),
    };
    (Calibration::fit(&probabilities, &labels, &weights), Some(held_out))
}
