//! Columns of a Parquet file by type, thousands of rows at a time.
//!
//! Rows as the crate hands them out cost an allocation a value and a comparison of names a cell.
//! Where a table of a known shape has a thousand million rows, its columns are read each into its
//! own list instead. Text stays where its page was unpacked, or in the dictionary: a value is a
//! reference and no copy.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as PhysicalType};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, Int32Type, Int64Type, Int96, Int96Type,
};
use parquet::errors::ParquetError;
use parquet::file::reader::RowGroupReader;
use parquet::schema::types::ColumnDescriptor;

use super::pages::BoundedGroup;

/// Rows that are read at a time: enough that the cost of a turn is spread, few enough that the
/// lists stay in the processor's cache.
const BATCH_ROWS: usize = 4096;
const SECONDS_A_DAY: i64 = 86_400;
/// Day 0 of 1970 as the days of INT96 are counted.
const EPOCH_JULIAN_DAY: i64 = 2_440_588;
const NANOSECONDS_A_SECOND: u64 = 1_000_000_000;

/// What the values of a column are read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Whole numbers.
    Integer,
    /// Moments, as whole seconds since 1970: what INT96 holds, and numbers in the unit that their
    /// column states, or seconds where it states none.
    Second,
    /// Bytes that should be UTF-8, and are not looked at.
    Text,
}

/// Some rows, with a list of cells for each column that was asked for.
#[derive(Debug)]
pub struct Batch {
    rows: usize,
    columns: Vec<Cells>,
}

#[derive(Debug)]
enum Cells {
    Numbers(Vec<Option<i64>>),
    Texts(Vec<Option<ByteArray>>),
    /// The file has no such column.
    Absent,
}

impl Batch {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The whole number or second in a row; `column` counts those that were asked for. `None` where
    /// the cell is empty, and in columns of text.
    pub fn number(&self, column: usize, row: usize) -> Option<i64> {
        match &self.columns[column] {
            Cells::Numbers(cells) => cells[row],
            Cells::Texts(_) | Cells::Absent => None,
        }
    }

    /// The text in a row, as bytes. `None` where the cell is empty, and in columns of numbers.
    pub fn text(&self, column: usize, row: usize) -> Option<&[u8]> {
        match &self.columns[column] {
            Cells::Texts(cells) => cells[row].as_ref().map(ByteArray::data),
            Cells::Numbers(_) | Cells::Absent => None,
        }
    }
}

/// Reads the wanted columns of a row group side by side.
pub(super) struct BatchReader {
    columns: Vec<Column>,
    batch: Batch,
    declared_rows: usize,
}

impl BatchReader {
    pub(super) fn new(
        group: &BoundedGroup<'_>,
        wanted: &[(&str, CellKind)],
    ) -> Result<Self, ParquetError> {
        let columns = wanted.iter().map(|(name, kind)| Column::open(group, name, *kind));
        let columns: Vec<Column> = columns.collect::<Result<_, _>>()?;
        let cells = columns.iter().map(Column::no_cells).collect();
        let declared_rows = usize::try_from(group.metadata.num_rows())?;
        Ok(Self { columns, batch: Batch { rows: 0, columns: cells }, declared_rows })
    }

    /// The next rows; `None` behind the last.
    pub(super) fn read_next(&mut self) -> Result<Option<&Batch>, ParquetError> {
        let rows = self.declared_rows.min(BATCH_ROWS);
        if rows == 0 {
            return Ok(None);
        }
        for (column, cells) in self.columns.iter_mut().zip(&mut self.batch.columns) {
            let read = column.read(rows, cells)?;
            if read != rows {
                return Err(ParquetError::EOF("a column has fewer rows than declared".to_owned()));
            }
        }
        self.declared_rows -= rows;
        self.batch.rows = rows;
        Ok(Some(&self.batch))
    }
}

/// A column on its way.
enum Column {
    Short(Typed<Int32Type>),
    /// With how many of its units are a second.
    Long(Typed<Int64Type>, i64),
    Moment(Typed<Int96Type>),
    Text(Typed<ByteArrayType>),
    Absent,
}

impl Column {
    fn open(group: &BoundedGroup<'_>, name: &str, kind: CellKind) -> Result<Self, ParquetError> {
        let schema = group.metadata.schema_descr();
        let at = schema.columns().iter().position(|column| column.path().parts() == [name]);
        let Some(at) = at else { return Ok(Self::Absent) };
        let column = schema.column(at);
        if column.max_rep_level() > 0 {
            return Err(unlike(name, "a list"));
        }
        if group.metadata.column(at).num_values() != group.metadata.num_rows() {
            return Err(unlike(name, "longer or shorter than the others"));
        }
        let pages = group.get_column_page_reader(at)?;
        match (kind, column.physical_type()) {
            (CellKind::Integer, PhysicalType::INT32) => Ok(Self::Short(Typed::new(&column, pages))),
            (CellKind::Integer, PhysicalType::INT64) => {
                Ok(Self::Long(Typed::new(&column, pages), 1))
            }
            (CellKind::Second, PhysicalType::INT64) => {
                Ok(Self::Long(Typed::new(&column, pages), units_a_second(&column)))
            }
            (CellKind::Second, PhysicalType::INT96) => Ok(Self::Moment(Typed::new(&column, pages))),
            (CellKind::Text, PhysicalType::BYTE_ARRAY) => {
                Ok(Self::Text(Typed::new(&column, pages)))
            }
            (_, found) => Err(unlike(name, &found.to_string())),
        }
    }

