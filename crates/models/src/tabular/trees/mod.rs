//! Boosted decision trees for likes and dislikes: each tree corrects what those before it left
//! wrong (Friedman 2001), grown by first and second derivatives of the logistic loss (Chen &
//! Guestrin 2016, eq. 6 and 7) over histograms of binned values (Ke 2017).
//!
//! ```text
//! g = w (p - y)    h = w p (1 - p)    value of a leaf = -η G / (H + λ)
//! gain of a split = G_L² / (H_L + λ) + G_R² / (H_R + λ) - G² / (H + λ)
//! ```
//!
//! A tree cuts where a smooth network blurs: at an exact tempo, at nought, at what is missing, for
//! which each split has a side. Every tree is written as a full one of the same depth, so that
//! answering is a fixed number of comparisons without a branch to guess. Of the crates, gbdt stays
//! at 0.1, forust names no licence in its metadata, and perpetual, 38,000 lines at a release
//! candidate, chooses its regularisation by itself, which is to be chosen here together with the
//! share.

mod bins;
mod grow;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use segue_engine::vector::sigmoid_f32;
use segue_engine::{Table, Values};
use serde::{Deserialize, Serialize};

use super::ensemble::LabelledRows;
use crate::ModelError;
use bins::Bins;
use grow::{Grower, LossDerivatives};

/// Rows that one thread answers at a time.
const TILE: usize = 256;

/// How [`BoostedTrees`](super::BoostedTrees), and the trees beside a network, are grown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TreesConfig {
    /// Most trees. How many are kept is decided on rows that were held out from them.
    pub rounds: usize,
    /// Trees without a better log-loss on the held-out rows before no more are grown.
    pub patience: usize,
    /// Share η of what a tree says that is believed.
    pub learning_rate: f32,
    /// Splits between the root and a leaf.
    pub depth: usize,
    /// Fewest training rows on either side of a split.
    pub leaf_rows: u32,
    /// Penalty λ on the square of a leaf's value, as if there were so much more curvature.
    pub l2: f64,
    /// Share of the rows that each tree is grown on.
    pub row_share: f64,
    /// Share of the inputs that each tree may split by.
    pub column_share: f64,
    /// Most bins of an input; rows are split at the border of two.
    pub bins: usize,
}

/// One number of a row that a tree may split by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TreeInput {
    /// The column of the table.
    column: String,
    /// The name that the number says yes or no to, in a column of names; else the value itself.
    code: Option<u32>,
}

/// A split by one input. One that is never used lets everything through to the left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TreeSplit {
    pub(super) input: u32,
    /// Rows up to here go to the left.
    pub(super) threshold: f32,
    /// Where rows go of which the input is missing.
    pub(super) missing_left: bool,
}

impl TreeSplit {
    const NEVER: Self = Self { input: 0, threshold: f32::INFINITY, missing_left: true };
}

/// A full binary tree, level by level.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DecisionTree {
    /// `2^depth - 1` of them; those below split `i` are `2i + 1` and `2i + 2`.
    pub(super) splits: Vec<TreeSplit>,
    /// `2^depth` logits.
    pub(super) leaves: Vec<f32>,
}

impl DecisionTree {
    fn empty(depth: usize) -> Self {
        let leaves = 1 << depth;
        Self { splits: vec![TreeSplit::NEVER; leaves - 1], leaves: vec![0.0; leaves] }
    }

    fn of(&self, row: &[f32]) -> f32 {
        let mut at = 0;
        while let Some(split) = self.splits.get(at) {
            let value = row[split.input as usize];
            let left = value <= split.threshold || (value.is_nan() && split.missing_left);
            at = 2 * at + 2 - usize::from(left);
        }
        self.leaves[at - self.splits.len()]
    }

    /// Adds what it says of each row of `[rows, width]` values to the logit of the row.
    fn add_to(&self, logits: &mut [f32], values: &[f32], width: usize) {
        let rows = values.par_chunks_exact(width);
        logits.par_iter_mut().zip(rows).with_min_len(TILE).for_each(|(z, x)| *z += self.of(x));
    }
}

