//! Sounds whose tempo, key and loudness are known, because they are made here.

use std::f64::consts::TAU;

/// The sample rate of what is made here, in Hz.
pub(crate) const RATE_HZ: u32 = 44_100;

/// How many samples a time has.
fn samples(seconds: f64) -> usize {
    (seconds * f64::from(RATE_HZ)).round() as usize
}

/// A generator of noise that is the same every time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// Adds a burst of noise that dies away within `decay_s`, low-passed by the share that it keeps of
/// what was before.
fn add_noise(sound: &mut [f32], at_s: f64, loudness: f64, decay_s: f64, smooth: f64) {
    let mut noise = Noise(at_s.to_bits() | 1);
    let mut last = 0.0;
    let from = samples(at_s).min(sound.len());
    for (i, x) in sound[from..].iter_mut().take(samples(6.0 * decay_s)).enumerate() {
        last = smooth * last + (1.0 - smooth) * noise.next();
        *x += (loudness * last * (-(i as f64) / f64::from(RATE_HZ) / decay_s).exp()) as f32;
    }
}

/// Adds a tone with some overtones, soft at both ends.
fn add_tone(sound: &mut [f32], at_s: f64, length_s: f64, hertz: f64, loudness: f64) {
    let from = samples(at_s).min(sound.len());
    for (i, x) in sound[from..].iter_mut().take(samples(length_s)).enumerate() {
        let t = i as f64 / f64::from(RATE_HZ);
        let edge = (t / 0.01).min((length_s - t) / 0.03).clamp(0.0, 1.0);
        let partials = (1..=5).map(|k| (TAU * hertz * f64::from(k) * t).sin() / f64::from(k * k));
        *x += (loudness * edge * (-t / 1.5).exp() * partials.sum::<f64>()) as f32;
    }
}

/// A short click on every beat.
pub(crate) fn clicks(bpm: f64, seconds: f64) -> Vec<f32> {
    let mut sound = vec![0.0; samples(seconds)];
    let beat = 60.0 / bpm;
    for i in 0..(seconds / beat) as usize {
        add_noise(&mut sound, 0.1 + i as f64 * beat, 0.8, 0.01, 0.0);
    }
    sound
}

/// A bass drum on the first and third beat, a snare on the second and fourth, a hi-hat on every
/// half beat, the second of which comes late: at `swing` of the beat, .5 being straight.
pub(crate) fn drums(bpm: f64, swing: f64, seconds: f64) -> Vec<f32> {
    let mut sound = vec![0.0; samples(seconds)];
    let beat = 60.0 / bpm;
    for i in 0..(seconds / beat) as usize {
        let at = 0.05 + i as f64 * beat;
        add_noise(&mut sound, at, 0.2, 0.02, 0.0);
        add_noise(&mut sound, at + swing * beat, 0.12, 0.02, 0.0);
        if i % 2 == 0 {
            add_noise(&mut sound, at, 9.0, 0.06, 0.99);
        } else {
            add_noise(&mut sound, at, 0.7, 0.05, 0.5);
        }
    }
    sound
}

fn hertz(midi: i32, tuning_cents: f64) -> f64 {
    440.0 * ((f64::from(midi - 69) + tuning_cents / 100.0) / 12.0).exp2()
}

/// Which degrees of a scale a chord has, and the scale itself, in semitones.
const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
const MINOR: [i32; 7] = [0, 2, 3, 5, 7, 8, 10];

/// A cadence, twice, with a bass: the chords of degrees 1, 4, 5, 1, 6, 4, 5, 1; in minor the fifth
/// is a major chord.
pub(crate) fn cadence(tonic: i32, is_minor: bool, tuning_cents: f64) -> Vec<f32> {
    let scale = if is_minor { MINOR } else { MAJOR };
    let mut sound = vec![0.0; samples(16.0)];
    for (i, degree) in [0, 3, 4, 0, 5, 3, 4, 0].into_iter().cycle().take(16).enumerate() {
        let note = |step: usize| {
            let raised = i32::from(is_minor && degree == 4 && step == 2);
            tonic + scale[(degree + step) % 7] + 12 * ((degree + step) / 7) as i32 + raised
        };
        for (step, octave) in [(0, -12), (0, 0), (2, 0), (4, 0)] {
            let pitch = hertz(note(step) + octave, tuning_cents);
            add_tone(&mut sound, i as f64, 1.0, pitch, 0.12);
        }
    }
    sound
}

/// A scale up and down, over and over; harmonic minor.
pub(crate) fn scale(tonic: i32, is_minor: bool) -> Vec<f32> {
    let steps = if is_minor { [0, 2, 3, 5, 7, 8, 11] } else { MAJOR };
    let up = (0..8).map(|i| if i == 7 { 12 } else { steps[i] });
    let down: Vec<i32> = up.clone().rev().skip(1).take(6).collect();
    let mut sound = vec![0.0; samples(16.8)];
    for (i, step) in up.chain(down).cycle().take(56).enumerate() {
        add_tone(&mut sound, i as f64 * 0.3, 0.3, hertz(tonic + step, 0.0), 0.3);
    }
    sound
}

/// Tones of 1 kHz, one behind the other: decibels of full scale (peak) and seconds.
pub(crate) fn tones(parts: &[(f64, f64)]) -> Vec<f32> {
    let mut sound = Vec::new();
    for (decibels, seconds) in parts {
        let amplitude = 10.0_f64.powf(decibels / 20.0);
        sound.extend((0..samples(*seconds)).map(|i| {
            let turn = TAU * 1_000.0 * i as f64 / f64::from(RATE_HZ);
            (amplitude * turn.sin()) as f32
        }));
    }
    sound
}

/// What a wave file is made of.
pub(crate) struct Wave {
    pub(crate) rate_hz: u32,
    pub(crate) channels: u16,
    /// What the header says there is, in bytes; `None` for the truth.
    pub(crate) claimed: Option<u32>,
}

impl Wave {
    /// The file, with the same samples on every channel, in floats.
    pub(crate) fn of(&self, mono: &[f32]) -> Vec<u8> {
        let width = 4 * self.channels;
        let true_size = mono.len() as u32 * u32::from(width);
        let size = self.claimed.unwrap_or(true_size);
        let mut file = Vec::with_capacity(44 + true_size as usize);
        file.extend(b"RIFF");
        file.extend(size.saturating_add(36).to_le_bytes());
        file.extend(b"WAVEfmt ");
        file.extend(16_u32.to_le_bytes());
        file.extend(3_u16.to_le_bytes());
        file.extend(self.channels.to_le_bytes());
        file.extend(self.rate_hz.to_le_bytes());
        file.extend((self.rate_hz.wrapping_mul(u32::from(width))).to_le_bytes());
        file.extend(width.to_le_bytes());
        file.extend(32_u16.to_le_bytes());
        file.extend(b"data");
        file.extend(size.to_le_bytes());
        for sample in mono {
            for _ in 0..self.channels {
                file.extend(sample.to_le_bytes());
            }
        }
        file
    }
}

/// A wave file of the usual rate.
pub(crate) fn wave(mono: &[f32], channels: u16) -> Vec<u8> {
    Wave { rate_hz: RATE_HZ, channels, claimed: None }.of(mono)
}
