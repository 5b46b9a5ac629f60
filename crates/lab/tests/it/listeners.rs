//! One suite for every model of listeners.

use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::Timestamp;
use segue_engine::TrackIdx;
use segue_lab::simulation::listeners::{Listener, ListenerModel, Occasion};
use segue_lab::simulation::world::{MadeUpWorld, WorldConfig};

fn world() -> Arc<MadeUpWorld> {
    let start = Timestamp::from_second(1_700_000_000).unwrap();
    Arc::new(MadeUpWorld::draw(&WorldConfig { seed: 11, artists: 40, days: 90, start }))
}

fn listeners(model: ListenerModel, world: &Arc<MadeUpWorld>) -> Vec<Box<dyn Listener>> {
    model.draw(world, 5, 12)
}

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn enjoyments(listener: &dyn Listener, world: &MadeUpWorld, at: f64) -> Vec<f64> {
    world.catalogue.rows().map(|track| listener.enjoyment(track, at)).collect()
}

/// The track that they would enjoy most.
fn favourite(listener: &dyn Listener, world: &MadeUpWorld, at: f64) -> TrackIdx {
    let order = |a: &TrackIdx, b: &TrackIdx| {
        listener.enjoyment(*a, at).total_cmp(&listener.enjoyment(*b, at))
    };
    world.catalogue.rows().max_by(order).unwrap()
}

/// Lives through the days: a session of their own each, all that they do written down.
fn life(
    listener: &mut dyn Listener,
    world: &MadeUpWorld,
    days: std::ops::Range<i32>,
) -> Vec<(TrackIdx, f64)> {
    let mut plays = Vec::new();
    for day in days {
        listener.wakes(day);
        let released = world.released(day);
        listener.sits_down(Occasion::Own);
        for place in 0..5 {
            let mut rng = rng(((day + 1_000) * 10 + place) as u64);
            let at = f64::from(day) + 0.01 * f64::from(place);
            let track = listener.chooses(&released, at, &mut rng);
            assert!(world.is_released(track, day), "what is not out cannot be chosen");
            plays.push((track, listener.hears(track, at, &mut rng).share_played));
        }
        listener.gets_up();
    }
    plays
}

#[test]
fn enjoyment_is_a_probability_and_tastes_differ() {
    let world = world();
    for model in ListenerModel::ALL {
        let all: Vec<Vec<f64>> = listeners(model, &world)
            .iter()
            .map(|listener| enjoyments(listener.as_ref(), &world, 0.0))
            .collect();
        assert!(all.iter().flatten().all(|p| (0.0..=1.0).contains(p)), "{model:?}");
        for own in &all {
            let spread = |share: f64| {
                let mut sorted = own.clone();
                sorted.sort_by(f64::total_cmp);
                sorted[(share * (sorted.len() - 1) as f64) as usize]
            };
            assert!(
                spread(0.98) > 0.6 && spread(0.1) < 0.4,
                "{model:?} {} {}",
                spread(0.98),
                spread(0.1)
            );
        }
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{model:?}");
    }
}

#[test]
fn they_finish_as_often_as_they_enjoy() {
    let world = world();
    for model in ListenerModel::ALL {
        let (mut expected, mut finished, mut plays) = (0.0, 0.0, 0.0);
        for listener in listeners(model, &world) {
            for draw in 0..200 {
                let mut rng = rng(draw);
                let track = TrackIdx(rng.random_range(0..world.catalogue.len() as u32));
                let mut twin = listener.twin();
                expected += twin.enjoyment(track, 0.0);
                finished +=
                    f64::from(u8::from(twin.hears(track, 0.0, &mut rng).share_played >= 1.0));
                plays += 1.0;
            }
        }
        assert!(
            ((expected - finished) / plays).abs() < 0.03,
            "{model:?}: {expected} {finished} of {plays}"
        );
    }
}

