//! How the recordings of a world sound: what people submitted to AcousticBrainz, made one row each.
//!
//! Dumps are read side by side. Of each row the values of recordings that are in the world are
//! written to a file, nine bytes a value, and medians are taken of what lies there, of as many
//! recordings at a time as there is memory for. A dump that is damaged is left out whole.

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::memory::Room;
use super::parts::{size_of_path, token_of};
use super::people::Counted;
use super::report::FeatureOutcome;
use super::spill::{AtomicFile, for_each_record, read, u32_at};
use super::{BuildConfig, BuildStage, aliases};
use crate::dump::{FeatureRow, Mbid, read_features};
use crate::file::{NUMBERS, RecordingKey, Sound, WorldWriter};
use crate::{Result, WorldError};

/// The field of a value that is a key; the others are those of [`Sound::numbers`].
const KEY: u8 = NUMBERS as u8;
const VALUE_BYTES: usize = 9;
/// Bytes that the reading of a dump takes: what was unpacked before, and buffers.
const BYTES_A_DUMP: usize = 12 << 20;
/// How often it is told how far reading is.
const TELL_EVERY: Duration = Duration::from_millis(200);

const NOT_IN_WORLD: &str = "of a recording that is not in the world";
const NOTHING_KEPT: &str = "no value that a world keeps";

/// What is kept of a row, in the order of [`Sound::numbers`], and what it may be: anything else is
/// as if it were missing.
fn numbers(row: &FeatureRow<'_>) -> [(Option<f32>, RangeInclusive<f32>); NUMBERS] {
    [
        // Where no beat is found the tempo is 0.
        (row.bpm, f32::MIN_POSITIVE..=1_000.0),
        (row.danceability, 0.0..=10.0),
        (row.onset_rate, 0.0..=100.0),
        (row.average_loudness, 0.0..=1.0),
        (row.dynamic_complexity, 0.0..=200.0),
        (row.probability_danceable, 0.0..=1.0),
        (row.probability_happy, 0.0..=1.0),
        (row.probability_sad, 0.0..=1.0),
        (row.probability_relaxed, 0.0..=1.0),
        (row.probability_aggressive, 0.0..=1.0),
        (row.probability_party, 0.0..=1.0),
        (row.probability_acoustic, 0.0..=1.0),
        (row.probability_electronic, 0.0..=1.0),
        (row.probability_instrumental, 0.0..=1.0),
    ]
}

/// A key by the names that Essentia has for it.
fn key(row: &FeatureRow<'_>) -> Option<RecordingKey> {
    let tonic = match row.key? {
        "C" => 0,
        "C#" | "Db" => 1,
        "D" => 2,
        "D#" | "Eb" => 3,
        "E" => 4,
        "F" => 5,
        "F#" | "Gb" => 6,
        "G" => 7,
        "G#" | "Ab" => 8,
        "A" => 9,
        "A#" | "Bb" => 10,
        "B" => 11,
        _ => return None,
    };
    let is_major = match row.scale? {
        "major" => true,
        "minor" => false,
        _ => return None,
    };
    Some(RecordingKey { tonic, is_major })
}

/// A value of a recording, as bits of which the order is that of the numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Value {
    row: u32,
    field: u8,
    bits: u32,
}

/// How the recordings of a world sound.
#[derive(Debug, Default)]
pub(super) struct Sounds {
    /// A row of each recording; `None` where no features were given.
    file: Option<PathBuf>,
    pub(super) outcomes: Vec<FeatureOutcome>,
    /// Recordings of which anything is known.
    pub(super) known: u64,
}

impl Sounds {
    pub(super) fn write(&self, writer: &mut WorldWriter) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        writer.bytes("sound", &read(file)?)?;
        fs::remove_file(file).map_err(|error| WorldError::io(file, error))
    }
}

