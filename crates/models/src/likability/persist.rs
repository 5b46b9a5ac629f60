//! A model on disk: `weights.safetensors` with everything large, `card.json` with everything a
//! person may want to read.
//!
//! The network keeps its own tensor names behind `network.`; artists and works go by name, as lines
//! of UTF-8, so that the files depend on no catalogue. The version is a hash of both files: equal
//! content, equal version, on any machine.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use segue_core::WorkId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::card::LikabilityCard;
use super::community::{ArtistPlace, PLACE};
use super::describe::{COUNT, Scale};
use super::feature_spaces::SPACES;
use super::layer::Layer;
use super::relation::column_names;
use super::space::Space;
use super::{LikabilityModel, NamedCommunity};
use crate::ModelError;
use crate::tabular::Tabm;

const WEIGHTS_FILE: &str = "weights.safetensors";
const CARD_FILE: &str = "card.json";
const NETWORK: &str = "network.";
/// Raised when an older reader would misunderstand a newer file.
pub(super) const FORMAT: u32 = 2;

/// What the JSON file holds.
#[derive(Serialize, Deserialize)]
struct File<'a> {
    model: Cow<'a, str>,
    format: u32,
    card: Cow<'a, LikabilityCard>,
    columns: Vec<Cow<'a, str>>,
    scale: Cow<'a, Scale>,
    spaces: Cow<'a, [Space]>,
    community_listeners: u32,
    layer: Cow<'a, Layer>,
    network: Value,
}

/// Which file is wrong, and why.
type Damage = (&'static str, String);

const MODEL: &str = "likability";

impl LikabilityModel {
    /// Writes the model into a folder, which is created if it does not exist.
    ///
    /// # Errors
    /// [`ModelError::Io`] if a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), ModelError> {
        let (weights, card) = self.to_bytes();
        fs::create_dir_all(folder)
            .map_err(|source| ModelError::Io { path: folder.to_owned(), source })?;
        for (name, bytes) in [(WEIGHTS_FILE, weights), (CARD_FILE, card)] {
            let path = folder.join(name);
            fs::write(&path, bytes).map_err(|source| ModelError::Io { path, source })?;
        }
        Ok(())
    }

    /// Reads a model that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`ModelError::Io`] or [`ModelError::Damaged`].
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(|source| ModelError::Io { path, source })
        };
        let (weights, card) = (read(WEIGHTS_FILE)?, read(CARD_FILE)?);
        let damaged =
            |(file, reason): Damage| ModelError::Damaged { path: folder.join(file), reason };
        decode(&weights, &card).map_err(damaged)
    }

    /// The bytes of weights (safetensors) and card (JSON), for a registry.
    pub fn to_bytes(&self) -> (Vec<u8>, Vec<u8>) {
        let (network_weights, network_card) = self.network.to_parts();
        let names = column_names();
        let file = File {
            model: MODEL.into(),
            format: FORMAT,
            card: Cow::Borrowed(&self.card),
            columns: self.columns.iter().map(|&column| names[column].into()).collect(),
            scale: Cow::Borrowed(&self.scale),
            spaces: Cow::Borrowed(&self.spaces),
            community_listeners: self.community.listeners,
            layer: Cow::Borrowed(&self.layer),
            network: serde_json::from_slice(&network_card).expect("the network's card is JSON"),
        };
        let card =
            serde_json::to_vec_pretty(&file).expect("a card has no map with keys other than text");
        (self.weights(&network_weights), card)
    }

    /// The model back from its bytes.
    ///
    /// # Errors
    /// [`ModelError::Damaged`], naming the part.
    pub fn from_bytes(weights: &[u8], card: &[u8]) -> Result<Self, ModelError> {
        decode(weights, card)
            .map_err(|(file, reason)| ModelError::Damaged { path: file.into(), reason })
    }

    fn weights(&self, network: &[u8]) -> Vec<u8> {
        let network =
            SafeTensors::deserialize(network).expect("the network's weights are safetensors");
        let mut tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = network
            .iter()
            .map(|(name, view)| {
                (
                    format!("{NETWORK}{name}"),
                    view.dtype(),
                    view.shape().to_vec(),
                    view.data().to_vec(),
                )
            })
            .collect();
        let NamedCommunity { works, artists, .. } = &self.community;
        let mut push = |name: &str, dtype, shape: Vec<usize>, bytes| {
            tensors.push((name.into(), dtype, shape, bytes))
        };
        let background = f32_bytes(self.background.iter().flatten().copied());
        push("background", Dtype::F32, vec![self.background.len(), COUNT], background);
        let places = f32_bytes(artists.iter().flat_map(|(_, artist_place)| artist_place.place));
        push("artist_places", Dtype::F32, vec![artists.len(), PLACE], places);
        let listeners = u32_bytes(artists.iter().map(|(_, artist_place)| artist_place.listeners));
        push("artist_listeners", Dtype::U32, vec![artists.len()], listeners);
        push(
            "work_likes",
            Dtype::U32,
            vec![works.len()],
            u32_bytes(works.iter().map(|work| work.1)),
        );
        let artist_names = lines(artists.iter().map(|artist| artist.0.as_str()));
        push("artist_names", Dtype::U8, vec![artist_names.len()], artist_names);
        let work_names = lines(works.iter().map(|work| work.0.as_str()));
        push("work_names", Dtype::U8, vec![work_names.len()], work_names);
        let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
            (
                name,
                TensorView::new(*dtype, shape.clone(), bytes)
                    .expect("bytes are as many as the shape asks for"),
            )
        });
        safetensors::serialize(views, None).expect("names are unique and views valid")
    }
}

