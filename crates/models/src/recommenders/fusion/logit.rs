//! Conditional logit (McFadden 1974): which option is chosen of several, linear in what is known of
//! each.

use std::iter;
use std::rc::Rc;

use segue_engine::vector::dot;

use crate::square::Square;

/// A choice that was made.
pub(crate) struct Choice {
    /// What is known of the option that was chosen.
    pub(crate) chosen: Vec<f64>,
    /// The options that were not, which several choices may share.
    pub(crate) rivals: Rc<[Rival]>,
    /// How much it counts.
    pub(crate) weight: f64,
}

/// An option that was not chosen.
pub(crate) struct Rival {
    /// What is known of it.
    pub(crate) features: Vec<f64>,
    /// Logarithm of the number of options that it stands for.
    pub(crate) log_count: f64,
}

impl Choice {
    /// All options, the chosen one first.
    fn options(&self) -> impl Iterator<Item = &Vec<f64>> {
        iter::once(&self.chosen).chain(self.rivals.iter().map(|rival| &rival.features))
    }
}

/// Precision of the prior, a normal distribution around zero: a member that the data say nothing of
/// gets no weight.
const RIDGE: f64 = 1.0;
const MOST_STEPS: usize = 30;
const CONVERGED: f64 = 1e-8;

/// The coefficients that make the choices likeliest, by Newton's method with halving steps.
pub(crate) fn fit_choices(features: usize, choices: &[Choice]) -> Vec<f64> {
    let mut at = vec![0.0; features];
    let mut value = objective(&at, choices);
    for _ in 0..MOST_STEPS {
        let (gradient, hessian) = derivatives(&at, choices);
        let step = solve(hessian, gradient);
        let mut scale = 1.0;
        let moved = loop {
            let next: Vec<f64> = at.iter().zip(&step).map(|(x, s)| x + scale * s).collect();
            let found = objective(&next, choices);
            if found >= value || scale < 1e-6 {
                break (next, found);
            }
            scale /= 2.0;
        };
        let gained = moved.1 - value;
        (at, value) = moved;
        if gained < CONVERGED * value.abs().max(1.0) {
            break;
        }
    }
    at
}

/// How sharply the choices and the prior determine coefficients: the inverse of their covariance.
pub(crate) fn precision(at: &[f64], choices: &[Choice]) -> Square {
    let (_, hessian) = derivatives(at, choices);
    Square { n: at.len(), values: hessian.concat() }
}

fn utilities(at: &[f64], choice: &Choice) -> Vec<f64> {
    let log_counts = iter::once(0.0).chain(choice.rivals.iter().map(|rival| rival.log_count));
    choice
        .options()
        .zip(log_counts)
        .map(|(option, log_count)| dot(option, at) + log_count)
        .collect()
}

/// Probability of each option.
fn softmax(utilities: &[f64]) -> Vec<f64> {
    let highest = utilities.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = utilities.iter().map(|u| (u - highest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// Logarithm of the posterior.
fn objective(at: &[f64], choices: &[Choice]) -> f64 {
    let prior = -RIDGE / 2.0 * at.iter().map(|w| w * w).sum::<f64>();
    choices
        .iter()
        .map(|choice| choice.weight * softmax(&utilities(at, choice))[0].max(1e-300).ln())
        .sum::<f64>()
        + prior
}

/// Gradient, and negative Hessian row by row.
fn derivatives(at: &[f64], choices: &[Choice]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = at.len();
    let mut gradient: Vec<f64> = at.iter().map(|w| -RIDGE * w).collect();
    let mut hessian = vec![vec![0.0; n]; n];
    hessian.iter_mut().enumerate().for_each(|(row, values)| values[row] = RIDGE);
    for choice in choices {
        let shares = softmax(&utilities(at, choice));
        let mut mean = vec![0.0; n];
        for (option, share) in choice.options().zip(&shares) {
            mean.iter_mut().zip(option).for_each(|(mean, x)| *mean += share * x);
        }
        (0..n).for_each(|i| gradient[i] += choice.weight * (choice.chosen[i] - mean[i]));
        for (option, share) in choice.options().zip(&shares) {
            let apart: Vec<f64> = option.iter().zip(&mean).map(|(x, mean)| x - mean).collect();
            for (row, a) in hessian.iter_mut().zip(&apart) {
                let scaled = choice.weight * share * a;
                row.iter_mut().zip(&apart).for_each(|(sum, b)| *sum += scaled * b);
            }
        }
    }
    (gradient, hessian)
}

/// Solves a positive definite system by Gaussian elimination.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for pivot in 0..n {
        for row in pivot + 1..n {
            let factor = matrix[row][pivot] / matrix[pivot][pivot];
            let (above, below) = matrix.split_at_mut(row);
            below[0].iter_mut().zip(&above[pivot]).skip(pivot).for_each(|(x, p)| *x -= factor * p);
            right[row] -= factor * right[pivot];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn choice(options: Vec<Vec<f64>>, weight: f64) -> Choice {
        let mut options = options.into_iter();
        let chosen = options.next().unwrap();
        Choice {
            chosen,
            rivals: options.map(|features| Rival { features, log_count: 0.0 }).collect(),
            weight,
        }
    }

    #[test]
    fn coefficients_behind_choices_are_recovered() {
        let truth = [1.5, -0.7, 0.0];
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut choices = Vec::new();
        for _ in 0..4_000 {
            let mut options: Vec<Vec<f64>> =
                (0..5).map(|_| (0..3).map(|_| rng.random_range(-2.0..2.0)).collect()).collect();
            let shares = softmax(&utilities(&truth, &choice(options.clone(), 1.0)));
            let mut drawn: f64 = rng.random();
            let chosen = shares.iter().position(|share| {
                drawn -= share;
                drawn < 0.0
            });
            options.swap(0, chosen.unwrap_or(0));
            choices.push(choice(options, 1.0));
        }
        for (found, truth) in fit_choices(3, &choices).iter().zip(truth) {
            assert!((found - truth).abs() < 0.1, "{found} instead of {truth}");
        }
    }

    #[test]
    fn gradients_follow_finite_differences() {
        let choices = [
            choice(vec![vec![1.0, 0.2], vec![-0.5, 0.9], vec![0.0, -1.0]], 0.5),
            choice(vec![vec![0.3, 0.3], vec![0.5, -0.9]], 2.0),
        ];
        let at = [0.4, -1.1];
        let (gradient, hessian) = derivatives(&at, &choices);
        let shifted = |i: usize, by: f64| {
            let mut at = at;
            at[i] += by;
            at
        };
        for i in 0..2 {
            let slope = (objective(&shifted(i, 1e-5), &choices)
                - objective(&shifted(i, -1e-5), &choices))
                / 2e-5;
            assert!((slope - gradient[i]).abs() < 1e-6);
            for (j, hessian) in hessian[i].iter().enumerate() {
                let bend = (derivatives(&shifted(j, 1e-5), &choices).0[i]
                    - derivatives(&shifted(j, -1e-5), &choices).0[i])
                    / 2e-5;
                assert!((bend + hessian).abs() < 1e-6);
            }
        }
    }
}
