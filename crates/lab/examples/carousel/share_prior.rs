//! How pessimistic to be about the share of successes of something new: the Beta from which the
//! shares of older things look drawn.
//!
//! Of each older thing `n` trials and `x` successes are known, and `x` is beta-binomial, `P(x | a,
//! b) ∝ B(a + x, b + n - x) / B(a, b)`. The prior is the `(a, b)` of the highest product of these
//! (type-II maximum likelihood, "empirical Bayes"; Casella 1985), found over mean and strength `a +
//! b` by golden sections, the one inside the other.

use std::collections::BTreeMap;

use segue_engine::policy::beta_thompson::ShareBelief;
use statrs::function::beta::ln_beta;

/// Strengths that are looked at, as natural logarithms: from half an observation to half a million.
const STRENGTHS: (f64, f64) = (-0.7, 13.0);
/// Means that are looked at, as logits.
const MEANS: (f64, f64) = (-14.0, 14.0);

/// Fits a prior to successes and trials. Without a trial it is flat.
pub(crate) fn fit_share_prior(counts: &[(u32, u32)]) -> ShareBelief {
    let mut cases: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    counts
        .iter()
        .filter(|(_, trials)| *trials > 0)
        .for_each(|&case| *cases.entry(case).or_default() += 1.0);
    if cases.is_empty() {
        return ShareBelief { successes: 1.0, failures: 1.0 };
    }
    let best_mean = |strength: f64| golden(MEANS, |mean| likelihood(&cases, mean, strength));
    let strength = golden(STRENGTHS, |strength| likelihood(&cases, best_mean(strength), strength));
    prior(best_mean(strength), strength)
}

fn prior(logit_mean: f64, ln_strength: f64) -> ShareBelief {
    let mean = 1.0 / (1.0 + (-logit_mean).exp());
    ShareBelief { successes: mean * ln_strength.exp(), failures: (1.0 - mean) * ln_strength.exp() }
}

/// Logarithm of the marginal likelihood, up to a constant.
fn likelihood(cases: &BTreeMap<(u32, u32), f64>, logit_mean: f64, ln_strength: f64) -> f64 {
    let ShareBelief { successes: a, failures: b } = prior(logit_mean, ln_strength);
    let before = ln_beta(a, b);
    let case = |(&(successes, trials), times): (&(u32, u32), &f64)| {
        times * (ln_beta(a + f64::from(successes), b + f64::from(trials - successes)) - before)
    };
    cases.iter().map(case).sum()
}

/// The point of a range at which a function with one peak is highest.
fn golden((mut low, mut high): (f64, f64), value: impl Fn(f64) -> f64) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_894_9;
    let inner = |low: f64, high: f64| (high - RATIO * (high - low), low + RATIO * (high - low));
    let (mut left, mut right) = inner(low, high);
    let (mut at_left, mut at_right) = (value(left), value(right));
    while high - low > 1e-4 {
        if at_left < at_right {
            low = left;
            (left, at_left) = (right, at_right);
            right = inner(low, high).1;
            at_right = value(right);
        } else {
            high = right;
            (right, at_right) = (left, at_left);
            left = inner(low, high).0;
            at_left = value(left);
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Beta, Binomial, Distribution};

    use super::*;

    #[test]
    fn the_prior_that_shares_were_drawn_from_is_found_again() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for (a, b) in [(1.0, 99.0), (3.0, 7.0)] {
            let shares = Beta::new(a, b).unwrap();
            let draw = |_| {
                (Binomial::new(200, shares.sample(&mut rng)).unwrap().sample(&mut rng) as u32, 200)
            };
            let counts: Vec<(u32, u32)> = (0..4_000).map(draw).collect();
            let found = fit_share_prior(&counts);
            assert!((found.successes / a - 1.0).abs() < 0.1, "{found:?} instead of {a}, {b}");
            assert!((found.failures / b - 1.0).abs() < 0.1, "{found:?} instead of {a}, {b}");
        }
    }

    #[test]
    fn shares_that_do_not_differ_give_a_firm_prior_and_no_trial_a_flat_one() {
        let firm = fit_share_prior(&[(2, 100); 50]);
        assert!((firm.mean() - 0.02).abs() < 1e-4, "{firm:?}");
        assert!(firm.successes + firm.failures > 1e4, "{firm:?}");
        assert_eq!(fit_share_prior(&[(0, 0)]), ShareBelief { successes: 1.0, failures: 1.0 });
    }
}