/// Fitted trees. Their logits are added up, in the order in which they were grown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DecisionTrees {
    pub(super) inputs: Vec<TreeInput>,
    pub(super) depth: usize,
    /// Log-odds of a like before any split.
    pub(super) base: f32,
    pub(super) trees: Vec<DecisionTree>,
}

impl DecisionTrees {
    /// Grows trees on rows, as many as the configuration says. With rows to watch it ends earlier,
    /// once so many trees in a row made these no better.
    pub(super) fn fit(
        rows: LabelledRows<'_>,
        config: &TreesConfig,
        seed: u64,
        watched: Option<LabelledRows<'_>>,
    ) -> Self {
        let counting: Vec<usize> =
            (0..rows.labels.len()).filter(|&row| rows.weights[row] > 0.0).collect();
        let table = rows.table.select(&counting);
        let inputs = inputs(&table, config.leaf_rows);
        let mut fitted = Self { inputs, depth: config.depth, base: 0.0, trees: Vec::new() };
        if fitted.inputs.is_empty() {
            return fitted;
        }
        let mut boosting = Boosting::new(&fitted, &table, rows, &counting);
        fitted.base = boosting.base;
        let bins = Bins::new(&boosting.values, fitted.inputs.len(), config.bins);
        let mut stopping = watched.map(|watched| EarlyStopping::new(&fitted, watched));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..config.rounds {
            let tree = boosting.grow(&bins, config, &mut rng);
            boosting.add(&tree);
            let should_go_on = stopping
                .as_mut()
                .is_none_or(|stopping| stopping.should_go_on(&tree, config.patience));
            fitted.trees.push(tree);
            if !should_go_on {
                break;
            }
        }
        fitted
    }

    /// The logit of each row.
    pub(super) fn logits(&self, table: &Table) -> Result<Vec<f32>, ModelError> {
        let width = self.inputs.len();
        let values = self.read(table)?;
        let mut logits = vec![self.base; table.rows()];
        logits.par_chunks_mut(TILE).enumerate().for_each(|(tile, logits)| {
            // Tree by tree, so that one stays in the cache for all rows of the tile.
            for tree in &self.trees {
                for (i, logit) in logits.iter_mut().enumerate() {
                    *logit += tree.of(&values[(tile * TILE + i) * width..][..width]);
                }
            }
        });
        Ok(logits)
    }

    /// The logits after no tree, one, two, and so on.
    ///
    /// # Shapes
    /// `[trees + 1][rows]`.
    pub(super) fn stages(&self, table: &Table) -> Result<Vec<Vec<f32>>, ModelError> {
        let width = self.inputs.len();
        let values = self.read(table)?;
        let mut stages = vec![vec![self.base; table.rows()]];
        for tree in &self.trees {
            let before = stages.last().expect("the first was put there").iter().enumerate();
            stages.push(before.map(|(i, z)| z + tree.of(&values[i * width..][..width])).collect());
        }
        Ok(stages)
    }

    /// What rows are split by, row after row; NaN where it is missing.
    fn read(&self, table: &Table) -> Result<Vec<f32>, ModelError> {
        let width = self.inputs.len();
        let mut read = vec![f32::NAN; table.rows() * width];
        for (i, input) in self.inputs.iter().enumerate() {
            let mismatch = || ModelError::ColumnMismatch { column: input.column.clone() };
            let column = table.column(&input.column).ok_or_else(mismatch)?;
            let places = read.iter_mut().skip(i).step_by(width);
            match (&column.values, input.code) {
                (Values::Numeric(values) | Values::Circular { values, .. }, None) => {
                    let known = places.zip(values).filter(|(_, value)| value.is_finite());
                    known.for_each(|(place, value)| *place = *value);
                }
                (Values::Categorical { codes, .. }, Some(code)) => places
                    .zip(codes)
                    .for_each(|(place, &found)| *place = f32::from(u8::from(found == code))),
                _ => return Err(mismatch()),
            }
        }
        Ok(read)
    }
}

/// Every quantity is an input, and every name that enough rows have and enough have not.
fn inputs(table: &Table, fewest: u32) -> Vec<TreeInput> {
    let mut inputs = Vec::new();
    for column in table.columns() {
        let input = |code| TreeInput { column: column.name.clone(), code };
        let Values::Categorical { cardinality, codes } = &column.values else {
            inputs.push(input(None));
            continue;
        };
        let mut counts = vec![0; *cardinality as usize];
        codes.iter().for_each(|&code| counts[code as usize] += 1);
        let is_frequent = |&code: &u32| {
            let with = counts[code as usize];
            with.min(codes.len() as u32 - with) >= fewest
        };
        inputs.extend((0..*cardinality).filter(is_frequent).map(|code| input(Some(code))));
    }
    inputs
}

