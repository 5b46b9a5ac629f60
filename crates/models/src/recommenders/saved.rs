//! A model as bytes: tensors in the safetensors layout, what was configured as JSON in its
//! metadata.
//!
//! The metadata say which model wrote the bytes (`model`), in which version of its layout
//! (`format`) and how it was configured (`config`).

use std::collections::{BTreeMap, HashMap};

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ModelError;

/// Raised when an older reader would misunderstand newer bytes.
const FORMAT: &str = "1";

/// Collects the tensors of a model.
#[derive(Debug, Default)]
pub(crate) struct ModelWriter {
    tensors: Vec<(&'static str, Dtype, Vec<usize>, Vec<u8>)>,
}

impl ModelWriter {
    /// Adds real numbers.
    pub(crate) fn f32s(mut self, name: &'static str, shape: &[usize], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensors.push((name, Dtype::F32, shape.to_vec(), bytes));
        self
    }

    /// Adds rows or counts.
    pub(crate) fn u32s(mut self, name: &'static str, values: &[u32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensors.push((name, Dtype::U32, vec![values.len()], bytes));
        self
    }

    /// Adds offsets.
    pub(crate) fn offsets(mut self, name: &'static str, values: &[usize]) -> Self {
        let bytes = values.iter().flat_map(|&value| (value as u64).to_le_bytes()).collect();
        self.tensors.push((name, Dtype::U64, vec![values.len()], bytes));
        self
    }

    /// Adds a model within the model.
    pub(crate) fn bytes(mut self, name: &'static str, bytes: Vec<u8>) -> Self {
        self.tensors.push((name, Dtype::U8, vec![bytes.len()], bytes));
        self
    }

    /// The bytes of the whole.
    pub(crate) fn finish(self, model: &str, config: &impl Serialize) -> Vec<u8> {
        let config =
            serde_json::to_string(config).expect("a config has no map with keys other than text");
        let metadata =
            [("model", model.to_owned()), ("format", FORMAT.to_owned()), ("config", config)];
        let metadata: HashMap<String, String> =
            metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let views = self.tensors.iter().map(|(name, dtype, shape, bytes)| {
            let view = TensorView::new(*dtype, shape.clone(), bytes);
            (*name, view.expect("values are as many as the shape asks for"))
        });
        ordered(
            safetensors::serialize(views, Some(metadata))
                .expect("names are unique and views valid"),
        )
    }
}

/// The same with the keys of the header sorted: they come out of a hash map in an order of their
/// own each time, and equal models are equal bytes.
fn ordered(mut bytes: Vec<u8>) -> Vec<u8> {
    const LENGTH: usize = size_of::<u64>();
    let (length, _) = SafeTensors::read_metadata(&bytes).expect("these bytes were just written");
    let header = &mut bytes[LENGTH..LENGTH + length];
    let sorted: BTreeMap<String, BTreeMap<String, serde_json::Value>> =
        serde_json::from_slice(header).expect("a header is an object of objects");
    let sorted = serde_json::to_vec(&sorted).expect("it was JSON before");
    header.fill(b' ');
    header[..sorted.len()].copy_from_slice(&sorted);
    bytes
}

/// The tensors of a model that was written.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    model: &'static str,
    tensors: SafeTensors<'a>,
}

