//! Estimators, intervals and refusals on policies and rewards that are known.
//!
//! Where the world is small enough, expectations are summed over everything that can happen, and
//! hold to the last digits.

mod impressions;
mod intervals;
mod slates;

use proptest::prelude::*;
use rand::{Rng, RngExt};
use segue_engine::policy::draw::generator;
use segue_lab::off_policy::selection::{candidate_thresholds, switch_threshold};
use segue_lab::off_policy::{
    CrossFitted, Diagnostics, EstimateSettings, PolicyEstimate, Prediction, Refusal, RefusalLimits,
    RewardModel, RewardObservation, Round, SingleAction, estimate_rounds,
};

const IPS: SingleAction = SingleAction::InversePropensity { clip: f64::INFINITY };

/// Three contexts, equally likely, and four actions.
struct Bandit {
    logging: [[f64; 4]; 3],
    target: [[f64; 4]; 3],
    reward: [[f64; 4]; 3],
    model: [[f64; 4]; 3],
}

/// Weights up to 6, and a model that is wrong everywhere.
const BANDIT: Bandit = Bandit {
    logging: [[0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25], [0.7, 0.1, 0.1, 0.1]],
    target: [[0.6, 0.2, 0.1, 0.1], [0.1, 0.5, 0.0, 0.4], [0.2, 0.3, 0.3, 0.2]],
    reward: [[0.3, 0.1, 0.5, 0.05], [0.2, 0.4, 0.6, 0.1], [0.1, 0.8, 0.3, 0.5]],
    model: [[0.2, 0.3, 0.1, 0.4], [0.5, 0.1, 0.3, 0.2], [0.3, 0.3, 0.6, 0.0]],
};

/// Rare rewards, and weights of which few are large: where bootstrap intervals fail first.
const SKEWED: Bandit = Bandit {
    logging: [[0.02, 0.08, 0.4, 0.5], [0.02, 0.08, 0.4, 0.5], [0.02, 0.08, 0.4, 0.5]],
    target: [[0.3, 0.3, 0.2, 0.2], [0.3, 0.3, 0.2, 0.2], [0.3, 0.3, 0.2, 0.2]],
    reward: [[0.1, 0.1, 0.05, 0.02], [0.1, 0.05, 0.05, 0.02], [0.05, 0.1, 0.1, 0.1]],
    model: [[0.05; 4]; 3],
};

impl Bandit {
    fn value(&self) -> f64 {
        self.sum(|context, action| self.target[context][action] * self.reward[context][action])
    }

    fn sum(&self, term: impl Fn(usize, usize) -> f64) -> f64 {
        (0..3)
            .flat_map(|context| (0..4).map(move |action| (context, action)))
            .map(|(c, a)| term(c, a) / 3.0)
            .sum()
    }

    fn round(&self, context: usize, action: usize, reward: f64, cluster: u32) -> Round {
        let expected = (0..4).map(|a| self.target[context][a] * self.model[context][a]).sum();
        Round {
            reward,
            propensity: self.logging[context][action],
            target: self.target[context][action],
            prediction: Some(Prediction { logged: self.model[context][action], expected }),
            unsupported: Some(0.0),
            cluster,
        }
    }

    /// The mean of an estimator over all logs of one round.
    fn expectation(&self, estimator: SingleAction) -> f64 {
        let of = |context, action, reward| {
            let log = [self.round(context, action, reward, 0)];
            estimator.contributions(&log).unwrap().estimate()
        };
        self.sum(|context, action| {
            let likely = self.reward[context][action];
            self.logging[context][action]
                * (likely * of(context, action, 1.0) + (1.0 - likely) * of(context, action, 0.0))
        })
    }

    fn log(&self, rounds: u32, rng: &mut impl Rng) -> Vec<Round> {
        let round = |cluster| {
            let context = rng.random_range(0..3);
            let action = pick(&self.logging[context], rng);
            let reward = f64::from(u8::from(rng.random::<f64>() < self.reward[context][action]));
            self.round(context, action, reward, cluster)
        };
        (0..rounds).map(round).collect()
    }
}

fn pick(propensities: &[f64], rng: &mut impl Rng) -> usize {
    let mut u: f64 = rng.random();
    propensities
        .iter()
        .position(|propensity| {
            u -= propensity;
            u < 0.0
        })
        .unwrap_or(propensities.len() - 1)
}

