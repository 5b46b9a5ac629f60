//! How recordings sound, in the three tables of AcousticBrainz.
//!
//! Half of the recordings were measured, up to three times each. A community has a tempo, a
//! loudness and a key of its own, around which its recordings lie, and measurements lie around
//! those.

use std::io::{self, Write};

use super::archive::{add_streamed, write_packed};
use super::planted::{Kind, PlantedWorld};

/// Which table, each of which is an archive of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureTable {
    /// Loudness.
    LowLevel,
    /// Tempo and what one dances to.
    Rhythm,
    /// Keys.
    Tonal,
}

const KEYS: [&str; 12] = ["A", "A#", "B", "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#"];

/// Writes a table of features, packed with Zstandard.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write_features(
    world: &PlantedWorld,
    table: FeatureTable,
    out: &mut dyn Write,
) -> io::Result<()> {
    let folder = "acousticbrainz-lowlevel-features-20220623";
    let name = format!("{folder}/{folder}-{}.csv", table.name());
    write_packed(out, &mut |out| {
        add_streamed(out, &name, &mut |out| write_table(world, table, out))
    })
}

fn write_table(world: &PlantedWorld, table: FeatureTable, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(["mbid", "submission_offset"].iter().chain(table.columns()))?;
    for number in 0..world.config.recordings {
        let submissions = world.hash(SUBMISSIONS, number) % 6;
        for submission in 0..submissions.saturating_sub(2) {
            rows.write_field(world.mbid(Kind::Recording, number))?;
            rows.write_field(submission.to_string())?;
            rows.write_record(table.cells(&Sound::of(world, number, submission)))?;
        }
    }
    rows.flush()
}

/// What [`PlantedWorld::hash`] is asked for.
const SUBMISSIONS: u64 = 20;
const SOUND: u64 = 21;
const NOISE: u64 = 22;

/// One measurement.
struct Sound {
    bpm: f64,
    loudness: f64,
    danceability: f64,
    key: &'static str,
    scale: &'static str,
}

impl Sound {
    fn of(world: &PlantedWorld, number: u32, submission: u64) -> Self {
        let community = f64::from(world.community_of_recording(number) % 8);
        let own = unit(world.hash(SOUND, number)) - 0.5;
        let noise = (unit(world.hash(NOISE + submission, number)) - 0.5) * 0.1;
        let key = world.community_of_recording(number) as usize + (own > 0.3) as usize * 7;
        Self {
            bpm: 75.0 + 12.0 * community + 20.0 * (own + noise),
            loudness: (0.9 - 0.08 * community + 0.2 * (own + noise)).clamp(0.0, 1.0),
            danceability: 0.8 + 0.15 * community + 0.5 * (own + noise),
            key: KEYS[key % KEYS.len()],
            scale: if own > 0.0 { "major" } else { "minor" },
        }
    }
}

/// A number from 0 to 1.
fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

impl FeatureTable {
    fn name(self) -> &'static str {
        match self {
            Self::LowLevel => "lowlevel",
            Self::Rhythm => "rhythm",
            Self::Tonal => "tonal",
        }
    }

    /// The columns behind the first two.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::LowLevel => &["average_loudness", "dynamic_complexity", "mfcc_zero_mean"],
            Self::Rhythm => &[
                "bpm",
                "bpm_histogram_first_peak_bpm_mean",
                "bpm_histogram_first_peak_bpm_median",
                "bpm_histogram_second_peak_bpm_mean",
                "bpm_histogram_second_peak_bpm_median",
                "danceability",
                "onset_rate",
            ],
            Self::Tonal => {
                &["key_key", "key_scale", "tuning_frequency", "tuning_equal_tempered_deviation"]
            }
        }
    }

    fn cells(self, sound: &Sound) -> Vec<String> {
        let number = |value: f64| format!("{value:.6}");
        match self {
            Self::LowLevel => vec![
                number(sound.loudness),
                number(8.0 * (1.0 - sound.loudness)),
                number(-900.0 + 300.0 * sound.loudness),
            ],
            Self::Rhythm => {
                let (first, second) = (number(sound.bpm.round()), number(sound.bpm.round() / 2.0));
                let danceability = number(sound.danceability);
                let onset_rate = number(sound.bpm / 30.0);
                let bpm = number(sound.bpm);
                vec![bpm, first.clone(), first, second.clone(), second, danceability, onset_rate]
            }
            Self::Tonal => vec![
                sound.key.to_owned(),
                sound.scale.to_owned(),
                number(440.0),
                number(0.1 * sound.loudness),
            ],
        }
    }
}
