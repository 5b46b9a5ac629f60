//! How long an index of many vectors takes to build, and what its searches find and cost.
//!
//! ```text
//! cargo run --release -p segue-world --example ivf_scale -- FOLDER ROWS [even|heavy]
//! ```
//!
//! Made-up vectors of 64 dimensions, and an index of them, are written to FOLDER if they are not
//! there yet. Run it again to measure searches in a process that did not build. `queries.f32` and
//! `truth.u32` are what other programs can be compared by.

#![allow(clippy::print_stdout)]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use half::f16;
use half::slice::HalfFloatSliceExt;
use memmap2::Mmap;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use segue_world::ivf::{Hit, Ivf, IvfConfig, SearchEffort, Vectors, build};

const DIM: usize = 64;
const QUERIES: usize = 200;
const K: usize = 100;
const BLOCK: usize = 1 << 14;

/// Vectors in a mapped file, in half precision.
struct Halves(Mmap);

impl Vectors for Halves {
    fn len(&self) -> usize {
        self.0.len() / (2 * DIM)
    }

    fn dim(&self) -> usize {
        DIM
    }

    fn read(&self, from: usize, into: &mut [f32]) -> segue_world::Result<()> {
        let bytes = &self.0[2 * DIM * from..][..2 * into.len()];
        bytemuck::cast_slice::<u8, f16>(bytes).convert_to_f32_slice(into);
        Ok(())
    }
}

/// Clusters within groups, as recordings of artists of genres are.
struct World {
    groups: Vec<f32>,
    clusters: Vec<f32>,
    /// Deviation of the logarithm of lengths.
    spread: f32,
}

impl World {
    fn new(rows: usize, spread: f32) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let clusters = (rows / 200).max(1);
        let mut normals = |n: usize| (0..n).map(|_| StandardNormal.sample(&mut rng)).collect();
        Self { groups: normals(300 * DIM), clusters: normals(clusters * DIM), spread }
    }

    fn vector(&self, rng: &mut ChaCha8Rng, into: &mut [f32]) {
        let cluster = rng.random_range(0..self.clusters.len() / DIM);
        let group = cluster % (self.groups.len() / DIM);
        let normal: f32 = StandardNormal.sample(rng);
        let length = (self.spread * normal).exp() / 16.0;
        let means = self.groups[group * DIM..].iter().zip(&self.clusters[cluster * DIM..]);
        for (x, (group, cluster)) in into.iter_mut().zip(means) {
            let noise: f32 = StandardNormal.sample(rng);
            *x = length * (group + 0.8 * cluster + 0.8 * noise);
        }
    }

    fn block(&self, block: usize, rows: usize) -> Vec<f16> {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        rng.set_stream(block as u64);
        let mut vectors = vec![0.0; BLOCK.min(rows - block * BLOCK) * DIM];
        vectors.chunks_exact_mut(DIM).for_each(|vector| self.vector(&mut rng, vector));
        let mut halves = vec![f16::ZERO; vectors.len()];
        halves.convert_from_f32_slice(&vectors);
        halves
    }

    fn write(&self, rows: usize, path: &Path) -> Result<()> {
        let mut out = BufWriter::new(File::create(path)?);
        let blocks: Vec<usize> = (0..rows.div_ceil(BLOCK)).collect();
        for blocks in blocks.chunks(16) {
            let made: Vec<_> = blocks.par_iter().map(|&block| self.block(block, rows)).collect();
            made.iter().try_for_each(|halves| out.write_all(bytemuck::cast_slice(halves)))?;
        }
        Ok(out.flush()?)
    }
}

fn map(path: &Path) -> Result<Mmap> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    // SAFETY: nothing else writes to a file in a folder for measurements.
    #[allow(unsafe_code)]
    Ok(unsafe { Mmap::map(&file)? })
}

/// A line of what the system says of this process.
fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let wanted = |line: &&str| ["VmHWM", "RssAnon", "RssFile"].iter().any(|w| line.starts_with(w));
    status.lines().filter(wanted).collect::<Vec<_>>().join(", ").replace('\t', " ")
}

