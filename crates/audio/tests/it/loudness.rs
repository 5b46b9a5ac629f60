//! The signals of EBU Tech 3341 and 3342, made here, and what meters have to show of them.

use segue_audio::decode::SampleBlock;
use segue_audio::level::{Level, LevelMeter};

use crate::signals::{RATE_HZ, tones};

/// The same on two channels.
fn stereo(mono: &[f32]) -> Vec<f32> {
    mono.iter().flat_map(|sample| [*sample, *sample]).collect()
}

fn level_at(samples: &[f32], channels: usize, rate_hz: u32) -> Level {
    let mut meter = LevelMeter::new(channels, rate_hz).unwrap();
    for samples in samples.chunks(1_152 * channels) {
        meter.push(SampleBlock { samples, channels, rate_hz });
    }
    meter.finish()
}

fn level(parts: &[(f64, f64)]) -> Level {
    level_at(&stereo(&tones(parts)), 2, RATE_HZ)
}

#[track_caller]
fn assert_loudness(parts: &[(f64, f64)], wanted: f64) {
    let found = level(parts).integrated_lufs.unwrap();
    assert!((found - wanted).abs() <= 0.1, "{found} LUFS instead of {wanted}");
}

#[test]
fn integrated_loudness_is_that_of_tech_3341() {
    assert_loudness(&[(-23.0, 20.0)], -23.0);
    assert_loudness(&[(-33.0, 20.0)], -33.0);
    assert_loudness(&[(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)], -23.0);
    let quiet_ends = [(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)];
    assert_loudness(&quiet_ends, -23.0);
    assert_loudness(&[(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)], -23.0);
}

#[test]
fn five_channels_count_as_tech_3341_says() {
    let levels = [-28.0, -28.0, -24.0, -30.0, -30.0];
    let channels = levels.map(|level| tones(&[(level, 20.0)]));
    let moments = (0..channels[0].len()).flat_map(|i| channels.each_ref().map(|one| one[i]));
    let samples: Vec<f32> = moments.collect();
    let found = level_at(&samples, 5, RATE_HZ).integrated_lufs.unwrap();
    assert!((found + 23.0).abs() <= 0.1, "{found} LUFS");
}

#[test]
fn the_range_is_that_of_tech_3342() {
    let cases: [(&[(f64, f64)], f64); 4] = [
        (&[(-20.0, 20.0), (-30.0, 20.0)], 10.0),
        (&[(-20.0, 20.0), (-15.0, 20.0)], 5.0),
        (&[(-40.0, 20.0), (-20.0, 20.0)], 20.0),
        (&[(-50.0, 20.0), (-35.0, 20.0), (-20.0, 20.0), (-35.0, 20.0), (-50.0, 20.0)], 15.0),
    ];
    for (parts, wanted) in cases {
        let found = level(parts).range_lu;
        // The norm allows a whole unit; a tenth is what its histogram can tell.
        assert!((found - wanted).abs() <= 0.1, "{found} LU instead of {wanted}");
    }
}

#[test]
fn true_peaks_are_those_of_tech_3341() {
    let cases = [
        (4.0, 0.5, 0.0, -6.0),
        (4.0, 0.5, 45.0, -6.0),
        (6.0, 0.5, 60.0, -6.0),
        (8.0, 0.5, 67.5, -6.0),
        (4.0, 1.41, 45.0, 3.0),
    ];
    for (part, amplitude, degrees, wanted) in cases {
        let sine = |i: usize| {
            let turn = std::f64::consts::TAU * (i as f64 / part + degrees / 360.0);
            // Soft at both ends: a sine that is cut off is louder there than its amplitude.
            let edge = (i.min(48_000 - i) as f64 / 2_000.0).min(1.0);
            (amplitude * edge * turn.sin()) as f32
        };
        let mono: Vec<f32> = (0..48_000).map(sine).collect();
        let found = level_at(&stereo(&mono), 2, 48_000).true_peak_dbtp.unwrap();
        assert!((-0.4..=0.2).contains(&(found - wanted)), "{found} dBTP instead of {wanted}");
    }
}

#[test]
fn silence_has_no_loudness() {
    let found = level(&[(-200.0, 5.0)]);
    assert_eq!(found.integrated_lufs, None);
    let digital = level_at(&vec![0.0; 100_000], 2, RATE_HZ);
    assert_eq!((digital.integrated_lufs, digital.true_peak_dbtp), (None, None));
}
