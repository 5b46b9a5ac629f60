//! Propensities by quadrature, against closed forms and against drawing and counting.

use rand_distr::{Beta, Distribution, Normal};
use segue_engine::policy::beta_thompson::{BetaThompson, ShareBelief};
use segue_engine::policy::draw::generator;
use segue_engine::policy::{Belief, GaussianThompson, Policy};
use statrs::function::beta::ln_beta;
use statrs::function::erf::erfc;

const DRAWS: usize = 400_000;

fn propensities(policy: &dyn Policy, belief: &Belief) -> Vec<f64> {
    let all: Vec<usize> = (0..belief.len()).collect();
    policy.prepare(belief, &mut generator(0)).propensities(&all)
}

/// How often each is the highest of a draw.
fn frequencies(distributions: &[impl Distribution<f64>]) -> Vec<f64> {
    let mut rng = generator(7);
    let mut counts = vec![0_u32; distributions.len()];
    for _ in 0..DRAWS {
        let draws: Vec<f64> =
            distributions.iter().map(|distribution| distribution.sample(&mut rng)).collect();
        let best = (0..draws.len()).max_by(|&a, &b| draws[a].total_cmp(&draws[b])).unwrap();
        counts[best] += 1;
    }
    counts.into_iter().map(|count| f64::from(count) / DRAWS as f64).collect()
}

fn assert_near(stated: &[f64], counted: &[f64]) {
    for (stated, counted) in stated.iter().zip(counted) {
        let error = (stated * (1.0 - stated) / DRAWS as f64).sqrt() + 1e-6;
        assert!((stated - counted).abs() < 4.5 * error, "{stated} stated, {counted} counted");
    }
}

/// `P(X > Y)` of `X ~ Beta(a, b)` with whole `a` and `Y ~ Beta(c, d)`:
/// `Σ_{k<a} B(c + k, b + d) / ((b + k) B(1 + k, b) B(c, d))` (Miller 2015; Cook 2005).
fn beta_beats(x: ShareBelief, y: ShareBelief) -> f64 {
    let (b, c, d) = (x.failures, y.successes, y.failures);
    let term =
        |k: f64| (ln_beta(c + k, b + d) - (b + k).ln() - ln_beta(1.0 + k, b) - ln_beta(c, d)).exp();
    (0..x.successes as usize).map(|k| term(k as f64)).sum()
}

fn share(successes: f64, failures: f64) -> ShareBelief {
    ShareBelief { successes, failures }
}

#[test]
fn of_two_gaussians_the_better_one_is_picked_by_the_closed_form() {
    // P(X > Y) = Φ((μx - μy) / √(σx² + σy²)); the last pair is as unlike as it gets.
    for (gap, [first, second]) in
        [(0.3_f32, [0.2_f32, 0.5]), (-1.0, [1.0, 0.25]), (0.01, [1e-4, 1.0])]
    {
        let belief = Belief::independent(vec![gap, 0.0], &[first, second]);
        let z = f64::from(gap) / f64::from(first).hypot(f64::from(second));
        let expected = 0.5 * erfc(-z / std::f64::consts::SQRT_2);
        let stated = propensities(&GaussianThompson, &belief)[0];
        assert!((stated - expected).abs() < 1e-7, "{stated} instead of {expected}");
    }
}

#[test]
fn of_two_shares_the_better_one_is_picked_by_the_closed_form() {
    let pairs = [
        [share(3.0, 5.0), share(2.0, 2.0)],
        [share(1.0, 99.0), share(1.0, 99.0)],
        [share(4.0, 196.0), share(1.5, 98.5)],
        [share(40.0, 2000.0), share(0.5, 0.5)],
        [share(900.0, 1100.0), share(880.0, 1120.0)],
        [share(5.0, 1e6), share(4.0, 1e6)],
        [share(10_000.0, 1e6), share(9_900.0, 1e6)],
    ];
    for [x, y] in pairs {
        let belief = ShareBelief::belief(&[x, y]);
        // Moments go through single precision: that, and not the quadrature, is what 10⁻⁵ allows
        // for.
        let (stated, expected) = (propensities(&BetaThompson, &belief)[0], beta_beats(x, y));
        assert!(
            (stated - expected).abs() < 1e-5,
            "{x:?} over {y:?}: {stated} instead of {expected}"
        );
    }
}

#[test]
fn of_many_gaussians_each_is_picked_as_often_as_it_is_the_highest_of_a_draw() {
    let scores: Vec<f32> = (0..40).map(|i| (i as f32 * 0.7).sin() * 0.4).collect();
    let deviations: Vec<f32> = (0..40).map(|i| 0.02 + 0.3 * (i as f32 * 1.3).cos().abs()).collect();
    let stated = propensities(&GaussianThompson, &Belief::independent(scores.clone(), &deviations));
    let normal =
        |(mean, deviation): (f32, f32)| Normal::new(f64::from(mean), f64::from(deviation)).unwrap();
    let normals: Vec<_> = scores.into_iter().zip(deviations).map(normal).collect();
    assert_near(&stated, &frequencies(&normals));
}

#[test]
fn of_many_shares_each_is_picked_as_often_as_it_is_the_highest_of_a_draw() {
    let shares: Vec<_> =
        (0..40).map(|i| share(1.0 + (i % 4) as f64, 99.0 + 40.0 * (i % 7) as f64)).collect();
    let stated = propensities(&BetaThompson, &ShareBelief::belief(&shares));
    let betas: Vec<_> =
        shares.iter().map(|share| Beta::new(share.successes, share.failures).unwrap()).collect();
    assert_near(&stated, &frequencies(&betas));
}

#[test]
fn a_share_keeps_its_moments() {
    for expected in [share(1.0, 99.0), share(0.2, 0.7), share(300.0, 20.0)] {
        let found = ShareBelief::from_moments(expected.mean(), expected.deviation());
        assert!((found.successes / expected.successes - 1.0).abs() < 1e-9, "{found:?}");
        assert!((found.failures / expected.failures - 1.0).abs() < 1e-9, "{found:?}");
    }
}

#[test]
fn what_is_left_of_a_short_list_is_picked_as_if_the_rest_had_never_been() {
    let belief = Belief::independent(vec![5.0, 0.0, 0.1], &[0.1, 0.3, 0.3]);
    let rest = Belief::independent(vec![0.0, 0.1], &[0.3, 0.3]);
    let chooser = GaussianThompson.prepare(&belief, &mut generator(0));
    let (found, expected) = (chooser.propensities(&[1, 2]), propensities(&GaussianThompson, &rest));
    assert!((found[0] - expected[0]).abs() < 1e-7, "{found:?} instead of {expected:?}");
}

#[test]
fn tracks_of_which_nothing_is_in_doubt_lose_to_none_but_better_draws() {
    // The first is surely .5; the second is above it with probability 1/2, the third hardly ever.
    let belief = Belief::independent(vec![0.5, 0.5, 0.0], &[0.0, 0.1, 0.05]);
    let stated = propensities(&GaussianThompson, &belief);
    assert!((stated[0] - 0.5).abs() < 1e-4 && (stated[1] - 0.5).abs() < 1e-4, "{stated:?}");
}
