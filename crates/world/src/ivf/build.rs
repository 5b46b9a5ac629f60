//! Building an index in two readings of the vectors, or a few more where codes do not fit memory.
//!
//! ```text
//! a sample ─► lists ─► every row: its list, and its vector in half precision
//!                        └─► as many lists as fit memory at a time: codes, in the order of lists
//! ```
//!
//! Rows are read in blocks by all threads, and what comes of a block is taken in the order of rows,
//! so that the bytes are the same on one thread or many.

use std::io::{Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use bytemuck::NoUninit;
use half::f16;
use half::slice::HalfFloatSliceExt;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::cluster::{Tree, placed};
use super::kernels::encode;
use super::layout::{Layout, MOST_DIM, Places};
use super::{IvfConfig, Vectors};
use crate::{Result, WorldError};

/// With fewer rows than this a scan of all takes well below a millisecond.
const FEWEST_ROWS: usize = 8192;
/// Rows of the sample for each list.
const SAMPLE_PER_LIST: usize = 32;
/// Rows that a thread reads at a time.
const BLOCK: usize = 4096;
/// Blocks that are read before what came of them is taken.
const BLOCKS: usize = 64;
/// Bytes of codes that are sorted by list at a time.
const MOST_BYTES: usize = 512 << 20;

/// Parts of the work that finding lists and the first reading are, for whoever watches.
const LISTS_FOUND: f32 = 0.1;
const ASSIGNED: f32 = 0.7;

/// Writes an index of `vectors` to `out`, from where it stands.
///
/// The same vectors, lists and seed give the same bytes. Beside four bytes a row, it holds a sample
/// of 32 rows a list and half a gigabyte of codes in memory. `progress` is told what part is done;
/// errors of writing name `path`.
///
/// # Errors
/// If vectors cannot be read, have no dimension or too many, hold what is no number or too large
/// for half precision (65,504), or if `out` cannot be written.
pub fn build(
    vectors: &dyn Vectors,
    config: &IvfConfig,
    path: &Path,
    out: &mut (impl Write + Seek),
    progress: &mut dyn FnMut(f32),
) -> Result<()> {
    let (rows, dim) = (vectors.len(), vectors.dim());
    if dim == 0 || dim > MOST_DIM || rows >= u32::MAX as usize {
        let reason = format!("{rows} vectors of {dim} dimensions cannot be indexed");
        return Err(WorldError::malformed(path, reason));
    }
    let tree = match lists(rows, config) {
        0 => None,
        lists => {
            Some(Tree::fit(&sample(vectors, lists, config.seed)?, dim + 1, lists, config.seed))
        }
    };
    progress(LISTS_FOUND);
    let layout = Layout { dim, rows, lists: tree.as_ref().map_or(0, Tree::lists) };
    let mut out = Output::new(path, layout, out)?;
    let assigned = write_vectors(vectors, tree.as_ref(), &mut out, progress)?;
    if tree.is_some() {
        drop(tree);
        write_lists(vectors, &assigned, &mut out, progress)?;
    }
    progress(1.0);
    out.out.flush().map_err(|source| WorldError::io(path, source))
}

/// How many lists are asked for.
fn lists(rows: usize, config: &IvfConfig) -> usize {
    let by_size = if rows < FEWEST_ROWS { 0 } else { 8 * rows.isqrt() };
    config.lists.unwrap_or(by_size).min(rows)
}

/// Rows from all over, damped: one out of each of equally long stretches.
fn sample(vectors: &dyn Vectors, lists: usize, seed: u64) -> Result<Vec<f32>> {
    let (rows, dim) = (vectors.len(), vectors.dim());
    let count = (lists * SAMPLE_PER_LIST).min(rows);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut sample = vec![0.0; count * (dim + 1)];
    let mut vector = vec![0.0; dim];
    for (i, into) in sample.chunks_exact_mut(dim + 1).enumerate() {
        let stretch = i * rows / count..(i + 1) * rows / count;
        vectors.read(rng.random_range(stretch), &mut vector)?;
        placed(&vector, into);
    }
    Ok(sample)
}

/// An index that is being written.
struct Output<'a, W> {
    path: &'a Path,
    layout: Layout,
    places: Places,
    base: u64,
    out: &'a mut W,
}

impl<'a, W: Write + Seek> Output<'a, W> {
    /// Writes the header.
    fn new(path: &'a Path, layout: Layout, out: &'a mut W) -> Result<Self> {
        let base = out.stream_position().map_err(|source| WorldError::io(path, source))?;
        let too_large = || WorldError::malformed(path, "the index of vectors is too large");
        let places = layout.places().ok_or_else(too_large)?;
        let mut output = Self { path, layout, places, base, out };
        output.write(0, &layout.to_bytes())?;
        Ok(output)
    }

