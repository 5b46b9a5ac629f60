//! How the dates of a column are written, which one date alone often does not show: whether the day
//! or the month comes first, and whether numbers are the days of a spreadsheet.

use segue_core::Timestamp;

use super::values::{self, moment_in};
use crate::Context;
use crate::time::{
    DateEvidence, DateOrder, ShownOrder, from_spreadsheet_days, is_time_of_day, shown,
};

/// Bytes of a table in which it is looked for whether its dates leave anything open.
pub(super) const BEGINNING_BYTES: usize = 64 << 10;
/// Bytes of a table in which it is looked for how its dates are written, if they leave that open.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// How the dates of a table are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateForm {
    /// As programs and people write them, numbers of day and month in this order.
    Written(DateOrder),
    /// As days since 1899-12-30, as spreadsheets hold them.
    SpreadsheetDays,
}

impl Default for DateForm {
    fn default() -> Self {
        Self::Written(DateOrder::default())
    }
}

impl DateForm {
    /// The moment that a cell names.
    pub(crate) fn moment(self, text: &str) -> Option<Timestamp> {
        match self {
            Self::Written(order) => moment_in(text, order),
            Self::SpreadsheetDays => match spreadsheet_days(text) {
                Some(days) => from_spreadsheet_days(days),
                None => moment_in(text, DateOrder::default()),
            },
        }
    }

    /// The moment that a date and the cell for the time beside it name, which may hold the time of
    /// day alone.
    pub(crate) fn moment_of(self, date: &str, time: &str) -> Option<Timestamp> {
        match (self, spreadsheet_days(date)) {
            (Self::SpreadsheetDays, Some(days)) => moment_of_days(days.floor(), time),
            _ => self.moment(time).or_else(|| {
                is_time_of_day(time).then(|| self.moment(&format!("{date} {time}"))).flatten()
            }),
        }
    }

    /// Whether a cell names a day without a time.
    pub(crate) fn is_day_alone(self, text: &str) -> bool {
        let days = decimal(text).filter(|days| *days <= LATEST_DAY);
        match (self, days) {
            (Self::SpreadsheetDays, Some(days)) => days.fract() == 0.0,
            _ => values::is_date_alone(text),
        }
    }
}

/// The moment on a day of a spreadsheet, which holds a time of day as a fraction of it, or beside
/// the day.
fn moment_of_days(day: f64, time: &str) -> Option<Timestamp> {
    match decimal(time) {
        Some(fraction) if (0.0..1.0).contains(&fraction) => from_spreadsheet_days(day + fraction),
        Some(days) if days.floor() == day => from_spreadsheet_days(days),
        Some(_) => None,
        None if is_time_of_day(time) => {
            let midnight = from_spreadsheet_days(day)?;
            moment_in(&format!("{} {time}", midnight.strftime("%Y-%m-%d")), DateOrder::default())
        }
        None => moment_in(time, DateOrder::default()),
    }
}

/// Days of spreadsheets lie between 1954 and 2064. As seconds since 1970 they would be its first
/// day, so that none is taken for the other.
const EARLIEST_DAY: f64 = 20_000.0;
const LATEST_DAY: f64 = 60_000.0;

fn spreadsheet_days(text: &str) -> Option<f64> {
    decimal(text).filter(|days| (EARLIEST_DAY..=LATEST_DAY).contains(days))
}

/// A number of digits with a point or, as half of Europe has it, a comma.
fn decimal(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_plain =
        text.len() <= 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b','));
    is_plain.then(|| values::number(&text.replace(',', "."))).flatten()
}

/// What the dates of a column show, taken together.
#[derive(Default)]
pub(crate) struct Dates {
    /// Whether the header leaves it possible that numbers are the days of a spreadsheet.
    may_be_days: bool,
    /// Numbers that can be such days.
    days: Evidence,
    /// Whether there is anything else.
    has_others: bool,
    /// Dates that can be read day first only, and the first of them.
    day_first: Evidence,
    month_first: Evidence,
    either: Evidence,
    /// Whether times of day are in halves of twelve hours.
    has_halves: bool,
    /// Whether the dates, read in either order, rise or fall all along.
    sorted: [Sorted; 2],
}

