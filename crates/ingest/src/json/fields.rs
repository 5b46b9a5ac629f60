//! Field values as exports really write them: numbers in quotes, names that are numbers, nulls, and
//! things that are neither. None of these fails the row; what cannot be used is remembered as such,
//! for the report.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::Context;

/// A name; empty text and null are no name.
#[derive(Debug, Default)]
pub(crate) enum JsonText<'de> {
    #[default]
    Missing,
    Unusable,
    Value(Cow<'de, str>),
}

impl<'de> JsonText<'de> {
    /// The text without surrounding white space, if there is any.
    pub(crate) fn get(&self) -> Option<&str> {
        match self {
            Self::Value(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            Self::Missing | Self::Unusable => None,
        }
    }

    /// Like [`get`](Self::get), and counts a value that is no text.
    pub(crate) fn counted(&self, field: &'static str, context: &mut Context<'_>) -> Option<&str> {
        if matches!(self, Self::Unusable) {
            context.unusable(field);
        }
        self.get()
    }
}

/// A number, written as one or as text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Number {
    #[default]
    Missing,
    Unusable,
    Value(f64),
}

impl Number {
    /// The number, if there is one.
    pub(crate) fn get(self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(value),
            Self::Missing | Self::Unusable => None,
        }
    }

    /// A number of milliseconds after multiplication by `scale`; one that is negative or beyond 49
    /// days is counted as unusable.
    pub(crate) fn milliseconds(
        self,
        scale: f64,
        field: &'static str,
        context: &mut Context<'_>,
    ) -> Option<u32> {
        let milliseconds = match self {
            Self::Missing => return None,
            Self::Unusable => None,
            Self::Value(value) => {
                Some((value * scale).round()).filter(|ms| (0.0..=f64::from(u32::MAX)).contains(ms))
            }
        };
        if milliseconds.is_none() {
            context.unusable(field);
        }
        milliseconds.map(|ms| ms as u32)
    }
}

/// A yes or no, written as such, as text or as 0 and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Flag {
    #[default]
    Missing,
    Unusable,
    Value(bool),
}

impl Flag {
    /// The answer, if there is one; a value that is none is counted as unusable.
    pub(crate) fn counted(self, field: &'static str, context: &mut Context<'_>) -> Option<bool> {
        match self {
            Self::Missing => None,
            Self::Unusable => {
                context.unusable(field);
                None
            }
            Self::Value(value) => Some(value),
        }
    }
}

/// What a visitor makes of each kind of JSON value.
trait FromScalar<'de>: Sized {
    const MISSING: Self;
    const UNUSABLE: Self;
    fn from_text(text: Cow<'de, str>) -> Self;
    fn from_number(number: f64) -> Self;
    fn from_integer(integer: i64) -> Self {
        Self::from_number(integer as f64)
    }
    fn from_flag(_: bool) -> Self {
        Self::UNUSABLE
    }
}

impl<'de> FromScalar<'de> for JsonText<'de> {
    const MISSING: Self = JsonText::Missing;
    const UNUSABLE: Self = JsonText::Unusable;
    fn from_text(text: Cow<'de, str>) -> Self {
        Self::Value(text)
    }
    fn from_number(number: f64) -> Self {
        Self::Value(Cow::Owned(number.to_string()))
    }
    fn from_integer(integer: i64) -> Self {
        Self::Value(Cow::Owned(integer.to_string()))
    }
}

impl<'de> FromScalar<'de> for Number {
    const MISSING: Self = Number::Missing;
    const UNUSABLE: Self = Number::Unusable;
    fn from_text(text: Cow<'de, str>) -> Self {
        number(&text)
    }
    fn from_number(number: f64) -> Self {
        if number.is_finite() { Self::Value(number) } else { Self::Unusable }
    }
}

impl<'de> FromScalar<'de> for Flag {
    const MISSING: Self = Flag::Missing;
    const UNUSABLE: Self = Flag::Unusable;
    fn from_text(text: Cow<'de, str>) -> Self {
        match text.trim() {
            "" => Self::Missing,
            "1" => Self::Value(true),
            "0" => Self::Value(false),
            text if text.eq_ignore_ascii_case("true") => Self::Value(true),
            text if text.eq_ignore_ascii_case("false") => Self::Value(false),
            _ => Self::Unusable,
        }
    }
    fn from_number(number: f64) -> Self {
        match number {
            0.0 => Self::Value(false),
            1.0 => Self::Value(true),
            _ => Self::Unusable,
        }
    }
    fn from_flag(flag: bool) -> Self {
        Self::Value(flag)
    }
}

/// A number from text; empty text is missing.
pub(crate) fn number(text: &str) -> Number {
    match text.trim() {
        "" => Number::Missing,
        text => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Number::Value(value),
            _ => Number::Unusable,
        },
    }
}

struct ScalarVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: FromScalar<'de>> Visitor<'de> for ScalarVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<T, E> {
        Ok(T::from_text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::from_text(Cow::Owned(text.to_owned())))
    }
    fn visit_bool<E>(self, flag: bool) -> Result<T, E> {
        Ok(T::from_flag(flag))
    }
    fn visit_i64<E>(self, integer: i64) -> Result<T, E> {
        Ok(T::from_integer(integer))
    }
    fn visit_u64<E>(self, integer: u64) -> Result<T, E> {
        Ok(i64::try_from(integer).map_or_else(|_| T::from_number(integer as f64), T::from_integer))
    }
    fn visit_f64<E>(self, number: f64) -> Result<T, E> {
        Ok(T::from_number(number))
    }
    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::MISSING)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(T::UNUSABLE)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(T::UNUSABLE)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor(std::marker::PhantomData::<JsonText<'de>>))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor(std::marker::PhantomData))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Option<String> {
        serde_json::from_str::<JsonText<'_>>(json).unwrap().get().map(str::to_owned)
    }

    #[test]
    fn names_may_be_numbers() {
        assert_eq!(text("1989"), Some("1989".to_owned()));
        assert_eq!(text("\" a \""), Some("a".to_owned()));
        assert_eq!(text("\"\""), None);
        assert_eq!(text("null"), None);
        assert_eq!(text("{\"a\":[1]}"), None);
    }

    #[test]
    fn numbers_may_be_names() {
        let read = |json: &str| serde_json::from_str::<Number>(json).unwrap();
        assert_eq!(read("\"12\""), Number::Value(12.0));
        assert_eq!(read("1577836800.000000"), Number::Value(1_577_836_800.0));
        assert_eq!(read("\"x\""), Number::Unusable);
        assert_eq!(read("[]"), Number::Unusable);
        assert_eq!(read("null"), Number::Missing);
    }
}
