//! Dates as people and spreadsheets write them: `26/02/2019 08:34`, `31.01.2018`, `Feb 24, 2022 at
//! 11:36 PM`, `Thu, 24 Feb 2022 00:00:00 GMT`, `31 janvier 2021`. Without a zone they are UTC.

use jiff::SignedDuration;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use segue_core::Timestamp;

use super::plausible;

/// Whether `01/02` is the first of February or the second of January.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DateOrder {
    /// The first of February.
    #[default]
    DayFirst,
    /// The second of January.
    MonthFirst,
}

/// What one date shows of how its column is written.
pub(crate) struct DateEvidence {
    pub(crate) order: ShownOrder,
    /// Whether it has a time of day in halves of twelve hours.
    pub(crate) has_half: bool,
    /// The moment, read day first and month first.
    pub(crate) moments: [Option<Timestamp>; 2],
}

/// What one date shows of the order in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShownOrder {
    /// It can be read in both orders, and means another day in each.
    Either,
    /// It can be read in this one only.
    Only(DateOrder),
}

/// Longest text that can be a date, in bytes.
const LONGEST: usize = 96;

/// The moment that a text names. Seconds, the time of day and the zone may be missing.
pub(crate) fn parse(text: &str, order: DateOrder) -> Option<Timestamp> {
    Written::read(text)?.moment(order)
}

/// What a text shows of the order of day and month. `None` for one that is no such date, or means
/// the same in both orders.
pub(crate) fn shown(text: &str) -> Option<DateEvidence> {
    if begins_with_year(text) {
        return None;
    }
    let written = Written::read(text)?;
    let order = match ORDERS.map(|order| written.date(order)) {
        [Some(day_first), Some(month_first)] if day_first != month_first => ShownOrder::Either,
        [Some(_), None] => ShownOrder::Only(DateOrder::DayFirst),
        [None, Some(_)] => ShownOrder::Only(DateOrder::MonthFirst),
        _ => return None,
    };
    let moments = ORDERS.map(|order| written.moment(order));
    Some(DateEvidence { order, has_half: written.has_half, moments })
}

const ORDERS: [DateOrder; 2] = [DateOrder::DayFirst, DateOrder::MonthFirst];

/// Whether a number of more than two digits comes first, behind which month and day have one order
/// only. Most dates that programs write are told apart by it.
fn begins_with_year(text: &str) -> bool {
    text.trim_start().bytes().take_while(u8::is_ascii_digit).count() > 2
}

/// Whether a text is a time of day and no more, such as `23:36`, `23.36` or `11 PM`.
pub(crate) fn is_time_of_day(text: &str) -> bool {
    // Dots and the letter of the hour are read as such behind a date only.
    let dated = Written::read(&format!("2000-01-01 {text}"));
    dated.is_some_and(|written| written.time.is_some() && written.numbers.len() == 3)
}

/// Whether a text has a time of day beside its date.
pub(crate) fn has_time_of_day(text: &str) -> bool {
    Written::read(text).is_some_and(|written| written.time.is_some())
}

/// The parts of a date.
#[derive(Default)]
struct Written {
    /// Numbers of the date, with how many digits each has.
    numbers: Vec<(u32, usize)>,
    month: Option<i8>,
    /// Whether the month may be a day of the week of that name.
    may_be_weekday: bool,
    time: Option<Time>,
    has_half: bool,
    /// Seconds east of UTC.
    offset: Option<i64>,
}

#[derive(Clone, Debug, PartialEq)]
enum Token<'t> {
    /// A number and how many digits it has.
    Number(u32, usize),
    Word(&'t str),
    Mark(char),
}

impl Written {
    fn read(text: &str) -> Option<Self> {
        let text = text.split('(').next().unwrap_or(text).trim();
        if text.len() > LONGEST || !text.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let text = text.to_lowercase().replace("a.m.", "am").replace("p.m.", "pm");
        let tokens = tokens(&text)?;
        let (mut written, mut at) = (Self::default(), 0);
        while at < tokens.len() {
            at += written.take(&tokens[at..], at == 0)?;
        }
        Some(written)
    }

