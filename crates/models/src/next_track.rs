//! The sequence model of a home: [`Sasrec`] with the names of its items, so that it outlives the
//! rows of one dataset.

use std::collections::HashMap;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use crate::ModelError;
use crate::recommenders::Sasrec;

/// Names of the items, each followed by a line feed, beside the weights in the same file.
const NAMES: &str = "item_names";

/// A sequence model that knows its items by name.
///
/// # Examples
/// ```
/// use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
/// use segue_engine::{Query, Recommender};
/// use segue_models::recommenders::{Sasrec, SasrecConfig};
///
/// let mut builder = InteractionsBuilder::default();
/// for (listener, item) in [("ann", "a"), ("ann", "b"), ("bob", "a"), ("bob", "b"), ("cem", "c")] {
///     builder.push(listener, item, None, None)?;
/// }
/// let interactions = builder.build(KCore::default())?;
/// let model = {
///     // One block of width 8 and one epoch: enough to show the calls, not to learn anything.
///     let config = SasrecConfig { dim: 8, blocks: 1, heads: 1, epochs: 1, ..SasrecConfig::default() };
///     Sasrec::fit(&interactions.all(), None, &config, 1, &mut |_| None)?
/// };
///
/// let items = (0..3).map(|row| interactions.item_name(segue_engine::ItemIdx(row)).to_owned()).collect();
/// let model = segue_models::NextTrackModel { network: model, items };
/// let bytes = model.to_bytes();
/// let read = segue_models::NextTrackModel::from_bytes(&bytes, std::path::Path::new("model"))?;
/// assert_eq!(read.items, model.items);
/// assert_eq!(read.to_bytes(), bytes, "equal content, equal bytes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct NextTrackModel {
    /// The fitted network, which knows items by their rows.
    pub network: Sasrec,
    /// The name of each item, in the order of its rows.
    pub items: Vec<String>,
}

impl NextTrackModel {
    /// Kind under which such models are registered.
    pub const KIND: &str = "next-track";

    /// The model as the bytes of a safetensors file; a line feed within a name becomes a blank.
    pub fn to_bytes(&self) -> Vec<u8> {
        let network = self.network.to_bytes();
        let names: String = self.items.iter().map(|name| name.replace('\n', " ") + "\n").collect();
        let (_, metadata) =
            SafeTensors::read_metadata(&network).expect("a model writes what can be read");
        let tensors = SafeTensors::deserialize(&network).expect("a model writes what can be read");
        let mut views: HashMap<String, TensorView<'_>> = tensors.tensors().into_iter().collect();
        let text = TensorView::new(Dtype::U8, vec![names.len()], names.as_bytes());
        views.insert(NAMES.to_owned(), text.expect("bytes are as many as they are"));
        let mut views: Vec<_> = views.into_iter().collect();
        views.sort_by(|a, b| a.0.cmp(&b.0));
        safetensors::serialize(views, metadata.metadata().clone())
            .expect("names are unique and views valid")
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote. `path` is only named in errors.
    ///
    /// # Errors
    /// [`ModelError::Damaged`] if the bytes are something else.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, ModelError> {
        let network = Sasrec::from_bytes(bytes, path)?;
        let damaged = |reason: String| ModelError::Damaged { path: path.to_owned(), reason };
        let tensors =
            SafeTensors::deserialize(bytes).map_err(|error| damaged(error.to_string()))?;
        let names =
            tensors.tensor(NAMES).map_err(|error| damaged(format!("`{NAMES}`: {error}")))?;
        let names =
            std::str::from_utf8(names.data()).map_err(|error| damaged(error.to_string()))?;
        let items: Vec<String> = names.lines().map(str::to_owned).collect();
        let (expected, found) = (segue_engine::Recommender::items(&network), items.len());
        if expected != found {
            return Err(damaged(format!("it names {found} items, expected {expected}")));
        }
        Ok(Self { network, items })
    }

    /// A hash of the file: equal content, equal version, on any machine.
    pub fn version(bytes: &[u8]) -> String {
        format!("{}-{}", Self::KIND, &blake3::hash(bytes).to_hex()[..12])
    }
}
