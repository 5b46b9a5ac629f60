//! Rows of JSON objects: an array of them, an array under one of a few keys (`{"audio_features":
//! […]}`), or one object a line.
//!
//! The keys of an object are its columns. Most objects of a file have the same keys, so the layout
//! is kept until they change.

use std::io::BufRead;

use csv::StringRecord;
use serde_json::{Map, Value};

use super::{TableLayout, TableRow, values};
use crate::input::read_error;
use crate::json::{JsonRows, Step, read_document, read_lines};
use crate::{ColumnReading, Context, IngestError};

/// Keys under which a service's answer holds its array of tracks.
const WRAPPERS: [&str; 4] = ["audio_features", "tracks", "items", "songs"];

/// Reads every object and hands it on.
///
/// # Errors
/// As [`read_document`] and [`read_lines`], and what `take` ends with.
pub(crate) fn read_objects(
    input: &mut dyn BufRead,
    context: &mut Context<'_>,
    take: impl FnMut(&FlatObject, &mut Context<'_>) -> Result<(), IngestError>,
) -> Result<(), IngestError> {
    let beginning =
        input.fill_buf().map_err(|error| read_error(error, context.path(), 1))?.trim_ascii_start();
    let is_array = beginning.starts_with(b"[");
    let is_wrapped = opens_wrapper(beginning);
    let mut objects = Objects { object: FlatObject::default(), take };
    let step = |path: &str| match path {
        "" if is_array => Step::Rows(0),
        "" => Step::Enter,
        path if WRAPPERS.contains(&path.trim_start_matches('/')) => Step::Rows(0),
        _ => Step::Skip,
    };
    match is_array || is_wrapped {
        true => read_document(input, context, &mut objects, step),
        false => read_lines(input, context, &mut objects),
    }
}

/// An object on one line may begin with a list too, so only the known keys open a wrapper.
fn opens_wrapper(beginning: &[u8]) -> bool {
    let spaceless = beginning.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
    let opening: Vec<u8> = spaceless.take(32).collect();
    WRAPPERS.iter().any(|key| opening.starts_with(format!("{{\"{key}\":[").as_bytes()))
}

/// The names of all keys in a text of which only the beginning may be at hand, those of inner
/// objects included.
pub(crate) fn keys_in(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('"').zip(text.split('"').skip(1));
    quoted.filter(|(_, behind)| behind.trim_start().starts_with(':')).map(|(key, _)| key)
}

struct Objects<T> {
    object: FlatObject,
    take: T,
}

impl<T: FnMut(&FlatObject, &mut Context<'_>) -> Result<(), IngestError>> JsonRows for Objects<T> {
    type Row<'de> = Map<String, Value>;

    fn row(
        &mut self,
        row: Map<String, Value>,
        _: u8,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        self.object.fill(&row);
        (self.take)(&self.object, context)
    }
}

/// One object, its values as text.
#[derive(Default)]
pub(crate) struct FlatObject {
    names: Vec<String>,
    layout: TableLayout,
    cells: StringRecord,
}

impl FlatObject {
    /// The object as a row of a table whose columns are told by their names.
    pub(crate) fn row(&self) -> TableRow<'_> {
        TableRow::new(&self.layout, &self.cells)
    }

    /// What its keys are read as.
    pub(crate) fn readings(&self) -> impl Iterator<Item = ColumnReading> {
        self.layout.readings(self.names.iter().map(String::as_str))
    }

    /// The text under a key, for formats that know their keys.
    pub(crate) fn cell(&self, key: &str) -> Option<&str> {
        let position = self.names.iter().position(|name| name == key)?;
        values::present(self.cells.get(position)?)
    }

    fn fill(&mut self, object: &Map<String, Value>) {
        let cells = flatten(object);
        if !cells.iter().map(|(name, _)| name).eq(&self.names) {
            self.names = cells.iter().map(|(name, _)| name.clone()).collect();
            self.layout = TableLayout::from_names(self.names.iter().map(String::as_str), None);
        }
        self.cells = cells.into_iter().map(|(_, text)| text).collect();
    }
}

/// One object's keys with their values as text, in the order of the keys. Objects within, such as
/// an album, give their name, and the few facts of theirs that a track needs.
fn flatten(object: &Map<String, Value>) -> Vec<(String, String)> {
    let mut cells = Vec::with_capacity(object.len());
    for (name, value) in object {
        if let Value::Object(inner) = value {
            for fact in ["release_date", "isrc"] {
                if let Some(value) = inner.get(fact) {
                    cells.push((fact.to_owned(), text_of(value)));
                }
            }
        }
        cells.push((name.clone(), text_of(value)));
    }
    cells
}

/// A list becomes its items, each closed by a unit separator, which no name contains.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(|item| text_of(item) + "\u{1f}").collect(),
        Value::Object(inner) => inner.get("name").map(text_of).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_a_text_that_is_cut_off() {
        let text = r#"{"audio_features":[{"energy" : 1,"id":"a key: no"},{"tem"#;
        assert_eq!(keys_in(text).collect::<Vec<_>>(), ["audio_features", "energy", "id"]);
        assert_eq!(keys_in("").count(), 0);
    }

    #[test]
    fn only_known_keys_open_a_wrapper() {
        assert!(opens_wrapper(b"{\n  \"audio_features\" : [ {"));
        assert!(!opens_wrapper(br#"{"artists":["x"]}"#));
        assert!(!opens_wrapper(br#"{"tracks": 12}"#));
    }
}
