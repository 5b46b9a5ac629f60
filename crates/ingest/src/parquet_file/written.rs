//! Values of Parquet as text.

use parquet::record::Field;
use segue_core::Timestamp;

/// Most digits behind the point of a decimal: each is put in front of the others, one by one.
const MOST_DECIMALS: i32 = 100;

/// A number or moment as its crate spells it. Empty is what the crate panics at, or takes hours to
/// write out: a moment beyond the year 9999, a decimal that contradicts itself.
pub fn written(field: &Field) -> String {
    let is_writable = match field {
        Field::Date(days) => Timestamp::from_second(i64::from(*days) * 86_400).is_ok(),
        Field::TimestampMillis(epoch) => Timestamp::from_millisecond(*epoch).is_ok(),
        Field::TimestampMicros(epoch) => Timestamp::from_microsecond(*epoch).is_ok(),
        Field::Decimal(decimal) => {
            (0..=MOST_DECIMALS.min(decimal.precision())).contains(&decimal.scale())
        }
        _ => true,
    };
    if is_writable { field.to_string() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use parquet::data_type::Decimal;

    use super::*;

    #[test]
    fn what_the_crate_cannot_write_out_is_empty() {
        let decimal = |precision, scale| Field::Decimal(Decimal::from_i32(1234, precision, scale));
        assert_eq!(written(&decimal(6, 2)), "12.34");
        assert_eq!(written(&Field::Long(-7)), "-7");
        for unwritable in [
            decimal(2, 6),
            decimal(6, -1),
            decimal(i32::MAX, i32::MAX),
            Field::TimestampMillis(i64::MAX),
            Field::TimestampMicros(i64::MIN),
            Field::Date(i32::MAX),
        ] {
            assert_eq!(written(&unwritable), "");
        }
    }
}
