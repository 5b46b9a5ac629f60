//! Moments in Parquet, whose columns state their unit.

use parquet::basic::{LogicalType, TimeUnit};
use parquet::record::Field;
use parquet::schema::types::Type;
use segue_core::Timestamp;

/// The moment that a value of a column of dates or of times stands for; `None` in other columns,
/// whose numbers leave their unit open, and beyond the year 9999.
///
/// Rows come with nanoseconds as plain numbers, so the type of the column is looked at.
pub fn moment_of(field: &Field, column: &Type) -> Option<Timestamp> {
    match field {
        Field::Date(days) => Timestamp::from_second(i64::from(*days) * 86_400).ok(),
        Field::TimestampMillis(epoch) => Timestamp::from_millisecond(*epoch).ok(),
        Field::TimestampMicros(epoch) => Timestamp::from_microsecond(*epoch).ok(),
        Field::Long(epoch) if counts_nanoseconds(column) => {
            Timestamp::from_nanosecond(i128::from(*epoch)).ok()
        }
        _ => None,
    }
}

fn counts_nanoseconds(column: &Type) -> bool {
    let kind = column.get_basic_info().logical_type_ref();
    matches!(kind, Some(LogicalType::Timestamp(kind)) if kind.unit == TimeUnit::NANOS)
}