/// A short name for the content of a model.
pub(super) fn version(model: &LikabilityModel) -> String {
    let (weights, card) = model.to_bytes();
    version_of(&weights, &card)
}

fn version_of(weights: &[u8], card: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(weights).update(card);
    format!("{MODEL}-{}", &hasher.finalize().to_hex()[..12])
}

fn decode(weights: &[u8], card: &[u8]) -> Result<LikabilityModel, Damage> {
    let file: File<'_> = serde_json::from_slice(card).map_err(|e| (CARD_FILE, e.to_string()))?;
    if file.model != MODEL || file.format != FORMAT {
        let (model, format) = (&file.model, file.format);
        return Err((
            CARD_FILE,
            format!("expected `{MODEL}` format {FORMAT}, found `{model}` format {format}"),
        ));
    }
    let names = column_names();
    let position = |column: &Cow<'_, str>| {
        let found = names.iter().position(|name| name == column);
        found.ok_or_else(|| (CARD_FILE, format!("unknown column `{column}`")))
    };
    let columns = file.columns.iter().map(position).collect::<Result<_, _>>()?;
    let spaces: [Space; SPACES] =
        file.spaces.into_owned().try_into().map_err(|spaces: Vec<Space>| {
            (CARD_FILE, format!("expected {SPACES} spaces, found {}", spaces.len()))
        })?;
    let inputs = super::feature_spaces::INPUTS;
    if let Some(space) = spaces.iter().zip(inputs).find(|(space, inputs)| !space.is_sound(*inputs))
    {
        return Err((CARD_FILE, format!("a space of {} descriptors does not add up", space.1)));
    }
    if !file.scale.is_sound() {
        return Err((CARD_FILE, "the scale does not fit the descriptors".to_owned()));
    }
    if !file.layer.is_sound() {
        return Err((CARD_FILE, "the last layer does not fit the embeddings".to_owned()));
    }
    let tensors = SafeTensors::deserialize(weights).map_err(|e| (WEIGHTS_FILE, e.to_string()))?;
    let network_card = serde_json::to_vec(&file.network).map_err(|e| (CARD_FILE, e.to_string()))?;
    let background = f32_rows::<COUNT>(&tensors, "background")?;
    Ok(LikabilityModel {
        card: file.card.into_owned(),
        version: version_of(weights, card),
        scale: file.scale.into_owned(),
        spaces,
        background,
        community: community(&tensors, file.community_listeners)?,
        columns,
        layer: file.layer.into_owned(),
        network: Tabm::from_parts(&network_weights(&tensors)?, &network_card)?,
    })
}

fn network_weights(tensors: &SafeTensors<'_>) -> Result<Vec<u8>, Damage> {
    let views = tensors
        .iter()
        .filter_map(|(name, view)| Some((name.strip_prefix(NETWORK)?.to_owned(), view)));
    safetensors::serialize(views, None).map_err(|e| (WEIGHTS_FILE, e.to_string()))
}

