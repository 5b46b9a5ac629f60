//! AdamW (Loshchilov & Hutter 2019): Adam with weight decay applied to the parameter, not to the
//! gradient.
//!
//! `m ← β₁ m + (1-β₁) g`, `v ← β₂ v + (1-β₂) g²`, `θ ← θ - η (m̂ / (√v̂ + ε) + λ θ)` with
//! bias-corrected `m̂`, `v̂`.

const BETA_1: f32 = 0.9;
/// Below the usual .999: a training run here is a few hundred steps, too few for so long a memory.
const BETA_2: f32 = 0.99;
const EPSILON: f32 = 1e-8;

/// State of the optimiser over one flat vector of parameters.
#[derive(Clone, Debug)]
pub struct AdamW {
    first: Vec<f32>,
    second: Vec<f32>,
    steps: u32,
}

/// How far one step goes: its learning rate, which a schedule sets, and the weight decay of the
/// span that it is applied to.
#[derive(Clone, Copy, Debug)]
pub struct AdamWStep {
    /// Learning rate η.
    pub learning_rate: f32,
    /// Weight decay λ, multiplied by the learning rate.
    pub weight_decay: f32,
}

impl AdamW {
    /// Fresh state for that many parameters.
    pub fn new(parameters: usize) -> Self {
        Self { first: vec![0.0; parameters], second: vec![0.0; parameters], steps: 0 }
    }

    /// Counts a step. To be called once before the [`update`](Self::update)s of the spans of that
    /// step.
    pub fn begin_step(&mut self) {
        self.steps += 1;
    }

    /// Moves the parameters in `span` of the flat vector.
    pub fn update(
        &mut self,
        span: std::ops::Range<usize>,
        step: AdamWStep,
        parameters: &mut [f32],
        gradients: &[f32],
    ) {
        let correction_1 = 1.0 - BETA_1.powi(self.steps as i32);
        let correction_2 = 1.0 - BETA_2.powi(self.steps as i32);
        let rate = step.learning_rate / correction_1;
        let shrink = 1.0 - step.learning_rate * step.weight_decay;
        let moments = self.first[span.clone()].iter_mut().zip(&mut self.second[span.clone()]);
        let values = parameters[span.clone()].iter_mut().zip(&gradients[span]);
        for ((m, v), (theta, &g)) in moments.zip(values) {
            *m = BETA_1 * *m + (1.0 - BETA_1) * g;
            *v = BETA_2 * *v + (1.0 - BETA_2) * g * g;
            *theta = *theta * shrink - rate * *m / ((*v / correction_2).sqrt() + EPSILON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, normals};
    use super::*;

    /// The formulas of the paper, one parameter at a time.
    fn reference(theta: f64, gradients: &[f64], rate: f64, decay: f64) -> f64 {
        let (mut theta, mut m, mut v) = (theta, 0.0, 0.0);
        for (t, g) in gradients.iter().enumerate() {
            m = 0.9 * m + 0.1 * g;
            v = 0.99 * v + 0.01 * g * g;
            let (m_hat, v_hat) =
                (m / (1.0 - 0.9f64.powi(t as i32 + 1)), v / (1.0 - 0.99f64.powi(t as i32 + 1)));
            theta -= rate * (m_hat / (v_hat.sqrt() + 1e-8) + decay * theta);
        }
        theta
    }

    #[test]
    fn steps_follow_the_reference() {
        let start = normals(1, 7);
        let gradients: Vec<Vec<f32>> = (0..20).map(|t| normals(10 + t, 7)).collect();
        let mut parameters = start.clone();
        let mut optimiser = AdamW::new(7);
        for gradient in &gradients {
            optimiser.begin_step();
            let step = AdamWStep { learning_rate: 0.01, weight_decay: 0.1 };
            optimiser.update(0..7, step, &mut parameters, gradient);
        }
        let want: Vec<f64> = (0..7)
            .map(|i| {
                let gradients: Vec<f64> = gradients.iter().map(|g| f64::from(g[i])).collect();
                reference(f64::from(start[i]), &gradients, 0.01, 0.1)
            })
            .collect();
        assert_close(&parameters, &want, 1e-5);
    }
}