    /// Writes values at a place counted from the start of the index.
    fn write<T: NoUninit>(&mut self, place: usize, values: &[T]) -> Result<()> {
        self.out
            .seek(SeekFrom::Start(self.base + place as u64))
            .and_then(|_| self.out.write_all(bytemuck::cast_slice(values)))
            .map_err(|source| WorldError::io(self.path, source))
    }
}

/// Does `work` on blocks of rows by all threads, and hands what comes of them to `take` in order.
fn in_order<T: Send>(
    vectors: &dyn Vectors,
    work: impl Fn(usize, &[f32]) -> Result<T> + Sync,
    mut take: impl FnMut(usize, T) -> Result<()>,
) -> Result<()> {
    let (rows, dim) = (vectors.len(), vectors.dim());
    let blocks: Vec<usize> = (0..rows).step_by(BLOCK).collect();
    for blocks in blocks.chunks(BLOCKS) {
        let read = |&from: &usize| {
            let mut block = vec![0.0; BLOCK.min(rows - from) * dim];
            vectors.read(from, &mut block)?;
            work(from, &block)
        };
        let done: Vec<Result<T>> = blocks.par_iter().map(read).collect();
        for (&from, done) in blocks.iter().zip(done) {
            take(from, done?)?;
        }
    }
    Ok(())
}

/// Writes the vectors in half precision, and says which list each is in.
fn write_vectors<W: Write + Seek>(
    vectors: &dyn Vectors,
    tree: Option<&Tree>,
    out: &mut Output<'_, W>,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<u32>> {
    let Layout { dim, rows, .. } = out.layout;
    let path = out.path;
    let work = |from: usize, block: &[f32]| {
        let mut halves = vec![f16::ZERO; block.len()];
        halves.convert_from_f32_slice(block);
        if let Some(wrong) = halves.iter().position(|x| !x.is_finite()) {
            let row = from + wrong / dim;
            let reason = format!("vector {row} holds what is no number, or too large a one");
            return Err(WorldError::malformed(path, reason));
        }
        Ok((halves, tree.map_or(Vec::new(), |tree| assign(tree, block, dim))))
    };
    let mut assigned = Vec::with_capacity(if tree.is_some() { rows } else { 0 });
    in_order(vectors, work, |from, (halves, lists)| {
        assigned.extend(lists);
        progress(LISTS_FOUND + (ASSIGNED - LISTS_FOUND) * from as f32 / rows as f32);
        out.write(out.places.vectors.start + 2 * from * dim, &halves)
    })?;
    Ok(assigned)
}

fn assign(tree: &Tree, block: &[f32], dim: usize) -> Vec<u32> {
    let mut place = vec![0.0; dim + 1];
    let mut scratch = Default::default();
    block
        .chunks_exact(dim)
        .map(|vector| {
            placed(vector, &mut place);
            tree.assign(&place, &mut scratch)
        })
        .collect()
}

/// Writes rows in the order of lists, and the lists.
fn write_lists<W: Write + Seek>(
    vectors: &dyn Vectors,
    assigned: &[u32],
    out: &mut Output<'_, W>,
    progress: &mut dyn FnMut(f32),
) -> Result<()> {
    let layout = out.layout;
    let mut starts = vec![0; layout.lists + 1];
    assigned.iter().for_each(|&list| starts[list as usize + 1] += 1);
    (0..layout.lists).for_each(|list| starts[list + 1] += starts[list]);
    out.write(out.places.starts.start, &starts)?;
    let mut lists = 0..0;
    while lists.end < layout.lists {
        lists = as_many_as_fit(&starts, lists.end, layout);
        let sorted = sort(vectors, assigned, layout, &lists, &starts)?;
        write_sorted(&sorted, &lists, &starts, out)?;
        progress(ASSIGNED + (1.0 - ASSIGNED) * lists.end as f32 / layout.lists as f32);
    }
    Ok(())
}

