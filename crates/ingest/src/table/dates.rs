//! Whether the dates of a column have the day or the month first, which one date alone often does
//! not show.

use segue_core::Timestamp;

use crate::Context;
use crate::time::{DateOrder, ShownOrder, has_half, parse_written, shown_order};

/// What the dates of a column show, taken together.
#[derive(Default)]
pub(crate) struct Dates {
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
    /// Takes one cell into account. Cells that are no dates of numbers say nothing.
    pub(crate) fn add(&mut self, text: &str) {
        let Some(shown) = shown_order(text) else { return };
        match shown {
            ShownOrder::Either => self.either.add(text),
            ShownOrder::Only(DateOrder::DayFirst) => self.day_first.add(text),
            ShownOrder::Only(DateOrder::MonthFirst) => self.month_first.add(text),
        }
        self.has_halves |= has_half(text);
        for (sorted, order) in
            self.sorted.iter_mut().zip([DateOrder::DayFirst, DateOrder::MonthFirst])
        {
            sorted.add(parse_written(text, order));
        }
    }

    /// The order in which to read the column. What is decided and by what is noted.
    pub(crate) fn settle(&self, context: &mut Context<'_>) -> DateOrder {
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