fn build_index(data: &Path, index: &Path) -> Result<()> {
    let vectors = Halves(map(data)?);
    let start = Instant::now();
    let mut out = BufWriter::new(File::create(index)?);
    let mut shown = 0;
    build(&vectors, &IvfConfig::default(), index, &mut out, &mut |part| {
        if (part * 10.0) as i32 > shown {
            shown = (part * 10.0) as i32;
            println!("  {shown}0 % after {:.1} s", start.elapsed().as_secs_f64());
        }
    })?;
    println!("built in {:.1} s, {}", start.elapsed().as_secs_f64(), memory());
    Ok(())
}

/// Rows with some noise: what listeners near to them may be like.
fn queries(vectors: &Halves) -> Result<Vec<Vec<f32>>> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut query = || {
        let mut query = vec![0.0; DIM];
        vectors.read(rng.random_range(0..vectors.len()), &mut query)?;
        let length = query.iter().map(|x| x * x).sum::<f32>().sqrt();
        query.iter_mut().for_each(|x| {
            let noise: f32 = StandardNormal.sample(&mut rng);
            *x = *x / length + 0.05 * noise;
        });
        Ok(query)
    };
    (0..QUERIES).map(|_| query()).collect()
}

fn recall(truth: &[Hit], found: &[Hit]) -> f64 {
    let rows: Vec<u32> = found.iter().map(|hit| hit.row).collect();
    truth.iter().filter(|hit| rows.contains(&hit.row)).count() as f64 / truth.len() as f64
}

fn measure(ivf: &Ivf<'_>, queries: &[Vec<f32>], truth: &[Vec<Hit>], search: &SearchEffort) {
    let everything = |_| true;
    for query in queries {
        ivf.search(query, search, &everything);
    }
    let mut found = 0.0;
    let mut times: Vec<f64> = Vec::new();
    for (query, truth) in queries.iter().zip(truth) {
        let start = Instant::now();
        let hits = ivf.search(query, search, &everything);
        times.push(1e3 * start.elapsed().as_secs_f64());
        found += recall(truth, &hits) / queries.len() as f64;
    }
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times[(part * (times.len() - 1) as f64).round() as usize];
    let SearchEffort { probes, rerank, .. } = search;
    let (p50, p99) = (at(0.5), at(0.99));
    println!("{probes:>6} {rerank:>6}   {found:.4}   {p50:>8.3} {p99:>8.3}");
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, rows, rest @ ..] = &arguments[..] else {
        anyhow::bail!("ivf_scale FOLDER ROWS [even|heavy]");
    };
    let heavy = rest.first().is_some_and(|kind| kind == "heavy");
    let (folder, rows) = (PathBuf::from(folder), rows.parse()?);
    fs::create_dir_all(&folder)?;
    let (data, index) = (folder.join("vectors.f16"), folder.join("vectors.ivf"));
    if !data.exists() {
        World::new(rows, if heavy { 1.0 } else { 0.1 }).write(rows, &data)?;
    }
    if !index.exists() {
        build_index(&data, &index)?;
    }
    let bytes = map(&index)?;
    let start = Instant::now();
    let ivf = Ivf::open(&index, &bytes)?;
    println!("{} rows, {} lists, {} bytes", ivf.len(), ivf.lists(), bytes.len());
    println!("opened in {:.1} µs, {}", 1e6 * start.elapsed().as_secs_f64(), memory());

    let queries = queries(&Halves(map(&data)?))?;
    let start = Instant::now();
    let truth: Vec<Vec<Hit>> =
        queries.par_iter().map(|query| ivf.exact(query, K, &|_| true)).collect();
    println!("exact: {:.1} ms a query", 1e3 * start.elapsed().as_secs_f64() / QUERIES as f64);
    fs::write(folder.join("queries.f32"), bytemuck::cast_slice(&queries.concat()))?;
    let rows: Vec<u32> = truth.iter().flatten().map(|hit| hit.row).collect();
    fs::write(folder.join("truth.u32"), bytemuck::cast_slice(&rows))?;

    println!("probes rerank   recall   p50 in ms    p99");
    for probes in [16, 32, 64, 128, 256, 512, 1024] {
        measure(&ivf, &queries, &truth, &SearchEffort { k: K, probes, rerank: 1000 });
    }
    println!("{}", memory());
    Ok(())
}
