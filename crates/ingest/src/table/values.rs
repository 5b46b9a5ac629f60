//! What the text of a cell means: missing values, numbers, truth, times, lists, devices. None of
//! these functions panics, whatever the text; text that cannot be understood is `None`.

use segue_core::{DeviceClass, Timestamp};

use crate::spotify;
use crate::time::{self, DateOrder};

/// Words that tables write where they have no value. "None" is not among them: pandas rarely writes
/// it, and it is the title of a song.
const MISSING: [&str; 9] = ["NA", "N/A", "NaN", "nan", "NULL", "null", "<NA>", "\\N", "#N/A"];

/// The trimmed text of a cell, or `None` where it is empty or one of the usual words for a missing
/// value, such as `NA` or `null`.
pub fn present(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.is_empty() && !MISSING.contains(&text)).then_some(text)
}

/// A finite number.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// A number of milliseconds that can be the length of a play, or of many plays of one track.
pub(crate) fn milliseconds(text: &str) -> Option<u32> {
    in_range(number(text)?)
}

/// As [`milliseconds`], from a number of seconds.
pub(crate) fn seconds(text: &str) -> Option<u32> {
    in_range(number(text)? * 1000.0)
}

fn in_range(milliseconds: f64) -> Option<u32> {
    let value = milliseconds.round();
    (0.0..=f64::from(u32::MAX)).contains(&value).then_some(value as u32)
}

/// Yes or no in the words that tables use.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "1.0" | "true" | "t" | "yes" | "y" => Some(true),
        "0" | "0.0" | "false" | "f" | "no" | "n" => Some(false),
        _ => None,
    }
}

/// A moment written as epoch seconds, milliseconds, microseconds or nanoseconds (told apart by
/// their size, which is unambiguous between 1995 and 2100), as RFC 3339, as `YYYY-MM-DD[
/// HH:MM[:SS]]`, or as people write dates, the day before the month. Without a zone it is UTC.
pub fn moment(text: &str) -> Option<Timestamp> {
    moment_in(text, DateOrder::DayFirst)
}

/// As [`moment`], with days and months of numbers in this order.
pub(crate) fn moment_in(text: &str, order: DateOrder) -> Option<Timestamp> {
    let text = text.trim();
    let plain = match number(text) {
        Some(epoch) => time::from_seconds(epoch_second(epoch)),
        None => time::parse(text.strip_suffix(" UTC").unwrap_or(text)),
    };
    plain.or_else(|| time::parse_written(text, order))
}

/// Whether a moment is written without a time of day, or with the midnight that programs write
/// where they have none.
pub(crate) fn is_date_alone(text: &str) -> bool {
    let text = text.trim();
    if text.contains(':') {
        return text.ends_with(" 00:00:00") || text.ends_with(" 00:00:00.000");
    }
    let is_epoch = number(text).is_some_and(|n| time::from_seconds(epoch_second(n)).is_some());
    // The longest day of ISO 8601 has ten characters.
    let is_iso_moment = text.len() > 10 && time::parse(text).is_some();
    !is_epoch && !is_iso_moment && !time::has_time_of_day(text)
}

/// A time since 1970 in seconds, out of a number of seconds, milliseconds, microseconds or
/// nanoseconds: told apart by their size, which is unambiguous between 1973 and 5138. Smaller
/// numbers stay what they are: some tables only number their rows.
///
/// ```
/// use segue_ingest::parts::epoch_second;
///
/// assert_eq!(epoch_second(1_700_000_000_000.0), 1_700_000_000.0);
/// assert_eq!(epoch_second(7.0), 7.0);
/// ```
pub fn epoch_second(number: f64) -> f64 {
    let unit = match number.abs() {
        ..1e11 => 1.0,
        ..1e14 => 1e3,
        ..1e17 => 1e6,
        _ => 1e9,
    };
    // As far as sources are exact: more digits are errors of floating point.
    (number / unit * 1e3).round() / 1e3
}

/// The year that a date begins with.
pub(crate) fn year(text: &str) -> Option<u16> {
    let digits = text.get(..4)?;
    let rest_is_no_digit = !text[4..].starts_with(|c: char| c.is_ascii_digit());
    let year = digits.parse::<u16>().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
    (rest_is_no_digit && (1860..2100).contains(&year)).then_some(year)
}

