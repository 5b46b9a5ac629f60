//! Mixes from a pool: the same as without one if it is whole, and honest about what is missing if
//! it is not.

use proptest::prelude::*;
use segue_core::{ListenerId, TrackId};
use segue_engine::mix::filters::Familiarity;
use segue_engine::pipeline::{Bounds, Breadth, MixError, MixRequest, Pool};
use segue_engine::policy::PolicyKind;
use segue_engine::{Interaction, Profile, Stance, TrackIdx};

use crate::world::{HashScorer, Plan, World, plans, request};

const EPOCH: segue_core::Timestamp = segue_core::Timestamp::UNIX_EPOCH;

fn pool(world: &World, scorer: &HashScorer, breadth: Breadth<'_>) -> Pool {
    world
        .mixer(scorer)
        .retrieve(breadth, &[], segue_engine::MixContext::at(segue_core::Timestamp::UNIX_EPOCH))
        .expect("it has tracks")
}

fn bounded(familiar: usize, new: usize) -> Breadth<'static> {
    Breadth::Bounded(Bounds { familiar, new, asked: 3 * new, arrivals: 5 })
}

fn is_known(world: &World, track: TrackIdx) -> bool {
    world.profile.interaction(world.catalogue.work(track)).is_some_and(Interaction::is_known)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_pool_of_everything_gives_the_exact_mix(
        plan in plans(),
        length in 1_u32..40,
        explore in 0.0..=1.0_f32,
        policy in 0..PolicyKind::ALL.len(),
        familiarity in 0_usize..4,
    ) {
        let world = plan.build();
        let scorer = HashScorer(plan.seed);
        let ids = |step: usize| -> Vec<TrackId> {
            world
                .catalogue
                .rows()
                .step_by(step)
                .map(|row| world.catalogue.track(row).id.clone())
                .collect()
        };
        let request = MixRequest {
            policy: PolicyKind::ALL[policy],
            familiarity: [
                Familiarity::Any,
                Familiarity::Owned,
                Familiarity::Heard,
                Familiarity::New,
            ][familiarity],
            seed: plan.seed,
            exclude_tracks: ids(7),
            exclude_artists: vec!["artist 0".to_owned()],
            arrivals: ids(5),
            within: plan.seed.is_multiple_of(3).then(|| ids(2)),
            ..request(length, explore)
        };
        let pool = pool(&world, &scorer, Breadth::Exact);
        let mixer = world.mixer(&scorer);
        let from_pool = mixer.mix_from(&pool, &request).map(|outcome| outcome.slate);
        let exact = mixer.mix(&MixRequest { exact: true, ..request }).map(|outcome| outcome.slate);
        match (from_pool, exact) {
            (Err(MixError::NothingEligible { .. }), Err(MixError::NothingEligible { .. })) => {}
            (from_pool, exact) => prop_assert_eq!(from_pool, exact),
        }
    }

    #[test]
    fn a_short_list_serves_every_seed_of_its_request_and_no_other_request(
        plan in plans(),
        explore in 0.0..=1.0_f32,
        policy in 0..PolicyKind::ALL.len(),
        seeds in proptest::array::uniform3(0_u64..1_000),
    ) {
        let world = plan.build();
        let scorer = HashScorer(plan.seed);
        let (mixer, pool) = (world.mixer(&scorer), pool(&world, &scorer, Breadth::Exact));
        let asked = MixRequest { policy: PolicyKind::ALL[policy], ..request(12, explore) };
        let Ok(shortlist) = mixer.shortlist_from(&pool, &asked) else { return Ok(()) };
        for seed in seeds {
            let again = MixRequest { seed, ..asked.clone() };
            prop_assert!(shortlist.serves(&again));
            let drawn = mixer.draw_from(&pool, &shortlist, seed);
            prop_assert_eq!(Ok(drawn), mixer.mix_from(&pool, &again));
        }
        let others = [
            MixRequest { now: asked.now + std::time::Duration::from_secs(1), ..asked.clone() },
            MixRequest { length: 11, ..asked.clone() },
            MixRequest { no_repeat_days: asked.no_repeat_days + 1, ..asked.clone() },
            MixRequest { exclude_artists: vec!["artist 0".to_owned()], ..asked },
        ];
        prop_assert!(!others.iter().any(|other| shortlist.serves(other)));
    }

    #[test]
    fn a_mix_within_bounds_is_as_full_and_as_new_as_the_exact_one(
        plan in plans(),
        length in 1_u32..40,
        explore in 0.0..=1.0_f32,
        policy in 0..PolicyKind::ALL.len(),
    ) {
        let world = plan.build();
        let scorer = HashScorer(plan.seed);
        let request = MixRequest {
            policy: PolicyKind::ALL[policy],
            seed: plan.seed,
            ..request(length, explore)
        };
        let mixer = world.mixer(&scorer);
        let slate = |request: &MixRequest| {
            let slate = mixer.mix(request).map(|outcome| outcome.slate);
            slate.map(|slate| (slate.picks.len(), slate.new_count()))
        };
        match (slate(&request), slate(&MixRequest { exact: true, ..request.clone() })) {
            (Err(MixError::NothingEligible { .. }), Err(MixError::NothingEligible { .. })) => {}
            (bounded, exact) => prop_assert_eq!(bounded, exact),
        }
    }

    #[test]
    fn a_bounded_pool_gives_a_mix_as_full_and_as_new_as_the_catalogue_does_or_says_that_it_cannot(
        plan in plans(),
        explore in 0.0..=1.0_f32,
        bounds in (0_usize..60, 0_usize..60),
    ) {
        let world = plan.build();
        let scorer = HashScorer(plan.seed);
        let request = request(20, explore);
        let pool = pool(&world, &scorer, bounded(bounds.0, bounds.1));
        let whole = world.mixer(&scorer).mix(&MixRequest { exact: true, ..request.clone() });
        match world.mixer(&scorer).mix_from(&pool, &request) {
            Err(MixError::Insufficient) => {}
            Ok(outcome) => {
                let whole = whole.expect("there is at least what the pool has").slate;
                prop_assert_eq!(outcome.slate.picks.len(), whole.picks.len());
                prop_assert_eq!(outcome.slate.new_count(), whole.new_count());
            }
            Err(error) => prop_assert_eq!(Err(error), whole.map(|_| ())),
        }
    }

    #[test]
    fn a_bounded_pool_keeps_to_its_bounds_with_one_version_of_each_work(
        plan in plans(),
        familiar in 0_usize..40,
        new in 0_usize..40,
    ) {
        let world = plan.build();
        let pool = pool(&world, &HashScorer(plan.seed), bounded(familiar, new));
        let tracks: Vec<TrackIdx> =
            pool.candidates().iter().map(|candidate| candidate.track).collect();
        prop_assert!(tracks.is_sorted_by(|a, b| a < b));
        let works: std::collections::BTreeSet<_> =
            tracks.iter().map(|&track| world.catalogue.work(track)).collect();
        prop_assert_eq!(works.len(), tracks.len());
        let known = tracks.iter().filter(|&&track| is_known(&world, track)).count();
        let all_known = world.profile.interactions.iter().filter(|x| x.is_known()).count();
        prop_assert_eq!(known, all_known.min(familiar));
        prop_assert!(tracks.len() - known <= new);
    }
}

