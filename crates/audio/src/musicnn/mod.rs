//! MusiCNN: what a network heard in three seconds of sound, as 200 numbers and 50 tags.
//!
//! Pons and Serra, *musicnn: pre-trained convolutional neural networks for music audio tagging*,
//! arXiv 1909.06654, the model trained on the Million Song Dataset. Kernels that are tall in
//! frequency listen for timbre, kernels that are long in time for rhythm, and each keeps its
//! maximum over frequency; three convolutions over time follow, and the maximum and the mean over
//! time. `front_end` says what goes in, `patches` which three seconds of a track.
//!
//! The forward pass is written out: a runtime for any network would weigh more than the rest of
//! the program. `reference` is the slow obvious one that the tests hold it to.

mod front_end;
mod parameters;
mod patches;
mod product;
#[cfg(test)]
mod reference;

use std::path::Path;

use segue_core::{EMBEDDING, SOUND_TAGS};
use serde::{Deserialize, Serialize};

pub use front_end::{BANDS, MelFrames, PATCH_FRAMES, RATE_HZ};
pub use patches::{PATCHES, PatchPicker};

use crate::AudioError;
use parameters::{MusicnnWeights, Normalisation, Rectified};
use product::{Overlapping, product};

/// How many frames the widest kernels see: the timbral ones and those in the middle.
const TAPS: usize = 7;
const PAD: usize = TAPS / 2;
/// Features of each frame: two timbral kernels of 204 filters, three temporal ones of 51.
const FEATURES: usize = 2 * 204 + 3 * 51;
const MIDDLE: usize = 64;

/// What the network says of three seconds of sound, or the mean over several of them: where it lies
/// among sounds, and how likely each of the 50 tags is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SoundEmbedding {
    /// [`EMBEDDING`] numbers; sounds that are alike lie near each other. Compare tracks after the
    /// mean over a collection is taken away: all of them share a large part.
    pub numbers: Vec<f32>,
    /// How likely each of [`SOUND_TAGS`] is, from 0 to 1. They sum to nothing in particular.
    pub tags: Vec<f32>,
    /// Over how many patches of three seconds this is the mean.
    pub patches: usize,
}

impl SoundEmbedding {
    /// The mean of several, each counted by its patches; `None` of nothing.
    pub fn mean(parts: &[Self]) -> Option<Self> {
        let patches: usize = parts.iter().map(|part| part.patches).sum();
        let mean = |of: fn(&Self) -> &[f32], count: usize| {
            let at = |i: usize| {
                let sum: f64 =
                    parts.iter().map(|part| f64::from(of(part)[i]) * part.patches as f64).sum();
                (sum / patches as f64) as f32
            };
            (0..count).map(at).collect()
        };
        (patches > 0).then(|| Self {
            numbers: mean(|part| &part.numbers, EMBEDDING),
            tags: mean(|part| &part.tags, SOUND_TAGS.len()),
            patches,
        })
    }
}

/// The network with its weights: some 3 MB, made once and shared among threads.
#[derive(Debug)]
pub struct Musicnn {
    parameters: MusicnnWeights,
}

impl Default for Musicnn {
    fn default() -> Self {
        Self::new()
    }
}

impl Musicnn {
    /// The network with the weights that come with the crate, whose kernels are f16.
    pub fn new() -> Self {
        Self::with(MusicnnWeights::embedded())
    }

    /// The network with other weights of the same shape, such as those in f32 that
    /// `tools/musicnn_weights.py --float 32` writes.
    ///
    /// # Errors
    /// If the file cannot be read, or holds another network.
    pub fn load(path: &Path) -> Result<Self, AudioError> {
        let content = std::fs::read(path)
            .map_err(|source| AudioError::Io { path: path.to_owned(), source })?;
        Ok(Self::with(MusicnnWeights::from_bytes(&content)?))
    }

    /// Folds the sign of each scale into its kernel: the maximum over frequency can then be taken
    /// before bias, rectifier and normalisation, of which only the sign of the scale turns it
    /// round. That leaves 187 x 204 numbers to treat instead of 187 x 59 x 204.
    fn with(mut parameters: MusicnnWeights) -> Self {
        for layer in parameters.timbral.iter_mut().chain(&mut parameters.temporal) {
            let outputs = layer.bias.len();
            for row in layer.weight.chunks_exact_mut(outputs) {
                for (weight, scale) in row.iter_mut().zip(&layer.after.scale) {
                    *weight *= scale.signum();
                }
            }
        }
        Self { parameters }
    }

