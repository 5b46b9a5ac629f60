//! A ranking that is linear in features of an option, fitted on choices that listeners made.

use segue_engine::vector::dot;
use serde::{Deserialize, Serialize};

use crate::recommenders::fusion::logit::{Bound, Choice, fit_choices, precision};
use crate::square::Square;

/// Coefficients with what is not known of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Ranking {
    pub(super) coefficients: Vec<f64>,
    /// Lower Cholesky factor of the covariance of the coefficients, row by row; empty where they
    /// were not fitted.
    spread: Vec<f64>,
    /// What the logarithm of the length of a history is counted from.
    pub(super) middle: f64,
}

impl Ranking {
    /// Coefficients that are given, not fitted.
    pub(super) fn given(coefficients: Vec<f64>) -> Self {
        Self { coefficients, spread: Vec::new(), middle: 0.0 }
    }

    /// The coefficients within bounds that make the choices likeliest, drawn towards zero, and
    /// their Laplace approximation.
    pub(super) fn fit(bounds: &[Bound], choices: &[Choice], middle: f64) -> Self {
        let coefficients = fit_choices(bounds, choices);
        let covariance = precision(&coefficients, choices).inverse();
        let spread = covariance.cholesky(1e-12).values;
        Self { coefficients, spread, middle }
    }

    /// The same with a feature more, the last, that counts nothing.
    pub(super) fn with_one_more(mut self) -> Self {
        let (old, new) = (self.width(), self.width() + 1);
        if old > 0 {
            let mut spread = vec![0.0; new * new];
            for (row, values) in self.spread.chunks_exact(old).enumerate() {
                spread[row * new..][..old].copy_from_slice(values);
            }
            self.spread = spread;
        }
        self.coefficients.push(0.0);
        self
    }

    pub(super) fn score(&self, features: &[f64]) -> f64 {
        dot(features, &self.coefficients)
    }

    /// In how many directions the coefficients may be wrong; 0 where they were not fitted.
    pub(super) fn width(&self) -> usize {
        self.spread.len().isqrt()
    }

    /// How the score may be wrong in each direction, as far as the coefficients are not known: `Lᵀ
    /// x`, with `L Lᵀ` the covariance of the coefficients and `x` the features.
    pub(super) fn factors<'a>(&'a self, features: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        let n = self.width();
        (0..n).map(move |j| (j..n).map(|i| features[i] * self.spread[i * n + j]).sum())
    }

    /// Standard deviation of the score, as far as the coefficients are not known.
    pub(super) fn deviation(&self, features: &[f64]) -> f64 {
        self.factors(features).map(|factor: f64| factor.powi(2)).sum::<f64>().sqrt()
    }

    /// Whether there is a number for each of so many features.
    pub(super) fn is_sound(&self, features: usize) -> bool {
        self.coefficients.len() == features
            && (self.spread.is_empty() || self.spread.len() == features * features)
            && self.coefficients.iter().chain(&self.spread).all(|value| value.is_finite())
    }
}

/// `σ(intercept + slope × score)`: how likely an option with such a score is chosen at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Chance {
    pub(super) intercept: f64,
    pub(super) slope: f64,
}

impl Chance {
    /// By logistic regression (Platt 1999) on scores and whether each was chosen.
    pub(super) fn fit(options: &[(f64, bool)]) -> Self {
        let chosen = options.iter().filter(|option| option.1).count() as f64;
        let base = ((chosen + 1.0) / (options.len() as f64 - chosen + 1.0)).ln();
        let mut at = [base, 0.0];
        for _ in 0..25 {
            let (mut gradient, mut hessian) = ([0.0, -1e-3 * at[1]], Square::zeros(2));
            *hessian.at_mut(0, 0) = 1e-6;
            *hessian.at_mut(1, 1) = 1e-3;
            for &(score, is_chosen) in options {
                let p = 1.0 / (1.0 + (-at[0] - at[1] * score).exp());
                let error = if is_chosen { 1.0 - p } else { -p };
                gradient[0] += error;
                gradient[1] += error * score;
                hessian.add_outer(&[1.0, score], (p * (1.0 - p)).max(1e-9));
            }
            let step = hessian.inverse().times(&gradient);
            at = [at[0] + step[0].clamp(-2.0, 2.0), at[1] + step[1].clamp(-2.0, 2.0)];
        }
        Self { intercept: at[0], slope: at[1].max(0.0) }
    }

    pub(super) fn of(self, score: f64) -> f64 {
        1.0 / (1.0 + (-self.intercept - self.slope * score).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_more_changes_nothing_of_a_ranking() {
        let spread = vec![2.0, 0.0, 0.5, 1.0];
        let ranking = Ranking { coefficients: vec![3.0, -1.0], spread, middle: 1.5 };
        let wider = ranking.clone().with_one_more();
        assert!(ranking.is_sound(2) && wider.is_sound(3));
        let (of_two, of_three) = ([0.3, 0.7], [0.3, 0.7, 9.0]);
        assert_eq!(wider.score(&of_three), ranking.score(&of_two));
        assert_eq!(wider.deviation(&of_three), ranking.deviation(&of_two));
        assert!(Ranking::given(vec![1.0]).with_one_more().is_sound(2));
    }
}
