//! The Bayesian last layer of a listener: what the network leaves unexplained of *this* listener,
//! as a linear function of where tracks lie in the model's own spaces ("neural-linear"; Riquelme,
//! Tucker & Snoek, ICLR 2018).
//!
//! A relation leaves out the label of the track itself, so the network predicts each answer of a
//! history from all else. What those predictions miss is folded into a [`LinearPosterior`], which
//! corrects all other predictions: a skip moves what lies near it, in ways that the network, which
//! has to suit every listener, does not know. What the layer does not know either is its variance,
//! by which policies explore.
//!
//! How much there is to learn shrinks as histories grow: with nothing known of a listener the
//! network can only say what most people like. So the prior is fitted for [`SIZES`] of history
//! apart, on answers that were held out from the network. If listeners do not differ from what is
//! predicted, the fitted variance is nearly 0 and so is the correction.

use segue_engine::Likability;
use segue_engine::vector::sigmoid;
use serde::{Deserialize, Serialize};

use super::describe::COUNT;
use super::episode::Rows;
use super::feature_spaces::EMBEDDING;
use crate::online::posterior::{Answer, LEAST_SPREAD, LinearPosterior, LinearPrior};

/// Histories of at least so many labels share a prior, up to the next.
const SIZES: [u32; 5] = [0, 1, 5, 20, 100];
/// With fewer answers than this a prior is that of the next larger histories.
const FEWEST_ANSWERS: usize = 60;
/// Keeps the odds of a prediction finite.
const CLIP: f64 = 1e-6;

/// The part of the embedding that a dimension belongs to.
fn block(dimension: usize) -> usize {
    match dimension {
        0 => 0,
        _ if dimension <= COUNT => 1,
        _ => 2,
    }
}

/// The prior for each size of history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Layer {
    priors: Vec<LinearPrior>,
}

impl Layer {
    /// Fits the priors on rows that were held out, with the calibrated predictions that were made
    /// of them.
    pub(crate) fn fit(rows: &Rows, predicted: &[Likability]) -> Self {
        let blocks: Vec<usize> = (0..EMBEDDING).map(block).collect();
        let mut priors: Vec<LinearPrior> = Vec::new();
        for (i, &least) in SIZES.iter().enumerate().rev() {
            let most = SIZES.get(i + 1).copied().unwrap_or(u32::MAX);
            let groups = groups(rows, predicted, |size| (least..most).contains(&size));
            let answers: usize = groups.iter().map(Vec::len).sum();
            match priors.last() {
                Some(larger) if answers < FEWEST_ANSWERS => priors.push(larger.clone()),
                _ => priors.push(LinearPrior::fit(&blocks, &groups)),
            }
        }
        priors.reverse();
        Self { priors: priors.into_iter().map(rounded).collect() }
    }

    /// Whether what was read from a file fits.
    pub(crate) fn is_sound(&self) -> bool {
        let is_sound = |prior: &LinearPrior| {
            prior.noise > 0.0
                && prior.variances.len() == EMBEDDING
                && prior.variances.iter().all(|variance| variance.is_finite() && *variance > 0.0)
        };
        self.priors.len() == SIZES.len() && self.priors.iter().all(is_sound)
    }

    /// The belief about a listener whose history has so many labels, before any of them is looked
    /// at.
    pub(crate) fn posterior(&self, labels: usize) -> LinearPosterior {
        let larger = SIZES.iter().rposition(|&least| labels as u64 >= u64::from(least));
        LinearPosterior::new(&self.priors[larger.expect("the smallest size is 0")])
    }
}

/// The rows asked after one history, as answers, for each history of a size.
fn groups(
    rows: &Rows,
    predicted: &[Likability],
    has_size: impl Fn(u32) -> bool,
) -> Vec<Vec<Answer>> {
    let mut groups: Vec<Vec<Answer>> = Vec::new();
    let mut is_open = false;
    for (row, &predicted) in predicted.iter().enumerate() {
        if !has_size(rows.history[row]) {
            is_open = false;
            continue;
        }
        if rows.first[row] || !is_open {
            groups.push(Vec::new());
            is_open = true;
        }
        let embedding = &rows.embeddings[row * EMBEDDING..][..EMBEDDING];
        let group = groups.last_mut().expect("one was opened above");
        group.push(answer(embedding, predicted, rows.liked[row], rows.weights[row]));
    }
    groups
}

/// What a label says beyond its prediction.
pub(crate) fn answer(embedding: &[f32], predicted: Likability, liked: bool, weight: f32) -> Answer {
    let probability = f64::from(predicted.mean);
    Answer {
        embedding: embedding.to_vec(),
        residual: f64::from(u8::from(liked)) - probability,
        predicted: probability,
        weight: f64::from(weight),
    }
}

/// Few enough digits to be read back from JSON exactly.
fn rounded(prior: LinearPrior) -> LinearPrior {
    let round = |value: f64| (value * 1e9).round() / 1e9;
    LinearPrior {
        variances: prior.variances.into_iter().map(round).collect(),
        noise: round(prior.noise),
    }
}

/// A prediction corrected by mean and variance of what a posterior says of it. The correction is
/// made on the logit, where it cannot leave 0 to 1 and does not make equals of two tracks near the
/// top.
pub(crate) fn corrected(prediction: Likability, (mean, variance): (f64, f64)) -> Likability {
    let probability = f64::from(prediction.mean).clamp(CLIP, 1.0 - CLIP);
    let slope = (probability * (1.0 - probability)).max(LEAST_SPREAD);
    let logit = (probability / (1.0 - probability)).ln() + mean / slope;
    let uncertainty = f64::from(prediction.uncertainty).powi(2) + variance;
    Likability { mean: sigmoid(logit) as f32, uncertainty: uncertainty.sqrt() as f32 }
}