#[test]
fn weighted_and_doubly_robust_estimates_are_unbiased_with_any_model() {
    for estimator in
        [IPS, SingleAction::DoublyRobust, SingleAction::SwitchDoublyRobust { threshold: 6.0 }]
    {
        let found = BANDIT.expectation(estimator);
        assert!((found - BANDIT.value()).abs() < 1e-12, "{}: {found}", estimator.name());
    }
}

#[test]
fn the_direct_method_is_as_good_as_its_model() {
    let wrong = BANDIT.expectation(SingleAction::Direct);
    let believed = BANDIT.sum(|c, a| BANDIT.target[c][a] * BANDIT.model[c][a]);
    assert!((wrong - believed).abs() < 1e-12 && (wrong - BANDIT.value()).abs() > 0.05);
    let right = Bandit { model: BANDIT.reward, ..BANDIT };
    assert!((right.expectation(SingleAction::Direct) - BANDIT.value()).abs() < 1e-12);
}

#[test]
fn thresholds_cost_the_bias_that_theory_says() {
    let weight = |c: usize, a: usize| BANDIT.target[c][a] / BANDIT.logging[c][a];
    let clipped = BANDIT.expectation(SingleAction::InversePropensity { clip: 2.0 });
    let expected =
        BANDIT.sum(|c, a| BANDIT.logging[c][a] * weight(c, a).min(2.0) * BANDIT.reward[c][a]);
    assert!((clipped - expected).abs() < 1e-12);
    let switched = BANDIT.expectation(SingleAction::SwitchDoublyRobust { threshold: 2.5 });
    let left_out = BANDIT.sum(|c, a| {
        let left_out = weight(c, a) > 2.5;
        f64::from(u8::from(left_out))
            * BANDIT.target[c][a]
            * (BANDIT.reward[c][a] - BANDIT.model[c][a])
    });
    assert!((switched - (BANDIT.value() - left_out)).abs() < 1e-12 && left_out.abs() > 0.02);
}

#[test]
fn self_normalised_estimates_are_right_on_average_over_many_logs() {
    let mut rng = generator(1);
    let logs = 2_000;
    let estimates: Vec<f64> = (0..logs)
        .map(|_| {
            SingleAction::SelfNormalised
                .contributions(&BANDIT.log(500, &mut rng))
                .unwrap()
                .estimate()
        })
        .collect();
    let mean = estimates.iter().sum::<f64>() / f64::from(logs);
    let variance = estimates.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / f64::from(logs - 1);
    let error = (variance / f64::from(logs)).sqrt();
    assert!(error < 0.001 && (mean - BANDIT.value()).abs() < 4.0 * error, "{mean} ± {error}");
}

#[test]
fn every_estimator_gives_the_mean_of_the_log_to_the_policy_that_made_it() {
    let bandit = Bandit { target: BANDIT.logging, ..BANDIT };
    let mut log = bandit.log(200, &mut generator(2));
    let mean = log.iter().map(|round| round.reward).sum::<f64>() / 200.0;
    let expected: Vec<f64> = log.iter().map(|round| round.prediction.unwrap().logged).collect();
    // A model whose mean over the target is what it says of the choice made.
    log.iter_mut().zip(expected).for_each(|(round, expected)| {
        round.prediction.as_mut().unwrap().expected = expected;
    });
    let estimators = [IPS, SingleAction::SelfNormalised, SingleAction::DoublyRobust];
    for answer in estimate_rounds(&log, &estimators, &EstimateSettings::default()) {
        assert!((answer.value - mean).abs() < 1e-12, "{}", answer.estimator);
        assert_eq!(answer.refusal, None);
    }
}

fn ips(rounds: &[Round]) -> PolicyEstimate {
    estimate_rounds(rounds, &[IPS], &EstimateSettings::default()).remove(0)
}

#[test]
fn a_log_that_answers_is_not_refused() {
    let refused = (0..200)
        .filter(|&seed| ips(&BANDIT.log(600, &mut generator(seed))).refusal.is_some())
        .count();
    assert_eq!(refused, 0);
}

