//! What the text of a cell means: missing words, numbers, truth, moments, lists, devices. None of these panics, whatever the
//! text; what cannot be understood is `None`.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use segue_core::{DeviceClass, EndReason, StartReason, Timestamp};

/// Words that tables write where they have no value. "None" is missing from the list: pandas writes it rarely, and it is a
/// title.
const MISSING: [&str; 9] = ["NA", "N/A", "NaN", "nan", "NULL", "null", "<NA>", "\\N", "#N/A"];

/// The trimmed text, or `None` where it is empty or a word for a missing value.
pub(crate) fn present(text: &str) -> Option<&str> {
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

/// First moment that a history is believed to reach back to; what lies before is a clock that was never set.
const EARLIEST_SECONDS: i64 = 631_152_000; // 1990-01-01
/// First moment that is too far ahead.
const LATEST_SECONDS: i64 = 4_102_444_800; // 2100-01-01

/// A moment written as epoch seconds, milliseconds, microseconds or nanoseconds (told apart by their size, which is
/// unambiguous between 1990 and 2100), as RFC 3339, or as `YYYY-MM-DD[ HH:MM[:SS]]`, which is taken for UTC.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let moment = match text.parse::<i64>() {
        Ok(epoch) => from_epoch(epoch),
        Err(_) => number(text).and_then(from_fractional_epoch).or_else(|| from_words(text)),
    }?;
    plausible(moment)
}

/// The moment itself, unless it lies where no history can.
pub(crate) fn plausible(moment: Timestamp) -> Option<Timestamp> {
    (EARLIEST_SECONDS..LATEST_SECONDS).contains(&moment.as_second()).then_some(moment)
}

fn from_epoch(epoch: i64) -> Option<Timestamp> {
    const SECONDS: i64 = 100_000_000_000;
    const MILLISECONDS: i64 = SECONDS * 1000;
    const MICROSECONDS: i64 = MILLISECONDS * 1000;
    match epoch {
        ..0 => None,
        0..SECONDS => Timestamp::from_second(epoch).ok(),
        SECONDS..MILLISECONDS => Timestamp::from_millisecond(epoch).ok(),
        MILLISECONDS..MICROSECONDS => Timestamp::from_microsecond(epoch).ok(),
        _ => Timestamp::from_nanosecond(i128::from(epoch)).ok(),
    }
}

/// `1577836800.25`, and what a table that knows only floating point makes of milliseconds: `1.5778368e12`.
fn from_fractional_epoch(epoch: f64) -> Option<Timestamp> {
    match epoch {
        0.0..1e11 => Timestamp::from_millisecond((epoch * 1000.0).round() as i64).ok(),
        1e11..9e18 => from_epoch(epoch as i64),
        _ => None,
    }
}

fn from_words(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let text = text.strip_suffix(" UTC").or_else(|| text.strip_suffix('Z')).unwrap_or(text);
    let civil = text
        .parse::<DateTime>()
        .or_else(|_| DateTime::strptime("%Y-%m-%d %H:%M", text))
        .or_else(|_| text.parse::<Date>().map(DateTime::from))
        .ok()?;
    in_utc(civil)
}

/// A civil time that is known, or believed, to be UTC.
pub(crate) fn in_utc(civil: DateTime) -> Option<Timestamp> {
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
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

/// Between the items of a list that was a list already, and so needs no guess at what separates them.
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

/// Items of a list as Python and JSON write it. A quote of the other kind, or an escaped one, belongs to the item.
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

/// The kind of device that a free text such as "Android OS 13 (samsung, SM-G991B)" describes.
pub(crate) fn device_class(text: &str) -> DeviceClass {
    const WORDS: &[(DeviceClass, &[&str])] = &[
        (DeviceClass::Web, &["web", "browser", "chrome", "firefox", "safari"]),
        (DeviceClass::Car, &["car", "auto", "carplay", "tesla"]),
        (DeviceClass::Tv, &["tv", "appletv", "chromecast", "roku", "fire", "tizen", "webos"]),
        (DeviceClass::Speaker, &["speaker", "homepod", "sonos", "echo", "alexa", "amazon", "cast"]),
        (DeviceClass::Console, &["console", "playstation", "ps4", "ps5", "xbox"]),
        (DeviceClass::Tablet, &["tablet", "ipad", "kindle"]),
        (DeviceClass::Phone, &["phone", "iphone", "mobile", "smartphone", "ios", "android", "ipod"]),
        (
            DeviceClass::Computer,
            &[
                "computer",
                "desktop",
                "laptop",
                "pc",
                "windows",
                "linux",
                "mac",
                "macos",
                "osx",
                "macintosh",
                "imac",
                "macbook",
            ],
        ),
    ];
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
    let class = WORDS.iter().find(|(_, known)| words.iter().any(|word| known.contains(word)));
    class.map_or(DeviceClass::Unknown, |(class, _)| *class)
}

/// Why a play began, in Spotify's words.
pub(crate) fn start_reason(text: &str) -> StartReason {
    match text {
        "clickrow" | "playbtn" | "clickside" | "popup" => StartReason::Chosen,
        "trackdone" => StartReason::PreviousFinished,
        "fwdbtn" => StartReason::SkippedTo,
        "backbtn" => StartReason::WentBack,
        "appload" | "persisted" | "remote" | "uriopen" => StartReason::Resumed,
        _ => StartReason::Unknown,
    }
}

/// Why a play ended, in Spotify's words.
pub(crate) fn end_reason(text: &str) -> EndReason {
    match text {
        "trackdone" => EndReason::Finished,
        "fwdbtn" => EndReason::SkippedForward,
        "backbtn" => EndReason::SkippedBack,
        "clickrow" | "clickside" | "playbtn" | "popup" | "uriopen" => EndReason::ChoseAnother,
        "endplay" => EndReason::Stopped,
        "logout" | "remote" => EndReason::Logout,
        "unexpected-exit" | "unexpected-exit-while-paused" => EndReason::Crashed,
        "trackerror" => EndReason::Failed,
        _ => EndReason::Unknown,
    }
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
        assert_eq!(device_class("carpet"), DeviceClass::Unknown);
    }
}