/// Reads the features of all recordings.
pub(super) fn sounds(
    config: &BuildConfig,
    folder: &Path,
    counted: &Counted,
    progress: &mut dyn FnMut(BuildStage),
) -> Result<Sounds> {
    if config.features.is_empty() {
        return Ok(Sounds::default());
    }
    let rows = aliases::rows(config, folder, counted)?;
    aliases::remove(folder)?;
    let dumps = dumps(folder, &config.features)?;
    let beside = counted.bytes() + rows.len() * aliases::BYTES_A_ROW;
    let threads = Room::beside(config, beside).at_once(BYTES_A_DUMP)?.min(dumps.len());
    let outcomes = read_all(&dumps, &rows, threads, progress)?;
    drop(rows);
    let whole = dumps.iter().zip(&outcomes).filter(|(_, outcome)| outcome.broken.is_none());
    let values: Vec<&Path> = whole.map(|(dump, _)| dump.values.as_path()).collect();
    let file = folder.join("sounds");
    let known = medians(config, counted, &values, &file)?;
    for dump in &dumps {
        fs::remove_file(&dump.values).map_err(|error| WorldError::io(&dump.values, error))?;
    }
    Ok(Sounds { file: Some(file), outcomes, known })
}

/// A dump of features, and where its values go.
struct Dump {
    path: PathBuf,
    values: PathBuf,
}

/// The dumps that were asked for; of a folder of archives or tables each of these. A folder without
/// any is one dump, of documents.
fn dumps(folder: &Path, paths: &[PathBuf]) -> Result<Vec<Dump>> {
    let mut found = Vec::new();
    for path in paths {
        let failed = |error| WorldError::io(path, error);
        let mut within = Vec::new();
        if fs::metadata(path).map_err(failed)?.is_dir() {
            for entry in fs::read_dir(path).map_err(failed)? {
                within.push(entry.map_err(failed)?.path());
            }
        }
        let is_archive = |path: &PathBuf| {
            let ending = path.extension().and_then(|ending| ending.to_str());
            ending.is_some_and(|ending| ["zst", "tar", "csv"].contains(&ending))
        };
        within.retain(is_archive);
        within.sort();
        match within.is_empty() {
            true => found.push(path.clone()),
            false => found.extend(within),
        }
    }
    let dump = |(number, path)| Dump { path, values: folder.join(format!("values-{number}")) };
    Ok(found.into_iter().enumerate().map(dump).collect())
}

