//! Years, decades, tempos, lengths and keys in a prompt.

use std::ops::RangeInclusive;

use super::tokens::Token;

/// Years that tracks may have been released in.
pub(super) const YEARS: RangeInclusive<u16> = 1860..=2100;
/// "120 bpm" takes tempos so near.
const NEAR_BPM: f32 = 5.0;
/// "About 120 bpm" takes tempos so near.
const ABOUT_BPM: f32 = 10.0;
/// "About 1994" takes years so near.
const ABOUT_YEARS: u16 = 2;
/// "Songs about four minutes" takes lengths so near.
const ABOUT_MINUTES: f32 = 0.5;
const MS_PER_MINUTE: f32 = 60_000.0;

/// What numbers say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// The years of release, both included.
    Released { first: u16, last: u16 },
    /// Beats a minute, both ends included.
    Tempo { least: f32, most: f32 },
    /// The length of each track in milliseconds.
    Duration { least: f32, most: f32 },
    /// The key: a pitch class, 0 for C, and whether it is major.
    Key { pitch: u8, is_major: bool },
    /// How long the mix is, in minutes.
    Minutes(u32),
    /// How many tracks the mix has.
    Tracks(u32),
}

/// A number that was read, and how many words it took.
pub(super) type ReadNumber = Option<(usize, Number)>;

/// How a number bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Exactly,
    About,
    UpTo,
    /// Up to it without it, of years.
    Before,
    From,
}

/// Words before a number that say how it bounds, the longer ones first.
const BOUNDS: [(&[&str], Bound); 26] = [
    (&["not", "before"], Bound::From),
    (&["not", "after"], Bound::UpTo),
    (&["up", "to"], Bound::UpTo),
    (&["at", "most"], Bound::UpTo),
    (&["no", "more", "than"], Bound::UpTo),
    (&["less", "than"], Bound::UpTo),
    (&["slower", "than"], Bound::UpTo),
    (&["shorter", "than"], Bound::UpTo),
    (&["older", "than"], Bound::Before),
    (&["at", "least"], Bound::From),
    (&["more", "than"], Bound::From),
    (&["faster", "than"], Bound::From),
    (&["longer", "than"], Bound::From),
    (&["newer", "than"], Bound::From),
    (&["before"], Bound::Before),
    (&["until"], Bound::UpTo),
    (&["under"], Bound::UpTo),
    (&["below"], Bound::UpTo),
    (&["since"], Bound::From),
    (&["after"], Bound::From),
    (&["over"], Bound::From),
    (&["above"], Bound::From),
    (&["around"], Bound::About),
    (&["about"], Bound::About),
    (&["circa"], Bound::About),
    (&["roughly"], Bound::About),
];

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Bpm,
    Minutes,
    Hours,
    Tracks,
}

const UNITS: [(&[&str], Unit); 15] = [
    (&["beats", "per", "minute"], Unit::Bpm),
    (&["beats", "a", "minute"], Unit::Bpm),
    (&["bpm"], Unit::Bpm),
    (&["minutes"], Unit::Minutes),
    (&["minute"], Unit::Minutes),
    (&["mins"], Unit::Minutes),
    (&["min"], Unit::Minutes),
    (&["hours"], Unit::Hours),
    (&["hour"], Unit::Hours),
    (&["hrs"], Unit::Hours),
    (&["h"], Unit::Hours),
    (&["songs"], Unit::Tracks),
    (&["song"], Unit::Tracks),
    (&["tracks"], Unit::Tracks),
    (&["tunes"], Unit::Tracks),
];

const DECADES: [(&str, u16); 9] = [
    ("twenties", 1920),
    ("thirties", 1930),
    ("forties", 1940),
    ("fifties", 1950),
    ("sixties", 1960),
    ("seventies", 1970),
    ("eighties", 1980),
    ("nineties", 1990),
    ("noughties", 2000),
];

const SPELLED: [(&str, f32); 13] = [
    ("a", 1.0),
    ("an", 1.0),
    ("one", 1.0),
    ("two", 2.0),
    ("three", 3.0),
    ("four", 4.0),
    ("five", 5.0),
    ("six", 6.0),
    ("ten", 10.0),
    ("twenty", 20.0),
    ("thirty", 30.0),
    ("forty", 40.0),
    ("fifty", 50.0),
];

/// What the numbers at the beginning of some words say, and how many words they are.
pub(super) fn number(tokens: &[Token]) -> ReadNumber {
    let (before, bound) = bound(tokens);
    let rest = &tokens[before..];
    let found = released(rest, bound)
        .or_else(|| between(rest))
        .or_else(|| quantity(rest, bound))
        .or_else(|| key(rest));
    found.map(|(used, number)| (before + used, number))
}

fn bound(tokens: &[Token]) -> (usize, Bound) {
    let found = BOUNDS.iter().find(|(words, _)| begins(tokens, words));
    found.map_or((0, Bound::Exactly), |(words, bound)| (words.len(), *bound))
}

