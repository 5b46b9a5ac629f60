//! Slates, pick after pick.

use proptest::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use segue_engine::policy::draw::generator;
use segue_lab::off_policy::interval::bootstrap;
use segue_lab::off_policy::slates::Weighting;
use segue_lab::off_policy::{
    EstimateSettings, LoggedSlate, Prediction, Round, SingleAction, SlateEstimator, estimate_slates,
};

use super::{IPS, pick};

/// Three tracks, two of which are drawn one after the other by Plackett-Luce.
const TRACKS: usize = 3;

fn draws(scores: [f64; TRACKS]) -> impl Fn(usize, &[usize]) -> f64 {
    move |track, before| {
        let weight = |t: usize| if before.contains(&t) { 0.0 } else { scores[t].exp() };
        weight(track) / (0..TRACKS).map(weight).sum::<f64>()
    }
}

/// The chance of a reward for the last of some picks: a listener who liked the one before is easier
/// to please.
fn cascade(picks: &[usize]) -> f64 {
    let likes = [0.2, 0.5, 0.7];
    match *picks {
        [one] => likes[one],
        [before, now] => 0.5 * likes[now] + 0.4 * likes[before] * (1.0 + now as f64) / 3.0,
        _ => panic!("slates have two picks"),
    }
}

/// Every slate of two picks with every outcome, each with its probability under `logging`.
fn worlds(
    logging: &dyn Fn(usize, &[usize]) -> f64,
    target: &dyn Fn(usize, &[usize]) -> f64,
    reward: &dyn Fn(&[usize]) -> f64,
    model: &dyn Fn(&[usize]) -> f64,
) -> Vec<(f64, LoggedSlate)> {
    let mut worlds = Vec::new();
    for (first, second) in (0..TRACKS).flat_map(|one| (0..TRACKS).map(move |other| (one, other))) {
        let picks = [first, second];
        let chance = logging(first, &[]) * logging(second, &[first]);
        for outcome in [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] {
            let likely = |k: usize| {
                let p = reward(&picks[..=k]);
                if outcome[k] > 0.0 { p } else { 1.0 - p }
            };
            let round = |k: usize| {
                let before = &picks[..k];
                let with = |track: usize| model(&[before, &[track]].concat());
                Round {
                    reward: outcome[k],
                    propensity: logging(picks[k], before),
                    target: target(picks[k], before),
                    prediction: Some(Prediction {
                        logged: with(picks[k]),
                        expected: (0..TRACKS).map(|t| target(t, before) * with(t)).sum(),
                    }),
                    unsupported: None,
                    cluster: 0,
                }
            };
            if chance > 0.0 {
                worlds.push((chance * likely(0) * likely(1), vec![round(0), round(1)]));
            }
        }
    }
    worlds
}

fn expectation(worlds: &[(f64, LoggedSlate)], estimator: SlateEstimator) -> f64 {
    let of = |slate: &LoggedSlate| {
        estimator.contributions(std::slice::from_ref(slate)).unwrap().estimate()
    };
    worlds.iter().map(|(chance, slate)| chance * of(slate)).sum()
}

/// The true value of a policy: what it earns when it is the one that logs.
fn on_policy(policy: &dyn Fn(usize, &[usize]) -> f64, reward: &dyn Fn(&[usize]) -> f64) -> f64 {
    let worlds = worlds(policy, policy, reward, &|_| 0.0);
    worlds
        .iter()
        .map(|(chance, slate)| chance * slate.iter().map(|round| round.reward).sum::<f64>())
        .sum()
}

#[test]
fn slates_are_valued_without_bias_where_rewards_cascade() {
    let (logging, target) = (draws([0.0, 0.3, 0.1]), draws([-1.0, 0.2, 1.2]));
    let truth = on_policy(&target, &cascade);
    let worlds =
        worlds(&logging, &target, &cascade, &|picks| 0.1 + 0.2 * picks[picks.len() - 1] as f64);
    for estimator in [
        SlateEstimator::Weighted(Weighting::Whole),
        SlateEstimator::Weighted(Weighting::Prefix),
        SlateEstimator::CascadeDoublyRobust,
    ] {
        let found = expectation(&worlds, estimator);
        assert!((found - truth).abs() < 1e-12, "{}: {found} for {truth}", estimator.name());
    }
    let independent = expectation(&worlds, SlateEstimator::Weighted(Weighting::Own));
    assert!(
        (independent - truth).abs() > 0.02,
        "its assumption does not hold here: {independent} for {truth}"
    );
}

#[test]
fn picks_that_earn_alone_and_are_drawn_alone_need_only_their_own_weight() {
    let fixed = |shares: [f64; TRACKS]| move |track: usize, _: &[usize]| shares[track];
    let (logging, target) = (fixed([0.5, 0.25, 0.25]), fixed([0.1, 0.2, 0.7]));
    let reward = |picks: &[usize]| [0.2, 0.5, 0.7][picks[picks.len() - 1]] / picks.len() as f64;
    let truth = on_policy(&target, &reward);
    let worlds = worlds(&logging, &target, &reward, &|_| 0.3);
    let found = expectation(&worlds, SlateEstimator::Weighted(Weighting::Own));
    assert!((found - truth).abs() < 1e-12, "{found} for {truth}");
}

