//! Who heard what, as a sparse matrix: the distinct items of each listener, row after row.
//!
//! 8 bytes an entry. Models walk it by listener and, transposed, by item.

use segue_engine::dataset::interactions::Training;

use super::event_weighting::EventWeighting;
use super::saved::Reader;
use crate::ModelError;

/// A sparse matrix in compressed rows; columns rise within a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Counts {
    columns: usize,
    offsets: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

/// Entries of one row: columns and values.
pub(super) type Row<'a> = (&'a [u32], &'a [f32]);

impl Counts {
    /// Listeners by items; ages count from the latest event of all.
    ///
    /// # Errors
    /// [`ModelError::NoEvents`] if nobody did anything.
    pub(super) fn of(
        training: &Training<'_>,
        weighting: &EventWeighting,
    ) -> Result<Self, ModelError> {
        let now = training.latest();
        let mut rows = RowsBuilder::new(training.items());
        for history in training.histories() {
            rows.push(|row| weighting.weigh(history, now, row));
        }
        let counts = rows.finish();
        if counts.indices.is_empty() {
            return Err(ModelError::NoEvents { listeners: training.listeners() });
        }
        Ok(counts)
    }

    /// A matrix of its parts.
    ///
    /// # Panics
    /// If they do not fit together.
    pub(super) fn new(
        columns: usize,
        offsets: Vec<usize>,
        indices: Vec<u32>,
        values: Vec<f32>,
    ) -> Self {
        assert_eq!(offsets.last(), Some(&indices.len()), "offsets end with the entries");
        assert_eq!(indices.len(), values.len(), "a value an entry");
        assert!(indices.iter().all(|&column| (column as usize) < columns), "columns there are");
        Self { columns, offsets, indices, values }
    }

    /// Reads a matrix of so many rows and columns: names of its offsets, columns and values.
    pub(super) fn read(
        reader: &Reader<'_>,
        [offsets, indices, values]: [&str; 3],
        [rows, columns]: [usize; 2],
    ) -> Result<Self, ModelError> {
        let indices = reader.u32s(indices)?;
        let offsets = reader.offsets(offsets, indices.len())?;
        let values = reader.f32s_of(values, indices.len())?;
        reader.require(offsets.len() == rows + 1, || {
            format!("found {} offsets, expected {}", offsets.len(), rows + 1)
        })?;
        let highest = indices.iter().max().map_or(0, |&column| column as usize + 1);
        reader.require(highest <= columns, || format!("found column {highest} of {columns}"))?;
        Ok(Self { columns, offsets, indices, values })
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of columns.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Where rows begin, and the end of the last.
    pub(super) fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// The columns of all entries.
    pub(super) fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// The values of all entries.
    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    /// One row.
    pub(super) fn row(&self, row: usize) -> Row<'_> {
        let range = self.offsets[row]..self.offsets[row + 1];
        (&self.indices[range.clone()], &self.values[range])
    }

    /// Columns as rows.
    pub(super) fn transposed(&self) -> Self {
        let mut offsets = vec![0; self.columns + 1];
        for &column in &self.indices {
            offsets[column as usize + 1] += 1;
        }
        for column in 0..self.columns {
            offsets[column + 1] += offsets[column];
        }
        let (mut indices, mut values) = (vec![0; self.indices.len()], vec![0.0; self.values.len()]);
        let mut next = offsets.clone();
        for row in 0..self.rows() {
            let (columns, entries) = self.row(row);
            for (&column, &value) in columns.iter().zip(entries) {
                let at = &mut next[column as usize];
                (indices[*at], values[*at]) = (row as u32, value);
                *at += 1;
            }
        }
        Self { columns: self.rows(), offsets, indices, values }
    }
}

/// Collects rows of pairs.
#[derive(Debug)]
pub(super) struct RowsBuilder {
    counts: Counts,
    row: Vec<(u32, f32)>,
}

impl RowsBuilder {
    /// No rows yet.
    pub(super) fn new(columns: usize) -> Self {
        let counts = Counts { columns, offsets: vec![0], indices: Vec::new(), values: Vec::new() };
        Self { counts, row: Vec::new() }
    }

    /// Adds what is written as one row.
    pub(super) fn push(&mut self, write: impl FnOnce(&mut Vec<(u32, f32)>)) {
        self.row.clear();
        write(&mut self.row);
        self.counts.indices.extend(self.row.iter().map(|entry| entry.0));
        self.counts.values.extend(self.row.iter().map(|entry| entry.1));
        self.counts.offsets.push(self.counts.indices.len());
    }

    /// The matrix.
    pub(super) fn finish(self) -> Counts {
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_twice_changes_nothing() {
        let mut rows = RowsBuilder::new(4);
        for row in [vec![(0, 1.0), (3, 2.0)], vec![], vec![(1, 3.0), (3, 4.0)]] {
            rows.push(|to| to.extend(row));
        }
        let counts = rows.finish();
        let transposed = counts.transposed();
        assert_eq!(transposed.row(3), (&[0, 2][..], &[2.0, 4.0][..]));
        assert_eq!(transposed.row(2), (&[][..], &[][..]));
        assert_eq!(transposed.transposed(), counts);
    }
}