    fn no_cells(&self) -> Cells {
        match self {
            Self::Short(_) | Self::Long(..) | Self::Moment(_) => Cells::Numbers(Vec::new()),
            Self::Text(_) => Cells::Texts(Vec::new()),
            Self::Absent => Cells::Absent,
        }
    }

    /// Puts up to `rows` values into `cells`, and says how many rows there were.
    fn read(&mut self, rows: usize, cells: &mut Cells) -> Result<usize, ParquetError> {
        match (self, cells) {
            (Self::Short(column), Cells::Numbers(cells)) => {
                column.read(rows, cells, |value| Some(i64::from(value)))
            }
            (Self::Long(column, 1), Cells::Numbers(cells)) => column.read(rows, cells, Some),
            (Self::Long(column, units), Cells::Numbers(cells)) => {
                let units = *units;
                column.read(rows, cells, |value| Some(value.div_euclid(units)))
            }
            (Self::Moment(column), Cells::Numbers(cells)) => {
                column.read(rows, cells, |moment| second_of(&moment))
            }
            (Self::Text(column), Cells::Texts(cells)) => column.read(rows, cells, Some),
            _ => Ok(rows),
        }
    }
}

fn unlike(name: &str, found: &str) -> ParquetError {
    ParquetError::General(format!("the column `{name}` is {found}, which is not expected there"))
}

/// A column of one physical type, with room for what the reader returns.
struct Typed<T: DataType> {
    reader: ColumnReaderImpl<T>,
    levels: Vec<i16>,
    values: Vec<T::T>,
    /// The level of a cell that has a value; 0 where every cell has one.
    present: i16,
}

impl<T: DataType> Typed<T> {
    fn new(
        column: &std::sync::Arc<ColumnDescriptor>,
        pages: Box<dyn parquet::column::page::PageReader>,
    ) -> Self {
        Self {
            reader: ColumnReaderImpl::new(std::sync::Arc::clone(column), pages),
            levels: Vec::new(),
            values: Vec::new(),
            present: column.max_def_level(),
        }
    }

    fn read<V>(
        &mut self,
        rows: usize,
        cells: &mut Vec<Option<V>>,
        convert: impl Fn(T::T) -> Option<V>,
    ) -> Result<usize, ParquetError> {
        cells.clear();
        self.levels.clear();
        self.values.clear();
        let (read, ..) =
            self.reader.read_records(rows, Some(&mut self.levels), None, &mut self.values)?;
        let mut values = self.values.drain(..);
        if self.present == 0 {
            cells.extend(values.map(convert));
        } else {
            let present = self.present;
            cells.extend(self.levels.iter().map(|&level| match level == present {
                true => values.next().and_then(&convert),
                false => None,
            }));
        }
        if cells.len() == read {
            Ok(read)
        } else {
            Err(ParquetError::General("a column has more values than rows".to_owned()))
        }
    }
}

/// How many units of a column of 64-bit moments make a second.
fn units_a_second(column: &ColumnDescriptor) -> i64 {
    match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Timestamp(kind)), _) => match kind.unit {
            TimeUnit::MILLIS => 1_000,
            TimeUnit::MICROS => 1_000_000,
            TimeUnit::NANOS => 1_000_000_000,
        },
        (_, ConvertedType::TIMESTAMP_MILLIS) => 1_000,
        (_, ConvertedType::TIMESTAMP_MICROS) => 1_000_000,
        _ => 1,
    }
}

/// INT96 holds nanoseconds since midnight in eight bytes and the Julian day in four. `None` for a
/// time of day beyond the day.
fn second_of(moment: &Int96) -> Option<i64> {
    let [low, high, day] = *moment.data() else { return None };
    let second = (u64::from(high) << 32 | u64::from(low)) / NANOSECONDS_A_SECOND;
    let second = i64::try_from(second).ok().filter(|second| *second < SECONDS_A_DAY)?;
    Some((i64::from(day) - EPOCH_JULIAN_DAY) * SECONDS_A_DAY + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_day_and_the_nanoseconds_since_its_midnight() {
        let moment = |day: u32, nanoseconds: u64| {
            second_of(&Int96::from(vec![nanoseconds as u32, (nanoseconds >> 32) as u32, day]))
        };
        assert_eq!(moment(2_440_588, 0), Some(0));
        assert_eq!(moment(2_440_587, 86_399_999_999_999), Some(-1));
        assert_eq!(moment(2_459_435, 31_678_000_000_000), Some(1_628_412_478));
        assert_eq!(moment(2_440_588, 86_400_000_000_000), None);
        assert_eq!(moment(u32::MAX, u64::MAX), None);
    }
}