    /// Hears one patch.
    ///
    /// # Shapes
    /// `patch` `[PATCH_FRAMES, BANDS]`, as [`MelFrames`] makes them.
    ///
    /// # Panics
    /// If the patch has another size.
    pub fn hear(&self, patch: &[f32]) -> SoundEmbedding {
        assert_eq!(patch.len(), PATCH_FRAMES * BANDS, "a patch has its size");
        let network = &self.parameters;
        let (scale, offset) = (network.input.scale[0], network.input.offset[0]);
        let input: Vec<f32> = patch.iter().map(|x| scale * x + offset).collect();
        let features = self.features(&input);
        let middle = self.middle(&features);
        let mut pooled = pool(&[&features, &middle[0], &middle[1], &middle[2]]);
        normalise(&mut pooled, &network.pooled);
        let numbers = dense(&pooled, &network.dense);
        let mut tags = network.tags.bias.clone();
        add_product(&mut tags, &numbers, &network.tags.weight);
        for tag in &mut tags {
            *tag = 1.0 / (1.0 + (-*tag).exp());
        }
        SoundEmbedding { numbers, tags, patches: 1 }
    }

    /// What the five kernels find in each frame.
    ///
    /// # Shapes
    /// `input` `[PATCH_FRAMES, BANDS]`, returns `[PATCH_FRAMES + TAPS - 1, FEATURES]`, padded.
    fn features(&self, input: &[f32]) -> Vec<f32> {
        let unfolded = unfold(input);
        let columns = columns(input);
        let mut features = vec![0.0; (PATCH_FRAMES + 2 * PAD) * FEATURES];
        let mut at = 0;
        for layer in &self.parameters.timbral {
            let best = timbral(&unfolded, layer);
            at += rectify_into(&mut features, at, &best, layer);
        }
        for layer in &self.parameters.temporal {
            let best = temporal(&columns, layer);
            at += rectify_into(&mut features, at, &best, layer);
        }
        features
    }

    /// The three convolutions over time; the second and the third add to what they were given.
    fn middle(&self, features: &[f32]) -> [Vec<f32>; 3] {
        let [first, second, third] = &self.parameters.middle;
        let one = convolve(features, FEATURES, first);
        let mut two = convolve(&one, MIDDLE, second);
        add(&mut two, &one);
        let mut three = convolve(&two, MIDDLE, third);
        add(&mut three, &two);
        [one, two, three]
    }
}

/// For each frame the bands of seven frames around it, those of one band together.
///
/// # Shapes
/// `[PATCH_FRAMES, BANDS]` to `[PATCH_FRAMES, BANDS, TAPS]`.
fn unfold(input: &[f32]) -> Vec<f32> {
    let mut unfolded = vec![0.0; PATCH_FRAMES * BANDS * TAPS];
    for (frame, row) in unfolded.chunks_exact_mut(BANDS * TAPS).enumerate() {
        for tap in 0..TAPS {
            let Some(from) = (frame + tap).checked_sub(PAD) else { continue };
            let Some(bands) = input.get(from * BANDS..(from + 1) * BANDS) else { continue };
            for (band, value) in bands.iter().enumerate() {
                row[band * TAPS + tap] = *value;
            }
        }
    }
    unfolded
}

/// The longest kernel over time, to whose length every column is padded.
const LONGEST: usize = 128;
/// What is put before a column: half of what a kernel of even length needs, rounded down.
const BEFORE: usize = (LONGEST - 1) / 2;
const COLUMN: usize = PATCH_FRAMES + LONGEST - 1;

/// Each band over time, padded with zeros: `[PATCH_FRAMES, BANDS]` to `[BANDS, COLUMN]`.
fn columns(input: &[f32]) -> Vec<f32> {
    let mut columns = vec![0.0; BANDS * COLUMN];
    for (frame, bands) in input.chunks_exact(BANDS).enumerate() {
        for (band, value) in bands.iter().enumerate() {
            columns[band * COLUMN + BEFORE + frame] = *value;
        }
    }
    columns
}

/// The maximum over frequency of a kernel over seven frames and some bands: `[PATCH_FRAMES, n]`.
fn timbral(unfolded: &[f32], layer: &Rectified) -> Vec<f32> {
    let size = layer.weight.len() / layer.bias.len();
    let places = (0..=BANDS * TAPS - size).step_by(TAPS);
    let windows =
        places.map(|at| Overlapping::new(&unfolded[at..], PATCH_FRAMES, size, BANDS * TAPS));
    greatest(windows, layer)
}

/// The maximum over frequency of a kernel over time alone: `[PATCH_FRAMES, n]`.
fn temporal(columns: &[f32], layer: &Rectified) -> Vec<f32> {
    let size = layer.weight.len() / layer.bias.len();
    let skip = BEFORE - (size - 1) / 2;
    let bands = columns.chunks_exact(COLUMN);
    greatest(bands.map(|column| Overlapping::new(&column[skip..], PATCH_FRAMES, size, 1)), layer)
}