#[test]
fn intervals_are_given_only_where_resampling_shows_the_whole_error() {
    let log = BANDIT.log(600, &mut generator(1));
    let estimators = [
        IPS,
        SingleAction::DoublyRobust,
        SingleAction::Direct,
        SingleAction::SwitchDoublyRobust { threshold: 1.0 },
        SingleAction::SwitchDoublyRobust { threshold: f64::INFINITY },
        SingleAction::InversePropensity { clip: 1.0 },
    ];
    let answers = estimate_rounds(&log, &estimators, &EstimateSettings::default());
    let given: Vec<bool> = answers.iter().map(|answer| answer.interval.is_some()).collect();
    assert_eq!(given, [true, true, false, false, true, false]);
    assert_eq!(answers[1].value, answers[4].value);
    let unrewarded: Vec<Round> = log.iter().map(|round| Round { reward: 0.0, ..*round }).collect();
    assert_eq!(ips(&unrewarded).interval, None, "no reward is no proof that there is none");
    assert!(ips(&unrewarded).bound.unwrap().high > 0.0);
}

#[test]
fn a_log_without_chance_is_refused() {
    let round = Round {
        reward: 1.0,
        propensity: 1.0,
        target: 0.3,
        prediction: None,
        unsupported: None,
        cluster: 0,
    };
    let refusal = ips(&vec![round; 500]).refusal.unwrap();
    assert_eq!(refusal, Refusal::Deterministic { share: 1.0 });
    assert!(refusal.to_string().contains("explores"), "{refusal}");
    let same = vec![Round { target: 1.0, ..round }; 500];
    assert_eq!(ips(&same).refusal, None, "a policy is judged by its own log");
    assert_eq!(ips(&[]).refusal, Some(Refusal::Empty));
}

#[test]
fn choices_that_the_log_could_not_make_are_refused() {
    let mut log = BANDIT.log(1_000, &mut generator(3));
    log.iter_mut().for_each(|round| round.unsupported = Some(0.2));
    let answers = estimate_rounds(&log, &[IPS, SingleAction::Direct], &EstimateSettings::default());
    for answer in answers {
        let refusal = answer.refusal.unwrap();
        assert!(matches!(refusal, Refusal::Unsupported { .. }), "{}: {refusal}", answer.estimator);
        assert!(refusal.to_string().starts_with("20 % of the policy's choices"), "{refusal}");
    }
    let limits = RefusalLimits { unsupported: 0.25, ..RefusalLimits::default() };
    assert_eq!(limits.refuse(&Diagnostics::of_rounds(&log), true), None);
}

#[test]
fn propensities_that_cannot_be_right_are_detected_by_the_mean_weight() {
    let good = BANDIT.log(2_000, &mut generator(4));
    for (factor, hint) in [(0.8, "too small"), (1.25, "too large")] {
        let mut log = good.clone();
        log.iter_mut().for_each(|round| round.propensity *= factor);
        let refusal = ips(&log).refusal.unwrap();
        assert!(matches!(refusal, Refusal::MeanWeight { .. }), "{refusal}");
        assert!(refusal.to_string().contains(hint), "{refusal}");
        let direct =
            estimate_rounds(&log, &[SingleAction::Direct], &EstimateSettings::default()).remove(0);
        assert_eq!(direct.refusal, None, "the model does not look at propensities");
    }
}

#[test]
fn a_short_log_may_lack_what_is_rare() {
    let round = |cluster| Round {
        reward: 0.0,
        propensity: 0.5,
        target: 0.46,
        prediction: None,
        unsupported: None,
        cluster,
    };
    let limits = RefusalLimits { effective_samples: 1.0, ..RefusalLimits::default() };
    let refuse = |rounds| {
        limits.refuse(&Diagnostics::of_rounds(&(0..rounds).map(round).collect::<Vec<_>>()), true)
    };
    assert_eq!(refuse(12), None);
    assert!(matches!(refuse(1_000), Some(Refusal::MeanWeight { .. })));
}

#[test]
fn a_log_of_which_little_is_left_is_refused() {
    let rare = |row: u32| {
        let propensity = if row.is_multiple_of(50) { 0.02 } else { 0.98 };
        let target = 1.0 - propensity;
        Round { reward: 0.0, propensity, target, prediction: None, unsupported: None, cluster: row }
    };
    let answer = ips(&(0..1_000).map(rare).collect::<Vec<_>>());
    let Some(Refusal::EffectiveSamples { found, needed: 100.0, .. }) = answer.refusal else {
        panic!("{:?}", answer.refusal)
    };
    assert!((20.0..22.0).contains(&found), "{found}: twenty rounds carry nearly all of the weight");
    assert!((answer.diagnostics.mean_weight - 1.0).abs() < 1e-9);
}

fn observation(action: u32, reward: f64, cluster: u32) -> RewardObservation {
    RewardObservation { action, position: 0, reward, cluster }
}

