//! Where what lies in the bytes of an index.
//!
//! A header of 64 bytes, then eight arrays, each beginning at a multiple of 64, little-endian:
//!
//! | array | type | shape |
//! |---|---|---|
//! | vectors in the order of rows | f16 | `[rows, dim]` |
//! | where each list starts, and the last ends | u32 | `[lists + 1]` |
//! | scale of each list's mean | f32 | `[lists]` |
//! | codes of each list's mean | i8 | `[lists, stride]` |
//! | how far rows of each list lie from its mean, see [`search`](super::search) | f32 | `[lists]` |
//! | row at each place, list after list | u32 | `[rows]` |
//! | scale of the row at each place | f32 | `[rows]` |
//! | codes of the row at each place | i8 | `[rows, stride]` |
//!
//! `stride` is `dim` rounded up to a multiple of 16. Without lists there are the vectors alone.

use std::ops::Range;

use super::kernels::CODE_BLOCK;

/// How long the header is, and what arrays are aligned to.
pub(super) const HEADER: usize = 64;
/// More dimensions are refused.
pub(super) const MOST_DIM: usize = 4096;

const MAGIC: &[u8; 8] = b"SegueIVF";
const VERSION: u32 = 1;

/// Sizes of an index, from which all places follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub dim: usize,
    pub rows: usize,
    pub lists: usize,
}

/// Bytes that each array takes.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub vectors: Range<usize>,
    pub starts: Range<usize>,
    pub mean_scales: Range<usize>,
    pub mean_codes: Range<usize>,
    pub spreads: Range<usize>,
    pub rows: Range<usize>,
    pub scales: Range<usize>,
    pub codes: Range<usize>,
}

impl Layout {
    /// Bytes of a code.
    pub(super) fn stride(&self) -> usize {
        self.dim.next_multiple_of(CODE_BLOCK)
    }

    /// Where the arrays lie; `None` if a machine cannot address them.
    pub(super) fn places(&self) -> Option<Places> {
        let listed = if self.lists == 0 { 0 } else { self.rows };
        let starts = if self.lists == 0 { 0 } else { self.lists + 1 };
        let mut end = HEADER;
        let mut next = |count: usize, bytes: usize| -> Option<Range<usize>> {
            // What is empty ends where the last array does, so that nothing has to be written.
            let start = if count == 0 { end } else { end.checked_next_multiple_of(HEADER)? };
            end = start.checked_add(count.checked_mul(bytes)?)?;
            Some(start..end)
        };
        Some(Places {
            vectors: next(self.rows, 2 * self.dim)?,
            starts: next(starts, 4)?,
            mean_scales: next(self.lists, 4)?,
            mean_codes: next(self.lists, self.stride())?,
            spreads: next(self.lists, 4)?,
            rows: next(listed, 4)?,
            scales: next(listed, 4)?,
            codes: next(listed, self.stride())?,
        })
    }

    /// The header that says so.
    pub(super) fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..8].copy_from_slice(MAGIC);
        let fields = [VERSION, self.dim as u32, self.rows as u32, self.lists as u32];
        for (into, field) in bytes[8..24].chunks_exact_mut(4).zip(fields) {
            into.copy_from_slice(&field.to_le_bytes());
        }
        bytes
    }

    /// Reads a header, or says what is wrong with it.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let header = bytes.get(..HEADER).ok_or("the index of vectors is cut short")?;
        if &header[..8] != MAGIC {
            return Err("this is not an index of vectors".to_owned());
        }
        let field = |i: usize| {
            let bytes = &header[8 + 4 * i..][..4];
            u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
        };
        if field(0) != VERSION {
            let found = field(0);
            return Err(format!("an index of vectors of version {found}, not {VERSION}"));
        }
        let [dim, rows, lists] = [1, 2, 3].map(|i| field(i) as usize);
        if dim == 0 || dim > MOST_DIM {
            return Err(format!("vectors have {dim} dimensions, not 1 to {MOST_DIM}"));
        }
        Ok(Self { dim, rows, lists })
    }
}
