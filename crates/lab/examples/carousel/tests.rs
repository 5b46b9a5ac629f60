//! Carousels: what is seen, what is regretted, and what policies make of it.

use clap::Parser;
use segue_engine::policy::beta_thompson::ShareBelief;
use segue_engine::policy::draw::generator;
use segue_engine::policy::{BetaThompson, Policy};

use crate::policies::{EpsilonGreedy, KlUcb, Random, SegmentThompson, kl_upper_bound};
use crate::run::{CarouselPolicy, Plan, Shown, run};
use crate::world::{CarouselConfig, World};
use crate::{CarouselArgs, Kind, Report, measure};

const NAIVE: ShareBelief = ShareBelief { successes: 1.0, failures: 1.0 };
const PESSIMISTIC: ShareBelief = ShareBelief { successes: 1.0, failures: 99.0 };

fn world(playlists: usize) -> World {
    let config = CarouselConfig {
        segments: 3,
        listeners: 90,
        playlists,
        warm_playlists: 5,
        ..CarouselConfig::default()
    };
    World::draw(config, 1)
}

fn policies(world: &World) -> Vec<Box<dyn CarouselPolicy>> {
    vec![
        Box::new(Random),
        Box::new(EpsilonGreedy::new(world, 0.1)),
        Box::new(KlUcb::new(world, 1.0)),
        Box::new(SegmentThompson::new(world, PESSIMISTIC)),
    ]
}

/// Shows the best carousels and checks what comes back.
struct Knowing;

impl CarouselPolicy for Knowing {
    fn fill(&self, world: &World, listener: usize, _: &mut rand_chacha::ChaCha8Rng) -> Vec<usize> {
        world.best(listener)
    }

    fn learn(&mut self, world: &World, shown: &[Shown]) {
        let mut shown = shown.iter().peekable();
        while let Some(first) = shown.next() {
            let best = world.best(first.listener);
            let mut seen = vec![*first];
            // The first card of the best carousel begins the next one, and so does anything after a
            // stream.
            while let Some(next) =
                shown.next_if(|card| card.playlist != best[0] && card.listener == first.listener)
            {
                seen.push(*next);
            }
            let playlists: Vec<usize> = seen.iter().map(|card| card.playlist).collect();
            assert_eq!(playlists, best[..seen.len()], "cards are seen from the first on, in order");
            assert!(seen[..seen.len() - 1].iter().all(|card| !card.streamed), "a stream ends it");
            assert!(seen.len() >= 3 || seen[seen.len() - 1].streamed, "the first three are seen");
        }
    }
}

#[test]
fn who_knows_everything_regrets_nothing_and_a_stream_ends_the_browsing() {
    let plan = Plan { rounds: 3, batch: 400 };
    assert_eq!(run(&world(60), plan, &mut Knowing, 5), [0.0; 3]);
}

#[test]
fn every_policy_fills_each_carousel_with_distinct_playlists_and_regrets_something() {
    let world = world(60);
    for mut policy in policies(&world) {
        for listener in [0, 1, 89] {
            let mut slate = policy.fill(&world, listener, &mut generator(2));
            slate.sort_unstable();
            slate.dedup();
            assert_eq!(slate.len(), 12);
            assert!(slate.iter().all(|&playlist| playlist < 60), "warm playlists are not on offer");
        }
        let regrets = run(&world, Plan { rounds: 2, batch: 50 }, policy.as_mut(), 5);
        assert!(regrets.iter().all(|&regret| regret > 0.0), "{regrets:?}");
    }
}

#[test]
fn no_order_and_no_choice_is_better_than_the_likeliest_first() {
    let world = world(30);
    let best = world.best(7);
    let reward = world.reward(7, &best);
    let mut swapped = best.clone();
    swapped.swap(0, 11);
    assert!(world.reward(7, &swapped) < reward);
    let mut rng = generator(3);
    assert!((0..200).all(|_| world.reward(7, &Random.fill(&world, 7, &mut rng)) <= reward));
}

#[test]
fn a_reward_is_as_likely_as_listeners_stream_something() {
    let world = world(60);
    let slate = world.best(4);
    struct Fixed(Vec<usize>, usize, usize);
    impl CarouselPolicy for Fixed {
        fn fill(&self, _: &World, _: usize, _: &mut rand_chacha::ChaCha8Rng) -> Vec<usize> {
            self.0.clone()
        }
        fn learn(&mut self, _: &World, shown: &[Shown]) {
            self.1 += shown.iter().filter(|card| card.streamed).count();
            self.2 += 1;
        }
    }
    let mut policy = Fixed(slate.clone(), 0, 0);
    run(&world, Plan { rounds: 10, batch: 10_000 }, &mut policy, 9);
    let expected = (0..90).map(|listener| world.reward(listener, &slate)).sum::<f64>() / 90.0;
    let found = policy.1 as f64 / 100_000.0;
    assert_eq!(policy.2, 10, "one batch a round");
    assert!(
        (found - expected).abs() < 4.0 * (expected / 100_000.0).sqrt(),
        "{found} instead of {expected}"
    );
}

