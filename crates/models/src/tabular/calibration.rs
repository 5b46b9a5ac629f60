//! Turns a score into an honest probability: `σ(a z + b)` on the logit z of the ensemble's mean
//! (Platt 1999).
//!
//! It is fitted on rows that the scoring networks did not see. On a hundred rows a free fit would
//! itself be overfitted, so both numbers have a prior: `a ~ N(1, 0.3²)`, `b ~ N(0, 0.3²)`.

use segue_engine::vector::sigmoid;
use serde::{Deserialize, Serialize};

const PRIOR_PRECISION: f64 = 1.0 / (0.3 * 0.3);
const STEPS: usize = 50;
/// Keeps the logit of a mean probability finite.
const CLIP: f64 = 1e-6;

/// The fitted correction.
///
/// # Examples
/// ```
/// use segue_models::tabular::calibration::Calibration;
///
/// // Predictions of .9 that come true half of the time are overconfident.
/// let probabilities = [0.9; 40];
/// let liked: Vec<bool> = (0..40).map(|row| row % 2 == 0).collect();
/// let calibration = Calibration::fit(&probabilities, &liked, &[1.0; 40]);
/// assert!(calibration.apply(0.9) < 0.8);
/// assert!((Calibration::NONE.apply(0.25) - 0.25).abs() < 1e-9);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Factor a of the logit: below 1 where the model is overconfident.
    pub slope: f64,
    /// Offset b of the logit: above 0 where the model says too little.
    pub offset: f64,
}

impl Calibration {
    /// The calibration that changes nothing: slope 1, offset 0.
    pub const NONE: Self = Self { slope: 1.0, offset: 0.0 };

    /// The most probable correction given held-out probabilities, by Newton's method; the problem
    /// is convex.
    pub fn fit(probabilities: &[f64], labels: &[bool], weights: &[f32]) -> Self {
        let logits: Vec<f64> = probabilities.iter().map(|&p| logit(p)).collect();
        let mut fitted = Self::NONE;
        for _ in 0..STEPS {
            let (mut ga, mut gb) =
                (PRIOR_PRECISION * (fitted.slope - 1.0), PRIOR_PRECISION * fitted.offset);
            let (mut haa, mut hab, mut hbb) = (PRIOR_PRECISION, 0.0, PRIOR_PRECISION);
            for ((&z, &liked), &w) in logits.iter().zip(labels).zip(weights) {
                let (w, p) = (f64::from(w), fitted.of_logit(z));
                let residual = w * (p - f64::from(u8::from(liked)));
                let curvature = w * p * (1.0 - p);
                ga += residual * z;
                gb += residual;
                haa += curvature * z * z;
                hab += curvature * z;
                hbb += curvature;
            }
            let determinant = haa * hbb - hab * hab;
            // Half steps: far from the optimum a full Newton step of the logistic loss can
            // overshoot.
            fitted.slope -= 0.5 * (hbb * ga - hab * gb) / determinant;
            fitted.offset -= 0.5 * (haa * gb - hab * ga) / determinant;
        }
        // A negative slope would turn the ranking round on the evidence of a few rows.
        Self { slope: fitted.slope.max(0.05), ..fitted }
    }

    /// The calibrated probability for a raw one. Probabilities beyond 1e-6 of 0 or 1 are clipped
    /// first.
    pub fn apply(self, probability: f64) -> f64 {
        self.of_logit(logit(probability))
    }

    /// The corrected probability of a logit.
    pub fn of_logit(self, z: f64) -> f64 {
        sigmoid(self.slope * z + self.offset)
    }
}

fn logit(p: f64) -> f64 {
    let p = p.clamp(CLIP, 1.0 - CLIP);
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows whose true probability is `truth(p)` where the model says p.
    fn rows(truth: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<bool>) {
        let cells = (1..20)
            .flat_map(|i| (0..100).map(move |j| (f64::from(i) / 20.0, f64::from(j) / 100.0)));
        cells.map(|(p, u)| (p, u < truth(p))).unzip()
    }

    #[test]
    fn an_overconfident_model_is_softened() {
        let (p, labels) = rows(|p| Calibration { slope: 0.5, offset: 0.3 }.apply(p));
        let fitted = Calibration::fit(&p, &labels, &vec![1.0; p.len()]);
        assert!(
            (fitted.slope - 0.5).abs() < 0.05 && (fitted.offset - 0.3).abs() < 0.05,
            "{fitted:?}"
        );
    }

    #[test]
    fn an_honest_model_is_left_alone() {
        let (p, labels) = rows(|p| p);
        let fitted = Calibration::fit(&p, &labels, &vec![1.0; p.len()]);
        assert!((fitted.slope - 1.0).abs() < 0.05 && fitted.offset.abs() < 0.05, "{fitted:?}");
    }

    #[test]
    fn the_order_of_rows_is_never_reversed() {
        let (p, labels) = rows(|p| 1.0 - p);
        let fitted = Calibration::fit(&p, &labels, &vec![1.0; p.len()]);
        assert!(fitted.apply(0.2) < fitted.apply(0.8));
    }
}
