//! A fitted model on disk: `weights.safetensors` and `card.json` in one folder.
//!
//! Tensors are named `networks.{i}.{parameter}`. The card holds all else that is needed to use the
//! model, and what is needed to judge it: configuration, encoding, calibration, data, held-out
//! metrics, seed.

use std::fs;
use std::path::Path;

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::ensemble::{DataDescription, Ensemble, EnsembleConfig, HeldOut};
use super::network::Network;
use super::preprocess::Preprocessing;
use crate::ModelError;

const WEIGHTS_FILE: &str = "weights.safetensors";
const CARD_FILE: &str = "card.json";
/// Raised when an older reader would misunderstand a newer file.
const FORMAT: u32 = 1;

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
        let weights =
            safetensors::serialize(tensors, None).expect("names are unique and views valid");
        let card = Card {
            model: model.to_owned(),
            format: FORMAT,
            seed: self.seed,
            config: self.config.clone(),
            data: self.data.clone(),
            held_out: self.held_out,
            calibration: self.calibration,
            preprocessing: self.preprocessing.clone(),
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
        if card.model != model || card.format != FORMAT {
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
        Ok(Self {
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
