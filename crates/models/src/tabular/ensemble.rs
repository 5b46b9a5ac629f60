//! What both tabular models are: an encoding, one or more networks that start from different
//! weights, and a calibration.
//!
//! A prediction is the mean of all members' probabilities, calibrated; the members' spread is its
//! uncertainty. The calibration is cross-fitted: networks trained on k - 1 of k folds of the
//! training rows score the fold they did not see, duplicates of a row staying together.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use segue_engine::vector::sigmoid_f32;
use segue_engine::{Likability, Table};
use segue_engine::{folds, metrics};
use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::network::{Architecture, Network};
use super::preprocess::{Encoded, Names, Preprocessing, Scaling};
use super::training::{Examples, TrainConfig, derive_seed, train};
use crate::ModelError;

/// Bins of the calibration error in a card.
const ECE_BINS: usize = 10;

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
    /// Networks that start from different weights.
    pub networks: usize,
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

/// What a model was learned from.
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
        check(table, labels, weights)?;
        let preprocessing = Preprocessing::fit(table, config.scaling, config.names);
        if preprocessing.layout().is_empty() {
            return Err(ModelError::NothingVaries { rows: table.rows() });
        }
        let (calibration, held_out) = calibrate(table, labels, weights, config, seed);
        let data = preprocessing.encode(table)?;
        let examples = Examples { data: &data, labels, weights };
        let networks = (0..config.networks as u64)
            .into_par_iter()
            .map(|i| fit_network(&preprocessing, examples, config, derive_seed(seed, i)))
            .collect();
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
            calibration,
            data,
            held_out,
            seed,
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

    /// Runs the networks and reads the logits of all members, row by row.
    fn over_logits<T: Send>(
        &self,
        table: &Table,
        read: impl Fn(&[f32]) -> T + Sync,
    ) -> Result<Vec<T>, ModelError> {
        let data = self.preprocessing.encode(table)?;
        let logits: Vec<Vec<f32>> =
            self.networks.iter().map(|network| network.logits(&data)).collect();
        let rows = (0..data.rows).into_par_iter().map(|row| {
            let of_network = |(logits, network): (&Vec<f32>, &Network)| {
                logits[row * network.members()..(row + 1) * network.members()].to_vec()
            };
            let of_row: Vec<f32> = logits.iter().zip(&self.networks).flat_map(of_network).collect();
            read(&of_row)
        });
        Ok(rows.collect())
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

fn check(table: &Table, labels: &[bool], weights: &[f32]) -> Result<(), ModelError> {
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

/// Mean probability of all members, per row.
fn mean_probabilities(network: &Network, data: &Encoded) -> Vec<f64> {
    let members = network.members();
    let mean =
        |z: &[f32]| z.iter().map(|&z| f64::from(sigmoid_f32(z))).sum::<f64>() / members as f64;
    network.logits(data).chunks_exact(members).map(mean).collect()
}

fn calibrate(
    table: &Table,
    labels: &[bool],
    weights: &[f32],
    config: &EnsembleConfig,
    seed: u64,
) -> (Calibration, Option<HeldOut>) {
    let CalibrationConfig { folds: k, held_out } = config.calibration;
    let liked = labels.iter().filter(|liked| **liked).count();
    if k < 2 || liked.min(labels.len() - liked) < k {
        return (Calibration::NONE, None);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(derive_seed(seed, u64::from(u32::MAX)));
    let splits = folds::stratified_group_folds(labels, &table.duplicate_groups(), k, &mut rng);
    let splits = splits.into_par_iter().take(held_out).enumerate();
    let scored: Vec<Vec<(usize, f64)>> = splits
        .map(|(i, fold)| {
            let (train, test) = (table.select(&fold.train), table.select(&fold.test));
            let preprocessing = Preprocessing::fit(&train, config.scaling, config.names);
            if preprocessing.layout().is_empty() {
                // The fold has no row that differs: it says nothing of how a network would do.
                return Vec::new();
            }
            let expect = "rows of one table have the same columns";
            let (train, test) = (
                preprocessing.encode(&train).expect(expect),
                preprocessing.encode(&test).expect(expect),
            );
            let labels: Vec<bool> = fold.train.iter().map(|&row| labels[row]).collect();
            let weights: Vec<f32> = fold.train.iter().map(|&row| weights[row]).collect();
            let examples = Examples { data: &train, labels: &labels, weights: &weights };
            let network = fit_network(
                &preprocessing,
                examples,
                config,
                derive_seed(seed, (1 << 20) + i as u64),
            );
            fold.test.iter().copied().zip(mean_probabilities(&network, &test)).collect()
        })
        .collect();
    let (rows, probabilities): (Vec<usize>, Vec<f64>) = scored.into_iter().flatten().unzip();
    if rows.is_empty() {
        return (Calibration::NONE, None);
    }
    let labels: Vec<bool> = rows.iter().map(|&row| labels[row]).collect();
    let weights: Vec<f32> = rows.iter().map(|&row| weights[row]).collect();
    let held_out = HeldOut {
        rows: rows.len(),
        accuracy: metrics::accuracy(&labels, &probabilities),
        auc: metrics::auc(&labels, &probabilities),
        log_loss: metrics::log_loss(&labels, &probabilities),
        ece: metrics::expected_calibration_error(&labels, &probabilities, ECE_BINS),
    };
    (Calibration::fit(&probabilities, &labels, &weights), Some(held_out))
}
