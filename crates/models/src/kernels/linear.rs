//! Fully connected layer: `y = x Wᵀ + b`.

use super::matmul::{Matrix, Output, matmul};

/// Sizes of a linear layer over one batch.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    /// Rows.
    pub batch: usize,
    /// Columns of the input.
    pub input: usize,
    /// Columns of the output.
    pub output: usize,
}

impl Linear {
    /// Computes `y`.
    ///
    /// # Shapes
    /// `x` `[batch, input]`, `weight` `[output, input]`, `bias` `[output]`, `y` `[batch, output]`.
    pub fn forward(self, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
        for row in y.chunks_exact_mut(self.output) {
            row.copy_from_slice(bias);
        }
        let weight = Matrix::new(weight, self.output, self.input);
        matmul(y, Output::Add, Matrix::new(x, self.batch, self.input), weight.t());
    }

    /// Adds to the gradients of weight and bias, given that of the output.
    ///
    /// # Shapes
    /// As in [`forward`](Self::forward), `dy` as `y`.
    pub fn backward_weights(self, x: &[f32], dy: &[f32], dweight: &mut [f32], dbias: &mut [f32]) {
        for row in dy.chunks_exact(self.output) {
            for (sum, d) in dbias.iter_mut().zip(row) {
                *sum += d;
            }
        }
        let dy = Matrix::new(dy, self.batch, self.output);
        matmul(dweight, Output::Add, dy.t(), Matrix::new(x, self.batch, self.input));
    }

    /// Computes the gradient of the input, given that of the output.
    ///
    /// # Shapes
    /// As in [`forward`](Self::forward), `dy` as `y`, `dx` as `x`.
    pub fn backward_input(self, weight: &[f32], dy: &[f32], dx: &mut [f32]) {
        let weight = Matrix::new(weight, self.output, self.input);
        matmul(dx, Output::Overwrite, Matrix::new(dy, self.batch, self.output), weight);
    }
}

#[cfg(test)]
mod tests {
    use segue_engine::vector::dot;

    use super::super::testing::{assert_close, finite_differences, normals, wide};
    use super::*;

    fn reference(layer: Linear, x: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
        let mut y = Vec::new();
        for x in x.chunks_exact(layer.input) {
            for (weight, bias) in weight.chunks_exact(layer.input).zip(bias) {
                y.push(bias + dot(x, weight));
            }
        }
        y
    }

    #[test]
    fn outputs_and_gradients_follow_the_reference() {
        let layer = Linear { batch: 5, input: 3, output: 4 };
        let (x, weight, bias, dy) = (normals(1, 15), normals(2, 12), normals(3, 4), normals(4, 20));
        let (x64, weight64, bias64, dy64) = (wide(&x), wide(&weight), wide(&bias), wide(&dy));

        let mut y = vec![0.0; 20];
        layer.forward(&x, &weight, &bias, &mut y);
        assert_close(&y, &reference(layer, &x64, &weight64, &bias64), 1e-5);

        let (mut dx, mut dweight, mut dbias) = (vec![9.0; 15], vec![0.0; 12], vec![0.0; 4]);
        layer.backward_weights(&x, &dy, &mut dweight, &mut dbias);
        layer.backward_input(&weight, &dy, &mut dx);
        let loss = |x: &[f64], w: &[f64], b: &[f64]| dot(&reference(layer, x, w, b), &dy64);
        assert_close(&dx, &finite_differences(&x64, |x| loss(x, &weight64, &bias64)), 1e-4);
        assert_close(&dweight, &finite_differences(&weight64, |w| loss(&x64, w, &bias64)), 1e-4);
        assert_close(&dbias, &finite_differences(&bias64, |b| loss(&x64, &weight64, b)), 1e-4);
    }
}