/// Whether the words stand at the beginning.
pub(super) fn begins(tokens: &[Token], words: &[&str]) -> bool {
    tokens.len() >= words.len() && words.iter().zip(tokens).all(|(word, token)| token.text == *word)
}

fn text(tokens: &[Token], at: usize) -> Option<&str> {
    tokens.get(at).map(|token| token.text.as_str())
}

/// Years and decades: `1994`, `90s`, `early nineties`, `1990-1995`, `between 1990 and 1995`.
fn released(tokens: &[Token], bound: Bound) -> ReadNumber {
    let is_between = begins(tokens, &["between"]);
    let from = usize::from(is_between);
    let (used, first, last) = years(&tokens[from..])?;
    let used = from + used;
    if let Some("-" | "to" | "until" | "and") = text(tokens, used)
        && (is_between || text(tokens, used) != Some("and"))
        && let Some((more, _, end)) = years(&tokens[used + 1..])
        && end >= first
    {
        return Some((used + 1 + more, Number::Released { first, last: end }));
    }
    if is_between {
        return None;
    }
    let (first, last) = match bound {
        Bound::Exactly => (first, last),
        Bound::About => (first.saturating_sub(ABOUT_YEARS), last + ABOUT_YEARS),
        Bound::From => (first, *YEARS.end()),
        Bound::UpTo => (*YEARS.start(), last),
        Bound::Before => (*YEARS.start(), first - 1),
    };
    Some((used, Number::Released { first, last }))
}

/// A year or a decade at the beginning, with the words that it takes.
fn years(tokens: &[Token]) -> Option<(usize, u16, u16)> {
    let article = usize::from(begins(tokens, &["the"]));
    let (before, part) = match text(tokens, article) {
        Some("early") => (article + 1, Some((0, 3))),
        Some("mid") => (article + 1, Some((4, 6))),
        Some("late") => (article + 1, Some((7, 9))),
        _ => (article, None),
    };
    let word = text(tokens, before)?;
    if let Some(decade) = decade(word) {
        let (first, last) = part.unwrap_or((0, 9));
        return Some((before + 1, decade + first, decade + last));
    }
    let year = word.parse::<u16>().ok().filter(|year| word.len() == 4 && YEARS.contains(year))?;
    // Four digits may be beats a minute of nothing, or tracks.
    let is_counted = UNITS.iter().any(|(unit, _)| begins(&tokens[before + 1..], unit));
    (!is_counted && part.is_none()).then_some((before + 1, year, year))
}

fn decade(word: &str) -> Option<u16> {
    if let Some((_, decade)) = DECADES.iter().find(|(name, _)| *name == word) {
        return Some(*decade);
    }
    let digits = word.strip_suffix('s')?;
    let number: u16 = digits.parse().ok()?;
    match digits.len() {
        2 if number.is_multiple_of(10) && number <= 20 => Some(2000 + number),
        2 if number.is_multiple_of(10) => Some(1900 + number),
        4 if number.is_multiple_of(10) && YEARS.contains(&number) => Some(number),
        _ => None,
    }
}

/// `100-120 bpm`, `between 3 and 5 minutes`.
fn between(tokens: &[Token]) -> ReadNumber {
    let from = usize::from(begins(tokens, &["between"]));
    let least = amount(text(tokens, from)?)?;
    let is_joined = match text(tokens, from + 1)? {
        "-" | "to" => true,
        "and" => from == 1,
        _ => false,
    };
    let most = is_joined.then(|| amount(text(tokens, from + 2)?)).flatten()?;
    let (words, unit) = unit(&tokens[from + 3..])?;
    let used = from + 3 + words;
    let number = match unit {
        Unit::Bpm => Number::Tempo { least, most },
        Unit::Minutes => {
            Number::Duration { least: least * MS_PER_MINUTE, most: most * MS_PER_MINUTE }
        }
        Unit::Hours | Unit::Tracks => return None,
    };
    (least <= most).then_some((used, number))
}

/// One number and what it counts.
fn quantity(tokens: &[Token], bound: Bound) -> ReadNumber {
    if begins(tokens, &["half", "an", "hour"]) {
        return Some((3, Number::Minutes(30)));
    }
    let value = amount(text(tokens, 0)?)?;
    let (words, unit) = unit(&tokens[1..])?;
    let is_article = matches!(text(tokens, 0), Some("a" | "an"));
    let number = match (unit, bound) {
        // "A song like that" is no mix of one.
        (Unit::Tracks, _) if is_article => return None,
        (Unit::Bpm, _) => {
            let [least, most] = ends(value, bound, [NEAR_BPM, ABOUT_BPM]);
            Number::Tempo { least, most }
        }
        // "Under five minutes" speaks of a song, "40 minutes" of the mix.
        (Unit::Minutes, Bound::UpTo | Bound::Before | Bound::From) if value <= 20.0 => {
            let [least, most] = ends(value, bound, [ABOUT_MINUTES; 2]);
            Number::Duration { least: least * MS_PER_MINUTE, most: most * MS_PER_MINUTE }
        }
        (Unit::Minutes, _) => Number::Minutes(value.round() as u32),
        (Unit::Hours, _) => Number::Minutes((value * 60.0).round() as u32),
        (Unit::Tracks, _) => Number::Tracks(value.round() as u32),
    };
    Some((1 + words, number))
}

