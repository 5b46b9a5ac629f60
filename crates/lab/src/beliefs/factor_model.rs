//! How the answers of a listener hang together: whoever likes this likes that, as few directions of
//! taste.
//!
//! ```text
//! y_a = p_a + l_aᵀ z + ε_a      z ~ N(0, I)      ε_a ~ N(0, ψ_a)
//! ```
//!
//! `y_a` is 1 where the listener has item `a`, else 0; `z` is what is to be learned of them. An
//! answer moves `z` by the exact update of [`segue_models::online::posterior`] with `x = l_a` and
//! noise `ψ_a`, so that a no teaches as a yes does, and all scores `p + L m` move with it: O(d²)
//! for the update, O(items · d) for the scores. The Gaussian is wrong about zeros and ones and
//! right about what matters, their means and covariances. Rejected: a logistic belief beside it,
//! which found .06 more of 16 hits in 50 proposals, .03 fewer in 10.
//!
//! What differs is where `p`, `L` and `ψ` come from: [`super::factor_analysis`] or
//! [`super::ridge_prior`].

use crate::beliefs::Acquaintance;
use rayon::prelude::*;
use segue_engine::ItemIdx;
use segue_engine::UncertaintySource;
use segue_engine::policy::Belief;

use segue_models::kernels::matmul::{Matrix, Output, matmul};
use segue_models::online::posterior::fold_observation;
use segue_models::square::Square;

/// What is believed of a listener who has not answered yet.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorModel {
    mean: Vec<f64>,
    loadings: Vec<f64>,
    noise: Vec<f64>,
    width: usize,
    /// `p` and `L` again, for scores.
    narrow: (Vec<f32>, Vec<f32>),
}

impl FactorModel {
    /// From its parts.
    ///
    /// # Shapes
    /// `mean` and `noise` `[items]`, `loadings` `[items, width]`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn new(mean: Vec<f64>, loadings: Vec<f64>, noise: Vec<f64>) -> Self {
        let width = loadings.len().checked_div(mean.len()).unwrap_or(0);
        assert_eq!(mean.len() * width, loadings.len(), "each item has the same number of loadings");
        assert_eq!(mean.len(), noise.len(), "each item has a noise");
        let narrow = |values: &[f64]| values.iter().map(|&value| value as f32).collect();
        let narrow = (narrow(&mean), narrow(&loadings));
        Self { mean, loadings, noise, width, narrow }
    }

    /// Number of items.
    pub fn items(&self) -> usize {
        self.mean.len()
    }

    /// `p`: the share of listeners who have each item.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// `l_a`: how an item depends on each direction of taste, `width` numbers.
    pub fn loadings(&self, item: ItemIdx) -> &[f64] {
        &self.loadings[item.row() * self.width..][..self.width]
    }

    /// `ψ`: what of each item no direction explains.
    pub fn noise(&self) -> &[f64] {
        &self.noise
    }

    /// A listener of whom nothing is known yet: `z` has mean 0 and unit covariance. Each answer
    /// narrows it.
    pub fn meet(&self) -> FactorListener<'_> {
        FactorListener {
            model: self,
            place: vec![0.0; self.width],
            covariance: Square::identity(self.width),
        }
    }
}

/// What is believed of one listener: a Gaussian over the place `z` of their taste, which answers
/// narrow in closed form.
#[derive(Clone, Debug)]
pub struct FactorListener<'a> {
    model: &'a FactorModel,
    /// Mean of `z`.
    place: Vec<f64>,
    covariance: Square,
}

impl FactorListener<'_> {
    /// `p + L m`.
    fn scores(&self) -> Vec<f32> {
        let (mean, loadings) = &self.model.narrow;
        let mut scores = mean.clone();
        let place: Vec<f32> = self.place.iter().map(|&value| value as f32).collect();
        let (items, width) = (self.model.items(), self.model.width);
        let place = Matrix::new(&place, width, 1);
        matmul(&mut scores, Output::Add, Matrix::new(loadings, items, width), place);
        scores
    }

    /// `L C` with `C Cᵀ` the covariance.
    fn factors(&self) -> Vec<f32> {
        let (items, width) = (self.model.items(), self.model.width);
        let lower = self.covariance.cholesky(f64::MIN_POSITIVE);
        let lower: Vec<f32> = lower.values.iter().map(|&value| value as f32).collect();
        let mut factors = vec![0.0; items * width];
        let loadings = Matrix::new(&self.model.narrow.1, items, width);
        matmul(&mut factors, Output::Overwrite, loadings, Matrix::new(&lower, width, width));
        factors
    }
}

