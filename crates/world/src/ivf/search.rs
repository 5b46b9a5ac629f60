//! Looking into an index that lies in memory or in a mapped file.

use std::cmp::Ordering;
use std::ops::Range;
use std::path::Path;

use bytemuck::AnyBitPattern;
use half::f16;

use super::kernels::{code_dots, dots, encode_query};
use super::layout::Layout;
use crate::{Result, WorldError};

/// Rows that are scored in one go.
const BLOCK: usize = 256;
/// A list is as good as what lies so many standard deviations from its mean towards the query: the
/// best few of some hundred rows, not the middle one. With none of it, lists of a few long vectors
/// in all directions were never looked into.
const DEVIATIONS: f32 = 2.0;

/// A row that is near to a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The row, as in the [`Vectors`](super::Vectors) that the index was built from.
    pub row: u32,
    /// Its inner product with the query, by its vector in half precision.
    pub score: f32,
}

/// How far a search goes: how many results, from how many lists, and how many candidates get a
/// second look in half precision. Recall and time both grow with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchEffort {
    /// How many hits are wanted.
    pub k: usize,
    /// How many lists are looked into. More find more and take longer, in proportion.
    pub probes: usize,
    /// How many rows that are best by their codes are scored again by their vectors; never fewer
    /// than `k`.
    pub rerank: usize,
}

impl SearchEffort {
    /// The `k` nearest, with 128 lists and ten times `k` rows scored again, a thousand at least:
    /// 99 % of the hundred nearest among ten million made-up vectors, 97 % among fifty million.
    pub fn new(k: usize) -> Self {
        Self { k, probes: 128, rerank: k.saturating_mul(10).max(1_000) }
    }
}

/// An index over bytes that [`build`](super::build) wrote.
///
/// Opening looks at the header alone, so that an index of fifty million rows in a mapped file is
/// there at once. Bytes that are damaged further behind give wrong hits or none.
#[derive(Clone, Copy, Debug)]
pub struct Ivf<'a> {
    layout: Layout,
    vectors: &'a [f16],
    starts: &'a [u32],
    means: Codes<'a>,
    spreads: &'a [f32],
    rows: &'a [u32],
    codes: Codes<'a>,
}

/// Vectors of one byte a dimension.
#[derive(Clone, Copy, Debug)]
struct Codes<'a> {
    scales: &'a [f32],
    codes: &'a [i8],
}

impl<'a> Ivf<'a> {
    /// An index over `bytes`, which may go on behind it. They begin at an address that four
    /// divides, as any multiple of 64 in a mapped file does. Errors name `path`.
    ///
    /// # Errors
    /// If the bytes are no index, one of another version, cut short, or not aligned.
    pub fn open(path: &Path, bytes: &'a [u8]) -> Result<Self> {
        Self::over(bytes).map_err(|reason| WorldError::malformed(path, reason))
    }

    fn over(bytes: &'a [u8]) -> std::result::Result<Self, String> {
        let layout = Layout::from_bytes(bytes)?;
        let places = layout.places().filter(|places| places.codes.end <= bytes.len());
        let places = places.ok_or("the index of vectors is cut short")?;
        Ok(Self {
            layout,
            vectors: array(bytes, places.vectors)?,
            starts: array(bytes, places.starts)?,
            means: Codes {
                scales: array(bytes, places.mean_scales)?,
                codes: array(bytes, places.mean_codes)?,
            },
            spreads: array(bytes, places.spreads)?,
            rows: array(bytes, places.rows)?,
            codes: Codes {
                scales: array(bytes, places.scales)?,
                codes: array(bytes, places.codes)?,
            },
        })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.layout.rows
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.layout.rows == 0
    }

    /// How many numbers a vector has.
    pub fn dim(&self) -> usize {
        self.layout.dim
    }

    /// How many lists rows are in; with none, [`search`](Self::search) looks at every row.
    pub fn lists(&self) -> usize {
        self.layout.lists
    }

