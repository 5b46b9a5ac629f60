//! Settings drawn at random and tried on validation, within a budget. Every trial is written down
//! before the next begins and not repeated, so a search that was cut off goes on, and a larger
//! budget adds to a smaller one.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use segue_models::recommenders::{RecommenderConfig, RecommenderKind};
use serde::{Deserialize, Serialize};

use super::benchmark::Benchmark;

/// One configuration on validation.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Trial {
    config: RecommenderConfig,
    validation: f64,
}

/// The best configuration of each model after `budget` trials, the given one included.
pub(super) fn search(
    benchmark: &Benchmark<'_>,
    configs: Vec<RecommenderConfig>,
    budget: usize,
    folder: &Path,
) -> Result<Vec<RecommenderConfig>> {
    let path = folder.join(format!("{}.jsonl", benchmark.fingerprint()));
    fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    let mut known = read(&path)?;
    let failed = || format!("cannot write `{}`", path.display());
    let is_torn = is_torn(&path);
    let mut log = OpenOptions::new().create(true).append(true).open(&path).with_context(failed)?;
    if is_torn {
        // A line that was cut off would swallow the next one.
        writeln!(log).with_context(failed)?;
    }
    let progress = benchmark.progress;
    progress.begin(Some((budget * configs.len()) as u64), "searching");
    let mut best = Vec::new();
    for config in configs {
        let mut trials: Vec<Trial> = Vec::new();
        for candidate in candidates(benchmark, config, budget) {
            let found = known.iter().find(|trial| trial.config == candidate).cloned();
            let trial = match found {
                Some(trial) => trial,
                None => {
                    let trial = attempt(benchmark, candidate);
                    writeln!(log, "{}", serde_json::to_string(&trial)?).with_context(failed)?;
                    known.push(trial.clone());
                    trial
                }
            };
            trials.push(trial);
            progress.advance(1);
        }
        let winner = trials.into_iter().max_by(|a, b| a.validation.total_cmp(&b.validation));
        best.push(winner.context("`--search` is at least 1")?);
    }
    progress.end();
    for trial in &best {
        progress.say(&format!(
            "chosen on validation ({:.4}): {}",
            trial.validation,
            serde_json::to_string(&trial.config)?
        ));
    }
    Ok(best.into_iter().map(|trial| trial.config).collect())
}

/// The configuration as it is, then draws that depend on nothing but the seed and the model.
fn candidates(
    benchmark: &Benchmark<'_>,
    first: RecommenderConfig,
    budget: usize,
) -> Vec<RecommenderConfig> {
    let position = RecommenderKind::ALL.iter().position(|kind| *kind == first.kind());
    let mut rng = ChaCha8Rng::seed_from_u64(benchmark.options.seed);
    rng.set_stream(position.expect("every kind is listed") as u64);
    let kind = first.kind();
    let draws =
        std::iter::repeat_with(|| RecommenderConfig::draw(kind, benchmark.timing, &mut rng));
    std::iter::once(first).chain(draws).take(budget).collect()
}

/// A configuration that cannot be fitted is the worst there is, not the end of the search.
fn attempt(benchmark: &Benchmark<'_>, config: RecommenderConfig) -> Trial {
    let validation = match benchmark.fit_all(&config, benchmark.options.seed) {
        Ok(fitted) => benchmark.validate(&fitted),
        Err(error) => {
            benchmark.progress.say(&format!("{error:#}"));
            -1.0
        }
    };
    Trial { config, validation }
}

/// Whether the last line of a file was cut off.
fn is_torn(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes.last().is_some_and(|&byte| byte != b'\n'))
}

/// Trials of an earlier search; a last line that was cut off is done again.
fn read(path: &Path) -> Result<Vec<Trial>> {
    let Ok(file) = File::open(path) else { return Ok(Vec::new()) };
    let lines = BufReader::new(file).lines().collect::<Result<Vec<String>, _>>();
    let lines = lines.with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

impl Benchmark<'_> {
    /// What a trial depends on beside its configuration: the events, and what is asked.
    fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for row in 0..self.interactions.listeners() as u32 {
            let listener = segue_engine::ListenerIdx(row);
            hasher.update(self.interactions.listener_name(listener).as_bytes());
            for item in self.interactions.history(listener).items {
                hasher.update(&item.0.to_le_bytes());
            }
        }
        for case in self.cuts.iter().flat_map(|cut| &cut.validation.cases) {
            hasher.update(format!("{case:?}").as_bytes());
        }
        let asked =
            (self.options.protocol.protocol, self.options.protocol.history(), self.options.seed);
        hasher.update(format!("{asked:?}").as_bytes());
        hasher.finalize().to_hex()[..16].to_owned()
    }
}