#[test]
fn what_a_segment_streams_comes_first_there_and_nowhere_else() {
    let world = world(60);
    let shown: Vec<Shown> = (0..2_000)
        .map(|i| Shown { listener: 3 * (i % 30), playlist: i % 60, streamed: i % 60 == 17 })
        .collect();
    for mut policy in policies(&world).into_iter().skip(1) {
        policy.learn(&world, &shown);
        let firsts = |listener: usize| {
            (0..50)
                .filter(|&seed| policy.fill(&world, listener, &mut generator(seed))[0] == 17)
                .count()
        };
        assert!(firsts(0) > 35, "{} of 50", firsts(0));
        assert!(firsts(1) < 10, "{} of 50", firsts(1));
    }
}

#[test]
fn the_first_card_of_thompson_sampling_has_the_propensity_that_quadrature_says() {
    let world = world(12);
    let mut policy = SegmentThompson::new(&world, PESSIMISTIC);
    let shown: Vec<Shown> =
        (0..600).map(|i| Shown { listener: 0, playlist: i % 12, streamed: i % 97 == 0 }).collect();
    policy.learn(&world, &shown);
    let belief = ShareBelief::belief(&policy.beliefs(0));
    let stated =
        BetaThompson.prepare(&belief, &mut generator(0)).propensities(&(0..12).collect::<Vec<_>>());
    let mut counts = [0.0; 12];
    let mut rng = generator(6);
    (0..40_000).for_each(|_| counts[policy.fill(&world, 0, &mut rng)[0]] += 1.0);
    let statistic: f64 = counts
        .iter()
        .zip(&stated)
        .map(|(count, p)| (count - 40_000.0 * p).powi(2) / (40_000.0 * p))
        .sum();
    // The upper 0.001 quantile of chi-square with 11 degrees of freedom.
    assert!(statistic < 31.26, "{statistic}");
}

#[test]
fn a_pessimistic_prior_regrets_less_than_a_naive_one() {
    let world = world(200);
    let plan = Plan { rounds: 15, batch: 600 };
    let regret =
        |prior| run(&world, plan, &mut SegmentThompson::new(&world, prior), 3).iter().sum::<f64>();
    let (naive, pessimistic) = (regret(NAIVE), regret(PESSIMISTIC));
    assert!(pessimistic < 0.9 * naive, "{pessimistic} against {naive}");
}

#[test]
fn an_upper_bound_is_as_far_from_the_share_as_the_divergence_allows() {
    for (p, limit) in [(0.0, 0.01), (0.02, 0.05), (0.5, 0.2)] {
        let q: f64 = kl_upper_bound(p, limit);
        let term = |p: f64, q: f64| if p > 0.0 { p * (p / q).ln() } else { 0.0 };
        assert!(
            q > p && (term(p, q) + term(1.0 - p, 1.0 - q) - limit).abs() < 1e-9,
            "{p}, {limit}: {q}"
        );
    }
}

fn args(more: &[&str]) -> CarouselArgs {
    let small = [
        "carousel",
        "--segments",
        "3",
        "--listeners",
        "90",
        "--playlists",
        "100",
        "--rounds",
        "12",
        "--batch",
        "300",
        "--trials",
        "2",
    ];
    CarouselArgs::parse_from(small.iter().chain(more))
}

fn regret(report: &Report, policy: Kind) -> f64 {
    report.rows.iter().find(|row| row.policy == policy).unwrap().regret.mean
}

#[test]
fn policies_that_learn_regret_less_than_chance() {
    let report = measure(&args(&[])).unwrap();
    let random = regret(&report, Kind::Random);
    for kind in [
        Kind::EpsilonGreedy,
        Kind::ThompsonPessimistic,
        Kind::ThompsonFitted,
        Kind::LogisticThompson,
    ] {
        let found = regret(&report, kind);
        assert!(found < random, "{kind:?}: {found} against {random}");
    }
    let floor = report.best_of_segments.mean;
    assert!(floor > 0.0 && floor < regret(&report, Kind::ThompsonFitted));
    let prior = report.fitted_priors[0].0;
    assert!((prior / report.mean_probability - 1.0).abs() < 0.4, "{prior}");
    assert!(report.rows[0].setting.is_none() && report.rows[1].setting.is_some());
    assert_eq!(report.rows[0].cumulative.len(), 12);
}

#[test]
fn threads_do_not_change_what_is_measured() {
    let args = args(&["--policies", "epsilon-greedy,thompson-naive"]);
    let measured = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        serde_json::to_string(&pool.install(|| measure(&args)).unwrap()).unwrap()
    };
    assert_eq!(measured(1), measured(3));
}

#[test]
fn a_carousel_of_more_cards_than_playlists_is_refused() {
    let error = measure(&args(&["--slots", "900"])).err().unwrap();
    assert!(error.to_string().contains("--slots"), "{error}");
}
