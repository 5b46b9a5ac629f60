//! Trains SASRec on made-up full-length sequences and says how fast, for `bench/sasrec_speed.py` and `bench/sasrec_parity.py`.
//!
//! `sasrec_speed FOLDER JSON`: reads `sequences.u32` (`[steps, batch, max_length + 1]`), `negatives.u32` and, if it is
//! there, `start.safetensors` from the folder; writes `start.safetensors` if it is not. The JSON holds the configuration, the
//! number of items and whether to write the gradients of the first batch. Prints one JSON object.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark program, run by hand")]

use std::path::Path;
use std::time::Instant;

use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
use segue_models::kernels::matmul::{Matrix, Output, matmul};
use segue_models::recommenders::sasrec::{Batch, Loss, Sasrec, SasrecConfig, Trainer};
use serde::Deserialize;

/// Steps that are not timed.
const WARM_UP: usize = 2;

#[derive(Deserialize)]
struct Run {
    config: SasrecConfig,
    items: usize,
    /// Write `gradients.f32`, of all parameters one after another, and `outputs.f32`, of the first sequence; then stop.
    #[serde(default)]
    gradients: bool,
    /// Only measure the peak of matrix products on that many threads.
    #[serde(default)]
    sgemm_threads: Option<usize>,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (folder, run) = (arguments.next().unwrap(), arguments.next().unwrap());
    let (folder, run): (&Path, Run) = (Path::new(&folder), serde_json::from_str(&run).unwrap());
    if let Some(threads) = run.sgemm_threads {
        println!("{{\"gflops\": {:.2}}}", sgemm_peak(threads));
        return;
    }
    let start = folder.join("start.safetensors");
    if !start.exists() {
        fresh(&run).save(&start).unwrap();
    }
    let mut model = Sasrec::load(&start).unwrap();
    model.set_config(&run.config).unwrap();
    let batches = batches(folder, &run);
    let mut trainer = Trainer::new(model, 1);
    if run.gradients {
        let (loss, gradients) = trainer.named_gradients(&batches[0]);
        let bytes: Vec<u8> = gradients.iter().flat_map(|(_, g)| g).flat_map(|g| g.to_le_bytes()).collect();
        std::fs::write(folder.join("gradients.f32"), bytes).unwrap();
        let first = &read(&folder.join("sequences.u32"))[..run.config.max_length];
        let outputs: Vec<u8> = trainer.model().encode(first).iter().flat_map(|x| x.to_le_bytes()).collect();
        std::fs::write(folder.join("outputs.f32"), outputs).unwrap();
        let names: Vec<&String> = gradients.iter().map(|(name, _)| name).collect();
        println!("{}", serde_json::json!({"loss": loss, "names": names}));
        return;
    }
    let mut losses = Vec::new();
    let mut seconds = Vec::new();
    let mut cpu_begin = 0.0;
    for (step, batch) in batches.iter().enumerate() {
        if step == WARM_UP {
            cpu_begin = cpu_s();
        }
        let begin = Instant::now();
        losses.push(trainer.step(batch));
        seconds.push(begin.elapsed().as_secs_f64());
    }
    println!(
        "{}",
        serde_json::json!({"losses": losses, "seconds": seconds, "cpu_s": cpu_s() - cpu_begin, "peak_mb": peak_mb()})
    );
}

/// A model whose items have all been seen once.
fn fresh(run: &Run) -> Sasrec {
    let mut builder = InteractionsBuilder::default();
    for item in 0..run.items {
        builder.push("listener", &item.to_string(), None, None).unwrap();
    }
    let data = builder.build(KCore::default()).unwrap();
    Sasrec::fresh(&data.all(), None, &run.config, 1).unwrap()
}

fn batches(folder: &Path, run: &Run) -> Vec<Batch> {
    let sequences = read(&folder.join("sequences.u32"));
    let negatives = read(&folder.join("negatives.u32"));
    let (batch, length) = (run.config.batch, run.config.max_length + 1);
    let steps = sequences.len() / (batch * length);
    let per_step = negatives.len() / steps;
    (0..steps)
        .map(|step| {
            let sequences: Vec<&[u32]> =
                sequences[step * batch * length..][..batch * length].chunks_exact(length).collect();
            let negatives = negatives[step * per_step..][..per_step].to_vec();
            match run.config.loss {
                Loss::Bce => Batch::new(&sequences, Vec::new(), negatives),
                _ => Batch::new(&sequences, negatives, Vec::new()),
            }
        })
        .collect()
}

fn read(path: &Path) -> Vec<u32> {
    let bytes = std::fs::read(path).unwrap();
    bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// Billions of multiplications and additions a second in large products, the best of several on each thread.
fn sgemm_peak(threads: usize) -> f64 {
    const N: usize = 1024;
    let one = || {
        let (a, b, mut c) = (vec![0.5; N * N], vec![0.25; N * N], vec![0.0; N * N]);
        let timed = (0..10).map(|_| {
            let begin = Instant::now();
            matmul(&mut c, Output::Overwrite, Matrix::new(&a, N, N), Matrix::new(&b, N, N));
            begin.elapsed().as_secs_f64()
        });
        timed.fold(f64::INFINITY, f64::min)
    };
    let work: Vec<_> = (0..threads).map(|_| std::thread::spawn(one)).collect();
    let flops = 2.0 * (N * N * N) as f64;
    work.into_iter().map(|thread| flops / thread.join().unwrap() / 1e9).sum()
}

/// Processor time of all threads so far, to a hundredth of a second.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in brackets may hold spaces; user and system time are the 12th and 13th fields after it.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The most memory that this process held at once.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}
