//! A fitted model as one safetensors file: tensors under the names of a plain PyTorch module, and a
//! card as JSON in the file's metadata that holds the configuration.
//!
//! Beside the module's parameters: `popularity`, the training events of each item, and `features`,
//! what the tower reads.

use std::collections::HashMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};

use super::config::SasrecConfig;
use super::layout::Layout;
use super::{Sasrec, TowerInput};
use crate::ModelError;
use crate::recommenders::item_features::FeatureScaling;

const ITEMS: &str = "item_embedding.weight";
const POPULARITY: &str = "popularity";
const FEATURES: &str = "features";
/// The only key of the metadata: more would be written in any order, and equal models must be equal
/// bytes.
const CARD: &str = "card";
/// Raised when an older reader would misunderstand a newer file.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Card {
    model: String,
    format: u32,
    config: SasrecConfig,
    scaling: Option<FeatureScaling>,
}

impl Sasrec {
    /// The model as the bytes of a safetensors file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (items, dim) = (self.popularity.len(), self.config.dim);
        let mut tensors: Vec<(String, Vec<usize>, Vec<u8>, Dtype)> = Vec::new();
        let mut push = |name: &str, shape: Vec<usize>, values: &[f32]| {
            tensors.push((
                name.to_owned(),
                shape,
                bytes(values.iter().map(|v| v.to_le_bytes())),
                Dtype::F32,
            ));
        };
        push(ITEMS, vec![items, dim], &self.items);
        for span in &self.layout.spans {
            push(&span.name, span.shape.clone(), &self.parameters[span.range.clone()]);
        }
        if let Some(features) = &self.features {
            push(FEATURES, vec![items, features.encoded.len() / items.max(1)], &features.encoded);
        }
        let events = bytes(self.popularity.iter().map(|events| events.to_le_bytes()));
        tensors.push((POPULARITY.to_owned(), vec![items], events, Dtype::U32));
        let views = tensors.iter().map(|(name, shape, data, dtype)| {
            (
                name,
                TensorView::new(*dtype, shape.clone(), data)
                    .expect("a tensor is as large as its shape"),
            )
        });
        let card = Card {
            model: "sasrec".to_owned(),
            format: FORMAT,
            config: self.config.clone(),
            scaling: self.features.as_ref().map(|features| features.scaling.clone()),
        };
        let card =
            serde_json::to_string(&card).expect("a card has no map with keys other than text");
        let metadata = HashMap::from([(CARD.to_owned(), card)]);
        safetensors::serialize(views, Some(metadata)).expect("names are unique and views valid")
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote. `path` is only named in errors.
    ///
    /// # Errors
    /// [`ModelError::Damaged`] if the bytes are something else.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, ModelError> {
        parse(bytes).map_err(|reason| ModelError::Damaged { path: path.to_owned(), reason })
    }

    /// Writes the model to a file.
    ///
    /// # Errors
    /// [`ModelError::Io`] if it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        std::fs::write(path, self.to_bytes())
            .map_err(|source| ModelError::Io { path: path.to_owned(), source })
    }

    /// Reads a file that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`ModelError::Io`] or [`ModelError::Damaged`].
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let bytes = std::fs::read(path)
            .map_err(|source| ModelError::Io { path: path.to_owned(), source })?;
        Self::from_bytes(&bytes, path)
    }
}

fn bytes<const N: usize>(values: impl Iterator<Item = [u8; N]>) -> Vec<u8> {
    values.flatten().collect()
}

fn parse(bytes: &[u8]) -> Result<Sasrec, String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let card = metadata.metadata().as_ref().and_then(|m| m.get(CARD)).ok_or("it has no card")?;
    let card: Card = serde_json::from_str(card).map_err(|e| e.to_string())?;
    if card.model != "sasrec" || card.format != FORMAT {
        let (found, format) = (card.model, card.format);
        return Err(format!("expected `sasrec` format {FORMAT}, found `{found}` format {format}"));
    }
    card.config.check().map_err(|e| e.to_string())?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let popularity = tensor(&tensors, POPULARITY, Dtype::U32)?.1;
    let popularity: Vec<u32> = popularity.map(u32::from_le_bytes).collect();
    let items = popularity.len();
    let layout = Layout::new(&card.config, card.scaling.as_ref().map(|scaling| 2 * scaling.dim()));
    let mut parameters = vec![0.0; layout.len()];
    for span in &layout.spans {
        parameters[span.range.clone()].copy_from_slice(&floats(&tensors, &span.name, &span.shape)?);
    }
    let features = match card.scaling {
        None => None,
        Some(scaling) => {
            let encoded = floats(&tensors, FEATURES, &[items, 2 * scaling.dim()])?;
            Some(TowerInput { scaling, encoded })
        }
    };
    let mut model = Sasrec {
        items: floats(&tensors, ITEMS, &[items, card.config.dim])?,
        config: card.config,
        layout,
        parameters,
        popularity,
        features,
        vectors: Vec::new(),
    };
    model.refresh();
    Ok(model)
}

fn floats(tensors: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
    let (found, values) = tensor(tensors, name, Dtype::F32)?;
    if found != shape {
        return Err(format!("`{name}` is {found:?}, expected {shape:?}"));
    }
    Ok(values.map(f32::from_le_bytes).collect())
}

fn tensor<'a>(
    tensors: &SafeTensors<'a>,
    name: &str,
    dtype: Dtype,
) -> Result<(Vec<usize>, impl Iterator<Item = [u8; 4]> + 'a), String> {
    let view = tensors.tensor(name).map_err(|e| format!("`{name}`: {e}"))?;
    if view.dtype() != dtype {
        return Err(format!("`{name}` holds {:?}, expected {dtype:?}", view.dtype()));
    }
    Ok((view.shape().to_vec(), view.data().chunks_exact(4).map(|b| [b[0], b[1], b[2], b[3]])))
}
