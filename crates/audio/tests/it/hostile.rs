//! Files that are not what they say: an error or a report, never a panic.

use segue_audio::tags::tags_from_bytes;
use segue_audio::{Analyser, AudioError};

use crate::signals::{RATE_HZ, Wave, drums, wave};
use crate::support::real_data;

fn analyse(content: Vec<u8>) -> Result<segue_audio::Analysis, AudioError> {
    Analyser::new().analyse_bytes(content)
}

#[test]
fn nothing_is_no_sound() {
    assert!(matches!(analyse(Vec::new()), Err(AudioError::UnknownFormat { .. })));
    assert!(matches!(analyse(b"hello".repeat(1_000)), Err(AudioError::UnknownFormat { .. })));
    assert!(matches!(analyse(wave(&[], 2)), Err(AudioError::Empty { .. })));
}

#[test]
fn a_header_that_claims_gigabytes_is_measured_by_what_is_there() {
    let claim = Wave { rate_hz: RATE_HZ, channels: 2, claimed: Some(u32::MAX - 100) };
    let found = analyse(claim.of(&drums(120.0, 0.5, 4.0))).unwrap();
    assert!(found.decoded.is_cut_short);
    assert!(found.decoded.duration_ms() >= 3_900, "{:?}", found.decoded);
    assert!(found.summary().measurements().all(|(_, measurement)| measurement.confidence < 0.1));
}

#[test]
fn rates_and_channels_beyond_music_are_named_or_measured() {
    let sound = drums(120.0, 0.5, 0.5);
    let slow = Wave { rate_hz: 1, channels: 1, claimed: None }.of(&sound);
    assert!(matches!(analyse(slow), Err(AudioError::OutOfRange { rate_hz: 1, .. })));
    let odd = Wave { rate_hz: 44_099, channels: 1, claimed: None }.of(&sound);
    assert_eq!(analyse(odd).unwrap().decoded.rate_hz, 44_099);
    let fast = Wave { rate_hz: 768_000, channels: 1, claimed: None }.of(&sound);
    assert_eq!(analyse(fast).unwrap().decoded.rate_hz, 768_000);
    match analyse(Wave { rate_hz: RATE_HZ, channels: 32, claimed: None }.of(&sound)) {
        Ok(found) => assert_eq!(found.decoded.channels, 32),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    assert!(analyse(Wave { rate_hz: RATE_HZ, channels: 0, claimed: None }.of(&sound)).is_err());
}

#[test]
fn floats_that_are_no_numbers_leave_numbers() {
    let mut sound = drums(120.0, 0.5, 4.0);
    for i in (0..sound.len()).step_by(1_000) {
        sound[i] = [f32::NAN, f32::INFINITY, f32::MIN, 1e30][i / 1_000 % 4];
    }
    let found = analyse(wave(&sound, 2)).unwrap();
    assert!(found.summary().measurements().all(|(_, measurement)| measurement.value.is_finite()));
    assert!(found.embedding.unwrap().numbers.iter().all(|number| number.is_finite()));
}

#[test]
fn files_cut_off_anywhere_are_measured_as_far_as_they_go() {
    let whole = wave(&drums(120.0, 0.5, 2.0), 1);
    for end in (0..whole.len()).step_by(whole.len() / 40) {
        if let Ok(found) = analyse(whole[..end].to_vec()) {
            assert!(found.decoded.duration_ms() <= 2_000);
        }
        let _ = tags_from_bytes(&whole[..end]);
    }
}

/// Frames of MPEG-1 layer III at 128 kbit/s and 44.1 kHz that hold silence, behind one that says
/// how many there are.
fn silent_mp3(said: Option<u32>) -> Vec<u8> {
    let frame = || {
        let mut frame = vec![0xff, 0xfb, 0x90, 0xc0];
        frame.resize(417, 0);
        frame
    };
    let mut first = frame();
    if let Some(said) = said {
        first[21..25].copy_from_slice(b"Xing");
        first[28] = 1;
        first[29..33].copy_from_slice(&said.to_be_bytes());
    }
    (0..40).fold(first, |mut all, _| {
        all.extend(frame());
        all
    })
}

#[test]
fn an_mp3_that_says_it_has_no_frames_is_decoded_all_the_same() {
    let whole = analyse(silent_mp3(Some(40))).unwrap();
    let interrupted = analyse(silent_mp3(Some(0))).unwrap();
    assert_eq!(whole.decoded.codec, "mp3");
    assert!(whole.decoded.duration_ms() > 1_000, "{:?}", whole.decoded);
    assert!(interrupted.decoded.frames >= whole.decoded.frames, "{:?}", interrupted.decoded);
    assert!(!interrupted.decoded.is_cut_short);
}

#[test]
fn damaged_mp3_costs_packets_and_not_the_file() {
    let Some(folder) = real_data("musicnn") else { return };
    let mut content = std::fs::read(folder.join("TRWJAZW128F42760DD_test.mp3")).unwrap();
    let whole = analyse(content.clone()).unwrap();
    for i in (5_000..content.len()).step_by(3_000) {
        for byte in &mut content[i..i + 20] {
            *byte = byte.wrapping_mul(31).wrapping_add(7);
        }
    }
    let found = analyse(content).unwrap();
    assert!(found.decoded.duration_ms() * 10 > whole.decoded.duration_ms() * 7);
}

#[test]
fn the_name_of_a_file_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wave.mp3");
    std::fs::write(&path, wave(&drums(120.0, 0.5, 2.0), 2)).unwrap();
    assert_eq!(Analyser::new().analyse(&path).unwrap().decoded.container, "wave");
    let missing = folder.path().join("none.mp3");
    assert!(matches!(Analyser::new().analyse(&missing), Err(AudioError::Io { .. })));
}
