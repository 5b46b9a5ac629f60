//! The weights, as the forward pass wants them.

use half::f16;
use safetensors::{Dtype, SafeTensors};

use crate::AudioError;

/// The weights that come with the crate; the README beside them has their origin and licence.
const EMBEDDED: &[u8] = include_bytes!("../../weights/musicnn_msd.safetensors");

/// What follows a layer: batch normalisation at inference.
#[derive(Debug)]
pub(super) struct Normalisation {
    pub(super) scale: Vec<f32>,
    pub(super) offset: Vec<f32>,
}

/// A product, a bias, a rectifier and a normalisation.
#[derive(Debug)]
pub(super) struct Rectified {
    /// `[inputs, outputs]`.
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) after: Normalisation,
}

/// A product and a bias.
#[derive(Debug)]
pub(super) struct TagLayer {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

/// Every parameter of the network, by the name of its layer.
#[derive(Debug)]
pub(super) struct MusicnnWeights {
    pub(super) input: Normalisation,
    pub(super) timbral: [Rectified; 2],
    pub(super) temporal: [Rectified; 3],
    pub(super) middle: [Rectified; 3],
    pub(super) pooled: Normalisation,
    pub(super) dense: Rectified,
    pub(super) tags: TagLayer,
}

impl MusicnnWeights {
    pub(super) fn embedded() -> Self {
        Self::from_bytes(EMBEDDED).expect("the weights in the crate are whole")
    }

    pub(super) fn from_bytes(content: &[u8]) -> Result<Self, AudioError> {
        let file = WeightFile(SafeTensors::deserialize(content).map_err(|error| damaged(&error))?);
        Ok(Self {
            input: file.affine("input", 1)?,
            timbral: [
                file.rectified("timbral_38", 7 * 38, 204)?,
                file.rectified("timbral_67", 7 * 67, 204)?,
            ],
            temporal: [
                file.rectified("temporal_128", 128, 51)?,
                file.rectified("temporal_64", 64, 51)?,
                file.rectified("temporal_32", 32, 51)?,
            ],
            middle: [
                file.rectified("middle_1", 7 * 561, 64)?,
                file.rectified("middle_2", 7 * 64, 64)?,
                file.rectified("middle_3", 7 * 64, 64)?,
            ],
            pooled: file.affine("pooled", 2 * 753)?,
            dense: Rectified {
                weight: file.numbers("dense.weight", 2 * 753 * 200)?,
                bias: file.numbers("dense.bias", 200)?,
                after: file.affine("embedding", 200)?,
            },
            tags: TagLayer {
                weight: file.numbers("tags.weight", 200 * 50)?,
                bias: file.numbers("tags.bias", 50)?,
            },
        })
    }
}

fn damaged(reason: &dyn std::fmt::Display) -> AudioError {
    AudioError::Weights { reason: reason.to_string() }
}

/// An opened file of weights.
struct WeightFile<'a>(SafeTensors<'a>);

impl WeightFile<'_> {
    fn rectified(
        &self,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> Result<Rectified, AudioError> {
        Ok(Rectified {
            weight: self.numbers(&format!("{name}.weight"), inputs * outputs)?,
            bias: self.numbers(&format!("{name}.bias"), outputs)?,
            after: self.affine(name, outputs)?,
        })
    }

    fn affine(&self, name: &str, count: usize) -> Result<Normalisation, AudioError> {
        Ok(Normalisation {
            scale: self.numbers(&format!("{name}.scale"), count)?,
            offset: self.numbers(&format!("{name}.offset"), count)?,
        })
    }

    fn numbers(&self, name: &str, count: usize) -> Result<Vec<f32>, AudioError> {
        let tensor = self.0.tensor(name).map_err(|error| damaged(&error))?;
        let bytes = tensor.data();
        let numbers: Vec<f32> = match tensor.dtype() {
            Dtype::F16 => {
                let (pairs, _) = bytes.as_chunks::<2>();
                pairs.iter().map(|&pair| f16::from_le_bytes(pair).to_f32()).collect()
            }
            Dtype::F32 => {
                let (words, _) = bytes.as_chunks::<4>();
                words.iter().map(|&word| f32::from_le_bytes(word)).collect()
            }
            other => return Err(damaged(&format_args!("`{name}` is of type {other:?}"))),
        };
        if numbers.len() != count {
            let found = numbers.len();
            return Err(damaged(&format_args!("`{name}` has {found} numbers instead of {count}")));
        }
        Ok(numbers)
    }
}
