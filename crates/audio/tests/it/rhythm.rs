//! Tempi that are known because the beats were put there.

use segue_audio::rhythm::{Rhythmic, Tempo};

use crate::signals::{clicks, drums};
use crate::support::spectral;

fn rhythm(sound: &[f32]) -> Rhythmic {
    spectral(sound).rhythm.unwrap()
}

/// What became of many tempi.
#[derive(Debug, Default)]
struct Score {
    asked: u32,
    right: u32,
    /// Right but for a factor of two or three.
    octaves: u32,
    /// Where it or its alternative is right.
    either: u32,
}

impl Score {
    fn add(&mut self, wanted: f64, found: Tempo) {
        let is = |bpm: f64, wanted: f64| (bpm / wanted - 1.0).abs() <= 0.04;
        let factors = [1.0, 2.0, 3.0, 1.0 / 2.0, 1.0 / 3.0];
        self.asked += 1;
        self.right += u32::from(is(found.bpm, wanted));
        self.octaves += u32::from(factors.iter().any(|factor| is(found.bpm, wanted * factor)));
        self.either += u32::from(is(found.bpm, wanted) || is(found.alternative_bpm, wanted));
        if !is(found.bpm, wanted) {
            println!("{wanted}: {found:?}");
        }
    }
}

#[test]
fn the_tempo_of_clicks_is_found() {
    let mut score = Score::default();
    for bpm in (60..=200).step_by(10) {
        let found = rhythm(&clicks(f64::from(bpm), 25.0));
        score.add(f64::from(bpm), found.tempo.unwrap());
        assert!(found.pulse_clarity > 0.5, "{bpm}: {found:?}");
    }
    println!("clicks: {score:?}");
    assert_eq!((score.asked, score.right), (15, 15));
}

#[test]
fn the_tempo_is_told_to_half_a_percent() {
    for bpm in [72.3, 97.7, 128.0, 174.0] {
        let found = rhythm(&clicks(bpm, 30.0)).tempo.unwrap();
        assert!((found.bpm / bpm - 1.0).abs() < 0.005, "{bpm}: {found:?}");
    }
}

#[test]
fn drums_are_counted_with_and_without_swing() {
    let mut score = Score::default();
    for swing in [0.5, 0.58, 0.66] {
        for bpm in (70..=180).step_by(10) {
            let found = rhythm(&drums(f64::from(bpm), swing, 25.0));
            score.add(f64::from(bpm), found.tempo.unwrap());
        }
    }
    println!("drums: {score:?}");
    assert!(score.octaves == score.asked && score.either >= 35 && score.right >= 30, "{score:?}");
}

#[test]
fn onsets_are_as_many_as_there_are() {
    for bpm in [60.0, 120.0, 180.0] {
        let found = rhythm(&clicks(bpm, 20.0)).onsets_per_s;
        assert!((found - bpm / 60.0).abs() < 0.1, "{bpm}: {found}");
    }
}

#[test]
fn what_has_no_pulse_has_little_clarity() {
    let mut state = 1_u32;
    let noise: Vec<f32> = (0..44_100 * 20)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        })
        .collect();
    let found = rhythm(&noise);
    assert!(found.pulse_clarity < 0.3, "{found:?}");
}