/// Rows being learned from, with what the trees so far say of them.
struct Boosting {
    values: Vec<f32>,
    width: usize,
    targets: Vec<f32>,
    weights: Vec<f32>,
    base: f32,
    logits: Vec<f32>,
}

impl Boosting {
    fn new(
        fitted: &DecisionTrees,
        table: &Table,
        rows: LabelledRows<'_>,
        counting: &[usize],
    ) -> Self {
        let mean =
            counting.iter().map(|&row| rows.weights[row]).sum::<f32>() / counting.len() as f32;
        let weights: Vec<f32> = counting.iter().map(|&row| rows.weights[row] / mean).collect();
        let targets: Vec<f32> =
            counting.iter().map(|&row| f32::from(u8::from(rows.labels[row]))).collect();
        let liked: f32 = targets.iter().zip(&weights).map(|(y, w)| y * w).sum();
        let disliked = targets.len() as f32 - liked;
        let base = ((liked + 0.5) / (disliked + 0.5)).ln();
        let values = fitted.read(table).expect("inputs are of this table's columns");
        let logits = vec![base; targets.len()];
        Self { values, width: fitted.inputs.len(), targets, weights, base, logits }
    }

    fn grow(&self, bins: &Bins, config: &TreesConfig, rng: &mut ChaCha8Rng) -> DecisionTree {
        let rows: Vec<u32> = (0..self.targets.len() as u32)
            .filter(|_| config.row_share >= 1.0 || rng.random_bool(config.row_share))
            .collect();
        let columns =
            ((self.width as f64 * config.column_share).ceil() as usize).clamp(1, self.width);
        let mut columns = rand::seq::index::sample(rng, self.width, columns).into_vec();
        columns.sort_unstable();
        let derivatives: Vec<LossDerivatives> = (0..self.targets.len())
            .map(|row| {
                let (p, w) = (sigmoid_f32(self.logits[row]), self.weights[row]);
                LossDerivatives {
                    gradient: w * (p - self.targets[row]),
                    hessian: w * p * (1.0 - p),
                }
            })
            .collect();
        Grower { bins, derivatives: &derivatives, columns: &columns, config }.grow(&rows)
    }

    fn add(&mut self, tree: &DecisionTree) {
        tree.add_to(&mut self.logits, &self.values, self.width);
    }
}

/// Held-out rows that say when to stop.
struct EarlyStopping<'a> {
    rows: LabelledRows<'a>,
    values: Vec<f32>,
    width: usize,
    logits: Vec<f32>,
    best: f64,
    since: usize,
}

impl<'a> EarlyStopping<'a> {
    fn new(fitted: &DecisionTrees, rows: LabelledRows<'a>) -> Self {
        let values = fitted.read(rows.table).expect("held-out rows have the same columns");
        let logits = vec![fitted.base; rows.labels.len()];
        let best = log_loss(&logits, rows.labels, rows.weights);
        Self { rows, values, width: fitted.inputs.len(), logits, best, since: 0 }
    }

    fn should_go_on(&mut self, tree: &DecisionTree, patience: usize) -> bool {
        tree.add_to(&mut self.logits, &self.values, self.width);
        let found = log_loss(&self.logits, self.rows.labels, self.rows.weights);
        self.since = if found < self.best { 0 } else { self.since + 1 };
        self.best = self.best.min(found);
        self.since < patience
    }
}

/// Sum of the weighted negative log-likelihood of labels.
pub(super) fn log_loss(logits: &[f32], labels: &[bool], weights: &[f32]) -> f64 {
    let of = |((&z, &liked), &w): ((&f32, &bool), &f32)| {
        let z = f64::from(if liked { -z } else { z });
        f64::from(w) * (z.max(0.0) + (-z.abs()).exp().ln_1p())
    };
    logits.iter().zip(labels).zip(weights).map(of).sum()
}
