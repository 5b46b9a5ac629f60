//! The forward pass as its paper has it, loop by loop: what the fast one is held to.

use super::parameters::{MusicnnWeights, Normalisation, Rectified};
use super::{BANDS, MIDDLE, PATCH_FRAMES};

/// Values by frame and channel.
type Frames = Vec<Vec<f64>>;

/// The embedding of a patch.
pub(super) fn hear(network: &MusicnnWeights, patch: &[f32]) -> Vec<f32> {
    let (scale, offset) = (f64::from(network.input.scale[0]), f64::from(network.input.offset[0]));
    let input: Frames = patch
        .chunks(BANDS)
        .map(|row| row.iter().map(|x| f64::from(*x) * scale + offset).collect())
        .collect();
    let mut features = vec![Vec::new(); PATCH_FRAMES];
    for (layer, width) in network.timbral.iter().zip([38, 67]) {
        front(&input, layer, 7, width, &mut features);
    }
    for (layer, length) in network.temporal.iter().zip([128, 64, 32]) {
        front(&input, layer, length, 1, &mut features);
    }
    let one = middle(&features, &network.middle[0]);
    let two = sum(&middle(&one, &network.middle[1]), &one);
    let three = sum(&middle(&two, &network.middle[2]), &two);
    let mut pooled = Vec::new();
    for part in [&features, &one, &two, &three] {
        for channel in 0..part[0].len() {
            let over_time = || part.iter().map(|frame| frame[channel]);
            pooled.push(over_time().fold(f64::NEG_INFINITY, f64::max));
            pooled.push(over_time().sum::<f64>() / PATCH_FRAMES as f64);
        }
    }
    for (i, x) in pooled.iter_mut().enumerate() {
        *x = normalised(*x, &network.pooled, i);
    }
    let dense = |o: usize| {
        let products = pooled.iter().enumerate();
        let sum: f64 =
            products.map(|(i, x)| x * f64::from(network.dense.weight[i * 200 + o])).sum();
        rectified(sum, &network.dense, o) as f32
    };
    (0..200).map(dense).collect()
}

/// One kernel of the front end: every place, every frequency, and the maximum over these.
fn front(input: &Frames, layer: &Rectified, length: usize, width: usize, out: &mut Frames) {
    let outputs = layer.bias.len();
    for (frame, out) in out.iter_mut().enumerate() {
        for filter in 0..outputs {
            let at = |from: usize| {
                let mut sum = 0.0;
                for tap in 0..length {
                    let Some(time) = (frame + tap).checked_sub((length - 1) / 2) else { continue };
                    let Some(row) = input.get(time) else { continue };
                    for band in 0..width {
                        let weight = layer.weight[(band * length + tap) * outputs + filter];
                        sum += row[from + band] * f64::from(weight);
                    }
                }
                rectified(sum, layer, filter)
            };
            out.push((0..=BANDS - width).map(at).fold(f64::NEG_INFINITY, f64::max));
        }
    }
}

fn middle(input: &Frames, layer: &Rectified) -> Frames {
    let channels = input[0].len();
    let at = |frame: usize, filter: usize| {
        let mut sum = 0.0;
        for tap in 0..7 {
            let Some(row) = (frame + tap).checked_sub(3).and_then(|at| input.get(at)) else {
                continue;
            };
            for (channel, x) in row.iter().enumerate() {
                let weight = layer.weight[(tap * channels + channel) * MIDDLE + filter];
                sum += x * f64::from(weight);
            }
        }
        rectified(sum, layer, filter)
    };
    (0..PATCH_FRAMES).map(|frame| (0..MIDDLE).map(|filter| at(frame, filter)).collect()).collect()
}

fn sum(a: &Frames, b: &Frames) -> Frames {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()).collect()
}

fn rectified(sum: f64, layer: &Rectified, i: usize) -> f64 {
    normalised((sum + f64::from(layer.bias[i])).max(0.0), &layer.after, i)
}

fn normalised(x: f64, affine: &Normalisation, i: usize) -> f64 {
    x * f64::from(affine.scale[i]) + f64::from(affine.offset[i])
}
