//! How often intervals hold the truth.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use segue_engine::policy::draw::generator;
use segue_lab::off_policy::interval::{Bootstrap, bootstrap, bootstrap_by, empirical_bernstein};
use segue_lab::off_policy::{Round, SingleAction};

use super::{BANDIT, IPS, SKEWED};

/// How often intervals of `level` hold the truth, over `logs` logs, and how wide they are.
fn coverage(
    estimator: SingleAction,
    method: Bootstrap,
    level: f64,
    logs: u32,
    rounds: u32,
) -> (f64, f64) {
    let (mut rng, mut held, mut width) = (generator(5), 0, 0.0);
    for _ in 0..logs {
        let contributions = estimator.contributions(&BANDIT.log(rounds, &mut rng)).unwrap();
        let interval = bootstrap_by(method, &contributions, level, 400, &mut rng);
        held += u32::from(interval.contains(BANDIT.value()));
        width += interval.high - interval.low;
    }
    (f64::from(held) / f64::from(logs), width / f64::from(logs))
}

#[test]
fn intervals_cover_at_their_level() {
    for estimator in [IPS, SingleAction::SelfNormalised, SingleAction::DoublyRobust] {
        // Four standard errors of a share over 500 logs.
        for (level, least, most) in [(0.95, 0.911, 0.989), (0.8, 0.728, 0.872)] {
            let (held, width) = coverage(estimator, Bootstrap::Studentised, level, 500, 300);
            println!("{} {level}: {held} held, {width:.3} wide", estimator.name());
            assert!((least..=most).contains(&held), "{} at {level}: {held}", estimator.name());
        }
    }
}

#[test]
fn studentised_intervals_hold_better_than_percentiles_where_weights_are_skewed() {
    let measure = |method| {
        let (mut rng, mut held) = (generator(6), 0);
        for _ in 0..500 {
            let contributions = IPS.contributions(&SKEWED.log(500, &mut rng)).unwrap();
            held += u32::from(
                bootstrap_by(method, &contributions, 0.95, 400, &mut rng).contains(SKEWED.value()),
            );
        }
        f64::from(held) / 500.0
    };
    let (percentile, studentised) =
        (measure(Bootstrap::Percentile), measure(Bootstrap::Studentised));
    println!("percentile {percentile}, studentised {studentised}");
    assert!(studentised > percentile && studentised > 0.911, "{studentised} against {percentile}");
}

#[test]
fn rounds_of_a_listener_are_resampled_together() {
    let (mut together, mut alone) = (0, 0);
    let mut rng = generator(8);
    for _ in 0..300 {
        // Sixty listeners of ten rounds, who like much or little; both policies are the same.
        let mut log = Vec::new();
        for cluster in 0..60 {
            let taste = if rng.random::<f64>() < 0.5 { 0.1 } else { 0.7 };
            log.extend((0..10).map(|_| Round {
                reward: f64::from(u8::from(rng.random::<f64>() < taste)),
                propensity: 0.5,
                target: 0.5,
                prediction: None,
                unsupported: None,
                cluster,
            }));
        }
        let covers = |log: &[Round], rng: &mut ChaCha8Rng| {
            let contributions = IPS.contributions(log).unwrap();
            u32::from(bootstrap(&contributions, 0.95, 300, rng).contains(0.4))
        };
        together += covers(&log, &mut rng);
        log.iter_mut().zip(0..).for_each(|(round, row)| round.cluster = row);
        alone += covers(&log, &mut rng);
    }
    println!("{together} and {alone} of 300");
    assert!((270..=297).contains(&together), "{together} of 300");
    assert!(alone < 240, "{alone} of 300");
}

#[test]
fn the_bernstein_bound_holds_more_often_than_it_promises() {
    let (mut rng, mut held) = (generator(9), 0);
    for _ in 0..300 {
        let log = BANDIT.log(300, &mut rng);
        let contributions = IPS.contributions(&log).unwrap();
        let bound = empirical_bernstein(&contributions, IPS.span(&log).unwrap(), 0.8).unwrap();
        held += u32::from(bound.contains(BANDIT.value()));
    }
    assert!(held >= 290, "{held} of 300");
    let mut log = BANDIT.log(10, &mut rng);
    log[1].cluster = log[0].cluster;
    assert_eq!(
        empirical_bernstein(&IPS.contributions(&log).unwrap(), 1.0, 0.8),
        None,
        "rounds depend"
    );
}

#[test]
fn many_rounds_are_resampled_in_batches_to_the_same_interval() {
    let log = BANDIT.log(12_000, &mut generator(10));
    let contributions = IPS.contributions(&log).unwrap();
    let interval = bootstrap(&contributions, 0.95, 2_000, &mut generator(0));
    let reach = 1.96 * contributions.standard_error();
    let half = (interval.high - interval.low) / 2.0;
    assert!((half / reach - 1.0).abs() < 0.1, "{half} and {reach}");
}