#[test]
fn self_normalised_slate_estimates_come_to_the_truth() {
    let (logging, target) = (draws([0.0, 0.3, 0.1]), draws([-1.0, 0.2, 1.2]));
    let worlds = worlds(&logging, &target, &cascade, &|_| 0.0);
    let chances: Vec<f64> = worlds.iter().map(|(chance, _)| *chance).collect();
    let mut rng = generator(7);
    let slates: Vec<LoggedSlate> =
        (0..40_000).map(|_| worlds[pick(&chances, &mut rng)].1.clone()).collect();
    let truth = on_policy(&target, &cascade);
    for weighting in [Weighting::Whole, Weighting::Prefix] {
        let contributions =
            SlateEstimator::SelfNormalised(weighting).contributions(&slates).unwrap();
        let (found, plain) = (contributions.estimate(), SlateEstimator::Weighted(weighting));
        assert!((found - truth).abs() < 0.02, "{found} for {truth}");
        assert!(plain.contributions(&slates).unwrap().estimate() != found);
    }
}

#[test]
fn intervals_of_slates_cover_at_their_level() {
    let (logging, target) = (draws([0.0, 0.3, 0.1]), draws([-1.0, 0.2, 1.2]));
    let worlds = worlds(&logging, &target, &cascade, &|_| 0.3);
    let chances: Vec<f64> = worlds.iter().map(|(chance, _)| *chance).collect();
    let truth = on_policy(&target, &cascade);
    let estimators = [
        SlateEstimator::Weighted(Weighting::Prefix),
        SlateEstimator::SelfNormalised(Weighting::Prefix),
        SlateEstimator::CascadeDoublyRobust,
    ];
    let (mut rng, mut held) = (generator(21), [0; 3]);
    for _ in 0..400 {
        let slate = |cluster| {
            let mut slate = worlds[pick(&chances, &mut rng)].1.clone();
            slate.iter_mut().for_each(|round| round.cluster = cluster);
            slate
        };
        let slates: Vec<LoggedSlate> = (0..300).map(slate).collect();
        for (estimator, held) in estimators.iter().zip(&mut held) {
            let contributions = estimator.contributions(&slates).unwrap();
            *held += u32::from(bootstrap(&contributions, 0.95, 300, &mut rng).contains(truth));
        }
    }
    println!("slates: {held:?} of 400 held");
    // Four standard errors of a share over 400 logs.
    assert!(held.iter().all(|held| (363..=397).contains(held)), "{held:?} of 400");
}

#[test]
fn the_product_over_a_long_slate_is_refused_and_the_weights_of_single_picks_are_not() {
    let mut rng = generator(12);
    let slate = |cluster: u32, rng: &mut ChaCha8Rng| -> LoggedSlate {
        let pick = |_| {
            let first = rng.random::<f64>() < 0.5;
            let target = if first { 0.8 } else { 0.2 };
            let reward = f64::from(u8::from(first));
            Round { reward, propensity: 0.5, target, prediction: None, unsupported: None, cluster }
        };
        (0..20).map(pick).collect()
    };
    let slates: Vec<LoggedSlate> = (0..1_000).map(|cluster| slate(cluster, &mut rng)).collect();
    let answers = estimate_slates(&slates, &SlateEstimator::ALL, &EstimateSettings::default());
    assert!(answers.iter().all(|answer| answer.estimator != "cascade-dr"), "there is no model");
    let of = |name: &str| answers.iter().find(|answer| answer.estimator == name).unwrap();
    assert!(of("sips").refusal.is_some() && of("rips").refusal.is_some());
    let own = of("iips");
    assert_eq!(own.refusal, None);
    assert!(own.interval.unwrap().contains(16.0), "{:?}", own.interval);
    assert!((700.0..760.0).contains(&own.diagnostics.effective_samples), "{:?}", own.diagnostics);
}

proptest! {
    #[test]
    fn slates_of_one_pick_are_rounds(
        rows in prop::collection::vec((0.0_f64..1.0, 0.01_f64..1.0, 0.01_f64..1.0), 2..40),
    ) {
        let round = |(row, &(reward, propensity, target)): (usize, &(f64, f64, f64))| Round {
            reward,
            propensity,
            target,
            cluster: row as u32,
            unsupported: None,
            prediction: Some(Prediction { logged: 0.3, expected: 0.4 }),
        };
        let log: Vec<Round> = rows.iter().enumerate().map(round).collect();
        let slates: Vec<LoggedSlate> = log.iter().map(|round| vec![*round]).collect();
        for (single, slate) in [
            (IPS, SlateEstimator::Weighted(Weighting::Prefix)),
            (IPS, SlateEstimator::Weighted(Weighting::Whole)),
            (SingleAction::SelfNormalised, SlateEstimator::SelfNormalised(Weighting::Own)),
            (SingleAction::DoublyRobust, SlateEstimator::CascadeDoublyRobust),
        ] {
            let (a, b) =
                (single.contributions(&log).unwrap(), slate.contributions(&slates).unwrap());
            prop_assert!((a.estimate() - b.estimate()).abs() < 1e-9);
            prop_assert!((a.standard_error() - b.standard_error()).abs() < 1e-9);
        }
    }
}
