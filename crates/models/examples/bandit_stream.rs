//! Plays a contextual bandit over a stream that was drawn beforehand, for
//! `bench/contextual_bandit.py`: one linear belief about all arms, in closed form
//! ([`LinearPosterior`]), and one of Segue's policies, event after event.
//!
//! `bandit_stream FOLDER JSON`: reads `features.f32` `[events, arms, width]`, `rewards.u8` and
//! `probabilities.f32` `[events, arms]` from the folder. What each arm would have earned is on the
//! table before anybody chooses, so that another program on the same stream meets the same
//! outcomes; the probabilities are read for the regret alone. `"task": "fit"` measures base rate
//! and prior on arms drawn evenly; `"task": "play"` chooses, learns from the reward of what it
//! chose, and writes arm and propensity to `log.csv`. Prints one JSON object.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark program, run by hand")]

use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::Parameters;
use segue_engine::UncertaintySource;
use segue_engine::policy::{Belief, LinearThompson, Policy, PolicyKind, choose};
use segue_models::online::posterior::{Answer, LinearPosterior, LinearPrior};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Deserialize)]
struct Run {
    arms: usize,
    width: usize,
    seed: u64,
    #[serde(flatten)]
    task: Task,
}

#[derive(Deserialize)]
#[serde(tag = "task", rename_all = "lowercase")]
enum Task {
    Fit {
        events: usize,
    },
    Play {
        model: Model,
        policy: String,
        temperature: f32,
        epsilon: f32,
        optimism: f32,
        /// Draws of Thompson sampling.
        draws: usize,
    },
}

/// What is known before the first event.
#[derive(Deserialize, Serialize)]
struct Model {
    base_rate: f64,
    prior: LinearPrior,
}

struct Stream {
    arms: usize,
    /// Features and a constant 1: `[events, arms, width + 1]`.
    rows: Vec<f32>,
    width: usize,
    rewards: Vec<u8>,
    probabilities: Vec<f32>,
}

impl Stream {
    fn read(folder: &Path, arms: usize, features: usize) -> Self {
        let rows = floats(&folder.join("features.f32"));
        let rows =
            rows.chunks_exact(features).flat_map(|row| row.iter().copied().chain([1.0])).collect();
        let rewards = std::fs::read(folder.join("rewards.u8")).unwrap();
        Self {
            arms,
            rows,
            width: features + 1,
            rewards,
            probabilities: floats(&folder.join("probabilities.f32")),
        }
    }

    fn events(&self) -> usize {
        self.rewards.len() / self.arms
    }

    fn row(&self, event: usize, arm: usize) -> &[f32] {
        &self.rows[(event * self.arms + arm) * self.width..][..self.width]
    }

    /// All rows of an event, one after the other.
    fn short_list(&self, event: usize) -> &[f32] {
        let length = self.arms * self.width;
        &self.rows[event * length..][..length]
    }

    fn reward(&self, event: usize, arm: usize) -> f64 {
        f64::from(self.rewards[event * self.arms + arm])
    }