    /// Takes what the tokens begin with and says how many that were.
    fn take(&mut self, tokens: &[Token<'_>], is_first: bool) -> Option<usize> {
        use Token::{Mark, Number, Word};
        match tokens {
            [Number(hour, 1..=2), Mark(':'), ..] if self.time.is_none() => {
                self.take_time(*hour, tokens)
            }
            [Number(hour, 1..=2), Word("h"), Number(minute, 2), ..] if self.time.is_none() => {
                self.set_time(*hour, *minute, 0, 0)?;
                Some(3)
            }
            [Number(hour, 1..=2), Word("h" | "uhr" | "klo"), ..] if self.is_dated() => {
                self.set_time(*hour, 0, 0, 0)?;
                Some(2)
            }
            [Number(hour, 1..=2), Mark('.'), Number(_, 2), ..] if self.is_dated() => {
                self.take_time(*hour, tokens)
            }
            [Number(hour, 1..=2), Word(half @ ("am" | "pm")), ..] if self.time.is_none() => {
                self.set_time(*hour, 0, 0, 0)?;
                self.set_half(half)?;
                Some(2)
            }
            [Number(number, digits), ..] => {
                self.numbers.push((*number, *digits));
                Some(1)
            }
            [Mark(sign @ ('+' | '-')), Number(..), ..] if self.time.is_some() => {
                self.take_offset(*sign, &tokens[1..]).map(|taken| taken + 1)
            }
            [Mark(_), ..] => Some(1),
            [Word(half @ ("am" | "pm")), ..] => self.set_half(half).map(|()| 1),
            [Word(word), ..] => self.take_word(word, is_first).map(|()| 1),
            [] => None,
        }
    }

    /// Whether the date is complete, and no time was read so far.
    fn is_dated(&self) -> bool {
        let numbers = self.numbers.len() + usize::from(self.month.is_some());
        let is_packed = matches!(self.numbers[..], [(_, 8)]);
        self.time.is_none() && (numbers == 3 || is_packed)
    }

    fn take_time(&mut self, hour: u32, tokens: &[Token<'_>]) -> Option<usize> {
        use Token::{Mark, Number};
        let (minute, second, fraction, taken) = match tokens[2..] {
            [Number(m, 2), Mark(':'), Number(s, 2), Mark('.' | ','), Number(f, digits), ..]
                if digits <= 9 =>
            {
                (m, s, f * 10_u32.pow(9 - digits as u32), 7)
            }
            [Number(m, 2), Mark(':' | '.'), Number(s, 2), ..] => (m, s, 0, 5),
            [Number(m, 2), ..] => (m, 0, 0, 3),
            _ => return None,
        };
        self.set_time(hour, minute, second, fraction)?;
        Some(taken)
    }

    fn set_time(&mut self, hour: u32, minute: u32, second: u32, nanosecond: u32) -> Option<()> {
        let part = |value: u32| i8::try_from(value).ok();
        let nanosecond = i32::try_from(nanosecond).ok()?;
        // A leap second is the last of its minute.
        let second = part(second.min(59 + u32::from(second > 60)))?;
        self.time = Some(Time::new(part(hour)?, part(minute)?, second, nanosecond).ok()?);
        Some(())
    }

    fn set_half(&mut self, half: &str) -> Option<()> {
        let time = self.time?;
        self.has_half = true;
        let hour = match (half, time.hour()) {
            ("am", 12) => 0,
            ("pm", hour @ 1..=11) => hour + 12,
            (_, hour) => hour,
        };
        self.time = Some(time.with().hour(hour).build().ok()?);
        Some(())
    }

    /// An offset such as `0100`, `01:00` or `1`, behind its sign.
    fn take_offset(&mut self, sign: char, tokens: &[Token<'_>]) -> Option<usize> {
        use Token::{Mark, Number};
        let (hours, minutes, taken) = match tokens {
            [Number(hours, 1..=2), Mark(':'), Number(minutes, 2), ..] => (*hours, *minutes, 3),
            [Number(hours, 1..=2), ..] => (*hours, 0, 1),
            [Number(both, 4), ..] => (both / 100, both % 100, 1),
            // A year behind the time, as in `10:00 - 2021`, is none that anybody writes.
            _ => return None,
        };
        let seconds = i64::from(hours * 3600 + minutes * 60);
        self.offset = Some(if sign == '-' { -seconds } else { seconds });
        (hours < 24 && minutes < 60).then_some(taken)
    }

    fn take_word(&mut self, word: &str, is_first: bool) -> Option<()> {
        let is_free = self.month.is_none() || std::mem::take(&mut self.may_be_weekday);
        if let Some(month) = month(word).filter(|_| is_free) {
            // `mar 31 janv.` begins with a day of the week.
            self.may_be_weekday = is_first;
            self.month = Some(month);
            return Some(());
        }
        if let (Some(_), Some(hours)) = (self.time, zone(word)) {
            // Go writes `+0800 CST`: the number tells more than the name.
            self.offset.get_or_insert((hours * 3600.0) as i64);
            return Some(());
        }
        let is_known = is_first || FILLERS.contains(&word) || self.offset.is_some();
        is_known.then_some(())
    }

    fn moment(&self, order: DateOrder) -> Option<Timestamp> {
        let civil = self.date(order)?.to_datetime(self.time.unwrap_or(Time::midnight()));
        let moment = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
        let offset = SignedDuration::from_secs(self.offset.unwrap_or(0));
        plausible(moment.checked_sub(offset).ok()?)
    }

    fn date(&self, order: DateOrder) -> Option<Date> {
        let (year, month, day) = match (self.month, &self.numbers[..]) {
            (Some(month), &[(year, 3..), day]) => (i16::try_from(year).ok()?, month, day),
            (Some(month), &[day, year]) => (whole_year(year)?, month, day),
            (None, &[(packed, 8)]) => {
                let part = |value: u32| i8::try_from(value % 100).ok();
                return Date::new((packed / 10_000) as i16, part(packed / 100)?, part(packed)?)
                    .ok();
            }
            (None, &[year @ (_, 4), month, day]) => (whole_year(year)?, small(month)?, day),
            (None, &[first, second, year]) => {
                let (day, month) = match order {
                    DateOrder::DayFirst => (first, second),
                    DateOrder::MonthFirst => (second, first),
                };
                (whole_year(year)?, small(month)?, day)
            }
            _ => return None,
        };
        Date::new(year, month, small(day)?).ok()
    }
}

/// A day or a number of a month.
fn small((number, digits): (u32, usize)) -> Option<i8> {
    i8::try_from(number).ok().filter(|_| digits <= 2)
}

/// A year of four digits, or of two, which lie between 1970 and 2069.
fn whole_year((year, digits): (u32, usize)) -> Option<i16> {
    let year = i16::try_from(year).ok()?;
    match digits {
        4 => Some(year),
        2 => Some(year + if year < 70 { 2000 } else { 1900 }),
        _ => None,
    }
}

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length =
            |is_of_kind: fn(char) -> bool| rest.find(|c| !is_of_kind(c)).unwrap_or(rest.len());
        let taken = if first.is_ascii_digit() {
            let digits = length(|c| c.is_ascii_digit());
            tokens.push(Token::Number(rest[..digits].parse().ok()?, digits));
            digits
        } else if matches!(first, '年' | '月' | '日' | '년' | '월' | '일') {
            first.len_utf8()
        } else if first.is_alphabetic() {
            let letters = length(char::is_alphabetic);
            tokens.push(Token::Word(&rest[..letters]));
            letters
        } else {
            match first {
                '/' | '-' | '.' | ',' | ':' | '+' => tokens.push(Token::Mark(first)),
                '\u{2212}' => tokens.push(Token::Mark('-')),
                first if first.is_whitespace() || matches!(first, '\'' | '’' | 'º' | 'ª') => {}
                _ => return None,
            }
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    Some(tokens)
}

/// Words in dates that say nothing of when it was.
const FILLERS: [&str; 24] = [
    "t", "at", "um", "à", "a", "as", "às", "de", "del", "of", "den", "kl", "uhr", "klo", "on",
    "the", "st", "nd", "rd", "th", "er", "г", "в", "alle",
];

/// Beginnings of the names of months in the languages that people have.
const MONTHS: [&[&str]; 12] = [
    &["jan", "ene", "gen", "sty", "янв", "січ", "tammi", "oca", "led", "ian"],
    &["feb", "fév", "fev", "lut", "фев", "лют", "helmi", "şub", "úno"],
    &["mar", "mär", "mrz", "mrt", "maa", "мар", "бер", "bře"],
    &["apr", "avr", "abr", "kwi", "апр", "кві", "huhti", "nis", "dub"],
    &["may", "mai", "maj", "mei", "mag", "май", "мая", "тра", "touko", "kvě"],
    &["jun", "juin", "giu", "cze", "июн", "чер", "kesä", "haz", "červ"],
    &["jul", "juil", "lug", "lip", "июл", "лип", "heinä", "tem", "červenec", "července"],
    &["aug", "aoû", "aou", "ago", "sie", "авг", "сер", "elo", "ağu", "srp"],
    &["sep", "set", "wrz", "сен", "вер", "syys", "eyl", "zář"],
    &["oct", "okt", "out", "ott", "paź", "окт", "жов", "loka", "eki", "říj"],
    &["nov", "lis", "ноя", "лис", "marras", "kas"],
    &["dec", "dez", "dic", "des", "déc", "gru", "дек", "гру", "joulu", "ara", "pro"],
];

/// The month, from 1, whose name a word is or abbreviates.
fn month(word: &str) -> Option<i8> {
    let stems = MONTHS.iter().zip(1..).flat_map(|(stems, month)| {
        stems.iter().filter(|stem| word.starts_with(**stem)).map(move |stem| (stem.len(), month))
    });
    stems.max_by_key(|&(length, _)| length).map(|(_, month)| month)
}

/// Hours east of UTC that the name of a zone stands for.
fn zone(name: &str) -> Option<f32> {
    Some(match name {
        "z" | "utc" | "gmt" | "ut" | "wet" => 0.0,
        "bst" | "cet" | "mez" | "west" => 1.0,
        "cest" | "mesz" | "eet" | "sast" => 2.0,
        "eest" | "msk" | "trt" => 3.0,
        "ist" => 5.5,
        "jst" | "kst" => 9.0,
        "aest" => 10.0,
        "aedt" => 11.0,
        "est" | "cdt" => -5.0,
        "edt" => -4.0,
        "cst" | "mdt" => -6.0,
        "mst" | "pdt" => -7.0,
        "pst" => -8.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day_first(text: &str) -> Option<String> {
        parse(text, DateOrder::DayFirst).map(|moment| moment.to_string())
    }

    #[test]
    fn one_moment_has_many_spellings() {
        for text in [
            "31/01/2021 23:36",
            "31.01.2021 23:36",
            "31.1.2021, 23:36:00",
            "31-01-2021 23:36",
            "31/01/21 23:36",
            "31-Jan-2021 23:36",
            "31 Jan 2021, 23:36",
            "31 Jan 2021 at 11:36 pm",
            "Jan 31 2021 11:36pm",
            "January 31st, 2021 11:36 p.m.",
            "31. Januar 2021 um 23:36 Uhr",
            "31 janvier 2021 à 23h36",
            "31 de enero de 2021, 23:36",
            "dom 31 gen 2021 23:36",
            "mar 31 janv. 2021 23:36",
            "31 янв 2021 г., 23:36",
            "2021/01/31 23:36",
            "2021-1-31 23:36",
            "2021年1月31日 23:36",
            "Sun, 31 Jan 2021 23:36:00 GMT",
            "Sun Jan 31 23:36:00 2021",
            "Sun Jan 31 2021 23:36:00 GMT+0000 (Coordinated Universal Time)",
            "01/02/2021 00:36:00 +01:00",
            "2021-02-01 07:36:00 +0800 CST",
            "31 Jan 2021 18:36 EST",
        ] {
            assert_eq!(day_first(text).as_deref(), Some("2021-01-31T23:36:00Z"), "{text}");
        }
        for text in
            ["31.01.2021 22.15", "31/1/21 22h15", "31 Jan 2021, 10.15 pm", "20210131 22.15.00"]
        {
            assert_eq!(day_first(text).as_deref(), Some("2021-01-31T22:15:00Z"), "{text}");
        }
        for text in ["31/01/2021", "Jan 31, 2021", "20210131", "31. led 2021", "31 tammikuuta 2021"]
        {
            assert_eq!(day_first(text).as_deref(), Some("2021-01-31T00:00:00Z"), "{text}");
        }
    }

    #[test]
    fn the_order_decides_what_numbers_leave_open() {
        let month_first = parse("01/02/2021", DateOrder::MonthFirst).unwrap();
        assert_eq!(month_first.to_string(), "2021-01-02T00:00:00Z");
        assert_eq!(day_first("01/02/2021").as_deref(), Some("2021-02-01T00:00:00Z"));
        assert_eq!(parse("31/01/2021", DateOrder::MonthFirst), None);
        for (text, shown) in [
            ("01/02/2021", Some(ShownOrder::Either)),
            ("31/01/2021 10:00", Some(ShownOrder::Only(DateOrder::DayFirst))),
            ("01/31/2021", Some(ShownOrder::Only(DateOrder::MonthFirst))),
            ("05/05/2021", None),
            ("2021-01-02", None),
            ("1 Feb 2021", None),
            ("Song", None),
        ] {
            assert_eq!(super::shown(text).map(|shown| shown.order), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "yesterday",
            "23:36",
            "12",
            "1/2",
            "31/31/2021",
            "Song 2",
            "1999",
            "24:61",
            "32 Jan 2021",
            "1 Foo 2021",
            "Jan 2021",
            "1/2/3/4",
            "99/99/99",
            "1970-1-1",
            "10:00 pm pm",
        ] {
            assert_eq!(day_first(text), None, "{text}");
        }
        for text in ["23:36", "11:36 PM", "11 pm", "23.36", "23h36", "23 h", "9.05 a.m."] {
            assert!(is_time_of_day(text), "{text}");
        }
        for text in ["31 Jan 2021 23:36", "Song 2", "2", "25.30", "1.5", "", "31.01.2021"] {
            assert!(!is_time_of_day(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "([0-9]{1,9}|[a-zé:./+,-]| |am|pm|jan|z){0,14}") {
            let _ = parse(&text, DateOrder::MonthFirst);
            let shown = shown(&text);
            if begins_with_year(&text) {
                let dates = Written::read(&text).map(|w| ORDERS.map(|order| w.date(order)));
                prop_assert!(dates.is_none_or(|[one, other]| one == other), "{}", text);
            } else if let Some(DateEvidence { moments, .. }) = shown {
                prop_assert_eq!(moments, ORDERS.map(|order| parse(&text, order)));
            }
        }

        #[test]
        fn every_second_survives_its_spelling(second in 789_000_000i64..4_102_000_000) {
            let at = Timestamp::from_second(second).unwrap();
            for (form, order) in [
                ("%d/%m/%Y %H:%M:%S", DateOrder::DayFirst),
                ("%m/%d/%Y %I:%M:%S %p", DateOrder::MonthFirst),
                ("%a, %d %b %Y %H:%M:%S +0000", DateOrder::MonthFirst),
                ("%B %d, %Y %H:%M:%S", DateOrder::DayFirst),
            ] {
                prop_assert_eq!(parse(&at.strftime(form).to_string(), order), Some(at), "{}", form);
            }
        }
    }
}