    /// The vector of a row, to search for what is near to it; `None` if there is no such row.
    pub fn vector(&self, row: u32) -> Option<&'a [f16]> {
        let start = (row as usize).checked_mul(self.layout.dim)?;
        self.vectors.get(start..start + self.layout.dim)
    }

    /// The vector of a row in single precision; zeros for a row that there is not.
    pub fn to_f32(&self, row: u32) -> Vec<f32> {
        match self.vector(row) {
            Some(values) => values.iter().map(|value| value.to_f32()).collect(),
            None => vec![0.0; self.dim()],
        }
    }

    /// The rows whose vectors have the largest inner products with `query`, nearly all of them:
    /// the best first, equal ones in the order of rows. Rows that are not `allowed` are passed over
    /// and take no place; it is asked about a small part of what is looked at.
    ///
    /// There are fewer than `k` where the lists that were looked into hold no more.
    ///
    /// # Panics
    /// If the query has not [`dim`](Self::dim) numbers.
    pub fn search(
        &self,
        query: &[f32],
        search: &SearchEffort,
        allowed: &dyn Fn(u32) -> bool,
    ) -> Vec<Hit> {
        if self.layout.lists == 0 {
            return self.exact(query, search.k, allowed);
        }
        assert_eq!(query.len(), self.layout.dim, "dimensions of a query");
        let codes = encode_query(query, self.layout.stride());
        let mut near = Best::new(search.rerank.max(search.k).min(self.layout.rows));
        for list in self.nearest_lists(&codes, search.probes) {
            let places = self.list(list.row as usize);
            self.codes.scan(&codes, places, |place, score| {
                let row = self.rows[place];
                if score >= near.floor && allowed(row) {
                    near.push(Hit { row, score });
                }
            });
        }
        self.rescored(query, near.hits, search.k)
    }

    /// What [`search`](Self::search) looks for, by looking at every vector.
    ///
    /// # Panics
    /// If the query has not [`dim`](Self::dim) numbers.
    pub fn exact(&self, query: &[f32], k: usize, allowed: &dyn Fn(u32) -> bool) -> Vec<Hit> {
        let dim = self.layout.dim;
        assert_eq!(query.len(), dim, "dimensions of a query");
        let mut best = Best::new(k.min(self.layout.rows));
        let mut scores = [0.0; BLOCK];
        for (i, block) in self.vectors.chunks(BLOCK * dim).enumerate() {
            dots(block, query, &mut scores);
            for (j, &score) in scores[..block.len() / dim].iter().enumerate() {
                let row = (i * BLOCK + j) as u32;
                if score >= best.floor && allowed(row) {
                    best.push(Hit { row, score });
                }
            }
        }
        best.into_sorted(k)
    }

    /// The places of a list's rows; none if damage says that they lie elsewhere.
    fn list(&self, list: usize) -> Range<usize> {
        let (start, end) = (self.starts[list] as usize, self.starts[list + 1] as usize);
        if end <= self.layout.rows { start..end } else { 0..0 }
    }

    /// The lists with something in them whose best rows agree with the query most, the best first.
    fn nearest_lists(&self, query: &[i16], probes: usize) -> Vec<Hit> {
        let mut best = Best::new(probes.min(self.layout.lists));
        let length = query.iter().map(|&x| f32::from(x).powi(2)).sum::<f32>().sqrt();
        self.means.scan(query, 0..self.layout.lists, |list, score| {
            let score = score + DEVIATIONS * length * self.spreads[list];
            if score >= best.floor && !self.list(list).is_empty() {
                best.push(Hit { row: list as u32, score });
            }
        });
        best.into_sorted(probes)
    }

    /// The best of some hits once their vectors are scored.
    fn rescored(&self, query: &[f32], hits: Vec<Hit>, k: usize) -> Vec<Hit> {
        let mut best = Best::new(k.min(hits.len()));
        for Hit { row, .. } in hits {
            let Some(vector) = self.vector(row) else { continue };
            let mut score = [0.0];
            dots(vector, query, &mut score);
            if score[0] >= best.floor {
                best.push(Hit { row, score: score[0] });
            }
        }
        best.into_sorted(k)
    }
}

impl Codes<'_> {
    /// Calls `each` with every place and its product with the query, up to one factor.
    fn scan(&self, query: &[i16], places: Range<usize>, mut each: impl FnMut(usize, f32)) {
        let mut dots = [0; BLOCK];
        for start in places.clone().step_by(BLOCK) {
            let block = start..places.end.min(start + BLOCK);
            let codes = &self.codes[block.start * query.len()..block.end * query.len()];
            code_dots(codes, query, &mut dots);
            let scales = &self.scales[block.clone()];
            for ((place, &dot), &scale) in block.zip(&dots).zip(scales) {
                each(place, dot as f32 * scale);
            }
        }
    }
}

/// The best of what is pushed.
///
/// Twice as many as are kept gather before the worse half is dropped, which costs less than a heap
/// where most of what is pushed is soon pushed out.
struct Best {
    keep: usize,
    /// What scores less has no place any more.
    floor: f32,
    hits: Vec<Hit>,
}

impl Best {
    fn new(keep: usize) -> Self {
        // Nothing is as large as a number that is none.
        let floor = if keep == 0 { f32::NAN } else { f32::NEG_INFINITY };
        Self { keep, floor, hits: Vec::new() }
    }

    fn push(&mut self, hit: Hit) {
        self.hits.push(hit);
        if self.hits.len() >= 2 * self.keep {
            self.hits.select_nth_unstable_by(self.keep - 1, order);
            self.hits.truncate(self.keep);
            self.floor = self.hits[self.keep - 1].score;
        }
    }

    fn into_sorted(mut self, k: usize) -> Vec<Hit> {
        self.hits.sort_unstable_by(order);
        self.hits.truncate(k);
        self.hits
    }
}

/// The best first, equal ones in the order of rows.
fn order(a: &Hit, b: &Hit) -> Ordering {
    b.score.total_cmp(&a.score).then(a.row.cmp(&b.row))
}

/// Bytes as what they hold.
fn array<T: AnyBitPattern>(bytes: &[u8], place: Range<usize>) -> std::result::Result<&[T], String> {
    bytemuck::try_cast_slice(&bytes[place])
        .map_err(|_| "the index of vectors does not begin at a multiple of four".to_owned())
}
