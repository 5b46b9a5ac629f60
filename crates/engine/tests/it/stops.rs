//! What the page says that the dial would do.

use segue_engine::history::Plays;
use segue_engine::pipeline::{MixError, MixRequest};
use segue_engine::stops::{Effect, Listener, STOPS, effects};
use segue_engine::taste::Tastes;

use crate::world::{HashScorer, Plan, World, now, request};

fn effects_at(world: &World, places: &[f32]) -> Vec<Effect> {
    let tastes =
        Tastes::find(&world.catalogue, &world.index, &world.profile, &Plays::default(), now());
    let listener = Listener {
        catalogue: &world.catalogue,
        sound: &world.index.sound,
        profile: &world.profile,
        tastes: &tastes,
    };
    let make = |request: &MixRequest| world.mixer(&HashScorer(2)).mix(request);
    effects(&listener, places, &request(30, 0.0), make).unwrap()
}

#[test]
fn the_effect_is_that_of_the_mix_at_that_place() {
    let world = Plan { seed: 4, tracks: 400, artists: 200, known: 0.5 }.build();
    let places: Vec<f32> = STOPS.iter().map(|stop| stop.explore).collect();
    let found = effects_at(&world, &places);
    for (effect, stop) in found.iter().zip(STOPS) {
        let request = MixRequest { explore: stop.explore, ..request(30, 0.0) };
        let slate = world.mixer(&HashScorer(2)).mix(&request).unwrap().slate;
        assert_eq!((effect.explore, effect.tracks), (stop.explore, 30));
        assert_eq!(effect.new_share, slate.new_count() as f64 / 30.0);
        assert_eq!(effect.new_share, f64::from((30.0 * stop.explore).round()) / 30.0);
        let mean = slate.picks.iter().map(|pick| f64::from(pick.likability)).sum::<f64>() / 30.0;
        assert!((effect.likability - mean).abs() < 1e-9);
        assert!(effect.new_artists <= effect.artists && effect.distance.unwrap() > 0.0);
    }
    assert!(found[0].new_artists < found[2].new_artists, "{found:?}");
}

#[test]
fn without_exploring_nothing_is_new_and_nothing_is_said_of_the_new() {
    let world = Plan { seed: 4, tracks: 400, artists: 60, known: 0.5 }.build();
    let [none, all] = effects_at(&world, &[0.0, 1.0])[..] else { panic!("two places") };
    assert_eq!((none.new_share, none.new_artists, none.likability_of_new), (0.0, 0, None));
    assert_eq!((all.new_share, all.likability_of_new), (1.0, Some(all.likability)));
}

#[test]
fn an_error_of_the_pipeline_is_passed_on() {
    let world = Plan { seed: 4, tracks: 40, artists: 6, known: 0.5 }.build();
    let tastes = Tastes::default();
    let listener = Listener {
        catalogue: &world.catalogue,
        sound: &world.index.sound,
        profile: &world.profile,
        tastes: &tastes,
    };
    let found = effects(&listener, &[0.1], &request(30, 0.0), |_| Err(MixError::Cap));
    assert_eq!(found, Err(MixError::Cap));
}