/// Writes rows in the order of lists, and the means of these lists.
fn write_sorted<W: Write + Seek>(
    sorted: &Encoded,
    lists: &Range<usize>,
    starts: &[u32],
    out: &mut Output<'_, W>,
) -> Result<()> {
    let (stride, first) = (out.layout.stride(), starts[lists.start] as usize);
    let bounds = &starts[lists.start..=lists.end];
    let stretches: Vec<Range<usize>> =
        bounds.windows(2).map(|w| w[0] as usize - first..w[1] as usize - first).collect();
    let (means, spreads) = sorted.means(&stretches, stride);
    let places = out.places.clone();
    out.write(places.rows.start + 4 * first, &sorted.rows)?;
    out.write(places.scales.start + 4 * first, &sorted.scales)?;
    out.write(places.codes.start + stride * first, &sorted.codes)?;
    out.write(places.mean_scales.start + 4 * lists.start, &means.scales)?;
    out.write(places.mean_codes.start + stride * lists.start, &means.codes)?;
    out.write(places.spreads.start + 4 * lists.start, &spreads)
}

/// The lists from `first` on whose codes fit memory: at least one.
fn as_many_as_fit(starts: &[u32], first: usize, layout: Layout) -> Range<usize> {
    let most = starts[first] as usize + MOST_BYTES / layout.stride();
    let fit = starts[first + 1..].partition_point(|&end| end as usize <= most);
    first..first + fit.max(1)
}

/// Rows with their codes.
struct Encoded {
    rows: Vec<u32>,
    scales: Vec<f32>,
    codes: Vec<i8>,
}

impl Encoded {
    fn zeros(rows: usize, stride: usize) -> Self {
        Self { rows: vec![0; rows], scales: vec![0.0; rows], codes: vec![0; rows * stride] }
    }

    /// The rows of a block that `is_in` holds of.
    fn of(from: usize, block: &[f32], layout: Layout, is_in: impl Fn(usize) -> bool) -> Self {
        let rows = from..from + block.len() / layout.dim;
        let rows: Vec<u32> = rows.filter(|&row| is_in(row)).map(|row| row as u32).collect();
        let mut encoded = Self::zeros(rows.len(), layout.stride());
        let codes = encoded.codes.chunks_exact_mut(layout.stride());
        for ((row, code), scale) in rows.iter().zip(codes).zip(&mut encoded.scales) {
            let vector = &block[(*row as usize - from) * layout.dim..][..layout.dim];
            *scale = encode(vector, code);
        }
        Self { rows, ..encoded }
    }

    /// The mean of each stretch of rows, and how far rows lie from it in any one direction.
    fn means(&self, stretches: &[Range<usize>], stride: usize) -> (Self, Vec<f32>) {
        let mut means = Self::zeros(stretches.len(), stride);
        let codes = means.codes.par_chunks_exact_mut(stride);
        let places = stretches.par_iter().zip(codes).zip(&mut means.scales);
        let spreads = places.map(|((stretch, code), scale)| {
            let mut mean = vec![0.0; stride];
            let mut squares = 0.0;
            let part = (stretch.len() as f32).recip();
            for place in stretch.clone() {
                let scale = self.scales[place];
                let code = &self.codes[place * stride..][..stride];
                for (mean, &code) in mean.iter_mut().zip(code) {
                    let x = scale * f32::from(code);
                    *mean += part * x;
                    squares += part * x * x;
                }
            }
            *scale = encode(&mean, code);
            let squares = squares - mean.iter().map(|x| x * x).sum::<f32>();
            (squares.max(0.0) / stride as f32).sqrt()
        });
        let spreads = spreads.collect();
        (means, spreads)
    }
}

/// Reads all vectors, and puts those of some lists in the order of lists.
fn sort(
    vectors: &dyn Vectors,
    assigned: &[u32],
    layout: Layout,
    lists: &Range<usize>,
    starts: &[u32],
) -> Result<Encoded> {
    let stride = layout.stride();
    let first = starts[lists.start];
    let mut next: Vec<usize> =
        starts[lists.clone()].iter().map(|&start| (start - first) as usize).collect();
    let mut sorted = Encoded::zeros((starts[lists.end] - first) as usize, stride);
    let is_in = |row: usize| lists.contains(&(assigned[row] as usize));
    let work = |from: usize, block: &[f32]| Ok(Encoded::of(from, block, layout, is_in));
    in_order(vectors, work, |_, block| {
        let codes = block.codes.chunks_exact(stride);
        for ((row, scale), code) in block.rows.into_iter().zip(block.scales).zip(codes) {
            let next = &mut next[assigned[row as usize] as usize - lists.start];
            sorted.rows[*next] = row;
            sorted.scales[*next] = scale;
            sorted.codes[*next * stride..][..stride].copy_from_slice(code);
            *next += 1;
        }
        Ok(())
    })?;
    Ok(sorted)
}
