//! Counts the bytes that are read, tells the observer, and stops at the limits.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::ImportLimits;
use crate::input::LimitExceeded;

/// How far an import has come, in bytes over all files. See [`Observer`].
#[derive(Clone, Copy, Debug)]
pub struct ImportProgress<'a> {
    /// The file being read, with its entry inside an archive where there is one.
    pub path: &'a Path,
    /// Bytes read so far over the whole import, after unpacking. It never exceeds the total.
    pub bytes_read: u64,
    /// Bytes to read in the whole import. It can grow, because an archive may declare less than it
    /// holds.
    pub bytes_total: u64,
}

/// Whoever wants to know how far an import has come. Closures are observers, and `()` is one that
/// ignores everything.
pub trait Observer {
    /// Called at the beginning and then about once for each megabyte read.
    fn progress(&mut self, progress: ImportProgress<'_>);
}

impl<F: FnMut(ImportProgress<'_>)> Observer for F {
    fn progress(&mut self, progress: ImportProgress<'_>) {
        self(progress);
    }
}

impl Observer for () {
    fn progress(&mut self, _: ImportProgress<'_>) {}
}

const BYTES_BETWEEN_CALLS: u64 = 1 << 20;

/// The account of bytes over a whole import.
pub(super) struct Meter<'a> {
    read: u64,
    total: u64,
    next_call: u64,
    observer: &'a mut dyn Observer,
}

impl<'a> Meter<'a> {
    pub(super) fn new(total: u64, observer: &'a mut dyn Observer) -> Self {
        Self { read: 0, total, next_call: 0, observer }
    }

    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// Counts the bytes of a file that is read row by row, and calls at least every ten thousand
    /// rows, since a file can have very many in very few bytes.
    pub(super) fn count_row(&mut self, path: &Path, row: u64, rows: u64, size: u64) {
        const ROWS_BETWEEN_CALLS: u64 = 10_000;
        if !row.is_multiple_of(ROWS_BETWEEN_CALLS) || row > rows {
            return;
        }
        let share = |row: u64| (u128::from(size) * u128::from(row) / u128::from(rows)) as u64;
        self.next_call = 0;
        self.count(path, share(row) - share(row - ROWS_BETWEEN_CALLS));
    }

    fn count(&mut self, path: &Path, bytes: u64) {
        self.read += bytes;
        if self.read >= self.next_call {
            self.next_call = self.read + BYTES_BETWEEN_CALLS;
            let bytes_total = self.total.max(self.read);
            self.observer.progress(ImportProgress { path, bytes_read: self.read, bytes_total });
        }
    }
}

/// Bytes that a packed file may unpack to whatever its ratio. Small ones full of blanks pack well
/// and are no attack.
const FREE_BYTES: u64 = 16 << 20;

/// What so many packed bytes may unpack to.
pub(super) fn most_unpacked(packed: u64, limits: &ImportLimits) -> u64 {
    packed.saturating_mul(limits.unpacked_ratio).saturating_add(FREE_BYTES)
}

/// How much may be read, and what it is called when it is more.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    pub(super) bytes: u64,
    pub(super) what: &'static str,
    pub(super) limit: String,
}

impl Budget {
    /// What a file that is packed by itself may unpack to.
    pub(super) fn of_packed(packed: u64, limits: &ImportLimits) -> Self {
        let bytes = most_unpacked(packed, limits).min(limits.unpacked_bytes);
        Self { bytes, what: "what the file unpacks to", limit: format!("{bytes} bytes") }
    }

    pub(super) fn unlimited() -> Self {
        Self { bytes: u64::MAX, what: "the file", limit: String::new() }
    }
}

/// A reader on a meter and within a budget.
pub(super) struct Metered<'m, 'o, R> {
    input: R,
    path: PathBuf,
    budget: Budget,
    meter: &'m mut Meter<'o>,
}

impl<'m, 'o, R> Metered<'m, 'o, R> {
    pub(super) fn new(input: R, path: &Path, budget: Budget, meter: &'m mut Meter<'o>) -> Self {
        Self { input, path: path.to_owned(), budget, meter }
    }
}

impl<R: Read> Read for Metered<'_, '_, R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(target)?;
        if count as u64 > self.budget.bytes {
            let Budget { what, limit, .. } = self.budget.clone();
            return Err(io::Error::other(LimitExceeded { what, limit }));
        }
        self.budget.bytes -= count as u64;
        self.meter.count(&self.path, count as u64);
        Ok(count)
    }
}
