//! What became of every row.

use std::collections::BTreeMap;
use std::fmt;

/// Why a row of a dump is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DumpDropReason {
    /// It does not say who listened.
    NoUser,
    /// It does not say when, or names a time of day beyond the day.
    NoTime,
    /// It names no artist.
    NoArtist,
    /// It names no recording.
    NoTitle,
    /// A row of a table about recordings lacks the identifier, or has something else in its place.
    NoIdentifier,
    /// It says nothing about the recording beside its identifier.
    NoValue,
    /// A name is not UTF-8.
    NotText,
    /// A line or a name is longer than any listen has.
    TooLong,
    /// It is not built as its format asks: no JSON, too few cells, a word in place of a number.
    Unreadable,
}

impl fmt::Display for DumpDropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoUser => "no listener",
            Self::NoTime => "no time",
            Self::NoArtist => "no artist",
            Self::NoTitle => "no title",
            Self::NoIdentifier => "no identifier",
            Self::NoValue => "no value",
            Self::NotText => "names that are no text",
            Self::TooLong => "a line or name too long",
            Self::Unreadable => "not readable",
        })
    }
}

/// What became of the rows of a member: `rows` are the `listens` and all `dropped`, always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DumpMemberReport {
    /// Rows that were reached.
    pub rows: u64,
    /// Rows that were handed on.
    pub listens: u64,
    /// Rows that were not, by reason.
    pub dropped: BTreeMap<DumpDropReason, u64>,
    /// Why the member cannot be trusted, where it is damaged, cut off, or not as long as its
    /// archive says. Listens that were handed on before are right by themselves, but not all there
    /// are.
    pub broken: Option<String>,
}

impl DumpMemberReport {
    /// A member of which nothing can be read.
    pub(super) fn broken(reason: impl Into<String>) -> Self {
        Self { broken: Some(reason.into()), ..Self::default() }
    }

    /// Adds what became of the rows behind these.
    pub(super) fn add(&mut self, behind: Self) {
        self.rows += behind.rows;
        self.listens += behind.listens;
        for (reason, rows) in behind.dropped {
            *self.dropped.entry(reason).or_default() += rows;
        }
        self.broken = behind.broken;
    }

    pub(super) fn drop_row(&mut self, reason: DumpDropReason) {
        self.rows += 1;
        *self.dropped.entry(reason).or_default() += 1;
    }

    pub(super) fn keep_row(&mut self) {
        self.rows += 1;
        self.listens += 1;
    }
}

/// What became of the rows of a table: `rows` are those `kept` and all `dropped`, always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableReport {
    /// Rows that were reached.
    pub rows: u64,
    /// Rows that were handed on.
    pub kept: u64,
    /// Rows that were not, by reason.
    pub dropped: BTreeMap<DumpDropReason, u64>,
}

impl TableReport {
    pub(super) fn count(&mut self, row: Result<(), DumpDropReason>) {
        self.rows += 1;
        match row {
            Ok(()) => self.kept += 1,
            Err(reason) => *self.dropped.entry(reason).or_default() += 1,
        }
    }
}
