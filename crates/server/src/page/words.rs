//! Numbers, days and lists as a person would say them.
//!
//! The sentences of the page are English, whoever reads them. What differs from one person to the
//! next is how dates, times and numbers are written: the names of months and days, what comes
//! first, the clock, the sign between thousands. [`Words`] knows that for one language; nothing
//! else writes dates and numbers for people.
//!
//! The data are those of Unicode's CLDR, compiled in by ICU4X. Rejected: glibc's, in
//! `pure-rust-locales`, which have no form for a month with its year or for a day without one, and
//! jiff's own, which are English alone.

use std::fmt;
use std::sync::Arc;

use icu_calendar::Gregorian;
use icu_datetime::fieldsets::{E, M, MDE, T, YM, YMD, YMDE};
use icu_datetime::input;
use icu_datetime::{FixedCalendarDateTimeFormatter, NoCalendarFormatter};
use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_locale_core::Locale;
use jiff::Span;
use jiff::civil::{Date, Time};
use maud::{Markup, html};

/// How dates are written where nobody said: the day first and the clock to 24, as befits English
/// sentences anywhere.
pub const USUAL: &str = "en-GB";
/// Longest tag of a language that is looked at, in bytes: RFC 5646 calls for 35.
const LONGEST_TAG: usize = 35;

/// How dates, times and numbers are written in one language. Cheap to copy; it takes some thirty
/// microseconds to make.
///
/// ```
/// use jiff::civil::date;
/// use segue_server::page::words::Words;
///
/// let day = date(2026, 11, 29);
/// assert_eq!(Words::default().day(day), "29 November 2026");
/// assert_eq!(Words::of(Some("de")).day(day), "29. November 2026");
/// assert_eq!(Words::of(Some("ja")).day(day), "2026年11月29日");
/// assert_eq!(Words::of(Some("tlh")).day(day), "29 November 2026", "of which nothing is known");
/// ```
#[derive(Clone)]
pub struct Words {
    tag: String,
    forms: Arc<Forms>,
}

type Dates<F> = FixedCalendarDateTimeFormatter<Gregorian, F>;

/// What dates, times and numbers of a language are written by.
struct Forms {
    day: Dates<YMD>,
    weekday_and_day: Dates<YMDE>,
    weekday_of_week: Dates<MDE>,
    month: Dates<YM>,
    short_month: Dates<YM>,
    month_name: Dates<M>,
    weekday: Dates<E>,
    weekday_in_full: Dates<E>,
    time: NoCalendarFormatter<T>,
    number: DecimalFormatter,
}

impl Forms {
    /// `None` for a language of which nothing is known.
    fn of(locale: &Locale) -> Option<Self> {
        let dates = || locale.into();
        let forms = Self {
            day: Dates::try_new(dates(), YMD::long()).ok()?,
            weekday_and_day: Dates::try_new(dates(), YMDE::long()).ok()?,
            weekday_of_week: Dates::try_new(dates(), MDE::long()).ok()?,
            month: Dates::try_new(dates(), YM::long()).ok()?,
            short_month: Dates::try_new(dates(), YM::medium()).ok()?,
            month_name: Dates::try_new(dates(), M::medium()).ok()?,
            weekday: Dates::try_new(dates(), E::short()).ok()?,
            weekday_in_full: Dates::try_new(dates(), E::long()).ok()?,
            time: NoCalendarFormatter::try_new(locale.into(), T::hm()).ok()?,
            number: DecimalFormatter::try_new(locale.into(), Default::default()).ok()?,
        };
        // What CLDR falls back to where it knows no names.
        let january = forms.month_name.format(&to_icu(Date::constant(2026, 1, 1))).to_string();
        (january != "M01").then_some(forms)
    }
}

impl Default for Words {
    fn default() -> Self {
        let forms = USUAL.parse().ok().and_then(|locale| Forms::of(&locale));
        Self {
            tag: USUAL.to_owned(),
            forms: Arc::new(forms.expect("CLDR knows the English of Britain")),
        }
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Words").field(&self.tag).finish()
    }
}

