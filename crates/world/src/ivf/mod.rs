//! The nearest of many million vectors by inner product, without looking at each.
//!
//! An inverted file (Jégou, Douze and Schmid 2011): vectors that lie together are kept in one list,
//! and a query looks only into the lists whose mean it agrees with most. What it looks at are codes
//! of one byte a dimension with one scale a row, read in one go from first to last; the best
//! thousand or so are scored again by the vectors themselves, in half precision.
//!
//! ```text
//! Vectors ─► build ─► bytes in a file ─► Ivf::open ─► search ─► Hit, Hit, Hit …
//! ```
//!
//! **Length counts.** The nearest by inner product are long vectors first, and factors of popular
//! recordings are long. Vectors are sorted into lists by their direction and the logarithm of their
//! length, and a list is as promising as its mean, length and all, and how far rows lie from it.
//!
//! **Many lists cost little.** Means are grouped by means of their own, so that a row is compared
//! with some hundred of them instead of with all.
//!
//! **Filters are part of the scan.** What may not be had is passed over before it takes a place, so
//! that somebody who owns the thousand nearest still gets the next hundred.
//!
//! ```
//! use std::{io::Cursor, path::Path};
//!
//! use segue_world::ivf::{Ivf, IvfConfig, VectorRows, SearchEffort, build};
//!
//! let path = Path::new("vectors.ivf");
//! let vectors = [0.0, 1.0, 3.0, 4.0, -1.0, 0.5];
//! let mut out = Cursor::new(Vec::new());
//! build(&VectorRows::new(&vectors, 2), &IvfConfig::default(), path, &mut out, &mut |_| ())?;
//!
//! let bytes = out.into_inner();
//! let index = Ivf::open(path, &bytes)?;
//! let owned = [1];
//! let hits = index.search(&[1.0, 1.0], &SearchEffort::new(2), &|row| !owned.contains(&row));
//! assert_eq!(hits.iter().map(|hit| hit.row).collect::<Vec<_>>(), [0, 2]);
//! # Ok::<(), segue_world::WorldError>(())
//! ```
//!
//! Rejected: a graph (HNSW), which at fifty million rows wants tens of gigabytes resident and is
//! built in hours; codes of four bits a pair of dimensions, which need a larger second look; one
//! more dimension that makes all lengths equal (Shrivastava and Li 2014), which with a few very
//! long vectors is all that distances then see.

mod build;
mod cluster;
mod kernels;
mod layout;
mod search;

use crate::Result;

pub use build::build;
pub use search::{Hit, Ivf, SearchEffort};

/// How an index is built: into how many lists vectors are dealt, and from which seed. More lists
/// make searches cheaper and building dearer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IvfConfig {
    /// About how many lists vectors are sorted into; `None` takes eight times the root of the
    /// number of rows, and no list at all below some thousand rows, where a scan of everything is
    /// as fast. `Some(0)` asks for that scan.
    pub lists: Option<usize>,
    /// What the first guess at the lists is drawn with.
    pub seed: u64,
}

/// Vectors that need not all be in memory: a matrix `[len, dim]` that is read some rows at a time,
/// several times over and from several threads.
pub trait Vectors: Sync {
    /// How many rows there are.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many numbers a row has.
    fn dim(&self) -> usize;

    /// Reads as many rows as fit `into`, from row `from` on.
    ///
    /// # Errors
    /// If they cannot be read.
    fn read(&self, from: usize, into: &mut [f32]) -> Result<()>;
}

/// Vectors in memory, row after row, as an index is built from them. What is larger than memory
/// implements [`Vectors`] itself.
#[derive(Clone, Copy, Debug)]
pub struct VectorRows<'a> {
    values: &'a [f32],
    dim: usize,
}

impl<'a> VectorRows<'a> {
    /// The matrix `[values.len() / dim, dim]`.
    ///
    /// # Panics
    /// If `values` does not consist of whole rows.
    pub fn new(values: &'a [f32], dim: usize) -> Self {
        assert!(dim > 0 && values.len().is_multiple_of(dim), "rows are whole");
        Self { values, dim }
    }
}

impl Vectors for VectorRows<'_> {
    fn len(&self) -> usize {
        self.values.len() / self.dim
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn read(&self, from: usize, into: &mut [f32]) -> Result<()> {
        into.copy_from_slice(&self.values[from * self.dim..][..into.len()]);
        Ok(())
    }
}