/// The middle of `1960`, `1960s`, `60s` or `00s`: the year that is wrong by least.
pub(crate) fn middle_of_decade(text: &str) -> Option<u16> {
    let digits = text.trim_end_matches(['s', '\'', '’']).trim_start_matches(['\'', '’']);
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    let decade = digits.parse::<u16>().ok().filter(|decade| decade % 10 == 0)?;
    let first = match (digits.len(), decade) {
        (2, 30..) => 1900 + decade,
        (2, _) => 2000 + decade,
        _ => decade,
    };
    (1860..2100).contains(&first).then_some(first + 5)
}

/// 0 to 100 as 0 to 1. A fraction below 1 that is no whole number is taken for a share already.
pub(crate) fn popularity(text: &str) -> Option<f32> {
    let value = number(text)?;
    let share = if value < 1.0 && value.fract() != 0.0 { value } else { value / 100.0 };
    (0.0..=1.0).contains(&share).then_some(share as f32)
}

/// Separates the items of a cell that was a list in the source. Such a list needs no guess at its
/// separator.
pub(crate) const UNIT_SEPARATOR: char = '\u{1f}';

/// The names in a cell that may hold several: `['A', "B's"]`, `["A","B"]`, `A;B`.
pub(crate) fn list(text: &str) -> Vec<String> {
    let named = |separator| text.split(separator).filter_map(present).map(str::to_owned).collect();
    match text.trim().strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => quoted_items(inner),
        None if text.contains(UNIT_SEPARATOR) => named(UNIT_SEPARATOR),
        None => named(';'),
    }
}

/// The items of a cell whose column holds several, which commas part too.
pub(crate) fn several(text: &str) -> Vec<String> {
    let items = list(text);
    match &items[..] {
        [one] => one.split(',').filter_map(present).map(str::to_owned).collect(),
        _ => items,
    }
}

/// How many items a cell has whose column holds several.
pub(crate) fn count_of_several(text: &str) -> usize {
    several(text).len()
}

/// As [`list`], of names of which another column tells how many there are. Names have commas of
/// their own ("Tyler, The Creator"), so that commas part them only where that gives this many.
pub(crate) fn list_of(text: &str, count: usize) -> Vec<String> {
    let items = list(text);
    let [one] = &items[..] else { return items };
    if count < 2 {
        return items;
    }
    let parts: Vec<String> = several(one);
    let readings = [parts_at_tight_commas(one), parts.clone(), joined_articles(parts)];
    readings.into_iter().find(|parts| parts.len() == count).unwrap_or(items)
}

/// The parts between commas that no space follows: those between names, where the names keep the
/// commas and spaces of their own.
fn parts_at_tight_commas(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, _) in text.match_indices(',') {
        if !text[at + 1..].starts_with(' ') {
            parts.push(text[from..at].to_owned());
            from = at + 1;
        }
    }
    parts.push(text[from..].to_owned());
    parts
}

/// Parts of which one that begins with an article belongs to the name before it.
fn joined_articles(parts: Vec<String>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    for part in parts {
        match joined.last_mut() {
            Some(last) if part.to_lowercase().starts_with("the ") => {
                last.push_str(", ");
                last.push_str(&part);
            }
            _ => joined.push(part),
        }
    }
    joined
}

/// Items of a list as Python and JSON write it. A quote of the other kind, or an escaped one,
/// belongs to the item.
fn quoted_items(inner: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut rest = inner.chars().peekable();
    while let Some(c) = rest.next() {
        let mut item = String::new();
        match c {
            '\'' | '"' => {
                while let Some(next) = rest.next() {
                    match next {
                        '\\' => item.extend(rest.next()),
                        next if next == c => break,
                        next => item.push(next),
                    }
                }
            }
            ',' | ' ' => continue,
            c => {
                item.push(c);
                while let Some(next) = rest.next_if(|&next| next != ',') {
                    item.push(next);
                }
            }
        }
        items.extend(present(&item).map(str::to_owned));
    }
    items
}

/// The kind of device that a text names: with a plain word, or as services describe devices.
pub(crate) fn device_class(text: &str) -> DeviceClass {
    match text.to_ascii_lowercase().as_str() {
        "phone" | "mobile" | "smartphone" => DeviceClass::Phone,
        "computer" | "laptop" | "pc" | "mac" => DeviceClass::Computer,
        "web" | "browser" => DeviceClass::Web,
        "car" => DeviceClass::Car,
        "console" => DeviceClass::Console,
        _ => spotify::device_class(text),
    }
}