impl Words {
    /// How dates are written in a language, by its BCP 47 tag; the usual way where nobody said, and
    /// for what is no tag or names a language of which nothing is known.
    pub fn of(tag: Option<&str>) -> Self {
        tag.and_then(known).unwrap_or_default()
    }

    /// The tag of the language, as it is spelled in full.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The language to mark a date with, which stands in an English page: `None` for English.
    pub fn lang(&self) -> Option<&str> {
        let language = self.tag.split('-').next();
        (language != Some("en")).then_some(self.tag.as_str())
    }

    /// A count with its noun: "1 song", "12,345 songs".
    pub fn count(&self, number: u64, one: &str, many: &str) -> String {
        format!("{} {}", self.grouped(number), if number == 1 { one } else { many })
    }

    /// A number with its thousands set apart.
    pub fn grouped(&self, number: u64) -> String {
        self.forms.number.format(&Decimal::from(number)).to_string()
    }

    /// A number with one decimal place.
    pub fn tenths(&self, number: f64) -> String {
        let mut tenths = Decimal::from((number * 10.0).round() as u64);
        tenths.multiply_pow10(-1);
        self.forms.number.format(&tenths).to_string()
    }

    /// A day: "29 November 2026".
    pub fn day(&self, date: Date) -> String {
        self.forms.day.format(&to_icu(date)).to_string()
    }

    /// A day marked up for programs, and for whoever reads the page aloud.
    pub fn marked_day(&self, date: Date) -> Markup {
        html! { time datetime=(date) lang=[self.lang()] { (self.day(date)) } }
    }

    /// A day with its name: "Sunday, 29 November 2026".
    pub fn weekday_and_day(&self, date: Date) -> String {
        self.forms.weekday_and_day.format(&to_icu(date)).to_string()
    }

    /// The same where the year is known: "Sunday 29 November".
    pub fn weekday_of_week(&self, date: Date) -> String {
        self.forms.weekday_of_week.format(&to_icu(date)).to_string()
    }

    /// The name of a day, in short: "Sun".
    pub fn weekday(&self, date: Date) -> String {
        self.forms.weekday.format(&to_icu(date)).to_string()
    }

    /// The month of a day with its year: "November 2026".
    pub fn month(&self, date: Date) -> String {
        self.forms.month.format(&to_icu(date)).to_string()
    }

    /// The same where there is little room: "Nov 2026".
    pub fn short_month(&self, date: Date) -> String {
        self.forms.short_month.format(&to_icu(date)).to_string()
    }

    /// The month alone, in short: "Nov".
    pub fn month_name(&self, date: Date) -> String {
        self.forms.month_name.format(&to_icu(date)).to_string()
    }

    /// The name of a day, the first being Monday: "Sunday".
    pub fn day_of_week(&self, days_after_monday: usize) -> String {
        let day = to_icu(after_monday(days_after_monday));
        self.forms.weekday_in_full.format(&day).to_string()
    }

    /// The same in short: "Sun".
    pub fn short_day_of_week(&self, days_after_monday: usize) -> String {
        self.weekday(after_monday(days_after_monday))
    }

    /// A time of day: "20:30".
    pub fn time(&self, time: Time) -> String {
        self.forms.time.format(&to_icu_time(time)).to_string()
    }

    /// A time played: "72 hours", "14 minutes"; the rest of an hour is left out.
    pub fn duration(&self, ms: u64) -> String {
        match ms / 60_000 {
            minutes @ 0..60 => self.count(minutes, "minute", "minutes"),
            minutes => self.count(minutes / 60, "hour", "hours"),
        }
    }

    /// A size in bytes, in the unit that suits it.
    pub fn bytes(&self, size: u64) -> String {
        match size {
            0..1_000 => self.count(size, "byte", "bytes"),
            1_000..1_000_000 => format!("{} kB", (size + 500) / 1_000),
            1_000_000..1_000_000_000 => format!("{} MB", self.tenths(size as f64 / 1e6)),
            _ => format!("{} GB", self.tenths(size as f64 / 1e9)),
        }
    }
}

