//! One conformance suite over every policy, and the replay of logs.

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use segue_core::{Slate, TrackId};
use segue_engine::pipeline::{MixRequest, mix};
use segue_engine::policy::draw::{RedrawError, generator, redraw, reweigh};
use segue_engine::policy::{Greedy, PlackettLuce, Policy, PolicyKind, UnknownPolicy};

use crate::world::{HashScorer, Plan, World, plans, request};

const TEMPERATURE: f32 = 0.5;
const EPSILON: f32 = 0.2;

fn policies() -> Vec<Box<dyn Policy>> {
    PolicyKind::ALL.map(|kind| kind.build(TEMPERATURE, EPSILON)).into()
}

/// Upper 0.001 quantiles of chi-square with 1 to 7 degrees of freedom.
const CHI_SQUARE: [f64; 7] = [10.83, 13.82, 16.27, 18.47, 20.52, 22.46, 24.32];

#[test]
fn propensities_are_the_frequencies_of_choice() {
    let scores = [0.3, -0.2, 0.9, 0.9, 0.1, -1.5];
    const DRAWS: usize = 50_000;
    for policy in policies() {
        let expected = policy.propensities(&scores);
        let mut counts = [0_usize; 6];
        let mut rng: ChaCha8Rng = generator(11);
        for _ in 0..DRAWS {
            let (choice, propensity) = policy.choose(&scores, &mut rng);
            assert_eq!(propensity, expected[choice], "{}", policy.name());
            counts[choice] += 1;
        }
        let mut statistic = 0.0;
        let mut possible = 0;
        for (&count, &propensity) in counts.iter().zip(&expected) {
            if propensity == 0.0 {
                assert_eq!(count, 0, "{} chose what it says it cannot", policy.name());
            } else {
                let mean = propensity * DRAWS as f64;
                statistic += (count as f64 - mean).powi(2) / mean;
                possible += 1;
            }
        }
        let limit = if possible > 1 { CHI_SQUARE[possible - 2] } else { 1e-9 };
        assert!(statistic <= limit, "{}: chi-square {statistic} over {possible} choices", policy.name());
    }
}

#[test]
fn names_are_read_back() {
    for kind in PolicyKind::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
    }
    assert_eq!("thompson".parse::<PolicyKind>(), Err(UnknownPolicy("thompson".to_owned())));
}

#[test]
fn plackett_luce_leans_on_the_score_as_the_temperature_says() {
    let propensities = |temperature| PlackettLuce { temperature }.propensities(&[1.0, 0.0]);
    assert!((propensities(1.0)[0] - 1.0 / (1.0 + (-1.0_f64).exp())).abs() < 1e-12);
    assert!(propensities(1e-30)[0] > 1.0 - 1e-12);
    assert!((propensities(1e30)[0] - 0.5).abs() < 1e-12);
}

proptest! {
    #[test]
    fn propensities_sum_to_one_whatever_the_scores(
        scores in prop::collection::vec(prop_oneof![-3.0_f32..3.0, -1e30_f32..1e30, Just(0.0)], 1..60),
        seed: u64,
    ) {
        for policy in policies() {
            let propensities = policy.propensities(&scores);
            prop_assert_eq!(propensities.len(), scores.len());
            prop_assert!(propensities.iter().all(|p| (0.0..=1.0 + 1e-12).contains(p)), "{}", policy.name());
            prop_assert!((propensities.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{}", policy.name());
            let (choice, propensity) = policy.choose(&scores, &mut generator(seed));
            prop_assert!(propensity > 0.0 && propensity == propensities[choice]);
        }
    }

    #[test]
    fn a_better_score_is_never_less_likely(scores in prop::collection::vec(-3.0_f32..3.0, 2..20)) {
        for policy in policies() {
            let propensities = policy.propensities(&scores);
            for i in 0..scores.len() {
                for j in 0..scores.len() {
                    if scores[i] > scores[j] {
                        prop_assert!(propensities[i] >= propensities[j], "{}", policy.name());
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_log_is_drawn_again_from_the_log_alone(plan in plans(), explore in 0.0..=1.0_f32, policy in 0_usize..3) {
        let world = plan.build();
        let Some(slate) = slate(&world, explore, PolicyKind::ALL[policy], plan.seed) else { return Ok(()) };
        let logged: Slate = serde_json::from_str(&serde_json::to_string(&slate).unwrap()).unwrap();
        let redrawn = redraw(&world.catalogue, &logged).unwrap();
        prop_assert_eq!(redrawn, picks_as_drawn(&slate));
    }

    #[test]
    fn a_policy_reweighs_its_own_picks_to_their_propensities(plan in plans(), explore in 0.0..=1.0_f32) {
        let world = plan.build();
        for kind in PolicyKind::ALL {
            let Some(slate) = slate(&world, explore, kind, plan.seed) else { return Ok(()) };
            let policy = kind.build(slate.config.temperature, slate.config.epsilon);
            let weights = reweigh(&world.catalogue, &slate, policy.as_ref()).unwrap();
            let logged: Vec<f64> = picks_as_drawn(&slate).into_iter().map(|(_, propensity)| propensity).collect();
            prop_assert_eq!(weights, logged);
        }
    }
}

fn slate(world: &World, explore: f32, policy: PolicyKind, seed: u64) -> Option<Slate> {
    let request = MixRequest { policy, seed, ..request(15, explore) };
    let outcome = mix(&world.catalogue, &world.index, &world.profile, &HashScorer(seed), &request);
    outcome.ok().map(|outcome| outcome.slate)
}

fn picks_as_drawn(slate: &Slate) -> Vec<(TrackId, f64)> {
    let mut picks: Vec<_> = slate.picks.iter().collect();
    picks.sort_by_key(|pick| pick.drawn);
    picks.into_iter().map(|pick| (pick.track.clone(), pick.propensity)).collect()
}

#[test]
fn a_log_that_does_not_fit_is_refused() {
    let world = Plan { seed: 1, tracks: 100, artists: 20, known: 0.5 }.build();
    let good = slate(&world, 0.5, PolicyKind::PlackettLuce, 1).unwrap();

    let mut unknown_policy = good.clone();
    unknown_policy.config.policy = "plackett-luce/99".to_owned();
    let error = redraw(&world.catalogue, &unknown_policy).unwrap_err();
    assert_eq!(error, RedrawError::Policy { found: "plackett-luce/99".to_owned() });

    let mut unknown_track = good.clone();
    unknown_track.shortlist[0].track = TrackId::new("elsewhere");
    let error = redraw(&world.catalogue, &unknown_track).unwrap_err();
    assert_eq!(error, RedrawError::Track(TrackId::new("elsewhere")));

    let mut twice = good;
    twice.picks[1].track = twice.picks[0].track.clone();
    let error = reweigh(&world.catalogue, &twice, &Greedy).unwrap_err();
    assert_eq!(error, RedrawError::NotEligible(twice.picks[0].track.clone()));
}
