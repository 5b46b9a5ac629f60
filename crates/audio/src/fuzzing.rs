//! Doors for the fuzz targets.

use crate::covers::{CoverSize, drawn};
use crate::decode::{Decoder, SampleBlock};
use crate::descriptors::SpectralMeter;
use crate::level::LevelMeter;
use crate::resample::{MonoResampler, downmix};
use crate::tags::tags_from_bytes;

/// Stops behind so many samples: what is longer shows nothing new.
const MOST_SAMPLES: usize = 2_000_000;

/// Decodes any bytes.
///
/// # Panics
/// If a promise is broken.
pub fn decode(content: &[u8]) {
    let Ok(mut decoder) = Decoder::from_bytes(content.to_vec()) else { return };
    let mut samples = 0;
    while let Some(block) = decoder.next_block() {
        assert!(block.samples.len().is_multiple_of(block.channels));
        assert!(block.samples.iter().all(|sample| sample.is_finite()));
        samples += block.samples.len();
        if samples > MOST_SAMPLES {
            return;
        }
    }
    if let Ok(report) = decoder.finish() {
        assert_eq!(report.frames, (samples / report.channels) as u64);
    }
}

/// Reads tags out of any bytes.
///
/// # Panics
/// If a promise is broken.
pub fn tags(content: &[u8]) {
    let Ok(tags) = tags_from_bytes(content) else { return };
    let texts = tags.title.iter().chain(&tags.artists).chain(&tags.album).chain(&tags.genres);
    for text in texts {
        assert!(!text.is_empty() && !text.chars().any(char::is_control));
    }
}

/// Draws any bytes as a cover.
///
/// # Panics
/// If a promise is broken.
pub fn cover(content: &[u8]) {
    let Some(picture) = drawn(content, CoverSize::Small) else { return };
    assert!(picture.starts_with(&[0xff, 0xd8, 0xff]) && picture.ends_with(&[0xff, 0xd9]));
    assert!(picture.len() < 64 << 10);
}

/// Measures any bytes as samples.
///
/// # Panics
/// If a promise is broken.
pub fn measure(content: &[u8]) {
    let [channels, low, high, more, content @ ..] = content else { return };
    let channels = usize::from(channels % 8) + 1;
    let rate_hz = u32::from_le_bytes([*low, *high, more % 3, 0]).max(1_000);
    let (words, _) = content.as_chunks::<2>();
    let samples: Vec<f32> =
        words.iter().map(|&word| f32::from(i16::from_le_bytes(word)) / 4_096.0).collect();
    let Ok(mut level) = LevelMeter::new(channels, rate_hz) else { return };
    let Ok(mut resampler) = MonoResampler::new(rate_hz, crate::descriptors::RATE_HZ) else {
        return;
    };
    let (mut spectral, mut mono) = (SpectralMeter::new(), Vec::new());
    let whole = samples.len() - samples.len() % channels;
    for samples in samples[..whole].chunks(64 * channels) {
        let block = SampleBlock { samples, channels, rate_hz };
        level.push(block);
        downmix(block, &mut mono);
        resampler.push(&mono, |samples| spectral.push(samples));
    }
    resampler.finish(|samples| spectral.push(samples));
    assert!(level.finish().true_peak_dbtp.is_none_or(f64::is_finite));
    let found = spectral.finish();
    if let Some(tempo) = found.rhythm.and_then(|rhythm| rhythm.tempo) {
        assert!(tempo.bpm.is_finite() && (0.0..=1.0).contains(&tempo.confidence));
    }
    if let Some(tonality) = found.tonality {
        assert!((-50.0..=50.0).contains(&tonality.tuning_cents));
        assert!(tonality.pitch_classes.iter().all(|class| class.is_finite()));
    }
}
