//! A fitted model on disk: `weights.safetensors` and `card.json` in one folder.
//!
//! Tensors are named `networks.{i}.{parameter}` and `trees.{part}`, a row a tree. The card holds
//! all else that is needed to use the model, and what is needed to judge it: configuration,
//! encoding, blend, calibration, data, held-out metrics, seed.

use std::fs;
use std::path::Path;

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};

use super::blend::Blend;
use super::calibration::Calibration;
use super::ensemble::{DataDescription, Ensemble, EnsembleConfig, HeldOut};
use super::network::Network;
use super::preprocess::Preprocessing;
use super::trees::{DecisionTree, DecisionTrees, TreeInput, TreeSplit};
use crate::ModelError;

const WEIGHTS_FILE: &str = "weights.safetensors";
const CARD_FILE: &str = "card.json";
/// Raised when an older reader would misunderstand a newer file: 2 has trees beside networks.
const FORMAT: u32 = 2;
/// The oldest that is still read.
const OLDEST_FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Card {
    model: String,
    format: u32,
    seed: u64,
    config: EnsembleConfig,
    data: DataDescription,
    held_out: Option<HeldOut>,
    calibration: Calibration,
    preprocessing: Preprocessing,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trees: Option<TreesCard>,
}

/// What of trees is no tensor.
#[derive(Serialize, Deserialize)]
struct TreesCard {
    inputs: Vec<TreeInput>,
    depth: usize,
    base: f32,
    blend: Blend,
}

impl Ensemble {
    /// Writes the model into a folder, which is created if it does not exist.
    ///
    /// # Errors
    /// [`ModelError::Io`] if a file cannot be written.
    pub fn save(&self, folder: &Path, model: &str) -> Result<(), ModelError> {
        let (weights, card) = self.to_parts(model);
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| ModelError::Io { path, source }
        };
        fs::create_dir_all(folder).map_err(io(folder))?;
        for (name, bytes) in [(WEIGHTS_FILE, weights), (CARD_FILE, card)] {
            let path = folder.join(name);
            fs::write(&path, bytes).map_err(io(&path))?;
        }
        Ok(())
    }

    /// Reads a model that [`save`](Self::save) wrote under the same model name.
    ///
    /// # Errors
    /// [`ModelError::Io`] or [`ModelError::Damaged`].
    pub fn load(folder: &Path, model: &str) -> Result<Self, ModelError> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(|source| ModelError::Io { path, source })
        };
        let (weights, card) = (read(WEIGHTS_FILE)?, read(CARD_FILE)?);
        Self::from_parts(&weights, &card, model)
            .map_err(|(file, reason)| ModelError::Damaged { path: folder.join(file), reason })
    }

    /// The bytes of the two files: weights and card.
    pub fn to_parts(&self, model: &str) -> (Vec<u8>, Vec<u8>) {
        let bytes: Vec<Vec<u8>> = self.networks.iter().map(|n| to_bytes(n.parameters())).collect();
        let tensors =
            self.networks.iter().zip(&bytes).enumerate().flat_map(|(i, (network, bytes))| {
                network.spans().iter().filter(|span| !span.range.is_empty()).map(move |span| {
                    let data = &bytes[span.range.start * 4..span.range.end * 4];
                    let view = TensorView::new(Dtype::F32, span.shape.clone(), data);
                    (
                        format!("networks.{i}.{}", span.name),
                        view.expect("a span is as large as its shape"),
                    )
                })
            });
        let parts: Vec<TreesPart> = self.trees.iter().flat_map(trees_parts).collect();
        let trees = parts.iter().map(|part| {
            let view = TensorView::new(part.dtype, part.shape.clone(), &part.bytes);
            (part.name.to_owned(), view.expect("a part is as large as its shape"))
        });
        let weights = safetensors::serialize(tensors.chain(trees), None)
            .expect("names are unique and views valid");
        let card = Card {
            model: model.to_owned(),
            format: FORMAT,
            seed: self.seed,
            config: self.config.clone(),
            data: self.data.clone(),
            held_out: self.held_out,
            calibration: self.calibration,
            preprocessing: self.preprocessing.clone(),
            trees: self.trees.as_ref().map(|trees| TreesCard {
                inputs: trees.inputs.clone(),
                depth: trees.depth,
                base: trees.base,
                blend: self.blend,
            }),
        };
        (
            weights,
            serde_json::to_vec_pretty(&card).expect("a card has no map with keys other than text"),
        )
    }

    /// The model back from its bytes; on failure which file is wrong, and why.
    pub(crate) fn from_parts(
        weights: &[u8],
        card: &[u8],
        model: &str,
    ) -> Result<Self, (&'static str, String)> {
        let card: Card = serde_json::from_slice(card).map_err(|e| (CARD_FILE, e.to_string()))?;
        if card.model != model || !(OLDEST_FORMAT..=FORMAT).contains(&card.format) {
            let (found, format) = (card.model, card.format);
            return Err((
                CARD_FILE,
                format!("expected `{model}` format {FORMAT}, found `{found}` format {format}"),
            ));
        }
        let tensors =
            SafeTensors::deserialize(weights).map_err(|e| (WEIGHTS_FILE, e.to_string()))?;
        let networks = (0..card.config.networks)
            .map(|i| {
                let mut network =
                    Network::zeros(card.config.architecture.clone(), card.preprocessing.layout());
                fill(&mut network, &tensors, i).map_err(|reason| (WEIGHTS_FILE, reason))?;
                Ok(network)
            })
            .collect::<Result<_, _>>()?;
        let blend = card.trees.as_ref().map_or(Blend::NETWORK_ALONE, |trees| trees.blend);
        let trees = card.trees.map(|trees| read_trees(trees, &tensors)).transpose();
        Ok(Self {
            trees: trees.map_err(|reason| (WEIGHTS_FILE, reason))?,
            blend,
            config: card.config,
            preprocessing: card.preprocessing,
            networks,
            calibration: card.calibration,
            data: card.data,
            held_out: card.held_out,
            seed: card.seed,
        })
    }
}