impl<'a> Reader<'a> {
    /// Opens the bytes of a model and reads its configuration.
    pub(crate) fn open<C: DeserializeOwned>(
        bytes: &'a [u8],
        model: &'static str,
    ) -> Result<(Self, C), ModelError> {
        let damaged = |reason: String| ModelError::Damaged { path: model.into(), reason };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| damaged(e.to_string()))?;
        let entry =
            |key: &str| header.metadata().as_ref().and_then(|all| all.get(key)).map(String::as_str);
        let (found, format) =
            (entry("model").unwrap_or_default(), entry("format").unwrap_or_default());
        if found != model || format != FORMAT {
            let wanted =
                format!("expected `{model}` format {FORMAT}, found `{found}` format {format}");
            return Err(damaged(wanted));
        }
        let config = serde_json::from_str(entry("config").unwrap_or_default());
        let config = config.map_err(|e| damaged(e.to_string()))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| damaged(e.to_string()))?;
        Ok((Self { model, tensors }, config))
    }

    /// Real numbers and their shape.
    pub(crate) fn f32s(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), ModelError> {
        let (shape, bytes) = self.bytes(name, Dtype::F32)?;
        let (values, _) = bytes.as_chunks::<4>();
        Ok((shape, values.iter().map(|value| f32::from_le_bytes(*value)).collect()))
    }

    /// As many real numbers as expected.
    pub(crate) fn f32s_of(&self, name: &str, expected: usize) -> Result<Vec<f32>, ModelError> {
        let (_, values) = self.f32s(name)?;
        self.require(values.len() == expected, || {
            format!("`{name}` holds {} values, expected {expected}", values.len())
        })?;
        Ok(values)
    }

    /// Rows or counts.
    pub(crate) fn u32s(&self, name: &str) -> Result<Vec<u32>, ModelError> {
        let (values, _) = self.bytes(name, Dtype::U32)?.1.as_chunks::<4>();
        Ok(values.iter().map(|value| u32::from_le_bytes(*value)).collect())
    }

    /// The bytes of a model within the model.
    pub(crate) fn u8s(&self, name: &str) -> Result<&'a [u8], ModelError> {
        Ok(self.bytes(name, Dtype::U8)?.1)
    }

    /// Offsets into lists of `end` entries: they begin at zero, never fall and end there.
    pub(crate) fn offsets(&self, name: &str, end: usize) -> Result<Vec<usize>, ModelError> {
        let offsets = self.lengths(name)?;
        let sound =
            offsets.first() == Some(&0) && offsets.last() == Some(&end) && offsets.is_sorted();
        self.require(sound, || format!("`{name}` does not lead from 0 to {end}"))?;
        Ok(offsets)
    }

    /// Numbers that were written as offsets, whatever they lead to.
    pub(crate) fn lengths(&self, name: &str) -> Result<Vec<usize>, ModelError> {
        let (values, _) = self.bytes(name, Dtype::U64)?.1.as_chunks::<8>();
        Ok(values.iter().map(|value| u64::from_le_bytes(*value) as usize).collect())
    }

    /// Fails with a reason unless something holds.
    pub(crate) fn require(
        &self,
        holds: bool,
        reason: impl FnOnce() -> String,
    ) -> Result<(), ModelError> {
        if holds { Ok(()) } else { Err(self.damaged(reason())) }
    }

    fn bytes(&self, name: &str, dtype: Dtype) -> Result<(Vec<usize>, &'a [u8]), ModelError> {
        let view = self.tensors.tensor(name).map_err(|e| self.damaged(e.to_string()))?;
        self.require(view.dtype() == dtype, || {
            format!("`{name}` holds {:?}, expected {dtype:?}", view.dtype())
        })?;
        Ok((view.shape().to_vec(), view.data()))
    }

    fn damaged(&self, reason: String) -> ModelError {
        ModelError::Damaged { path: self.model.into(), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_another_model_are_refused() {
        let bytes = ModelWriter::default().f32s("values", &[1], &[1.0]).finish("one", &7);
        let (reader, config) = Reader::open::<u32>(&bytes, "one").unwrap();
        assert_eq!((config, reader.f32s_of("values", 1).unwrap()), (7, vec![1.0]));
        assert!(Reader::open::<u32>(&bytes, "another").is_err());
        assert!(Reader::open::<u32>(&bytes[..bytes.len() - 1], "one").is_err());
    }

    #[test]
    fn tensors_of_another_kind_or_length_are_refused() {
        let bytes = ModelWriter::default().f32s("values", &[2], &[1.0, 2.0]).finish("one", &());
        let (reader, ()) = Reader::open(&bytes, "one").unwrap();
        assert!(reader.f32s_of("values", 3).is_err());
        assert!(reader.u32s("values").is_err());
        assert!(reader.f32s("others").is_err());
    }
}
