//! Adam (Kingma & Ba 2015) with decoupled weight decay, over slices whose moments the caller keeps:
//! dense parameters in one piece, embedding tables row by row.
//!
//! Rows of a table that a step did not touch are left alone, moments included ("lazy" or sparse
//! Adam): a step then costs as many rows as a batch names, not as many as the catalogue has. The
//! price is that the moments of a rare item fade per appearance, not per step.

use super::simd::vectorised;

/// The constants of Adam, the same for all steps of a run. [`Adam::step`] makes of them what one
/// step needs.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// Decay of the first moment β₁.
    pub beta_1: f32,
    /// Decay of the second moment β₂.
    pub beta_2: f32,
    /// ε beside the root.
    pub epsilon: f32,
}

impl Default for Adam {
    /// As in PyTorch.
    fn default() -> Self {
        Self { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 }
    }
}

/// The factors of one step, with the bias corrections of its number worked in. It is applied to any
/// number of stretches.
#[derive(Clone, Copy, Debug)]
pub struct AdamStep {
    adam: Adam,
    rate: f32,
    second_correction: f32,
    shrink: f32,
}

/// A stretch of parameters with its moments, three slices of one length: a dense layer, or one row
/// of an embedding table.
#[derive(Debug)]
pub struct Stretch<'a> {
    /// θ.
    pub parameters: &'a mut [f32],
    /// First moments m.
    pub first: &'a mut [f32],
    /// Second moments v.
    pub second: &'a mut [f32],
}

impl Adam {
    /// The factors of the `number`th step, counted from 1.
    pub fn step(self, number: u32, learning_rate: f32, weight_decay: f32) -> AdamStep {
        let correction = |beta: f32| 1.0 - f64::from(beta).powf(f64::from(number));
        AdamStep {
            adam: self,
            rate: (f64::from(learning_rate) / correction(self.beta_1)) as f32,
            second_correction: correction(self.beta_2).recip() as f32,
            shrink: 1.0 - learning_rate * weight_decay,
        }
    }
}

impl AdamStep {
    /// Moves the parameters against their gradient.
    pub fn apply(self, stretch: Stretch<'_>, gradient: &[f32]) {
        apply(self, stretch, gradient);
    }
}

vectorised! {
fn apply(step: AdamStep, stretch: Stretch<'_>, gradient: &[f32]) {
    let AdamStep { adam: Adam { beta_1, beta_2, epsilon }, rate, second_correction, shrink } = step;
    let moments = stretch.first.iter_mut().zip(stretch.second);
    for ((theta, g), (m, v)) in stretch.parameters.iter_mut().zip(gradient).zip(moments) {
        *m = beta_1 * *m + (1.0 - beta_1) * g;
        *v = beta_2 * *v + (1.0 - beta_2) * g * g;
        *theta = *theta * shrink - rate * *m / ((*v * second_correction).sqrt() + epsilon);
    }
}
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, normals};
    use super::*;

    /// The formulas of the paper, one parameter at a time.
    fn reference(theta: f64, gradients: &[f64]) -> f64 {
        let (mut theta, mut m, mut v) = (theta, 0.0, 0.0);
        for (t, g) in gradients.iter().enumerate() {
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            let (m_hat, v_hat) =
                (m / (1.0 - 0.9f64.powi(t as i32 + 1)), v / (1.0 - 0.999f64.powi(t as i32 + 1)));
            theta -= 0.01 * (m_hat / (v_hat.sqrt() + 1e-8) + 0.1 * theta);
        }
        theta
    }

    #[test]
    fn steps_follow_the_reference() {
        let start = normals(1, 37);
        let gradients: Vec<Vec<f32>> = (0..20).map(|t| normals(10 + t, 37)).collect();
        let (mut parameters, mut first, mut second) = (start.clone(), vec![0.0; 37], vec![0.0; 37]);
        for (t, gradient) in gradients.iter().enumerate() {
            let stretch =
                Stretch { parameters: &mut parameters, first: &mut first, second: &mut second };
            Adam::default().step(t as u32 + 1, 0.01, 0.1).apply(stretch, gradient);
        }
        let want: Vec<f64> = (0..37)
            .map(|i| {
                let gradients: Vec<f64> = gradients.iter().map(|g| f64::from(g[i])).collect();
                reference(f64::from(start[i]), &gradients)
            })
            .collect();
        assert_close(&parameters, &want, 1e-5);
    }
}
