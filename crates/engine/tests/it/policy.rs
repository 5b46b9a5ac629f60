//! One conformance suite over every policy, and the replay of logs.

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use segue_core::{Parameters, Slate, TrackId};
use segue_engine::pipeline::MixError;
use segue_engine::pipeline::MixRequest;
use segue_engine::policy::draw::{RedrawError, generator, redraw, reweigh};
use segue_engine::policy::{
    Belief, BetaThompson, Chooser, EnsembleThompson, Greedy, LinUcb, LinearThompson, PlackettLuce,
    Policy, PolicyKind, UnknownPolicy, choose,
};

use crate::world::{HashScorer, Plan, RowScorer, World, plans, request};

fn settings() -> Parameters {
    Parameters::default().with("temperature", 0.5).with("epsilon", 0.2).with("optimism", 0.7)
}

/// Those that a mix can be drawn by, and those for callers who count.
fn policies() -> Vec<Box<dyn Policy>> {
    let mut policies: Vec<_> = PolicyKind::ALL.map(|kind| kind.build(&settings())).into();
    policies.push(Box::new(BetaThompson));
    policies
}

fn propensities(policy: &dyn Policy, belief: &Belief) -> Vec<f64> {
    let all: Vec<usize> = (0..belief.len()).collect();
    policy.prepare(belief, &mut generator(3)).propensities(&all)
}

/// The answer of a chooser that is slow to ask a million times: a quadrature each.
struct Remembered(Vec<f64>);

impl Chooser for Remembered {
    fn propensities(&self, _: &[usize]) -> Vec<f64> {
        self.0.clone()
    }
}

/// Upper 0.001 quantiles of chi-square with 1 to 7 degrees of freedom.
const CHI_SQUARE: [f64; 7] = [10.83, 13.82, 16.27, 18.47, 20.52, 22.46, 24.32];

#[test]
fn propensities_are_the_frequencies_of_choice() {
    let scores = vec![0.3, 0.2, 0.7, 0.7, 0.1, 0.05];
    let factors = vec![0.25, 0.05, 0.0, 0.3, -0.1, 0.15, 0.1, -0.15, 0.2, 0.0, 0.1, 0.1];
    let belief = Belief::new(scores, factors);
    const DRAWS: usize = 1_000_000;
    let eligible = [0, 1, 2, 3, 4, 5];
    let mut policies = policies();
    policies.retain(|policy| policy.name() != "linear-thompson");
    // Fewer draws from the belief than by default: each of a million picks looks at all of them.
    policies.push(Box::new(LinearThompson { draws: 40 }));
    for policy in policies {
        let mut rng: ChaCha8Rng = generator(11);
        let mut chooser = policy.prepare(&belief, &mut rng);
        let expected = chooser.propensities(&eligible);
        if ["beta-thompson", "gaussian-thompson"].contains(&policy.name()) {
            assert_eq!(chooser.propensities(&eligible), expected, "{}", policy.name());
            chooser = Box::new(Remembered(expected.clone()));
        }
        let mut counts = [0_usize; 6];
        for _ in 0..DRAWS {
            let (choice, propensity) = choose(chooser.as_ref(), &eligible, &mut rng);
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
        assert!(
            statistic <= limit,
            "{}: chi-square {statistic} over {possible} choices",
            policy.name()
        );
    }
}

#[test]
fn names_are_read_back() {
    for kind in PolicyKind::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
    }
    let unknown = "thompson".parse::<PolicyKind>().unwrap_err();
    assert_eq!(unknown, UnknownPolicy { found: "thompson".to_owned() });
    assert!(unknown.to_string().contains("`linear-thompson`"), "{unknown}");
}