    /// How much less likely a reward is with this arm than with the best one.
    fn regret(&self, event: usize, arm: usize) -> f64 {
        let probabilities = &self.probabilities[event * self.arms..][..self.arms];
        let best = probabilities.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        f64::from(best) - f64::from(probabilities[arm])
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (folder, run) = (arguments.next().unwrap(), arguments.next().unwrap());
    let (folder, run): (&Path, Run) = (Path::new(&folder), serde_json::from_str(&run).unwrap());
    let stream = Stream::read(folder, run.arms, run.width);
    let mut rng = ChaCha8Rng::seed_from_u64(run.seed);
    match run.task {
        Task::Fit { events } => println!("{}", json!(fit(&stream, events, &mut rng))),
        Task::Play { model, policy, temperature, epsilon, optimism, draws } => {
            let kind: PolicyKind = policy.parse().unwrap();
            let policy: Box<dyn Policy> = match kind {
                PolicyKind::LinearThompson => Box::new(LinearThompson { draws }),
                _ => kind.build(
                    &Parameters::default()
                        .with("temperature", temperature)
                        .with("epsilon", epsilon)
                        .with("optimism", optimism),
                ),
            };
            play(folder, &stream, &model, (policy.as_ref(), kind.uncertainty_source()), &mut rng);
        }
    }
}

/// Base rate and prior of the first events, an arm drawn evenly in each. All dimensions share a
/// variance.
fn fit(stream: &Stream, events: usize, rng: &mut ChaCha8Rng) -> Model {
    let chosen: Vec<usize> = (0..events).map(|_| rng.random_range(0..stream.arms)).collect();
    let rewards = chosen.iter().enumerate().map(|(event, &arm)| stream.reward(event, arm));
    let base_rate = rewards.sum::<f64>() / events as f64;
    let answer = |(event, &arm): (usize, &usize)| Answer {
        embedding: stream.row(event, arm).to_vec(),
        residual: stream.reward(event, arm) - base_rate,
        predicted: base_rate,
        weight: 1.0,
    };
    let answers = chosen.iter().enumerate().map(answer).collect();
    Model { base_rate, prior: LinearPrior::fit(&vec![0; stream.width], &[answers]) }
}

/// Chooses and learns, event after event; what is timed includes all but reading the stream and
/// writing the log.
fn play(
    folder: &Path,
    stream: &Stream,
    model: &Model,
    (policy, source): (&dyn Policy, UncertaintySource),
    rng: &mut ChaCha8Rng,
) {
    let eligible: Vec<usize> = (0..stream.arms).collect();
    let mut posterior = LinearPosterior::new(&model.prior);
    let mut picks = Vec::with_capacity(stream.events());
    let (cpu, wall) = (cpu_s(), Instant::now());
    for event in 0..stream.events() {
        let belief =
            believe(stream.short_list(event), stream.width, &posterior, model.base_rate, source);
        let (arm, propensity) = choose(policy.prepare(&belief, rng).as_ref(), &eligible, rng);
        posterior.fold(&Answer {
            embedding: stream.row(event, arm).to_vec(),
            residual: stream.reward(event, arm) - model.base_rate,
            predicted: f64::from(belief.scores()[arm]).clamp(0.0, 1.0),
            weight: 1.0,
        });
        picks.push((arm, propensity));
    }
    let (cpu_s, wall_s) = (cpu_s() - cpu, wall.elapsed().as_secs_f64());
    let mut log = String::from("arm,propensity\n");
    picks.iter().for_each(|(arm, propensity)| writeln!(log, "{arm},{propensity}").unwrap());
    std::fs::write(folder.join("log.csv"), log).unwrap();
    let sum = |of: &dyn Fn(usize, usize) -> f64| -> f64 {
        picks.iter().enumerate().map(|(event, &(arm, _))| of(event, arm)).sum()
    };
    let events = stream.events() as f64;
    println!(
        "{}",
        json!({
            "reward_sum": sum(&|event, arm| stream.reward(event, arm)),
            "regret": sum(&|event, arm| stream.regret(event, arm)) / events,
            "wall_s": wall_s,
            "cpu_s": cpu_s,
            "events_per_s": events / wall_s,
        })
    );
}

/// What is believed of the arms of one event; their factors only for a policy that looks at them.
fn believe(
    rows: &[f32],
    width: usize,
    posterior: &LinearPosterior,
    base_rate: f64,
    source: UncertaintySource,
) -> Belief {
    let score = |row: &[f32]| (base_rate + posterior.predict(row).0) as f32;
    let scores = rows.chunks_exact(width).map(score).collect();
    match source {
        UncertaintySource::None => Belief::certain(scores),
        UncertaintySource::Posterior => Belief::new(scores, posterior.factors(rows)),
        UncertaintySource::Members => unreachable!("one linear belief has no members to disagree"),
    }
}

fn floats(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    bytes.as_chunks::<4>().0.iter().map(|&four| f32::from_le_bytes(four)).collect()
}

/// CPU seconds of this thread, the only one there is: a run is too short for the hundredths that
/// `stat` counts.
fn cpu_s() -> f64 {
    let spent = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    spent.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}
