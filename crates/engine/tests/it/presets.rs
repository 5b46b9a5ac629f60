//! What the page says of a mix made at a preset of the dial.

use segue_engine::pipeline::MixRequest;
use segue_engine::presets::{Effect, PRESETS};

use crate::world::{HashScorer, Plan, World, request};

fn effect_at(world: &World, explore: f32) -> (Effect, usize) {
    let request = MixRequest { explore, ..request(30, 0.0) };
    let slate = world.mixer(&HashScorer(2)).mix(&request).unwrap().slate;
    (Effect::of(&world.catalogue, &world.profile, &slate.picks), slate.new_count())
}

#[test]
fn the_effect_is_that_of_the_mix_at_that_preset() {
    let world = Plan { seed: 4, tracks: 400, artists: 200, known: 0.5 }.build();
    let found = PRESETS.map(|preset| effect_at(&world, preset.explore));
    for ((effect, new), preset) in found.iter().zip(PRESETS) {
        assert_eq!(effect.tracks, 30);
        assert_eq!(*new, (30.0 * preset.explore).round() as usize);
        assert!(effect.likability > 0.0 && effect.likability < 1.0, "{effect:?}");
    }
    assert!(found[0].0.new_artists < found[2].0.new_artists, "{found:?}");
}

#[test]
fn without_exploring_no_artist_is_new() {
    let world = Plan { seed: 4, tracks: 400, artists: 60, known: 0.5 }.build();
    assert_eq!(effect_at(&world, 0.0).0.new_artists, 0);
}

#[test]
fn an_empty_mix_has_no_effect() {
    let world = Plan { seed: 4, tracks: 40, artists: 6, known: 0.5 }.build();
    let effect = Effect::of(&world.catalogue, &world.profile, &[]);
    assert_eq!(effect, Effect { tracks: 0, new_artists: 0, likability: 0.0 });
}