fn community(tensors: &SafeTensors<'_>, listeners: u32) -> Result<NamedCommunity, Damage> {
    let places = f32_rows::<PLACE>(tensors, "artist_places")?;
    let artist_listeners = u32_values(tensors, "artist_listeners")?;
    let artist_names = read_lines(tensors, "artist_names", places.len())?;
    let work_likes = u32_values(tensors, "work_likes")?;
    let work_names = read_lines(tensors, "work_names", work_likes.len())?;
    if artist_listeners.len() != places.len() {
        return Err((
            WEIGHTS_FILE,
            "`artist_listeners` and `artist_places` differ in length".to_owned(),
        ));
    }
    let places = artist_listeners
        .into_iter()
        .zip(places)
        .map(|(listeners, place)| ArtistPlace { listeners, place });
    Ok(NamedCommunity {
        listeners,
        works: work_names.into_iter().map(WorkId::new).zip(work_likes).collect(),
        artists: artist_names.into_iter().zip(places).collect(),
    })
}

fn data<'a>(tensors: &SafeTensors<'a>, name: &str, dtype: Dtype) -> Result<&'a [u8], Damage> {
    let view = tensors.tensor(name).map_err(|e| (WEIGHTS_FILE, e.to_string()))?;
    if view.dtype() != dtype {
        return Err((
            WEIGHTS_FILE,
            format!("`{name}` holds {:?}, expected {dtype:?}", view.dtype()),
        ));
    }
    Ok(view.data())
}

fn f32_rows<const WIDTH: usize>(
    tensors: &SafeTensors<'_>,
    name: &str,
) -> Result<Vec<[f32; WIDTH]>, Damage> {
    let bytes = data(tensors, name, Dtype::F32)?;
    if bytes.len() % (4 * WIDTH) != 0 {
        return Err((WEIGHTS_FILE, format!("`{name}` is not made of rows of {WIDTH}")));
    }
    let row = |row: &[u8]| {
        std::array::from_fn(|i| f32::from_le_bytes([0, 1, 2, 3].map(|b| row[4 * i + b])))
    };
    Ok(bytes.chunks_exact(4 * WIDTH).map(row).collect::<Vec<[f32; WIDTH]>>())
}

fn u32_values(tensors: &SafeTensors<'_>, name: &str) -> Result<Vec<u32>, Damage> {
    let bytes = data(tensors, name, Dtype::U32)?;
    Ok(bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}

fn read_lines(
    tensors: &SafeTensors<'_>,
    name: &str,
    expected: usize,
) -> Result<Vec<String>, Damage> {
    let text = std::str::from_utf8(data(tensors, name, Dtype::U8)?)
        .map_err(|e| (WEIGHTS_FILE, e.to_string()))?;
    let lines: Vec<String> = text.split_terminator('\n').map(str::to_owned).collect();
    if lines.len() != expected {
        return Err((
            WEIGHTS_FILE,
            format!("`{name}` holds {} names, expected {expected}", lines.len()),
        ));
    }
    Ok(lines)
}

/// One name a line; a name that contains a line break, which no real one does, is found again by
/// nobody.
fn lines<'a>(names: impl Iterator<Item = &'a str>) -> Vec<u8> {
    names.flat_map(|name| format!("{}\n", name.replace('\n', " ")).into_bytes()).collect()
}

fn f32_bytes(values: impl Iterator<Item = f32>) -> Vec<u8> {
    values.flat_map(f32::to_le_bytes).collect()
}

fn u32_bytes(values: impl Iterator<Item = u32>) -> Vec<u8> {
    values.flat_map(u32::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::super::describe::TrackDescriptors;
    use super::*;

    #[test]
    fn descriptions_survive_with_what_is_missing_in_them() {
        let mut description: TrackDescriptors = [0.5; COUNT];
        description[3] = f32::NAN;
        let bytes = f32_bytes(description.into_iter());
        let view = TensorView::new(Dtype::F32, vec![1, COUNT], &bytes).unwrap();
        let file = safetensors::serialize([("background", view)], None).unwrap();
        let read =
            f32_rows::<COUNT>(&SafeTensors::deserialize(&file).unwrap(), "background").unwrap();
        assert!(read[0][3].is_nan() && read[0][4] == 0.5);
    }
}