#[test]
fn a_ban_counts_at_once_and_a_list_of_tracks_needs_more_than_a_bounded_pool() {
    let mut world = Plan { seed: 4, tracks: 400, artists: 60, known: 0.3 }.build();
    let scorer = HashScorer(4);
    let pool = pool(&world, &scorer, bounded(60, 120));
    let made = |world: &World, request: &MixRequest| world.mixer(&scorer).mix_from(&pool, request);
    let request = request(20, 0.5);
    let first = made(&world, &request).unwrap().slate.picks[0].track.clone();
    let row = world.catalogue.find(&first).unwrap();
    let mut interactions = world.profile.interactions.clone();
    interactions.retain(|x| x.work != world.catalogue.work(row));
    let banned = Interaction {
        track: row,
        work: world.catalogue.work(row),
        stance: Stance::Ban,
        ..world.profile.interactions[0].clone()
    };
    interactions.push(banned);
    world.profile = Profile::from_interactions(ListenerId::new("someone"), interactions);
    let after = made(&world, &request).unwrap().slate;
    assert!(after.picks.iter().all(|pick| pick.track != first));

    let within =
        Some(world.catalogue.rows().map(|row| world.catalogue.track(row).id.clone()).collect());
    assert_eq!(made(&world, &MixRequest { within, ..request }), Err(MixError::Insufficient));
}

