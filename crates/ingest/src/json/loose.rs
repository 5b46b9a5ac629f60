//! Objects and lists that may turn out to be something else without failing the row they are in.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// How to build an object when its name stands in its place: `"artist": "Nina"` for `"artist":
/// {"name": "Nina"}`.
pub(crate) trait FromBareText<'de>: Default {
    /// Builds the object from its name, with everything else missing.
    fn from_bare_text(_text: Cow<'de, str>) -> Self {
        Self::default()
    }
}

/// An object; anything else counts as one without members.
#[derive(Debug, Default)]
pub(crate) struct LooseObject<T>(pub(crate) T);

/// A list; a single element counts as a list of one, null as an empty list.
#[derive(Debug)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct ObjectVisitor<T>(PhantomData<T>);
struct ListVisitor<T>(PhantomData<T>);

/// What numbers, truth values and null count as, for both visitors.
macro_rules! scalars_are {
    ($nothing:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
}

impl<'de, T: Deserialize<'de> + FromBareText<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = LooseObject<T>;

    scalars_are!(LooseObject::default());

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<LooseObject<T>, E> {
        Ok(LooseObject(T::from_bare_text(Cow::Borrowed(text))))
    }
    fn visit_str<E>(self, text: &str) -> Result<LooseObject<T>, E> {
        Ok(LooseObject(T::from_bare_text(Cow::Owned(text.to_owned()))))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<LooseObject<T>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(LooseObject::default())
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LooseObject<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(LooseObject)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    scalars_are!(List::default());

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<List<T>, E> {
        T::deserialize(BorrowedStrDeserializer::new(text)).map(|one| List(vec![one]))
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<List<T>, E> {
        T::deserialize(StrDeserializer::new(text)).map(|one| List(vec![one]))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(List(elements))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<List<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|one| List(vec![one]))
    }
}

impl<'de, T: Deserialize<'de> + FromBareText<'de>> Deserialize<'de> for LooseObject<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}