fn to_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn fill(network: &mut Network, tensors: &SafeTensors<'_>, i: usize) -> Result<(), String> {
    for span in network.spans().to_vec().iter().filter(|span| !span.range.is_empty()) {
        let name = format!("networks.{i}.{}", span.name);
        let view = tensors.tensor(&name).map_err(|e| e.to_string())?;
        if view.dtype() != Dtype::F32 || view.shape() != span.shape {
            return Err(format!("`{name}` is {:?}, expected {:?}", view.shape(), span.shape));
        }
        let values =
            view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        network.parameters_mut()[span.range.clone()]
            .iter_mut()
            .zip(values)
            .for_each(|(to, from)| *to = from);
    }
    Ok(())
}

/// A tensor of all trees.
struct TreesPart {
    name: &'static str,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

fn trees_parts(trees: &DecisionTrees) -> [TreesPart; 4] {
    let splits = || trees.trees.iter().flat_map(|tree| &tree.splits);
    let leaves: Vec<f32> = trees.trees.iter().flat_map(|tree| tree.leaves.clone()).collect();
    let thresholds: Vec<f32> = splits().map(|split| split.threshold).collect();
    let inputs = splits().flat_map(|split| split.input.to_le_bytes()).collect();
    let missing = splits().map(|split| u8::from(split.missing_left)).collect();
    let inner = vec![trees.trees.len(), (1 << trees.depth) - 1];
    let ends = vec![trees.trees.len(), 1 << trees.depth];
    let part = |name, dtype, shape: &Vec<usize>, bytes| TreesPart {
        name,
        dtype,
        shape: shape.clone(),
        bytes,
    };
    [
        part("trees.inputs", Dtype::U32, &inner, inputs),
        part("trees.thresholds", Dtype::F32, &inner, to_bytes(&thresholds)),
        part("trees.missing_left", Dtype::U8, &inner, missing),
        part("trees.leaves", Dtype::F32, &ends, to_bytes(&leaves)),
    ]
}

fn read_trees(card: TreesCard, tensors: &SafeTensors<'_>) -> Result<DecisionTrees, String> {
    const DEEPEST: usize = 12;
    if !(1..=DEEPEST).contains(&card.depth) {
        return Err(format!("trees of depth {}, expected 1 to {DEEPEST}", card.depth));
    }
    let (splits, leaves) = ((1 << card.depth) - 1, 1 << card.depth);
    let bytes = |name: &str, dtype: Dtype, width: usize, size: usize| {
        let view = tensors.tensor(name).map_err(|e| e.to_string())?;
        let fits = view.dtype() == dtype && view.shape().len() == 2 && view.shape()[1] == width;
        match fits {
            true => Ok(view.data().chunks_exact(width * size).collect::<Vec<_>>()),
            false => Err(format!("`{name}` is {:?}, expected rows of {width}", view.shape())),
        }
    };
    let inputs = bytes("trees.inputs", Dtype::U32, splits, 4)?;
    let thresholds = bytes("trees.thresholds", Dtype::F32, splits, 4)?;
    let missing = bytes("trees.missing_left", Dtype::U8, splits, 1)?;
    let leaves = bytes("trees.leaves", Dtype::F32, leaves, 4)?;
    if [thresholds.len(), missing.len(), leaves.len()] != [inputs.len(); 3] {
        return Err("there are not as many of each part of the trees".to_owned());
    }
    let word = |bytes: &[u8], i: usize| [0, 1, 2, 3].map(|byte| bytes[4 * i + byte]);
    let tree = |tree: usize| DecisionTree {
        splits: (0..splits)
            .map(|i| TreeSplit {
                input: u32::from_le_bytes(word(inputs[tree], i)),
                threshold: f32::from_le_bytes(word(thresholds[tree], i)),
                missing_left: missing[tree][i] == 1,
            })
            .collect(),
        leaves: (0..1 << card.depth).map(|i| f32::from_le_bytes(word(leaves[tree], i))).collect(),
    };
    let trees: Vec<DecisionTree> = (0..inputs.len()).map(tree).collect();
    let inputs_used = trees.iter().flat_map(|tree| &tree.splits).map(|split| split.input);
    // Where there is no input there is no tree either.
    if inputs_used.max().is_some_and(|most| most as usize >= card.inputs.len()) {
        return Err("a tree splits by an input that is not there".to_owned());
    }
    Ok(DecisionTrees { inputs: card.inputs, depth: card.depth, base: card.base, trees })
}
