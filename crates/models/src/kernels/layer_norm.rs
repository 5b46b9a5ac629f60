//! Layer normalisation (Ba 2016): `y = (x - mean(x)) / √(var(x) + ε) ⊙ w + b` over each row.

use super::simd::{LANES, sum_of, vectorised};

/// ε of PyTorch's module, so that weights move both ways.
const EPSILON: f32 = 1e-5;

/// Mean and inverse standard deviation of one row, kept for the backward pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    mean: f32,
    inverse_deviation: f32,
}

vectorised! {
/// Computes `y`.
///
/// # Shapes
/// `x` and `y` `[rows, dim]`, `weight` and `bias` `[dim]`, `moments` `[rows]`.
pub fn forward(x: &[f32], weight: &[f32], bias: &[f32], moments: &mut [Moments], y: &mut [f32]) {
    let dim = weight.len();
    for ((x, y), moments) in x.chunks_exact(dim).zip(y.chunks_exact_mut(dim)).zip(moments) {
        let mean = sum_of(x, |x| x) / dim as f32;
        let variance = sum_of(x, |x| (x - mean) * (x - mean)) / dim as f32;
        let inverse_deviation = (variance + EPSILON).sqrt().recip();
        *moments = Moments { mean, inverse_deviation };
        for (((y, x), w), b) in y.iter_mut().zip(x).zip(weight).zip(bias) {
            *y = (x - mean) * inverse_deviation * w + b;
        }
    }
}
}

/// What the backward pass needs of the forward pass.
#[derive(Clone, Copy, Debug)]
pub struct SavedNorm<'a> {
    /// The input.
    pub x: &'a [f32],
    /// Its moments.
    pub moments: &'a [Moments],
}

vectorised! {
/// Adds to the gradients of weight and bias, and *adds* that of the input to `dx`: beside a
/// normalisation runs a residual branch whose gradient is already there.
///
/// # Shapes
/// As in [`forward`], `dy` and `dx` as `y` and `x`; `dparameters` is the gradient of the weight,
/// then of the bias.
pub fn backward(
    saved: SavedNorm<'_>,
    weight: &[f32],
    dy: &[f32],
    dx: &mut [f32],
    dparameters: [&mut [f32]; 2],
) {
    let dim = weight.len();
    let [dweight, dbias] = dparameters;
    let rows = saved.x.chunks_exact(dim).zip(saved.moments);
    for ((x, moments), (dy, dx)) in rows.zip(dy.chunks_exact(dim).zip(dx.chunks_exact_mut(dim))) {
        let Moments { mean, inverse_deviation } = *moments;
        let (mut sums, mut products) = ([0.0f32; LANES], [0.0f32; LANES]);
        for i in 0..dim {
            let normed = (x[i] - mean) * inverse_deviation;
            dweight[i] += dy[i] * normed;
            dbias[i] += dy[i];
        }
        for ((dy, x), w) in dy.chunks(LANES).zip(x.chunks(LANES)).zip(weight.chunks(LANES)) {
            for (i, ((dy, x), w)) in dy.iter().zip(x).zip(w).enumerate() {
                sums[i] += dy * w;
                products[i] += dy * w * (x - mean);
            }
        }
        let sum = sums.iter().sum::<f32>() / dim as f32;
        let product =
            products.iter().sum::<f32>() * inverse_deviation * inverse_deviation / dim as f32;
        for (((dx, dy), x), w) in dx.iter_mut().zip(dy).zip(x).zip(weight) {
            *dx += inverse_deviation * (dy * w - sum - (x - mean) * product);
        }
    }
}
}

#[cfg(test)]
mod tests {
    use segue_engine::vector::dot;

    use super::super::testing::{assert_close, finite_differences, normals, wide};
    use super::*;

    fn reference(x: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
        let dim = weight.len();
        let mut y = Vec::new();
        for x in x.chunks_exact(dim) {
            let mean = x.iter().sum::<f64>() / dim as f64;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / dim as f64;
            let rows = x.iter().zip(weight).zip(bias);
            y.extend(rows.map(|((x, w), b)| (x - mean) / (variance + 1e-5).sqrt() * w + b));
        }
        y
    }

    #[test]
    fn outputs_and_gradients_follow_the_reference() {
        for dim in [3, 16, 21] {
            let n = 4 * dim;
            let (x, weight, bias, dy) =
                (normals(1, n), normals(2, dim), normals(3, dim), normals(4, n));
            let (x64, weight64, bias64, dy64) = (wide(&x), wide(&weight), wide(&bias), wide(&dy));
            let (mut y, mut moments) = (vec![0.0; n], vec![Moments::default(); 4]);
            forward(&x, &weight, &bias, &mut moments, &mut y);
            assert_close(&y, &reference(&x64, &weight64, &bias64), 1e-5);

            let (mut dx, mut dweight, mut dbias) = (vec![2.0; n], vec![0.0; dim], vec![0.0; dim]);
            let saved = SavedNorm { x: &x, moments: &moments };
            backward(saved, &weight, &dy, &mut dx, [&mut dweight, &mut dbias]);
            let loss = |x: &[f64], w: &[f64], b: &[f64]| dot(&reference(x, w, b), &dy64);
            dx.iter_mut().for_each(|dx| *dx -= 2.0);
            assert_close(&dx, &finite_differences(&x64, |x| loss(x, &weight64, &bias64)), 1e-4);
            assert_close(
                &dweight,
                &finite_differences(&weight64, |w| loss(&x64, w, &bias64)),
                1e-4,
            );
            assert_close(&dbias, &finite_differences(&bias64, |b| loss(&x64, &weight64, b)), 1e-4);
        }
    }
}