impl Acquaintance for FactorListener<'_> {
    fn belief(&self, source: UncertaintySource) -> Belief {
        match source {
            UncertaintySource::Posterior => Belief::new(self.scores(), self.factors()),
            // One model has no members that could disagree.
            UncertaintySource::None | UncertaintySource::Members => Belief::certain(self.scores()),
        }
    }

    fn learn(&mut self, item: ItemIdx, liked: bool) {
        let (model, row) = (self.model, item.row());
        let answer = f64::from(u8::from(liked)) - model.mean[row];
        let loadings = model.loadings(item);
        fold_observation(&mut self.place, &mut self.covariance, loadings, answer, model.noise[row]);
    }
}

/// `L` times the square matrix given by rows, each row of the product `matrix · l_a`.
pub(super) fn mapped(rows: &[f64], matrix: &Square) -> Vec<f64> {
    let width = matrix.n.max(1);
    rows.par_chunks_exact(width).flat_map_iter(|row| matrix.times(row)).collect()
}

/// `Σ row rowᵀ`, each weighed.
pub(super) fn gram(rows: &[f64], width: usize, weight: impl Fn(usize) -> f64) -> Square {
    let mut gram = Square::zeros(width);
    rows.chunks_exact(width).enumerate().for_each(|(at, row)| gram.add_outer(row, weight(at)));
    gram
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_models::online::posterior::dot;

    fn model() -> FactorModel {
        let mean = vec![0.3, 0.2, 0.1, 0.05];
        let loadings = vec![0.4, 0.0, 0.3, 0.1, -0.1, 0.2, 0.05, -0.05];
        FactorModel::new(mean, loadings, vec![0.1, 0.08, 0.05, 0.03])
    }

    const ANSWERS: [(u32, bool); 3] = [(0, true), (2, false), (1, true)];

    /// The conditional of a joint Gaussian over all answers, by inverting the covariance of those
    /// seen: mean and covariance of all items.
    fn conditional(model: &FactorModel, answers: &[(u32, bool)]) -> (Vec<f64>, Square) {
        let covariance =
            |a: u32, b: u32| dot(model.loadings(ItemIdx(a)), model.loadings(ItemIdx(b)));
        let mut seen = Square::zeros(answers.len());
        for (i, a) in answers.iter().enumerate() {
            for (j, b) in answers.iter().enumerate() {
                let noise = if i == j { model.noise()[a.0 as usize] } else { 0.0 };
                *seen.at_mut(i, j) = covariance(a.0, b.0) + noise;
            }
        }
        let inverse = seen.inverse();
        let surprises: Vec<f64> =
            answers.iter().map(|a| f64::from(u8::from(a.1)) - model.mean()[a.0 as usize]).collect();
        let n = model.items();
        let cross =
            |item: u32| -> Vec<f64> { answers.iter().map(|a| covariance(item, a.0)).collect() };
        let mean = |i: usize| model.mean()[i] + dot(&cross(i as u32), &inverse.times(&surprises));
        let mut posterior = Square::zeros(n);
        for (i, j) in (0..n as u32).flat_map(|i| (0..n as u32).map(move |j| (i, j))) {
            *posterior.at_mut(i as usize, j as usize) =
                covariance(i, j) - dot(&cross(i), &inverse.times(&cross(j)));
        }
        ((0..n).map(mean).collect(), posterior)
    }

    #[test]
    fn answers_one_at_a_time_give_the_conditional_distribution() {
        let model = model();
        let mut listener = model.meet();
        ANSWERS.iter().for_each(|&(item, liked)| listener.learn(ItemIdx(item), liked));
        let belief = listener.belief(UncertaintySource::Posterior);
        let (mean, covariance) = conditional(&model, &ANSWERS);
        for (i, expected) in mean.iter().enumerate() {
            assert!((f64::from(belief.scores()[i]) - expected).abs() < 1e-6);
            for j in 0..model.items() {
                let found: f32 =
                    belief.factors(i).iter().zip(belief.factors(j)).map(|(a, b)| a * b).sum();
                assert!((f64::from(found) - covariance.at(i, j)).abs() < 1e-6, "{i} {j}");
            }
        }
    }

    #[test]
    fn a_no_lowers_what_hangs_together_with_it() {
        let model = model();
        let mut listener = model.meet();
        listener.learn(ItemIdx(0), false);
        let belief = listener.belief(UncertaintySource::None);
        assert!(belief.scores()[1] < 0.2 && belief.scores()[2] > 0.1, "{:?}", belief.scores());
        assert_eq!(belief.width(), 0, "who takes scores at their word pays for no factors");
    }
}
