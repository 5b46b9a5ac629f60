//! A linear layer shared by the members of an ensemble (BatchEnsemble, Wen 2020, as used by TabM,
//! Gorishniy 2024): `yᵢ = sᵢ ⊙ ((rᵢ ⊙ xᵢ) Wᵀ) + bᵢ`.
//!
//! Members differ in two vectors and a bias, so k members cost k times the work of one but hardly
//! more memory, and what they share regularises them. All members go through one matrix product.

use super::matmul::{Matrix, Output, matmul};

/// Sizes of a layer whose members share one matrix and have scales and biases of their own
/// (BatchEnsemble, Wen and others 2020), over one batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchEnsemble {
    /// Members.
    pub members: usize,
    /// Rows each member sees.
    pub batch: usize,
    /// Columns of the input.
    pub input: usize,
    /// Columns of the output.
    pub output: usize,
}

/// The parameters of the layer, or, with `&mut` slices, the gradients that a backward pass adds to:
/// both have the same shapes.
#[derive(Debug)]
pub struct EnsembleParameters<T> {
    /// The shared weight W, `[output, input]`.
    pub weight: T,
    /// r, `[members, input]`.
    pub scale_in: T,
    /// s, `[members, output]`.
    pub scale_out: T,
    /// b, `[members, output]`.
    pub bias: T,
}

/// Intermediate results that the backward pass needs.
#[derive(Clone, Debug)]
pub struct SavedEnsemble {
    /// `r ⊙ x`, `[members, batch, input]`.
    scaled: Vec<f32>,
    /// `(r ⊙ x) Wᵀ`, `[members, batch, output]`.
    product: Vec<f32>,
}

impl BatchEnsemble {
    /// Room for the intermediate results of this batch or a smaller one.
    pub fn saved(self) -> SavedEnsemble {
        let rows = self.members * self.batch;
        SavedEnsemble {
            scaled: vec![0.0; rows * self.input],
            product: vec![0.0; rows * self.output],
        }
    }

    /// Computes `y`. The input is either one batch per member or one batch that all of them see.
    ///
    /// # Shapes
    /// `x` `[members, batch, input]` or `[batch, input]`, `y` `[members, batch, output]`.
    pub fn forward(
        self,
        x: &[f32],
        p: &EnsembleParameters<&[f32]>,
        saved: &mut SavedEnsemble,
        y: &mut [f32],
    ) {
        let (rows, block) = (self.members * self.batch, self.batch * self.input);
        for member in 0..self.members {
            let x = if x.len() == block { x } else { &x[member * block..][..block] };
            let scale = &p.scale_in[member * self.input..][..self.input];
            let scaled = &mut saved.scaled[member * block..][..block];
            for (out, x) in scaled.chunks_exact_mut(self.input).zip(x.chunks_exact(self.input)) {
                out.iter_mut().zip(x).zip(scale).for_each(|((out, x), r)| *out = x * r);
            }
        }
        let weight = Matrix::new(p.weight, self.output, self.input);
        let scaled = Matrix::new(&saved.scaled[..rows * self.input], rows, self.input);
        matmul(&mut saved.product[..rows * self.output], Output::Overwrite, scaled, weight.t());
        let block = self.batch * self.output;
        for member in 0..self.members {
            let scale = &p.scale_out[member * self.output..][..self.output];
            let bias = &p.bias[member * self.output..][..self.output];
            let y = y[member * block..][..block].chunks_exact_mut(self.output);
            for (y, product) in y.zip(saved.product[member * block..].chunks_exact(self.output)) {
                for (((y, product), s), b) in y.iter_mut().zip(product).zip(scale).zip(bias) {
                    *y = product * s + b;
                }
            }
        }
    }

    /// Adds to the gradients of the parameters and computes that of the input; `dy` is overwritten.
    ///
    /// # Shapes
    /// As in [`forward`](Self::forward), `dy` as `y`; `dx` always `[members, batch, input]`.
    pub fn backward(
        self,
        x: &[f32],
        p: &EnsembleParameters<&[f32]>,
        saved: &SavedEnsemble,
        backward: Backward<'_>,
        gradients: &mut EnsembleParameters<&mut [f32]>,
    ) {
        let Backward { dy, dx } = backward;
        self.backward_output_side(p, saved, dy, gradients);
        let rows = self.members * self.batch;
        let dproduct = Matrix::new(dy, rows, self.output);
        let scaled = Matrix::new(&saved.scaled[..rows * self.input], rows, self.input);
        matmul(gradients.weight, Output::Add, dproduct.t(), scaled);
        matmul(dx, Output::Overwrite, dproduct, Matrix::new(p.weight, self.output, self.input));
        let block = self.batch * self.input;
        for member in 0..self.members {
            let x = if x.len() == block { x } else { &x[member * block..][..block] };
            let scale = &p.scale_in[member * self.input..][..self.input];
            let dscale = &mut gradients.scale_in[member * self.input..][..self.input];
            let dx = &mut dx[member * block..][..block];
            for (dx, x) in dx.chunks_exact_mut(self.input).zip(x.chunks_exact(self.input)) {
                for (((dx, x), r), dr) in dx.iter_mut().zip(x).zip(scale).zip(&mut *dscale) {
                    *dr += *dx * x;
                    *dx *= r;
                }
            }
        }
    }