/// A MusicBrainz id in lower case.
pub(crate) fn mbid(text: &str) -> Option<String> {
    let shaped = text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
    shaped.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_moment_means_the_same_moment() {
        let expected = Timestamp::from_second(1_704_067_200).unwrap();
        for text in [
            "1704067200",
            "1704067200.000000",
            "1704067200000",
            "1.7040672e12",
            "1704067200000000",
            "1704067200000000000",
            "2024-01-01T00:00:00Z",
            "2024-01-01T01:00:00+01:00",
            "2024-01-01 00:00:00",
            "2024-01-01 00:00:00.000",
            "2024-01-01 00:00:00 UTC",
            "2024-01-01 00:00",
            "2024-01-01",
        ] {
            assert_eq!(moment(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_date_alone_is_told_from_a_time() {
        for text in [
            "2024-01-01",
            "20240101",
            "01.02.2024",
            "1.2.24",
            "1 May 2024",
            "Thursday, 2 May 2024",
            "2024-01-01 00:00:00",
            "2024-01-01 00:00:00.000",
        ] {
            assert!(is_date_alone(text) && moment(text).is_some(), "{text}");
        }
        for text in [
            "2024-01-01 00:00:01",
            "2024-01-01T00:00:00Z",
            "20240101T101500Z",
            "1704067200",
            "1.7040672e12",
            "01.02.2024 22h15",
            "01.02.2024 11 PM",
            "01.02.2024 11 p.m.",
            "01.02.2024 22.15",
            "1 May 2024, 9.05 am",
            "2024-05-01 22.15.30",
            "1. Mai 2024 um 22 Uhr",
            "1 mai 2024 à 22h",
        ] {
            assert!(!is_date_alone(text) && moment(text).is_some(), "{text}");
        }
    }

    #[test]
    fn a_clock_that_was_never_set_is_no_moment() {
        for text in [
            "0",
            "-1",
            "1",
            "86400",
            "4102444800",
            "1970-01-01",
            "9999-12-31 00:00:00",
            "",
            "soon",
            "NaN",
            "1e300",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn lists_of_artists_are_read_in_every_spelling() {
        assert_eq!(list("['A', \"B's\"]"), ["A", "B's"]);
        assert_eq!(list(r#"["A","B, the C"]"#), ["A", "B, the C"]);
        assert_eq!(list("A;B"), ["A", "B"]);
        assert_eq!(list("Tyler, The Creator"), ["Tyler, The Creator"]);
        assert_eq!(list("['It\\'s']"), ["It's"]);
        assert_eq!(list("[]"), Vec::<String>::new());
    }

    #[test]
    fn commas_part_names_where_their_number_is_known() {
        assert_eq!(list_of("A,B", 2), ["A", "B"]);
        assert_eq!(list_of("A, B", 2), ["A", "B"]);
        assert_eq!(list_of("A, B", 1), ["A, B"]);
        assert_eq!(list_of("Tyler, The Creator,B", 2), ["Tyler, The Creator", "B"]);
        assert_eq!(list_of("Tyler, The Creator, B", 2), ["Tyler, The Creator", "B"]);
        assert_eq!(list_of("Earth, Wind & Fire, B", 2), ["Earth, Wind & Fire, B"]);
        assert_eq!(list_of("A;B", 2), ["A", "B"]);
        assert_eq!(several("rock, indie rock"), ["rock", "indie rock"]);
        assert_eq!(several("['rock', 'pop, really']"), ["rock", "pop, really"]);
        assert_eq!(count_of_several("a,b,c"), 3);
    }

    #[test]
    fn years_decades_and_popularity_have_bounds() {
        assert_eq!(year("2019-06-14"), Some(2019));
        assert_eq!(year("2012"), Some(2012));
        assert_eq!(year("20123"), None);
        assert_eq!(year("éé"), None);
        assert_eq!(middle_of_decade("1960"), Some(1965));
        assert_eq!(middle_of_decade("60s"), Some(1965));
        assert_eq!(middle_of_decade("00s"), Some(2005));
        assert_eq!(middle_of_decade("1963"), None);
        assert_eq!(popularity("66"), Some(0.66));
        assert_eq!(popularity("0.5"), Some(0.5));
        assert_eq!(popularity("1"), Some(0.01));
        assert_eq!(popularity("101"), None);
        assert_eq!(popularity("-1"), None);
    }

    #[test]
    fn devices_are_told_by_their_words() {
        assert_eq!(device_class("Android OS 4.2.2 API 17 (samsung, GT-I9195)"), DeviceClass::Phone);
        assert_eq!(device_class("web_player windows 10;chrome"), DeviceClass::Web);
        assert_eq!(device_class("iPad"), DeviceClass::Tablet);
        assert_eq!(device_class("car"), DeviceClass::Car);
        assert_eq!(device_class("carpet"), DeviceClass::Unknown);
    }
}
