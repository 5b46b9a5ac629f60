//! A stretch of the calendar that a history is looked at by: a week, a month, a year, or all time.

use std::fmt;
use std::ops::RangeInclusive;

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::{Span, ToSpan};
use serde::{Serialize, Serializer};

use super::calendar::Month;

/// A week from Monday to Sunday, a month, a year, or all time, in the listener's time zone. It is
/// written `2026-W48`, `2026-11`, `2026` or `all`, in JSON as well.
///
/// # Examples
/// ```
/// use jiff::civil::date;
/// use segue_engine::history::Period;
///
/// let today = date(2026, 11, 29);
/// let month = Period::parse("2026-11", today)?;
/// assert_eq!(Period::parse("month", today)?, month);
/// assert_eq!(month.days(), date(2026, 11, 1)..=date(2026, 11, 30));
/// assert_eq!(month.before().map(|before| before.to_string()).as_deref(), Some("2026-10"));
/// assert_eq!(Period::parse("week", today)?.to_string(), "2026-W48");
/// assert!(Period::parse("2025-W53", today).is_err(), "2025 has 52 weeks");
/// # Ok::<(), segue_engine::history::BadPeriod>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// The week that begins with this Monday. Its year is that of its Thursday (ISO 8601).
    Week(Date),
    /// A month.
    Month(Month),
    /// A year, such as 2026.
    Year(i16),
    /// Everything on record.
    All,
}

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeriodKind {
    /// Seven days from a Monday on.
    Week,
    /// A month of the calendar.
    Month,
    /// A year of the calendar.
    Year,
    /// As long as there is a record.
    All,
}

/// A text that names no [`Period`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no period: `all`, `year`, `month` or `week` are, or one such as `2026`, `2026-11` or \
     `2026-W48`"
)]
pub struct BadPeriod(
    /// The text.
    pub String,
);

impl PeriodKind {
    /// Every kind, the shortest first.
    pub const ALL: [Self; 4] = [Self::Week, Self::Month, Self::Year, Self::All];

    /// Its name in English: "week", "month", "year" or "all".
    pub fn key(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
            Self::All => "all",
        }
    }
}

impl Period {
    /// The period of a kind that a day lies in.
    pub fn containing(kind: PeriodKind, day: Date) -> Self {
        match kind {
            PeriodKind::Week => Self::Week(monday(day)),
            PeriodKind::Month => Self::Month(Month::of(day)),
            PeriodKind::Year => Self::Year(day.year()),
            PeriodKind::All => Self::All,
        }
    }

    /// Reads a period, either one by name or, as `week`, `month`, `year` or `all`, the one that
    /// `today` lies in.
    ///
    /// # Errors
    /// [`BadPeriod`] for a text that is none, or names a week or month that there is not.
    pub fn parse(text: &str, today: Date) -> Result<Self, BadPeriod> {
        let named = PeriodKind::ALL.into_iter().find(|kind| kind.key() == text);
        let found = named.map(|kind| Self::containing(kind, today)).or_else(|| numbered(text));
        found.ok_or_else(|| BadPeriod(text.to_owned()))
    }

    /// How long it is.
    pub fn kind(self) -> PeriodKind {
        match self {
            Self::Week(_) => PeriodKind::Week,
            Self::Month(_) => PeriodKind::Month,
            Self::Year(_) => PeriodKind::Year,
            Self::All => PeriodKind::All,
        }
    }

    /// Its days, the first and the last of them included; for all time every day there can be.
    pub fn days(self) -> RangeInclusive<Date> {
        match self {
            Self::Week(monday) => monday..=moved(monday, 6.days()).unwrap_or(Date::MAX),
            Self::Month(month) => {
                let first = month.first_day();
                first..=first.last_of_month()
            }
            Self::Year(year) => {
                let first = Date::constant(year.clamp(Date::MIN.year(), Date::MAX.year()), 1, 1);
                first..=first.last_of_year()
            }
            Self::All => Date::MIN..=Date::MAX,
        }
    }

    /// The one of the same kind before it; none before all time, or where the calendar ends.
    pub fn before(self) -> Option<Self> {
        let day = moved(*self.days().start(), -1.days())?;
        Some(Self::containing(self.kind(), day))
    }

    /// The one of the same kind after it; none after all time, or where the calendar ends.
    pub fn after(self) -> Option<Self> {
        let day = moved(*self.days().end(), 1.days())?;
        Some(Self::containing(self.kind(), day))
    }
}

fn monday(day: Date) -> Date {
    let days = i64::from(day.weekday().to_monday_zero_offset());
    moved(day, -days.days()).unwrap_or(Date::MIN)
}

fn moved(day: Date, by: Span) -> Option<Date> {
    day.checked_add(by).ok()
}

/// A period by its number, such as `2026-W48`. Years have four digits.
fn numbered(text: &str) -> Option<Period> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b'W');
    let (year, rest) = text.split_at_checked(4).filter(|_| is_plain)?;
    let year: i16 = year.parse().ok().filter(|year| *year > 0)?;
    match (rest.len(), rest.strip_prefix('-'), rest.strip_prefix("-W")) {
        (0, ..) => Some(Period::Year(year)),
        (4, _, Some(week)) => {
            let first = ISOWeekDate::new(year, week.parse().ok()?, Weekday::Monday).ok()?;
            Some(Period::Week(first.date()))
        }
        (3, Some(month), _) => {
            let first = Date::new(year, month.parse().ok()?, 1).ok()?;
            Some(Period::Month(Month::of(first)))
        }
        _ => None,
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Week(monday) => {
                let week = monday.iso_week_date();
                write!(f, "{:04}-W{:02}", week.year(), week.week())
            }
            Self::Month(month) => month.fmt(f),
            Self::Year(year) => write!(f, "{year:04}"),
            Self::All => f.write_str("all"),
        }
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
