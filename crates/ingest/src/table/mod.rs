//! Tables: rows under named columns, whether they came as CSV, JSON objects or Parquet.
//!
//! Every source fills the same [`TableRow`], so that a catalogue or an interaction file is
//! understood in one place. Cells are text, and numbers are parsed when they are asked for: imports
//! spend their time on input and identity, not on that.

mod column;
mod dates;
mod delimited;
mod header;
mod json;
mod options;
mod records;
mod track;
pub(crate) mod values;

pub(crate) use column::{TableColumn, sounds_useful};
pub use column::{TableLayout, plain_name};
pub(crate) use dates::{DateForm, Dates};
pub(crate) use delimited::{Delimited, first_line, header_layout};
pub use delimited::{head_records, open_records};
pub(crate) use header::{Header, not_blank};
pub(crate) use json::{FlatObject, keys_in, read_dated_objects, read_objects};
pub use options::{PlaylistUse, TableOptions};
pub use records::{MAX_RECORD_BYTES, RecordError, Records};
pub(crate) use track::{Unusable, mbid_id};

use csv::StringRecord;
use segue_core::{AudioFeature, Timestamp};

use crate::time::is_time_of_day;

/// One row, read through the layout of its table.
#[derive(Clone, Copy)]
pub(crate) struct TableRow<'a> {
    layout: &'a TableLayout,
    dates: DateForm,
    cells: &'a StringRecord,
}

impl<'a> TableRow<'a> {
    /// A row of a table whose dates are written in this form.
    pub(crate) fn new(layout: &'a TableLayout, dates: DateForm, cells: &'a StringRecord) -> Self {
        Self { layout, dates, cells }
    }

    /// The trimmed text of a column, or `None` where it is absent or one of the words that mean a
    /// missing value.
    pub(crate) fn text(&self, column: TableColumn) -> Option<&'a str> {
        self.cell(self.layout.position(column))
    }

    /// When the play of this row was, or began or ended where the table knows only one of them.
    /// `None` where there is no time or none that can be understood.
    pub(crate) fn moment(&self) -> Option<Timestamp> {
        let time = self.text(TableColumn::Time);
        let dated = match (self.cell(self.layout.date_position()), time) {
            (Some(date), Some(time)) => self.dates.moment_of(date, time),
            (Some(alone), None) | (None, Some(alone)) => self.dates.moment(alone),
            (None, None) => None,
        };
        dated.or_else(|| self.dates.moment(self.text(TableColumn::EndTime)?))
    }

    /// Whether it is known only on which day the play of this row was.
    pub(crate) fn is_day_alone(&self) -> bool {
        let time = self.text(TableColumn::Time);
        let written = match (time, self.cell(self.layout.date_position())) {
            (Some(time), Some(_)) if is_time_of_day(time) => return false,
            (None, Some(date)) => Some(date),
            _ => time.or_else(|| self.text(TableColumn::EndTime)),
        };
        written.is_some_and(|text| self.dates.is_day_alone(text))
    }

    /// When the track of this row was saved, by its column or by the time of the row.
    pub(crate) fn added(&self) -> Option<Timestamp> {
        let added = self.text(TableColumn::AddedTime);
        added.and_then(|text| self.dates.moment(text)).or_else(|| self.moment())
    }

    /// The layout of the table.
    pub(crate) fn layout(&self) -> &'a TableLayout {
        self.layout
    }

    /// The text of an audio feature's column, as [`TableRow::text`].
    pub(crate) fn feature_text(&self, feature: AudioFeature) -> Option<&'a str> {
        self.cell(self.layout.feature_position(feature))
    }

    fn cell(&self, position: Option<usize>) -> Option<&'a str> {
        values::present(self.cells.get(position?)?)
    }
}

/// The columns of a table of which the beginning is at hand, delimited or JSON. `label` is the name
/// of the column that says whether a track is liked, where it has one of its own.
pub(crate) fn layout_in(beginning: &str, label: Option<&str>) -> TableLayout {
    match is_json(beginning.as_bytes()) {
        true => json::first_row_layout(beginning, label),
        false => delimited::header_layout(beginning, label),
    }
}

/// Whether a table is JSON, by its first bytes.
pub(crate) fn is_json(beginning: &[u8]) -> bool {
    matches!(beginning.trim_ascii_start().first(), Some(b'{' | b'['))
}
