//! How much trees count beside a network: `z = (1 - s) z_network + s z_trees` on logits.
//!
//! The number of trees and their share `s` are chosen on rows that neither has learned from, never
//! on those that they are judged by. A network that is smooth where a tree is not errs elsewhere:
//! on tables of some thousand rows the blend predicts better than the network. Each share is judged
//! under a calibration of its own, or the side that is surer would be blamed for what the
//! calibration mends anyway. A few hundred rows hardly tell one share from another, hence a prior,
//! `s ~ N(0.5, 0.2²)`, from tables that share songs with those reported on.

use segue_engine::vector::{sigmoid, sigmoid_f32};
use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::ensemble::EnsembleConfig;
use super::trees::log_loss;

/// Steps between 0 and 1 in which shares are tried.
const STEPS: u32 = 10;
/// The share before anything was held out, and how far from it others are likely.
const USUAL_SHARE: f64 = 0.5;
const SHARE_DEVIATION: f64 = 0.2;
/// Keeps the loss of a probability finite.
const CLIP: f64 = 1e-6;

/// How many trees count, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Blend {
    /// Trees that are kept, the first ones.
    pub(crate) rounds: usize,
    /// Share of the trees in each logit; the rest is the network's.
    pub(crate) share: f32,
}

/// What network and trees say of rows that neither learned from.
pub(crate) struct HeldOutLogits {
    /// Logits of the network's members, `[rows][members]`.
    pub(crate) members: Vec<Vec<f32>>,
    /// Logits of the trees after none of them, one, two, and so on: `[trees + 1][rows]`; empty
    /// where there are no trees.
    pub(crate) stages: Vec<Vec<f32>>,
    pub(crate) labels: Vec<bool>,
    pub(crate) weights: Vec<f32>,
}

impl HeldOutLogits {
    /// The mean of the members' probabilities, row by row, before any calibration.
    pub(crate) fn probabilities(&self, blend: Blend) -> Vec<f64> {
        let mean = |row: &[f32]| {
            row.iter().map(|&z| f64::from(sigmoid_f32(z))).sum::<f64>() / row.len() as f64
        };
        let Some(trees) = self.stages.get(blend.rounds.min(self.stages.len().saturating_sub(1)))
        else {
            return self.members.iter().map(|row| mean(row)).collect();
        };
        let blended = self.members.iter().zip(trees).map(|(row, &trees)| {
            let mut row = row.clone();
            blend.apply(&mut row, trees);
            mean(&row)
        });
        blended.collect()
    }
}

impl Blend {
    /// No trees.
    pub(crate) const NETWORK_ALONE: Self = Self { rounds: 0, share: 0.0 };

    /// The blend that predicts best what was held out. Trees without a network are taken whole;
    /// with nothing held out to choose by they count as usual.
    pub(crate) fn choose(unseen: &[HeldOutLogits], config: &EnsembleConfig) -> Self {
        let Some(trees) = &config.trees else { return Self::NETWORK_ALONE };
        let alone = config.networks == 0;
        if unseen.is_empty() {
            return Self {
                rounds: trees.rounds,
                share: if alone { 1.0 } else { USUAL_SHARE as f32 },
            };
        }
        let stages = unseen.iter().map(|part| part.stages.len()).min().expect("one is there");
        let loss = |round: &usize| -> f64 {
            unseen
                .iter()
                .map(|part| log_loss(&part.stages[*round], &part.labels, &part.weights))
                .sum()
        };
        let rounds =
            (0..stages).min_by(|a, b| loss(a).total_cmp(&loss(b))).expect("no tree is a stage too");
        if alone {
            return Self { rounds, share: 1.0 };
        }
        let shares = (0..=STEPS).map(|step| Self { rounds, share: step as f32 / STEPS as f32 });
        let best = shares
            .map(|blend| (calibrated_loss(unseen, blend) + blend.prior_loss(), blend))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        best.expect("some share was tried").1
    }