#[test]
fn rewards_are_shrunk_as_far_as_chance_explains_them() {
    let log = |shares: [u32; 4]| -> Vec<RewardObservation> {
        let of = |action: usize| {
            (0..100).map(move |row| {
                observation(action as u32, f64::from(u8::from(row < shares[action])), row)
            })
        };
        (0..4).flat_map(of).collect()
    };
    let (alike, apart) = (log([10, 11, 9, 10]), log([5, 80, 20, 50]));
    let alike = RewardModel::fit(alike.iter());
    assert!(alike.pseudo_count() > 1e4 && (alike.predict(1, 0) - 0.1).abs() < 1e-3);
    let apart = RewardModel::fit(apart.iter());
    assert!(apart.pseudo_count() < 10.0 && (apart.predict(1, 0) - 0.8).abs() < 0.03);
    assert!((apart.predict(9, 0) - 0.3875).abs() < 1e-12, "what was never seen is like the rest");
}

#[test]
fn no_round_is_predicted_by_itself_or_its_cluster() {
    let mut rng = generator(13);
    let mut log: Vec<RewardObservation> = (0..300)
        .map(|row| observation(row % 5, f64::from(u8::from(rng.random::<f64>() < 0.3)), row / 3))
        .collect();
    let fit = |log: &[RewardObservation]| CrossFitted::fit(log, 5, &mut generator(1));
    let before = fit(&log);
    log[30..33].iter_mut().for_each(|row| row.reward = 1.0 - row.reward);
    let after = fit(&log);
    let predicted =
        |fitted: &CrossFitted, row: usize| fitted.model(row).predict(log[row].action, 0);
    for row in 30..33 {
        assert_eq!(predicted(&before, row), predicted(&after, row));
        assert_eq!(before.fold(row), before.fold(30), "a cluster is in one fold");
    }
    let others = (0..300).filter(|&row| before.fold(row) != before.fold(30));
    assert!(others.filter(|&row| predicted(&before, row) != predicted(&after, row)).count() > 200);
}

#[test]
fn the_threshold_trades_variance_for_a_bias_that_does_not_show() {
    // Rare rewards and a model that is right: following the log into large weights only adds noise.
    let good = Bandit { model: SKEWED.reward, ..SKEWED };
    let (mut switched, mut followed) = (0.0, 0.0);
    let mut rng = generator(14);
    for _ in 0..100 {
        let log = good.log(300, &mut rng);
        let error = |estimator: SingleAction| {
            (estimator.contributions(&log).unwrap().estimate() - good.value()).powi(2)
        };
        let threshold = switch_threshold(&log).unwrap();
        switched += error(SingleAction::SwitchDoublyRobust { threshold });
        followed += error(SingleAction::DoublyRobust);
    }
    assert!(switched < followed / 2.0, "{switched} against {followed}");
    // A model that is far off, and a long log: the log is followed.
    let bad = Bandit { model: [[0.9; 4]; 3], ..BANDIT };
    let log = bad.log(5_000, &mut rng);
    let threshold = switch_threshold(&log).unwrap();
    assert_eq!(threshold, *candidate_thresholds(&log).last().unwrap());
    let none = Round { prediction: None, ..log[0] };
    assert_eq!(switch_threshold(&[none]), None);
    assert_eq!(SingleAction::DoublyRobust.contributions(&[none]).map(|c| c.estimate()), None);
}

proptest! {
    #[test]
    fn self_normalised_estimates_keep_to_the_rewards_seen(
        rows in prop::collection::vec((-2.0_f64..3.0, 0.01_f64..1.0, 0.01_f64..1.0), 1..40),
    ) {
        let round = |(row, &(reward, propensity, target)): (usize, &(f64, f64, f64))| Round {
            reward,
            propensity,
            target,
            prediction: None,
            unsupported: None,
            cluster: row as u32 % 7,
        };
        let log: Vec<Round> = rows.iter().enumerate().map(round).collect();
        let value = SingleAction::SelfNormalised.contributions(&log).unwrap().estimate();
        let (low, high) =
            rows.iter().fold((f64::MAX, f64::MIN), |(l, h), row| (l.min(row.0), h.max(row.0)));
        prop_assert!(value >= low - 1e-9 && value <= high + 1e-9);
        let diagnostics = Diagnostics::of_rounds(&log);
        prop_assert!(diagnostics.effective_samples <= rows.len() as f64 + 1e-9);
        prop_assert!(diagnostics.effective_samples >= 1.0 - 1e-9);
    }
}