#[test]
fn repeats_tire_and_rest_restores() {
    let world = world();
    for model in ListenerModel::ALL {
        for mut listener in listeners(model, &world) {
            let track = favourite(listener.as_ref(), &world, 0.0);
            let fresh = listener.enjoyment(track, 0.0);
            // What habit alone would be worth is judged by a twin who hears nothing and goes
            // through the same nights.
            let mut rested = listener.twin();
            listener.sits_down(Occasion::Own);
            for play in 0..4 {
                listener.hears(track, 0.01 * f64::from(play), &mut rng(play as u64));
            }
            listener.gets_up();
            let tired = listener.enjoyment(track, 0.05);
            assert!(tired < fresh - 0.15, "{model:?}: {fresh} {tired}");
            for day in 1..40 {
                listener.wakes(day);
                rested.wakes(day);
            }
            let (again, never) = (listener.enjoyment(track, 40.0), rested.enjoyment(track, 40.0));
            assert!(
                again > never - 0.1,
                "{model:?}: {again} against {never} for one who did not hear it"
            );
        }
    }
}

#[test]
fn tastes_drift_by_themselves() {
    let world = world();
    for model in ListenerModel::ALL {
        let mut moved = 0.0;
        let listeners = listeners(model, &world);
        let count = listeners.len() as f64;
        for mut listener in listeners {
            let before = enjoyments(listener.as_ref(), &world, 0.0);
            (0..90).for_each(|day| listener.wakes(day));
            let after = enjoyments(listener.as_ref(), &world, 90.0);
            let distance: f64 = before.iter().zip(&after).map(|(a, b)| (a - b).abs()).sum();
            assert!(distance > 0.0, "{model:?}");
            moved += distance / before.len() as f64 / count;
        }
        assert!((0.02..0.3).contains(&moved), "{model:?}: a season changes {moved}");
    }
}

#[test]
fn the_same_seed_lives_the_same_life() {
    let world = world();
    for model in ListenerModel::ALL {
        let lives = || -> Vec<_> {
            listeners(model, &world)
                .iter_mut()
                .map(|listener| life(listener.as_mut(), &world, -5..10))
                .collect()
        };
        assert_eq!(lives(), lives(), "{model:?}");
        let mut other = model.draw(&world, 6, 12);
        let others: Vec<_> =
            other.iter_mut().map(|listener| life(listener.as_mut(), &world, -5..10)).collect();
        assert_ne!(lives(), others, "{model:?}: another seed, other people");
    }
}

#[test]
fn a_twin_goes_its_own_way() {
    let world = world();
    for model in ListenerModel::ALL {
        let listener = &listeners(model, &world)[0];
        let track = favourite(listener.as_ref(), &world, 0.0);
        let before = listener.enjoyment(track, 0.0);
        listener.twin().hears(track, 0.0, &mut rng(1));
        assert_eq!(listener.enjoyment(track, 0.0), before, "{model:?}");
    }
}

#[test]
fn some_tracks_must_grow_on_listeners_with_taste_points() {
    let world = world();
    let mut grown = 0;
    for listener in listeners(ListenerModel::TastePoints, &world) {
        for track in world.catalogue.rows() {
            let mut heard = listener.twin();
            let first = heard.enjoyment(track, 0.0);
            (0..3).for_each(|play| _ = heard.hears(track, f64::from(play), &mut rng(play as u64)));
            grown += u32::from(heard.enjoyment(track, 30.0) > first + 0.15);
        }
    }
    let share = f64::from(grown) / (12.0 * world.catalogue.len() as f64);
    assert!((0.05..0.3).contains(&share), "{share}");
}

#[test]
fn a_mix_that_disappoints_keeps_listeners_with_latent_factors_away() {
    let world = world();
    let mut came = [0, 0];
    for listener in listeners(ListenerModel::LatentFactors, &world) {
        let mut order: Vec<TrackIdx> = world.catalogue.rows().collect();
        order.sort_by(|a, b| listener.enjoyment(*b, 0.0).total_cmp(&listener.enjoyment(*a, 0.0)));
        let worst: Vec<TrackIdx> = order.iter().rev().copied().take(8).collect();
        for (came, tracks) in came.iter_mut().zip([&order[..8], &worst]) {
            let mut twin = listener.twin();
            twin.sits_down(Occasion::Mix);
            for (place, &track) in tracks.iter().enumerate() {
                if twin.hears(track, 0.01 * place as f64, &mut rng(place as u64)).leaves {
                    break;
                }
            }
            twin.gets_up();
            *came += (0..100).filter(|luck| twin.comes(f64::from(*luck) / 100.0)).count();
        }
    }
    assert!(came[0] > came[1] + 60, "{came:?} of 1200");
}
