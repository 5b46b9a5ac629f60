//! One piece in every container and codec: what is heard in it does not depend on how it is packed.

use std::f64::consts::TAU;
use std::sync::OnceLock;

use segue_audio::{Analyser, Analysis, AudioError};

use crate::signals::{RATE_HZ, Wave, cadence, clicks, drums, scale, wave};

/// The rate of the files.
const RATE_OF_FILES_HZ: u32 = 8_000;
const NOTES: [i32; 12] = [60, 64, 67, 72, 69, 65, 67, 62, 59, 67, 64, 60];

/// A file of `../sounds`, which `make.py` there made.
struct Packed {
    name: &'static str,
    codec: &'static str,
    content: &'static [u8],
    is_lossless: bool,
}

macro_rules! packed {
    ($name:literal, $codec:literal, $is_lossless:literal) => {
        Packed {
            name: $name,
            codec: $codec,
            content: include_bytes!(concat!("../sounds/", $name)),
            is_lossless: $is_lossless,
        }
    };
}

const WHOLE: [Packed; 7] = [
    packed!("notes.flac", "flac", true),
    packed!("notes.alac.m4a", "alac", true),
    packed!("notes.aac.m4a", "aac", false),
    packed!("notes.aac", "aac", false),
    packed!("notes.mp3", "mp3", false),
    packed!("notes.ogg", "vorbis", false),
    packed!("notes.opus", "opus", false),
];
const FIRST_SECOND: Packed = packed!("notes.wav", "pcm_u8", true);

fn analyse(content: Vec<u8>) -> Result<Analysis, AudioError> {
    static ANALYSER: OnceLock<Analyser> = OnceLock::new();
    ANALYSER.get_or_init(Analyser::new).analyse_bytes(content)
}

/// The notes as `make.py` makes them.
fn notes() -> Vec<f32> {
    let rate = f64::from(RATE_OF_FILES_HZ);
    let sample = |i: usize| {
        let beat = i / 4_000;
        let t = (i % 4_000) as f64 / rate;
        if t >= 0.043 {
            return 0.0;
        }
        let hertz = 440.0 * (f64::from(NOTES[beat] - 69) / 12.0).exp2();
        let tone = (TAU * hertz * t).sin() + 0.5 * (2.0 * TAU * hertz * t).sin();
        ((20.0 * tone * (1.0 - t / 0.043)).round() / 32.0) as f32
    };
    (0..NOTES.len() * 4_000).map(sample).collect()
}

fn unpacked(mono: &[f32]) -> Analysis {
    let file = Wave { rate_hz: RATE_OF_FILES_HZ, channels: 1, claimed: None };
    analyse(file.of(mono)).unwrap()
}

fn loudness(analysis: &Analysis) -> f64 {
    analysis.level.integrated_lufs.unwrap()
}

#[test]
fn every_codec_is_heard_as_what_was_packed() {
    let original = unpacked(&notes());
    let tempo = |analysis: &Analysis| analysis.rhythm.unwrap().tempo.unwrap().bpm;
    let key = |analysis: &Analysis| analysis.tonality.as_ref().unwrap().key;
    assert!((tempo(&original) - 120.0).abs() < 1.0, "{:?}", original.rhythm);
    for Packed { name, codec, content, is_lossless } in &WHOLE {
        let found = analyse(content.to_vec()).unwrap();
        assert!(content.len() < 8_192, "{name} is no small file");
        assert_eq!(found.decoded.codec, *codec, "{name}");
        assert_eq!(
            (found.decoded.broken_packets, found.decoded.is_cut_short),
            (0, false),
            "{name}"
        );
        // What codecs lose, and up to two frames that AAC and MP3 put around it.
        let (lufs, ms) = if *is_lossless { (0.001, 0) } else { (1.0, 260) };
        assert!((loudness(&found) - loudness(&original)).abs() <= lufs, "{name}");
        assert!(found.decoded.duration_ms().abs_diff(6_000) <= ms, "{name} {:?}", found.decoded);
        assert!((tempo(&found) - tempo(&original)).abs() < 1.0, "{name} {}", tempo(&found));
        assert_eq!(key(&found), key(&original), "{name}");
    }
}

#[test]
fn a_wave_file_of_eight_bits_is_heard_as_what_was_packed() {
    let found = analyse(FIRST_SECOND.content.to_vec()).unwrap();
    let original = unpacked(&notes()[..7_840]);
    assert_eq!(
        (found.decoded.codec.as_str(), found.decoded.duration_ms()),
        (FIRST_SECOND.codec, 980)
    );
    // Eight bits hold the six, but for half a step to one side.
    assert!((loudness(&found) - loudness(&original)).abs() < 0.1);
}

#[test]
fn whatever_its_codec_a_piece_is_nearest_to_itself() {
    let seconds = |sound: Vec<f32>| wave(&sound[..sound.len().min(6 * RATE_HZ as usize)], 1);
    let others = [
        seconds(drums(120.0, 0.5, 6.0)),
        seconds(drums(174.0, 0.66, 6.0)),
        seconds(clicks(120.0, 6.0)),
        seconds(cadence(48, false, 0.0)),
        seconds(cadence(57, true, 20.0)),
        seconds(scale(60, false)),
    ];
    let numbers = |analysis: Analysis| analysis.embedding.unwrap().numbers;
    let mut originals: Vec<Vec<f32>> = vec![numbers(unpacked(&notes()))];
    originals.extend(others.map(|other| numbers(analyse(other).unwrap())));
    let count = originals.len() as f32;
    let mean: Vec<f32> =
        (0..200).map(|i| originals.iter().map(|one| one[i]).sum::<f32>() / count).collect();
    let cosine = |a: &[f32], b: &[f32]| {
        let dot = |a: &[f32], b: &[f32]| -> f32 {
            let centred = a.iter().zip(b).zip(&mean);
            centred.map(|((a, b), mean)| (a - mean) * (b - mean)).sum()
        };
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    for Packed { name, content, .. } in &WHOLE {
        let found = numbers(analyse(content.to_vec()).unwrap());
        let likeness: Vec<f32> = originals.iter().map(|one| cosine(&found, one)).collect();
        let nearest = (0..likeness.len()).max_by(|&a, &b| likeness[a].total_cmp(&likeness[b]));
        assert_eq!(nearest, Some(0), "{name} {likeness:?}");
    }
}

#[test]
fn a_file_of_any_codec_may_end_anywhere_or_be_damaged() {
    for Packed { name, content, .. } in WHOLE.iter().chain([&FIRST_SECOND]) {
        for end in (0..content.len()).step_by(content.len() / 24) {
            if let Ok(found) = analyse(content[..end].to_vec()) {
                assert!(found.decoded.duration_ms() <= 6_200, "{name} to {end}");
            }
        }
        for at in (40..content.len() - 8).step_by(content.len() / 12) {
            let mut damaged = content.to_vec();
            damaged[at..at + 8].iter_mut().for_each(|byte| *byte ^= 0x5a);
            let _ = analyse(damaged);
        }
    }
}