    /// Gradients of s and b; turns `dy` into the gradient of the product.
    fn backward_output_side(
        self,
        p: &EnsembleParameters<&[f32]>,
        saved: &SavedEnsemble,
        dy: &mut [f32],
        gradients: &mut EnsembleParameters<&mut [f32]>,
    ) {
        let block = self.batch * self.output;
        for member in 0..self.members {
            let span = member * self.output..(member + 1) * self.output;
            let scale = &p.scale_out[span.clone()];
            let dscale = &mut gradients.scale_out[span.clone()];
            let dbias = &mut gradients.bias[span];
            let dy = dy[member * block..][..block].chunks_exact_mut(self.output);
            for (dy, product) in dy.zip(saved.product[member * block..].chunks_exact(self.output)) {
                for i in 0..self.output {
                    dscale[i] += dy[i] * product[i];
                    dbias[i] += dy[i];
                    dy[i] *= scale[i];
                }
            }
        }
    }
}

/// Gradients of the activations.
#[derive(Debug)]
pub struct Backward<'a> {
    /// Of the output; overwritten.
    pub dy: &'a mut [f32],
    /// Of the input; the result.
    pub dx: &'a mut [f32],
}

#[cfg(test)]
mod tests {
    use segue_engine::vector::dot;

    use super::super::testing::{assert_close, finite_differences, normals, wide};
    use super::*;

    const SIZES: BatchEnsemble = BatchEnsemble { members: 3, batch: 4, input: 5, output: 2 };

    fn reference(x: &[f64], p: [&[f64]; 4]) -> Vec<f64> {
        let BatchEnsemble { members, batch, input, output } = SIZES;
        let [weight, scale_in, scale_out, bias] = p;
        let mut y = Vec::new();
        for member in 0..members {
            for row in 0..batch {
                let start = if x.len() == batch * input {
                    row * input
                } else {
                    (member * batch + row) * input
                };
                for o in 0..output {
                    let sum: f64 = (0..input)
                        .map(|i| {
                            x[start + i] * scale_in[member * input + i] * weight[o * input + i]
                        })
                        .sum();
                    y.push(sum * scale_out[member * output + o] + bias[member * output + o]);
                }
            }
        }
        y
    }

    fn check(x: &[f32]) {
        let BatchEnsemble { members, batch, input, output } = SIZES;
        let sizes = [output * input, members * input, members * output, members * output];
        let p: Vec<Vec<f32>> = sizes.iter().zip(2..).map(|(&n, seed)| normals(seed, n)).collect();
        let p64: Vec<Vec<f64>> = p.iter().map(|p| wide(p)).collect();
        let parameters = EnsembleParameters {
            weight: &p[0][..],
            scale_in: &p[1],
            scale_out: &p[2],
            bias: &p[3],
        };
        let (mut saved, mut y) = (SIZES.saved(), vec![0.0; members * batch * output]);
        SIZES.forward(x, &parameters, &mut saved, &mut y);
        let all: [&[f64]; 4] = [&p64[0], &p64[1], &p64[2], &p64[3]];
        assert_close(&y, &reference(&wide(x), all), 1e-5);

        let mut dy = normals(9, y.len());
        let upstream = wide(&dy);
        let mut dx = vec![0.0; members * batch * input];
        let mut g: Vec<Vec<f32>> = sizes.iter().map(|&n| vec![0.0; n]).collect();
        let [weight, scale_in, scale_out, bias] = &mut g[..] else { unreachable!() };
        let mut gradients =
            EnsembleParameters { weight: &mut weight[..], scale_in, scale_out, bias };
        let backward = Backward { dy: &mut dy, dx: &mut dx };
        SIZES.backward(x, &parameters, &saved, backward, &mut gradients);
        for (i, found) in g.iter().enumerate() {
            let want = finite_differences(&p64[i], |moved| {
                let mut all = all;
                all[i] = moved;
                dot(&reference(&wide(x), all), &upstream)
            });
            assert_close(found, &want, 1e-4);
        }
        let want = finite_differences(&wide(x), |x| dot(&reference(x, all), &upstream));
        let found = if x.len() == dx.len() {
            dx
        } else {
            (0..x.len()).map(|i| dx[i..].iter().step_by(x.len()).sum()).collect()
        };
        assert_close(&found, &want, 1e-4);
    }

    #[test]
    fn outputs_and_gradients_follow_the_reference_with_a_batch_per_member() {
        check(&normals(1, 60));
    }

    #[test]
    fn outputs_and_gradients_follow_the_reference_with_a_shared_batch() {
        check(&normals(1, 20));
    }
}
