//! Points in time as exports write them. Anything before 1995 or after 2099 is no time of listening
//! to a stream or a scrobbler: such values are resets of clocks and empty fields.

mod written;

pub(crate) use written::DateOrder;
pub(crate) use written::{
    DateEvidence, ShownOrder, has_time_of_day, is_time_of_day, parse as parse_written, shown,
};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use segue_core::Timestamp;

const EARLIEST_SECOND: i64 = 788_918_400;
const LATEST_SECOND: i64 = 4_102_444_800;

/// The moment itself, unless it lies where no history can.
pub(crate) fn plausible(timestamp: Timestamp) -> Option<Timestamp> {
    (EARLIEST_SECOND..LATEST_SECOND).contains(&timestamp.as_second()).then_some(timestamp)
}

/// Milliseconds since 1970.
pub(crate) fn from_milliseconds(milliseconds: f64) -> Option<Timestamp> {
    plausible(Timestamp::from_millisecond(milliseconds as i64).ok()?)
}

/// Seconds since 1970, possibly with a fraction, which is kept to the millisecond.
pub(crate) fn from_seconds(seconds: f64) -> Option<Timestamp> {
    from_milliseconds((seconds * 1000.0).round())
}

/// Days since 1899-12-30, with the time of day as a fraction: how spreadsheets hold dates. Exact to
/// the second, which is what their decimals give.
pub(crate) fn from_spreadsheet_days(days: f64) -> Option<Timestamp> {
    const DAYS_BEFORE_1970: f64 = 25_569.0;
    from_seconds(((days - DAYS_BEFORE_1970) * 86_400.0).round())
}

/// Whether a time since 1970 is within its first two days: what services write that know of a play
/// and not when it was.
pub(crate) fn is_unset(seconds: f64) -> bool {
    (0.0..172_800.0).contains(&seconds)
}

/// A date and time as in RFC 3339; without a zone it is UTC. Seconds may be missing, and so may the
/// time of day.
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let timestamp = match text.parse::<Timestamp>() {
        Ok(timestamp) => timestamp,
        Err(_) => text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp(),
    };
    plausible(timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(text: &str) -> Option<i64> {
        parse(text).map(Timestamp::as_second)
    }

    #[test]
    fn common_spellings_agree() {
        let expected = Some(1_698_878_640);
        for text in [
            "2023-11-01T22:44:00Z",
            "2023-11-01 22:44",
            "2023-11-01 22:44:00",
            "2023-11-02T00:44:00.000+02:00",
        ] {
            assert_eq!(second(text), expected, "{text}");
        }
        assert_eq!(second("2023-11-01"), Some(1_698_796_800));
    }

    #[test]
    fn times_outside_living_memory_are_none() {
        for text in ["1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "0000-00-00 00:00", "soon", ""]
        {
            assert_eq!(second(text), None, "{text}");
        }
        for seconds in [0.0, -1.0, 1e300, f64::NAN] {
            assert_eq!(from_seconds(seconds), None);
        }
        assert_eq!(
            from_seconds(1_577_836_800.25).map(Timestamp::as_millisecond),
            Some(1_577_836_800_250)
        );
    }
}