fn ends(value: f32, bound: Bound, near: [f32; 2]) -> [f32; 2] {
    match bound {
        Bound::Exactly => [value - near[0], value + near[0]],
        Bound::About => [value - near[1], value + near[1]],
        Bound::UpTo | Bound::Before => [0.0, value],
        Bound::From => [value, f32::INFINITY],
    }
}

fn amount(word: &str) -> Option<f32> {
    let spelled = SPELLED.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    spelled.or_else(|| word.parse::<u32>().ok().filter(|value| *value < 10_000).map(|v| v as f32))
}

fn unit(tokens: &[Token]) -> Option<(usize, Unit)> {
    let found = UNITS.iter().find(|(words, _)| begins(tokens, words));
    found.map(|(words, unit)| (words.len(), *unit))
}

/// `c minor`, `in f sharp major`.
fn key(tokens: &[Token]) -> ReadNumber {
    let from = usize::from(begins(tokens, &["in"]));
    let note = text(tokens, from)?;
    let pitch = match note {
        "c" => 0,
        "d" => 2,
        "e" => 4,
        "f" => 5,
        "g" => 7,
        "a" => 9,
        "b" => 11,
        _ => return None,
    };
    let (sign, shift) = match text(tokens, from + 1)? {
        "sharp" => (1, 1),
        "flat" => (1, 11),
        _ => (0, 0),
    };
    let is_major = match text(tokens, from + 1 + sign)? {
        "major" => true,
        "minor" => false,
        _ => return None,
    };
    // "A minor key" and "a major hit" name no note.
    let next = tokens.get(from + 2 + sign);
    let is_article = note == "a" && from == 0 && next.is_some_and(|next| !next.is_mark());
    (!is_article)
        .then_some((from + 2 + sign, Number::Key { pitch: (pitch + shift) % 12, is_major }))
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    #[track_caller]
    fn assert_number(text: &str, expected: Number) {
        let tokens = tokens(text);
        assert_eq!(number(&tokens), Some((tokens.len(), expected)), "{text}");
    }

    #[test]
    fn years_and_decades_in_many_spellings() {
        let released = |first, last| Number::Released { first, last };
        for (text, first, last) in [
            ("90s", 1990, 1999),
            ("the 1990s", 1990, 1999),
            ("'90s", 1990, 1999),
            ("nineties", 1990, 1999),
            ("early 90s", 1990, 1993),
            ("late sixties", 1967, 1969),
            ("00s", 2000, 2009),
            ("20s", 2020, 2029),
            ("1994", 1994, 1994),
            ("1990-1995", 1990, 1995),
            ("1990 to 1995", 1990, 1995),
            ("between 1990 and 1995", 1990, 1995),
            ("60s to 80s", 1960, 1989),
            ("since 2010", 2010, 2100),
            ("before 1980", 1860, 1979),
            ("before the 80s", 1860, 1979),
            ("until 1980", 1860, 1980),
            ("around 1994", 1992, 1996),
        ] {
            assert_number(text, released(first, last));
        }
    }

    #[test]
    fn tempos_lengths_and_keys() {
        assert_number("120 bpm", Number::Tempo { least: 115.0, most: 125.0 });
        assert_number("120bpm", Number::Tempo { least: 115.0, most: 125.0 });
        assert_number("100-120 bpm", Number::Tempo { least: 100.0, most: 120.0 });
        assert_number("under 100 bpm", Number::Tempo { least: 0.0, most: 100.0 });
        assert_number("faster than 140 bpm", Number::Tempo { least: 140.0, most: f32::INFINITY });
        assert_number("an hour", Number::Minutes(60));
        assert_number("half an hour", Number::Minutes(30));
        assert_number("two hours", Number::Minutes(120));
        assert_number("45 min", Number::Minutes(45));
        assert_number("20 songs", Number::Tracks(20));
        assert_number("under 4 minutes", Number::Duration { least: 0.0, most: 240_000.0 });
        assert_number("in f# minor", Number::Key { pitch: 6, is_major: false });
        assert_number("B♭ major", Number::Key { pitch: 10, is_major: true });
    }

    #[test]
    fn what_is_no_number_is_left() {
        for text in [
            "",
            "mellow",
            "1850 horses",
            "a minor key",
            "a major hit",
            "a song",
            "12",
            "between 3",
            "7777s",
            "the",
        ] {
            assert_eq!(number(&tokens(text)), None, "{text}");
        }
    }
}
