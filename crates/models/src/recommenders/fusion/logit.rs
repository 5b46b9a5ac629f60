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

/// What is known of a coefficient before any choice is seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    /// It may have either sign.
    Free,
    /// More of its feature never makes an option less likely.
    NotNegative,
    /// The same, and others were found to weigh it so: what the data say nothing of stays there.
    Around(f64),
}

impl Bound {
    fn is_negative_barred(self) -> bool {
        self != Self::Free
    }

    /// The mean of the prior.
    fn mean(self) -> f64 {
        match self {
            Self::Around(mean) => mean,
            Self::Free | Self::NotNegative => 0.0,
        }
    }
}

/// Precision of the prior, a normal distribution around zero where nothing else is known: a member
/// that the data say nothing of gets no weight.
const RIDGE: f64 = 1.0;
const MOST_STEPS: usize = 100;
const CONVERGED: f64 = 1e-10;
/// Below this part of a Newton step nothing is gained that rounding does not take.
const LEAST_SCALE: f64 = 1e-6;

/// The coefficients within their bounds that make the choices likeliest, by projected Newton steps
/// (Bertsekas 1982), halved until they gain.
///
/// A coefficient at zero whose gradient points below is held; the step is solved for all others
/// and clipped at their bounds. Held ones are let go when their gradient turns, so that no choice
/// of a set of members has to be searched. Without bounds this is Newton's method.
pub(crate) fn fit_choices(bounds: &[Bound], choices: &[Choice]) -> Vec<f64> {
    let mut at = vec![0.0; bounds.len()];
    let mut value = objective(&at, bounds, choices);
    let mut held_before = None;
    for _ in 0..MOST_STEPS {
        let (gradient, hessian) = derivatives(&at, bounds, choices);
        let held = held(bounds, &at, &gradient);
        let step = step(gradient, hessian, &held);
        let Some((next, found)) = climb(&at, value, &step, bounds, choices) else { break };
        let gained = found - value;
        (at, value) = (next, found);
        let settled = held_before.as_ref() == Some(&held);
        if settled && gained < CONVERGED * value.abs().max(1.0) {
            break;
        }
        held_before = Some(held);
    }
    at
}

/// Which coefficients stand at their bound and would be pushed beyond it.
fn held(bounds: &[Bound], at: &[f64], gradient: &[f64]) -> Vec<bool> {
    let own = bounds.iter().zip(at).zip(gradient);
    own.map(|((&bound, &x), &slope)| bound.is_negative_barred() && x <= 0.0 && slope <= 0.0)
        .collect()
}

/// The Newton step of the coefficients that are not held; the held ones stay.
fn step(mut gradient: Vec<f64>, mut hessian: Vec<Vec<f64>>, held: &[bool]) -> Vec<f64> {
    for row in (0..held.len()).filter(|&row| held[row]) {
        gradient[row] = 0.0;
        hessian[row].fill(0.0);
        hessian.iter_mut().for_each(|values| values[row] = 0.0);
        hessian[row][row] = 1.0;
    }
    solve(hessian, gradient)
}

/// The longest part of the step, of halves, that does not lose; `None` where there is none.
fn climb(
    at: &[f64],
    value: f64,
    step: &[f64],
    bounds: &[Bound],
    choices: &[Choice],
) -> Option<(Vec<f64>, f64)> {
    let mut scale = 1.0;
    while scale >= LEAST_SCALE {
        let moved = at.iter().zip(step).map(|(x, step)| x + scale * step);
        let within = |(x, &bound): (f64, &Bound)| match bound {
            Bound::Free => x,
            Bound::NotNegative | Bound::Around(_) => x.max(0.0),
        };
        let next: Vec<f64> = moved.zip(bounds).map(within).collect();
        let found = objective(&next, bounds, choices);
        if found >= value {
            return Some((next, found));
        }
        scale /= 2.0;
    }
    None
}