#[derive(Default)]
struct Evidence {
    count: u64,
    first: String,
}

impl Evidence {
    fn add(&mut self, text: &str) {
        if self.count == 0 {
            text.clone_into(&mut self.first);
        }
        self.count += 1;
    }
}

/// Whether moments rise or fall all along.
#[derive(Default)]
struct Sorted {
    last: Option<Timestamp>,
    rises: bool,
    falls: bool,
}

impl Sorted {
    fn add(&mut self, moment: Option<Timestamp>) {
        if let (Some(last), Some(moment)) = (self.last, moment) {
            self.rises |= moment > last;
            self.falls |= moment < last;
        }
        self.last = moment.or(self.last);
    }

    fn is_sorted(&self) -> bool {
        !(self.rises && self.falls)
    }
}

impl Dates {
    /// Of a column whose header says that it holds dates, and not seconds.
    pub(crate) fn maybe_days() -> Self {
        Self { may_be_days: true, ..Self::default() }
    }

    /// Takes one cell into account. Cells that are no dates of numbers say nothing.
    pub(crate) fn add(&mut self, text: &str) {
        let Some(text) = values::present(text) else { return };
        if self.may_be_days && spreadsheet_days(text).is_some() {
            return self.days.add(text);
        }
        self.has_others = true;
        let Some(DateEvidence { order, has_half, moments }) = shown(text) else { return };
        match order {
            ShownOrder::Either => self.either.add(text),
            ShownOrder::Only(DateOrder::DayFirst) => self.day_first.add(text),
            ShownOrder::Only(DateOrder::MonthFirst) => self.month_first.add(text),
        }
        self.has_halves |= has_half;
        self.sorted.iter_mut().zip(moments).for_each(|(sorted, moment)| sorted.add(moment));
    }

    /// Whether any cell leaves it open how the column is written.
    pub(crate) fn leave_it_open(&self) -> bool {
        let open = [&self.days, &self.day_first, &self.month_first, &self.either];
        open.into_iter().any(|evidence| evidence.count > 0)
    }

    /// How to read the column. What is decided and by what is noted.
    pub(crate) fn settle(&self, context: &mut Context<'_>) -> DateForm {
        if self.days.count == 0 || self.has_others {
            return DateForm::Written(self.order(context));
        }
        let first = &self.days.first;
        context.note(format!(
            "dates such as `{first}` are read as a spreadsheet's days since 1899-12-30"
        ));
        DateForm::SpreadsheetDays
    }

    fn order(&self, context: &mut Context<'_>) -> DateOrder {
        let (order, shown, other) = match self.month_first.count > self.day_first.count {
            true => (DateOrder::MonthFirst, &self.month_first, &self.day_first),
            false => (DateOrder::DayFirst, &self.day_first, &self.month_first),
        };
        if shown.count == 0 {
            return self.guess(context);
        }
        context.note(format!("dates are {}, as in `{}`", name(order), shown.first));
        if other.count > 0 {
            context.note(format!("{} dates are not, as in `{}`", other.count, other.first));
        }
        order
    }

    fn guess(&self, context: &mut Context<'_>) -> DateOrder {
        if self.either.count == 0 {
            return DateOrder::DayFirst;
        }
        let (order, why) = match [self.sorted[0].is_sorted(), self.sorted[1].is_sorted()] {
            [true, false] => (DateOrder::DayFirst, "as only then they are in order"),
            [false, true] => (DateOrder::MonthFirst, "as only then they are in order"),
            _ if self.has_halves => (DateOrder::MonthFirst, "as is usual with AM and PM"),
            _ => (DateOrder::DayFirst, "as none of them tells"),
        };
        let first = &self.either.first;
        context.note(format!("dates such as `{first}` are read {}, {why}", name(order)));
        order
    }
}

fn name(order: DateOrder) -> &'static str {
    match order {
        DateOrder::DayFirst => "day first",
        DateOrder::MonthFirst => "month first",
    }
}