    /// The configuration that grows as many trees as count, and none where they count nothing.
    pub(crate) fn grown(self, config: &EnsembleConfig) -> EnsembleConfig {
        let mut config = config.clone();
        config.trees = config.trees.filter(|_| !self.is_without_trees());
        if let Some(trees) = &mut config.trees {
            trees.rounds = self.rounds;
        }
        config
    }

    /// Minus the logarithm of the prior.
    fn prior_loss(self) -> f64 {
        ((f64::from(self.share) - USUAL_SHARE) / SHARE_DEVIATION).powi(2) / 2.0
    }

    /// Whether trees change nothing.
    pub(crate) fn is_without_trees(self) -> bool {
        self.share == 0.0
    }

    /// Moves the logits of all members of a row.
    pub(crate) fn apply(self, members: &mut [f32], trees: f32) {
        for z in members {
            *z += self.share * (trees - *z);
        }
    }
}

/// The log-loss of a blend once it is calibrated.
fn calibrated_loss(unseen: &[HeldOutLogits], blend: Blend) -> f64 {
    let (labels, weights) = labels_and_weights(unseen);
    let probabilities: Vec<f64> =
        unseen.iter().flat_map(|part| part.probabilities(blend)).collect();
    let calibration = Calibration::fit(&probabilities, &labels, &weights);
    let of = |((&p, &liked), &weight): ((&f64, &bool), &f32)| {
        let p = p.clamp(CLIP, 1.0 - CLIP);
        let z = calibration.slope * (p / (1.0 - p)).ln() + calibration.offset;
        -f64::from(weight) * sigmoid(if liked { z } else { -z }).max(CLIP).ln()
    };
    probabilities.iter().zip(&labels).zip(&weights).map(of).sum()
}

/// The rows of all parts, one after another.
pub(crate) fn labels_and_weights(unseen: &[HeldOutLogits]) -> (Vec<bool>, Vec<f32>) {
    let labels = unseen.iter().flat_map(|part| part.labels.iter().copied()).collect();
    (labels, unseen.iter().flat_map(|part| part.weights.iter().copied()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tabular::network_and_trees;

    /// Two hundred rows, of which one side knows the label and the other says nothing.
    fn held_out(network_knows: bool) -> HeldOutLogits {
        let labels: Vec<bool> = (0..200).map(|row| row % 2 == 0).collect();
        let knows: Vec<f32> = labels.iter().map(|&liked| if liked { 2.0 } else { -2.0 }).collect();
        let nothing: Vec<f32> = (0..200).map(|row| if row % 3 == 0 { 1.0 } else { -0.5 }).collect();
        let (network, trees) = if network_knows { (knows, nothing) } else { (nothing, knows) };
        HeldOutLogits {
            members: network.into_iter().map(|z| vec![z]).collect(),
            stages: vec![vec![0.0; 200], trees],
            labels,
            weights: vec![1.0; 200],
        }
    }

    #[test]
    fn the_side_that_predicts_gets_the_larger_share() {
        let config = network_and_trees::config(200);
        let trees_know = Blend::choose(&[held_out(false)], &config);
        assert!(trees_know.share > 0.7 && trees_know.rounds == 1, "{trees_know:?}");
        let network_knows = Blend::choose(&[held_out(true)], &config);
        assert!(network_knows.share < 0.3, "{network_knows:?}");
    }

    #[test]
    fn a_share_is_between_the_logits_of_both_sides() {
        let mut members = [1.0, 3.0];
        Blend { rounds: 1, share: 0.25 }.apply(&mut members, -1.0);
        assert_eq!(members, [0.5, 2.0]);
        Blend { rounds: 1, share: 1.0 }.apply(&mut members, -1.0);
        assert_eq!(members, [-1.0, -1.0]);
    }

    #[test]
    fn with_nothing_held_out_all_trees_count_as_usual() {
        let config = network_and_trees::config(200);
        let blend = Blend::choose(&[], &config);
        assert_eq!((blend.rounds, blend.share), (400, USUAL_SHARE as f32));
        let none = Blend::choose(&[held_out(true)], &crate::tabular::tabm::config(200));
        assert_eq!(none, Blend::NETWORK_ALONE);
    }
}
