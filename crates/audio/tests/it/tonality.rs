//! Keys that are known because they were played.

use segue_audio::tonality::{KeyMode, Tonal};

use crate::signals::{cadence, scale};
use crate::support::spectral;

/// The C below the middle one, as MIDI numbers it.
const LOW_C: i32 = 48;

fn tonality(sound: &[f32]) -> Tonal {
    spectral(sound).tonality.unwrap()
}

fn right_among_24(sound: impl Fn(i32, bool) -> Vec<f32>) -> u32 {
    let mut right = 0;
    for tonic in 0..12 {
        for is_minor in [false, true] {
            let found = tonality(&sound(LOW_C + tonic, is_minor));
            let mode = if is_minor { KeyMode::Minor } else { KeyMode::Major };
            let is_right = found.key.tonic as i32 == tonic && found.key.mode == mode;
            right += u32::from(is_right);
            if !is_right {
                println!("{tonic} {mode:?}: {} or {}", found.key, found.alternative_key);
            }
        }
    }
    right
}

#[test]
fn the_key_of_a_cadence_is_found_in_all_24() {
    assert_eq!(right_among_24(|tonic, is_minor| cadence(tonic, is_minor, 0.0)), 24);
}

#[test]
fn the_key_of_a_scale_is_found_in_all_24() {
    assert_eq!(right_among_24(scale), 24);
}

#[test]
fn the_tuning_is_told_to_some_cents_and_the_key_with_it() {
    for cents in [-40.0, -15.0, 0.0, 25.0, 45.0] {
        let found = tonality(&cadence(LOW_C + 2, false, cents));
        assert!((found.tuning_cents - cents).abs() < 4.0, "{cents}: {found:?}");
        assert_eq!(found.key.to_string(), "D major", "{cents} cents");
        assert!(found.tuning_confidence > 0.7, "{found:?}");
    }
}