#[test]
fn plackett_luce_leans_on_the_score_as_the_temperature_says() {
    let first = |temperature| {
        propensities(&PlackettLuce { temperature }, &Belief::certain(vec![1.0, 0.0]))[0]
    };
    assert!((first(1.0) - 1.0 / (1.0 + (-1.0_f64).exp())).abs() < 1e-12);
    assert!(first(1e-30) > 1.0 - 1e-12);
    assert!((first(1e30) - 0.5).abs() < 1e-12);
}

#[test]
fn thompson_sampling_picks_a_track_as_often_as_it_may_be_the_best() {
    // The difference of the two scores is N(.5, .25): it is above 0 with probability Φ(1).
    let belief = Belief::new(vec![1.0, 0.5], vec![0.3, 0.4, 0.0, 0.0]);
    let policy = LinearThompson { draws: 100_000 };
    let chooser = policy.prepare(&belief, &mut generator(5));
    let propensity = chooser.propensities(&[0, 1])[0];
    let error = chooser.standard_error(propensity);
    assert!((0.001..0.0013).contains(&error), "{error}");
    assert!((propensity - 0.841_345).abs() < 4.0 * error, "{propensity}");
}

#[test]
fn scores_that_move_together_are_not_taken_for_independent_ones() {
    // Both tracks are in doubt, but of one and the same thing: the first is the better one in every
    // draw.
    let together = Belief::new(vec![0.1, 0.0], vec![1.0, 1.0]);
    let apart = Belief::independent(vec![0.1, 0.0], &[1.0, 1.0]);
    let policy = LinearThompson::default();
    assert_eq!(propensities(&policy, &together)[0], 1.0);
    assert!(propensities(&policy, &apart)[0] < 0.6);
}

#[test]
fn a_member_of_an_ensemble_has_one_say_in_so_many() {
    // Three members, who see (2, 0), (2, 0) and (-1, 3): the mean prefers neither.
    let thirds = |values: [f32; 3]| values.map(|value| (value - 1.0) / 3.0_f32.sqrt());
    let factors = [thirds([2.0, 2.0, -1.0]), thirds([0.0, 0.0, 3.0])].concat();
    let chosen = propensities(&EnsembleThompson, &Belief::new(vec![1.0, 1.0], factors));
    assert!((chosen[0] - 2.0 / 3.0).abs() < 1e-12, "{chosen:?}");
}

#[test]
fn an_upper_bound_gives_the_benefit_of_the_doubt() {
    let belief = Belief::independent(vec![1.0, 0.8], &[0.1, 0.5]);
    assert_eq!(propensities(&LinUcb { optimism: 0.0 }, &belief), [1.0, 0.0]);
    assert_eq!(propensities(&LinUcb { optimism: 1.0 }, &belief), [0.0, 1.0]);
}

#[test]
fn a_model_without_doubt_is_refused_by_policies_that_explore_by_it() {
    let world = Plan { seed: 1, tracks: 100, artists: 20, known: 0.5 }.build();
    let request = MixRequest { policy: PolicyKind::LinearThompson, ..request(15, 0.5) };
    let error = world.mixer(&RowScorer(|_| 0.5)).mix(&request).unwrap_err();
    assert!(matches!(error, MixError::NoUncertainty { policy: "linear-thompson", .. }), "{error}");
}

