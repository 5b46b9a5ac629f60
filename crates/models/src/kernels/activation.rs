//! Element-wise non-linearities.

use segue_engine::vector::sigmoid_f32;
use serde::{Deserialize, Serialize};

/// Which non-linearity a network uses between its layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `max(x, 0)`.
    #[default]
    Relu,
    /// `x σ(x)` (Ramachandran 2017), the smooth one: it bends where ReLU breaks.
    Silu,
}

impl Activation {
    /// Computes `y` from `x`.
    pub fn forward(self, x: &[f32], y: &mut [f32]) {
        match self {
            Self::Relu => y.iter_mut().zip(x).for_each(|(y, x)| *y = x.max(0.0)),
            Self::Silu => y.iter_mut().zip(x).for_each(|(y, x)| *y = x * sigmoid_f32(*x)),
        }
    }

    /// Turns the gradient of the output, in place, into that of the input `x`.
    pub fn backward(self, x: &[f32], gradient: &mut [f32]) {
        match self {
            Self::Relu => {
                gradient.iter_mut().zip(x).for_each(|(g, x)| *g = if *x > 0.0 { *g } else { 0.0 })
            }
            Self::Silu => gradient.iter_mut().zip(x).for_each(|(g, x)| {
                let s = sigmoid_f32(*x);
                *g *= s * (1.0 + x * (1.0 - s));
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, finite_differences, normals, wide};
    use super::*;

    fn reference(activation: Activation, x: f64) -> f64 {
        match activation {
            Activation::Relu => x.max(0.0),
            Activation::Silu => x / (1.0 + (-x).exp()),
        }
    }

    #[test]
    fn outputs_and_gradients_follow_the_reference() {
        let x = normals(1, 50);
        for activation in [Activation::Relu, Activation::Silu] {
            let mut y = vec![0.0; 50];
            activation.forward(&x, &mut y);
            let want: Vec<f64> = wide(&x).iter().map(|&x| reference(activation, x)).collect();
            assert_close(&y, &want, 1e-5);

            let mut gradient = vec![2.0; 50];
            activation.backward(&x, &mut gradient);
            let loss = |x: &[f64]| x.iter().map(|&x| 2.0 * reference(activation, x)).sum();
            assert_close(&gradient, &finite_differences(&wide(&x), loss), 1e-4);
        }
    }

    #[test]
    fn sigmoid_saturates_without_overflow() {
        assert_eq!(sigmoid_f32(1e4), 1.0);
        assert_eq!(sigmoid_f32(-1e4), 0.0);
    }
}