/// Reads dumps on several threads, and says meanwhile how far they are.
fn read_all(
    dumps: &[Dump],
    rows: &FxHashMap<u64, u32>,
    threads: usize,
    progress: &mut dyn FnMut(BuildStage),
) -> Result<Vec<FeatureOutcome>> {
    let of = dumps.iter().map(|dump| size_of_path(&dump.path)).sum::<Result<u64>>()?;
    let bytes = Arc::new(AtomicU64::new(0));
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        let (send, outcomes) = channel();
        for _ in 0..threads {
            let (send, bytes, next) = (send.clone(), &bytes, &next);
            scope.spawn(move || {
                while let Some((number, dump)) = numbered(dumps, next.fetch_add(1, Relaxed)) {
                    if send.send((number, read_dump(dump, bytes, rows))).is_err() {
                        // Another dump failed.
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut found = BTreeMap::new();
        loop {
            progress(BuildStage::Sounding { bytes: bytes.load(Relaxed).min(of), of });
            match outcomes.recv_timeout(TELL_EVERY) {
                Ok((number, outcome)) => drop(found.insert(number, outcome?)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(found.into_values().collect()),
            }
        }
    })
}

fn numbered(dumps: &[Dump], number: u64) -> Option<(u64, &Dump)> {
    Some((number, dumps.get(number as usize)?))
}

/// Writes the values of a dump that belong to recordings of the world.
fn read_dump(
    dump: &Dump,
    bytes: &Arc<AtomicU64>,
    rows: &FxHashMap<u64, u32>,
) -> Result<FeatureOutcome> {
    let mut values = AtomicFile::create(&dump.values)?;
    let mut outcome = FeatureOutcome {
        dump: dump.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        bytes: size_of_path(&dump.path)?,
        ..FeatureOutcome::default()
    };
    let report = read_features(&dump.path, bytes, &mut |recording: Mbid, row| {
        let Some(&at) = rows.get(&token_of(recording)) else {
            outcome.drop(NOT_IN_WORLD);
            return Ok(());
        };
        match put(at, &row, &mut values)? {
            true => outcome.joined += 1,
            false => outcome.drop(NOTHING_KEPT),
        }
        Ok(())
    });
    values.finish()?;
    match report {
        Ok(report) => outcome.read(&report),
        Err(WorldError::Malformed { path, reason }) => {
            let member = path.strip_prefix(&dump.path).ok().filter(|m| !m.as_os_str().is_empty());
            let at = member.map_or(String::new(), |member| format!("`{}`: ", member.display()));
            (outcome.joined, outcome.dropped) = Default::default();
            outcome.broken = Some(format!("{at}{reason}"));
        }
        Err(error) => return Err(error),
    }
    Ok(outcome)
}

/// Writes the values of a row; `false` where there are none.
fn put(at: u32, row: &FeatureRow<'_>, into: &mut AtomicFile) -> Result<bool> {
    let mut has_any = false;
    let mut put = |field: u8, bits: u32| {
        has_any = true;
        into.write(&at.to_le_bytes())?;
        into.write(&[field])?;
        into.write(&bits.to_le_bytes())
    };
    for (field, (number, allowed)) in (0..).zip(numbers(row)) {
        if let Some(number) = number.filter(|number| allowed.contains(number)) {
            // A negative zero would be the largest of all bits.
            put(field, number.abs().to_bits())?;
        }
    }
    if let Some(key) = key(row) {
        put(KEY, u32::from(key.number()))?;
    }
    Ok(has_any)
}

/// Writes a row for every recording, and returns of how many anything is known.
fn medians(config: &BuildConfig, counted: &Counted, values: &[&Path], file: &Path) -> Result<u64> {
    let mut bytes = 0;
    for path in values {
        bytes += fs::metadata(path).map_err(|error| WorldError::io(path, error))?.len() as usize;
    }
    let mut sounds = vec![Sound::default(); counted.recordings()];
    let beside = counted.bytes() + sounds.len() * size_of::<Sound>();
    // A list grows twice as long as it need be.
    let needed = 2 * bytes / VALUE_BYTES * size_of::<Value>();
    let passes = Room::beside(config, beside).passes(needed)? as u32;
    for pass in 0..passes {
        let mut found: Vec<Value> = Vec::new();
        for path in values {
            for_each_record(path, |record: &[u8; VALUE_BYTES]| {
                let row = u32_at(record, 0);
                if row % passes == pass {
                    found.push(Value { row, field: record[4], bits: u32_at(record, 5) });
                }
            })?;
        }
        found.par_sort_unstable();
        for same in found.chunk_by(|a, b| (a.row, a.field) == (b.row, b.field)) {
            sounds[same[0].row as usize].set(same);
        }
    }
    let mut out = AtomicFile::create(file)?;
    sounds.iter().try_for_each(|sound| out.write(&sound.to_bytes()))?;
    out.finish()?;
    Ok(sounds.iter().filter(|sound| sound.submissions > 0).count() as u64)
}

impl Sound {
    /// Takes the values of one field, in rising order.
    fn set(&mut self, values: &[Value]) {
        self.submissions = self.submissions.max(values.len() as u32);
        let field = values[0].field;
        if field == KEY {
            // The most frequent, of several the first.
            let runs = values.chunk_by(|a, b| a.bits == b.bits).map(|run| (run.len(), run[0].bits));
            let (_, best) = runs.fold((0, 0), |best, run| if run.0 > best.0 { run } else { best });
            self.key = RecordingKey::of_number(best);
            return;
        }
        // The lower of two in the middle: between a tempo and its double lies none.
        let median = values[(values.len() - 1) / 2];
        *self.numbers()[usize::from(field)] = Some(f32::from_bits(median.bits));
    }
}