/// The greatest of several products with one kernel, element by element.
fn greatest<'a>(windows: impl Iterator<Item = Overlapping<'a>>, layer: &Rectified) -> Vec<f32> {
    let mut best = vec![f32::NEG_INFINITY; PATCH_FRAMES * layer.bias.len()];
    let mut found = vec![0.0; best.len()];
    for windows in windows {
        product(&mut found, windows, &layer.weight);
        for (best, found) in best.iter_mut().zip(&found) {
            *best = if *found > *best { *found } else { *best };
        }
    }
    best
}

/// Bias, rectifier and normalisation of maxima whose kernels have the sign of their scale, put
/// beside the other features from column `at` on. Returns how many there are.
fn rectify_into(features: &mut [f32], at: usize, best: &[f32], layer: &Rectified) -> usize {
    let count = layer.bias.len();
    let rows = features[PAD * FEATURES..].chunks_exact_mut(FEATURES);
    for (row, best) in rows.zip(best.chunks_exact(count)) {
        for (i, best) in best.iter().enumerate() {
            let scale = layer.after.scale[i];
            let found = (best * scale.signum() + layer.bias[i]).max(0.0);
            row[at + i] = found * scale + layer.after.offset[i];
        }
    }
    count
}

/// A convolution over seven frames of all channels: `[frames + TAPS - 1, channels]` to
/// `[frames + TAPS - 1, 64]`, both padded.
fn convolve(padded: &[f32], channels: usize, layer: &Rectified) -> Vec<f32> {
    let outputs = layer.bias.len();
    let mut out = vec![0.0; (PATCH_FRAMES + 2 * PAD) * outputs];
    let inner = &mut out[PAD * outputs..][..PATCH_FRAMES * outputs];
    let windows = Overlapping::new(padded, PATCH_FRAMES, TAPS * channels, channels);
    product(inner, windows, &layer.weight);
    for row in inner.chunks_exact_mut(outputs) {
        rectify(row, layer);
    }
    out
}

fn rectify(row: &mut [f32], layer: &Rectified) {
    for (x, bias) in row.iter_mut().zip(&layer.bias) {
        *x = (*x + bias).max(0.0);
    }
    normalise(row, &layer.after);
}

fn normalise(row: &mut [f32], affine: &Normalisation) {
    for ((x, scale), offset) in row.iter_mut().zip(&affine.scale).zip(&affine.offset) {
        *x = *x * scale + offset;
    }
}

fn add(to: &mut [f32], from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}

/// Maximum and mean over time of each channel, one behind the other.
fn pool(parts: &[&[f32]]) -> Vec<f32> {
    let mut pooled = Vec::new();
    for padded in parts {
        let channels = padded.len() / (PATCH_FRAMES + 2 * PAD);
        let frames = &padded[PAD * channels..][..PATCH_FRAMES * channels];
        let mut greatest = vec![f32::NEG_INFINITY; channels];
        let mut sum = vec![0.0_f32; channels];
        for frame in frames.chunks_exact(channels) {
            for ((x, greatest), sum) in frame.iter().zip(&mut greatest).zip(&mut sum) {
                *greatest = greatest.max(*x);
                *sum += x;
            }
        }
        let means = sum.iter().map(|sum| sum / PATCH_FRAMES as f32);
        pooled.extend(greatest.into_iter().zip(means).flat_map(|(max, mean)| [max, mean]));
    }
    pooled
}

fn dense(input: &[f32], layer: &Rectified) -> Vec<f32> {
    let mut out = vec![0.0; layer.bias.len()];
    add_product(&mut out, input, &layer.weight);
    rectify(&mut out, layer);
    out
}

/// `out += input weight`, for a single row.
fn add_product(out: &mut [f32], input: &[f32], weight: &[f32]) {
    for (x, row) in input.iter().zip(weight.chunks_exact(out.len())) {
        for (out, weight) in out.iter_mut().zip(row) {
            *out += x * weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forward_pass_agrees_with_the_slow_obvious_one() {
        let network = Musicnn::new();
        let patch: Vec<f32> = (0..PATCH_FRAMES * BANDS)
            .map(|i| (i as f32 * 0.37).sin() + (i as f32 * 0.011).cos() + 1.5)
            .collect();
        let fast = network.hear(&patch);
        let slow = reference::hear(&MusicnnWeights::embedded(), &patch);
        for (fast, slow) in fast.numbers.iter().zip(&slow) {
            assert!((fast - slow).abs() < 2e-4, "{fast} {slow}");
        }
    }

    #[test]
    fn a_mean_counts_each_part_by_its_patches() {
        let part = |value: f32, patches| SoundEmbedding {
            numbers: vec![value; EMBEDDING],
            tags: vec![value; SOUND_TAGS.len()],
            patches,
        };
        let mean = SoundEmbedding::mean(&[part(1.0, 1), part(4.0, 2)]).unwrap();
        assert_eq!((mean.numbers[7], mean.tags[3], mean.patches), (3.0, 3.0, 3));
        assert_eq!(SoundEmbedding::mean(&[]), None);
    }
}
