//! Columns by their names, for formats that know their own.

use csv::StringRecord;
use rustc_hash::FxHashMap;

use super::values;

/// The columns of one table, whatever the case of their names.
pub(crate) struct Header {
    positions: FxHashMap<String, usize>,
    width: usize,
}

impl Header {
    pub(crate) fn new(names: &StringRecord) -> Self {
        let mut positions = FxHashMap::default();
        for (position, name) in names.iter().enumerate() {
            positions.entry(name.trim().to_lowercase()).or_insert(position);
        }
        Self { positions, width: names.len() }
    }

    /// Whether there are columns of all these names, which are lower case.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.positions.contains_key(*name))
    }

    /// Whether there is no column but these.
    pub(crate) fn has_only(&self, names: &[&str]) -> bool {
        self.positions.keys().all(|found| names.contains(&found.as_str()))
    }

    /// The first column whose name begins so.
    pub(crate) fn beginning_with(&self, beginning: &str) -> Option<usize> {
        self.positions
            .iter()
            .filter(|(name, _)| name.starts_with(beginning))
            .map(|(_, &position)| position)
            .min()
    }

    /// Number of columns.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The cell of a row under one of these names that is not blank, whatever it says: see
    /// [`not_blank`].
    pub(crate) fn text<'r>(&self, row: &'r StringRecord, names: &[&str]) -> Option<&'r str> {
        names.iter().find_map(|name| not_blank(row.get(*self.positions.get(*name)?)?))
    }

    /// The cell of a row under the first of these names that has one.
    pub(crate) fn cell<'r>(&self, row: &'r StringRecord, names: &[&str]) -> Option<&'r str> {
        names.iter().find_map(|name| values::present(row.get(*self.positions.get(*name)?)?))
    }
}

/// The trimmed text of a cell. A song may be called `NA` or `null`: programs that write exports of
/// their own leave cells blank where they know nothing, and those words come from data frames.
pub(crate) fn not_blank(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}