proptest! {
    #[test]
    fn propensities_sum_to_one_whatever_the_scores(
        scores in prop::collection::vec(
            prop_oneof![-3.0_f32..3.0, -1e30_f32..1e30, Just(0.0)],
            1..60,
        ),
        seed: u64,
    ) {
        for policy in policies() {
            let belief = Belief::new(
                scores.clone(),
                scores.iter().flat_map(|s| [s.sin(), s.cos()]).collect(),
            );
            let eligible: Vec<usize> = (0..scores.len()).collect();
            let mut rng = generator(seed);
            let chooser = policy.prepare(&belief, &mut rng);
            let propensities = chooser.propensities(&eligible);
            prop_assert_eq!(propensities.len(), scores.len());
            prop_assert!(
                propensities.iter().all(|p| (0.0..=1.0 + 1e-12).contains(p)),
                "{}",
                policy.name()
            );
            prop_assert!(
                (propensities.iter().sum::<f64>() - 1.0).abs() < 1e-9,
                "{}",
                policy.name()
            );
            let (choice, propensity) = choose(chooser.as_ref(), &eligible, &mut rng);
            prop_assert!(propensity > 0.0 && propensity == propensities[choice]);
        }
    }

    #[test]
    fn a_better_score_is_never_less_likely(scores in prop::collection::vec(-3.0_f32..3.0, 2..20)) {
        for policy in policies() {
            let propensities = propensities(policy.as_ref(), &Belief::certain(scores.clone()));
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
    fn a_log_is_drawn_again_from_the_log_alone(
        plan in plans(),
        explore in 0.0..=1.0_f32,
        policy in 0_usize..PolicyKind::ALL.len(),
    ) {
        let world = plan.build();
        let Some(slate) = slate(&world, explore, PolicyKind::ALL[policy], plan.seed) else {
            return Ok(());
        };
        let logged: Slate = serde_json::from_str(&serde_json::to_string(&slate).unwrap()).unwrap();
        let redrawn = redraw(&world.catalogue, &logged).unwrap();
        prop_assert_eq!(redrawn, picks_as_drawn(&slate));
    }

    #[test]
    fn a_policy_reweighs_its_own_picks_to_their_propensities(
        plan in plans(),
        explore in 0.0..=1.0_f32,
    ) {
        let world = plan.build();
        for kind in PolicyKind::ALL {
            let Some(slate) = slate(&world, explore, kind, plan.seed) else { return Ok(()) };
            let policy = kind.build(&slate.config.policy.parameters);
            let weights = reweigh(&world.catalogue, &slate, policy.as_ref()).unwrap();
            let logged: Vec<f64> =
                picks_as_drawn(&slate).into_iter().map(|(_, propensity)| propensity).collect();
            prop_assert_eq!(weights, logged);
        }
    }
}

fn slate(world: &World, explore: f32, policy: PolicyKind, seed: u64) -> Option<Slate> {
    let request = MixRequest { policy, seed, ..request(15, explore) };
    let outcome = world.mixer(&HashScorer(seed)).mix(&request);
    outcome.ok().map(|outcome| outcome.slate)
}

#[test]
fn a_slate_logged_with_three_named_parameters_is_drawn_again() {
    let world = Plan { seed: 1, tracks: 100, artists: 20, known: 0.5 }.build();
    for kind in PolicyKind::ALL {
        let slate = slate(&world, 0.4, kind, 5).unwrap();
        let parameters = &slate.config.policy.parameters;
        let number = |name| parameters.number(name).unwrap();
        let [temperature, epsilon, optimism] = ["temperature", "epsilon", "optimism"].map(number);
        let mut old = serde_json::to_value(&slate).unwrap();
        // The object as builds wrote it while these were fields of their own.
        old["config"] = serde_json::json!({
            "policy": format!("{}/{}", slate.config.policy.name, slate.config.policy.version),
            "model": slate.config.model,
            "seed": slate.config.seed,
            "explore": slate.config.explore,
            "new_slots": slate.config.new_slots,
            "new_artist_slots": slate.config.new_artist_slots,
            "arrival_slots": slate.config.arrival_slots,
            "artist_cap": slate.config.artist_cap,
            "album_cap": slate.config.album_cap,
            "temperature": temperature,
            "epsilon": epsilon,
            "optimism": optimism,
        });
        assert_eq!(old["config"], serde_json::to_value(&slate.config).unwrap(), "and still does");
        let old: Slate = serde_json::from_str(&old.to_string()).unwrap();
        assert_eq!(redraw(&world.catalogue, &old).unwrap(), picks_as_drawn(&slate));
    }
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
    unknown_policy.config.policy.version = 99;
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
