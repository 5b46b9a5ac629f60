//! The integers that stand for names in every row. All modules that read or write rows use them.

use crate::{Result, StoreError};

/// Integer that stands for a name of the dictionaries. It is half as wide as a row id, since the
/// table of duplicates holds one for every play. That is enough for four billion names.
pub(crate) type Key = u32;

/// The integer of a row, which fits a [`Key`] unless the store has outgrown what it was made for.
pub(crate) fn key(row: i64) -> Result<Key> {
    Key::try_from(row)
        .map_err(|_| StoreError::corrupt(format!("`{row}` is no key of a dictionary")))
}