/// How dates are written in a language, if it is known; its tag is spelled in full then.
pub fn known(tag: &str) -> Option<Words> {
    let tag = Some(tag.trim()).filter(|tag| tag.len() <= LONGEST_TAG)?;
    let locale: Locale = tag.parse().ok()?;
    let forms = Arc::new(Forms::of(&locale)?);
    Some(Words { tag: locale.to_string(), forms })
}

/// A day with the name of the one so many days after Monday.
fn after_monday(days: usize) -> Date {
    Date::constant(2024, 1, 1).saturating_add(Span::new().days(days as i64))
}

/// A day for ICU4X.
fn to_icu(date: Date) -> input::Date<Gregorian> {
    let (month, day) = (date.month().cast_unsigned(), date.day().cast_unsigned());
    input::Date::try_new_gregorian(date.year().into(), month, day).expect("jiff's days are days")
}

fn to_icu_time(time: Time) -> input::Time {
    let (hour, minute) = (time.hour().cast_unsigned(), time.minute().cast_unsigned());
    input::Time::try_new(hour, minute, 0, 0).expect("jiff's times are times")
}

/// A share as a whole percentage: "71 %"; something is never "0 %" and less than all never "100 %".
pub fn percent(share: f64) -> String {
    let rounded = (share * 100.0).round();
    if share > 0.0 && rounded < 1.0 {
        return "under 1 %".to_owned();
    }
    if share < 1.0 && rounded >= 100.0 {
        return "over 99 %".to_owned();
    }
    format!("{rounded} %")
}

/// "a, b and c".
pub fn list(items: &[impl AsRef<str>]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    /// A day with its name, a month, a time, a number.
    fn written(tag: &str) -> [String; 4] {
        let (words, day) = (Words::of(Some(tag)), date(2026, 11, 29));
        let plain = |text: String| text.replace(['\u{a0}', '\u{202f}'], " ");
        [
            words.weekday_and_day(day),
            words.month(day),
            words.time(time(15, 5, 9, 0)),
            words.grouped(1_234_567),
        ]
        .map(plain)
    }

    #[test]
    fn each_language_has_its_names_its_order_its_clock_and_its_sign_between_thousands() {
        let cases = [
            ("en-GB", ["Sunday, 29 November 2026", "November 2026", "15:05", "1,234,567"]),
            ("en-US", ["Sunday, November 29, 2026", "November 2026", "3:05 PM", "1,234,567"]),
            ("de", ["Sonntag, 29. November 2026", "November 2026", "15:05", "1.234.567"]),
            ("fr", ["dimanche 29 novembre 2026", "novembre 2026", "15:05", "1 234 567"]),
            ("ja", ["2026年11月29日日曜日", "2026年11月", "15:05", "1,234,567"]),
            (
                "en-GB-u-hc-h12",
                ["Sunday, 29 November 2026", "November 2026", "3:05 pm", "1,234,567"],
            ),
        ];
        for (tag, expected) in cases {
            assert_eq!(written(tag), expected.map(str::to_owned), "{tag}");
        }
    }

    #[test]
    fn what_is_no_language_is_written_as_usual() {
        let long = "de-".repeat(40);
        for tag in ["", "xx", "tlh", "d", "de_", "../de", "<script>", "de\0", "日本語", &long] {
            assert!(known(tag).is_none(), "{tag}");
            assert_eq!(Words::of(Some(tag)).tag(), USUAL, "{tag}");
        }
        assert_eq!(known(" DE-at ").unwrap().tag(), "de-AT", "spelled in full");
    }

    #[test]
    fn days_of_all_years_and_every_hour_can_be_written() {
        for tag in [USUAL, "ja", "ar", "th"] {
            let words = Words::of(Some(tag));
            for day in [Date::MIN, date(0, 2, 29), Date::MAX] {
                assert!(!words.weekday_and_day(day).is_empty());
            }
            for time in [Time::MIN, Time::MAX] {
                assert!(!words.time(time).is_empty());
            }
            assert!(!words.grouped(u64::MAX).is_empty());
        }
        assert_eq!(Words::default().bytes(12_345_678), "12.3 MB");
        assert_eq!(Words::of(Some("de")).bytes(12_345_678), "12,3 MB");
    }
}