#[test]
fn arrivals_are_in_a_bounded_pool_or_scored_when_asked_for() {
    let world = Plan { seed: 9, tracks: 900, artists: 200, known: 0.1 }.build();
    let scorer = HashScorer(9);
    let late: Vec<TrackIdx> =
        world.catalogue.rows().filter(|row| row.0.is_multiple_of(11)).collect();
    let arrivals = late.iter().map(|&row| world.catalogue.track(row).id.clone()).collect();
    let request = MixRequest { arrivals, arrival_share: 0.5, ..request(20, 0.5) };
    for known_late in [&[][..], &late] {
        let breadth = Breadth::Bounded(Bounds { familiar: 50, new: 100, asked: 100, arrivals: 40 });
        let pool = world
            .mixer(&scorer)
            .retrieve(
                breadth,
                known_late,
                segue_engine::MixContext::at(segue_core::Timestamp::UNIX_EPOCH),
            )
            .unwrap();
        let outcome = world.mixer(&scorer).mix_from(&pool, &request).unwrap();
        let arrived = outcome
            .slate
            .picks
            .iter()
            .filter(|pick| request.arrivals.contains(&pick.track))
            .count();
        assert!(arrived >= 5, "{arrived}");
        assert_eq!(outcome.slate.config.arrival_slots, 5);
    }
}

#[test]
fn a_pool_is_rescored_for_the_profile_as_it_is() {
    let world = Plan { seed: 12, tracks: 300, artists: 60, known: 0.2 }.build();
    let pool = pool(&world, &HashScorer(1), bounded(40, 80));
    let rescored =
        |pool: &Pool, scorer| pool.rescored(&world.mixer(&HashScorer(scorer)), &[], EPOCH).unwrap();
    let again = rescored(&pool, 2);
    let tracks = |pool: &Pool| pool.candidates().iter().map(|x| x.track).collect::<Vec<_>>();
    assert_eq!(tracks(&again), tracks(&pool));
    assert_ne!(again, pool);
    assert_eq!(rescored(&again, 1), pool);
    assert!(pool.bytes() < 120 * 16 + 12_000, "{}", pool.bytes());
}

#[test]
fn works_that_were_met_since_are_in_a_rescored_pool() {
    let world = Plan { seed: 12, tracks: 300, artists: 60, known: 0.2 }.build();
    let pool = pool(&world, &HashScorer(1), bounded(40, 80));
    let held: Vec<TrackIdx> = pool.candidates().iter().map(|candidate| candidate.track).collect();
    let is_missing = |track: &TrackIdx| {
        let work = world.catalogue.work(*track);
        !held.iter().any(|&held| world.catalogue.work(held) == work)
    };
    let missing = world.catalogue.rows().find(is_missing).unwrap();
    let again = pool.rescored(&world.mixer(&HashScorer(1)), &[missing, held[3]], EPOCH).unwrap();
    let named = again.candidates().iter().map(|candidate| candidate.track);
    assert!(named.clone().is_sorted() && named.clone().any(|track| track == missing));
    assert_eq!(named.count(), held.len() + 1, "what was there is there once");
    let of_history = |track: TrackIdx| {
        let found = again.candidates().iter().find(|candidate| candidate.track == track);
        found.unwrap().sources == segue_core::Sources::HISTORY
    };
    assert!(of_history(missing) && of_history(held[3]));
}
