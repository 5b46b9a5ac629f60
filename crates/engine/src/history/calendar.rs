//! A month of a calendar: what most charts are counted by.

use std::fmt;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

/// A month of a year; written `2024-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Months since the year 0.
    index: i32,
}

impl Month {
    /// The month of a day.
    pub fn of(date: Date) -> Self {
        Self { index: i32::from(date.year()) * 12 + i32::from(date.month()) - 1 }
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.index.div_euclid(12)
    }

    /// 1 for January to 12 for December.
    pub fn month(self) -> u32 {
        self.index.rem_euclid(12) as u32 + 1
    }

    /// This many months later.
    pub fn plus(self, months: i32) -> Self {
        Self { index: self.index + months }
    }

    /// How many months later this is than `earlier`.
    pub fn since(self, earlier: Self) -> i32 {
        self.index - earlier.index
    }

    /// The first month of its quarter.
    pub fn quarter(self) -> Self {
        Self { index: self.index.div_euclid(3) * 3 }
    }

    /// Every month up to and with `last`.
    pub fn through(self, last: Self) -> impl Iterator<Item = Self> {
        (self.index..=last.index).map(|index| Self { index })
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.month())
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