/// How sharply the choices and the prior determine coefficients: the inverse of their covariance.
pub(crate) fn precision(at: &[f64], choices: &[Choice]) -> Square {
    // What the mean of the prior is changes no curvature.
    let (_, hessian) = derivatives(at, &vec![Bound::Free; at.len()], choices);
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
fn objective(at: &[f64], bounds: &[Bound], choices: &[Choice]) -> f64 {
    let off = |(w, bound): (&f64, &Bound)| (w - bound.mean()).powi(2);
    let prior = -RIDGE / 2.0 * at.iter().zip(bounds).map(off).sum::<f64>();
    choices
        .iter()
        .map(|choice| choice.weight * softmax(&utilities(at, choice))[0].max(1e-300).ln())
        .sum::<f64>()
        + prior
}

/// Gradient, and negative Hessian row by row.
fn derivatives(at: &[f64], bounds: &[Bound], choices: &[Choice]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = at.len();
    let off = |(w, bound): (&f64, &Bound)| -RIDGE * (w - bound.mean());
    let mut gradient: Vec<f64> = at.iter().zip(bounds).map(off).collect();
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

    /// Choices among five options that somebody of these coefficients would make.
    fn made_by(truth: &[f64], number: usize, seed: u64) -> Vec<Choice> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = || {
            let mut option = || truth.iter().map(|_| rng.random_range(-2.0..2.0)).collect();
            let mut options: Vec<Vec<f64>> = (0..5).map(|_| option()).collect();
            let shares = softmax(&utilities(truth, &choice(options.clone(), 1.0)));
            let mut drawn: f64 = rng.random();
            let chosen = shares.iter().position(|share| {
                drawn -= share;
                drawn < 0.0
            });
            options.swap(0, chosen.unwrap_or(0));
            choice(options, 1.0)
        };
        (0..number).map(|_| draw()).collect()
    }

    /// The slow way: small steps along the gradient, each clipped at the bounds.
    fn reference(bounds: &[Bound], choices: &[Choice]) -> Vec<f64> {
        let mut at = vec![0.0; bounds.len()];
        for _ in 0..20_000 {
            let (gradient, _) = derivatives(&at, bounds, choices);
            for ((x, slope), bound) in at.iter_mut().zip(gradient).zip(bounds) {
                *x += 0.01 * slope;
                if bound.is_negative_barred() {
                    *x = x.max(0.0);
                }
            }
        }
        at
    }

    #[test]
    fn coefficients_behind_choices_are_recovered() {
        let truth = [1.5, -0.7, 0.0];
        let choices = made_by(&truth, 4_000, 1);
        for (found, truth) in fit_choices(&[Bound::Free; 3], &choices).iter().zip(truth) {
            assert!((found - truth).abs() < 0.1, "{found} instead of {truth}");
        }
    }

    #[test]
    fn bounded_coefficients_are_the_best_within_their_bounds() {
        use Bound::{Free, NotNegative};
        let truths = [[1.0, -1.2, 0.4, -0.3], [-0.8, -0.5, -1.0, 0.2], [-1.5, 0.9, 0.1, 0.0]];
        let bounds = [NotNegative, NotNegative, NotNegative, Free];
        for (seed, truth) in truths.iter().enumerate() {
            // Few choices, as of few listeners, beside more of them.
            for number in [3, 12, 40] {
                let choices = made_by(truth, number, seed as u64);
                let found = fit_choices(&bounds, &choices);
                assert!(found[..3].iter().all(|&x| x >= 0.0), "{found:?}");
                for (found, slow) in found.iter().zip(reference(&bounds, &choices)) {
                    assert!((found - slow).abs() < 1e-4, "{found} instead of {slow}");
                }
                assert_eq!(found, fit_choices(&bounds, &choices), "the same every time");
            }
        }
    }

    #[test]
    fn bounds_that_do_not_bind_change_nothing() {
        let choices = made_by(&[1.5, 0.7, 0.4], 500, 2);
        let free = fit_choices(&[Bound::Free; 3], &choices);
        for (free, held) in free.iter().zip(fit_choices(&[Bound::NotNegative; 3], &choices)) {
            assert!(*free > 0.0 && (free - held).abs() < 1e-6, "{held} instead of {free}");
        }
    }

    #[test]
    fn gradients_follow_finite_differences() {
        let choices = [
            choice(vec![vec![1.0, 0.2], vec![-0.5, 0.9], vec![0.0, -1.0]], 0.5),
            choice(vec![vec![0.3, 0.3], vec![0.5, -0.9]], 2.0),
        ];
        let at = [0.4, -1.1];
        let bounds = [Bound::Free, Bound::Around(0.7)];
        let (gradient, hessian) = derivatives(&at, &bounds, &choices);
        let shifted = |i: usize, by: f64| {
            let mut at = at;
            at[i] += by;
            at
        };
        for i in 0..2 {
            let slope = (objective(&shifted(i, 1e-5), &bounds, &choices)
                - objective(&shifted(i, -1e-5), &bounds, &choices))
                / 2e-5;
            assert!((slope - gradient[i]).abs() < 1e-6);
            for (j, hessian) in hessian[i].iter().enumerate() {
                let bend = (derivatives(&shifted(j, 1e-5), &bounds, &choices).0[i]
                    - derivatives(&shifted(j, -1e-5), &bounds, &choices).0[i])
                    / 2e-5;
                assert!((bend + hessian).abs() < 1e-6);
            }
        }
    }
}
