//! A month of a calendar: what most charts are counted by.

use std::fmt;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

/// A month of a year, in the listener's time zone: what most charts are counted by. It is written
/// `2024-03`, in JSON as well, and ordered by time.
///
/// # Examples
/// ```
/// use jiff::civil::date;
/// use segue_engine::history::Month;
///
/// let march = Month::of(date(2024, 3, 31));
/// assert_eq!(march.to_string(), "2024-03");
/// assert_eq!(march.quarter().month(), 1);
/// assert_eq!(march.plus(12).since(march), 12);
/// assert_eq!(march.through(march.plus(2)).count(), 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Months since the year 0.
    index: i32,
}

impl Month {
    /// The month that a day lies in. The date is a local one: the caller has turned a moment into
    /// it by the listener's time zone.
    pub fn of(date: Date) -> Self {
        Self { index: i32::from(date.year()) * 12 + i32::from(date.month()) - 1 }
    }

    /// Its first day.
    ///
    /// # Panics
    /// If the month lies outside the calendar, to which no date leads.
    pub fn first_day(self) -> Date {
        let (year, month) = (self.year() as i16, self.month() as i8);
        Date::new(year, month, 1).expect("it is the month of a date")
    }

    /// The year of the Gregorian calendar, such as 2024; together with [`Month::month`] it names
    /// the month.
    pub fn year(self) -> i32 {
        self.index.div_euclid(12)
    }

    /// The month within its year: 1 for January to 12 for December.
    pub fn month(self) -> u32 {
        self.index.rem_euclid(12) as u32 + 1
    }

    /// The month this many months later, or earlier where `months` is negative; years are crossed
    /// as needed.
    pub fn plus(self, months: i32) -> Self {
        Self { index: self.index + months }
    }

    /// How many months later this is than `earlier`: 0 for the same month, negative where `earlier`
    /// is the later one.
    pub fn since(self, earlier: Self) -> i32 {
        self.index - earlier.index
    }

    /// The first month of its quarter: January, April, July or October of the same year.
    /// [`eras`](super::eras()) are counted by quarters.
    pub fn quarter(self) -> Self {
        Self { index: self.index.div_euclid(3) * 3 }
    }

    /// Every month from this one up to and with `last`, in order; none where `last` is earlier.
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
