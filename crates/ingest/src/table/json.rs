//! Rows of JSON objects: an array of them, an array under one of a few keys (`{"audio_features":
//! […]}`), or one object a line.
//!
//! The keys of an object are its columns. Most objects of a file have the same keys, so the layout
//! is kept until they change.

use std::io::BufRead;
use std::rc::Rc;

use csv::StringRecord;
use serde_json::{Map, Value};

use super::dates::{BEGINNING_BYTES, MOST_BYTES};
use super::{DateForm, Dates, TableLayout, TableRow, values};
use crate::input::read_error;
use crate::json::{JsonRows, Step, read_document, read_lines};
use crate::{ColumnReading, Context, DropReason, IngestError};

/// Keys under which a service's answer, or somebody's own file, holds its array of rows.
const WRAPPERS: [&str; 10] = [
    "audio_features",
    "tracks",
    "items",
    "songs",
    "plays",
    "listens",
    "scrobbles",
    "history",
    "data",
    "rows",
];

/// Reads every object and hands it on.
///
/// # Errors
/// As [`read_document`] and [`read_lines`], and what `take` ends with.
pub(crate) fn read_objects(
    input: &mut dyn BufRead,
    context: &mut Context<'_>,
    take: impl FnMut(&FlatObject, &mut Context<'_>) -> Result<(), IngestError>,
) -> Result<(), IngestError> {
    read_rows(input, context, &mut Objects { object: FlatObject::default(), take })
}

/// Reads every object and hands it on together with how the dates of all of them are written. To
/// know that, objects are held in memory up to the end or a bound, and handed on then: what comes
/// before damage is not lost by it. `label` is the key that says whether a track is liked, where it
/// has a name of its own.
///
/// # Errors
/// As [`read_objects`].
pub(crate) fn read_dated_objects(
    input: &mut dyn BufRead,
    label: Option<&str>,
    context: &mut Context<'_>,
    take: impl FnMut(&FlatObject, DateForm, &mut Context<'_>) -> Result<(), IngestError>,
) -> Result<(), IngestError> {
    let (object, ahead) = (FlatObject::default(), Some(Ahead::default()));
    let mut objects = DatedObjects { object, label, ahead, form: DateForm::default(), take };
    let read = read_rows(input, context, &mut objects);
    objects.settle(context)?;
    read
}

fn read_rows<R: JsonRows>(
    input: &mut dyn BufRead,
    context: &mut Context<'_>,
    rows: &mut R,
) -> Result<(), IngestError> {
    let beginning =
        input.fill_buf().map_err(|error| read_error(error, context.path(), 1))?.trim_ascii_start();
    let is_array = beginning.starts_with(b"[");
    let is_wrapped = opens_wrapper(beginning);
    let step = |path: &str| match path {
        "" if is_array => Step::Rows(0),
        "" => Step::Enter,
        path if WRAPPERS.contains(&path.trim_start_matches('/')) => Step::Rows(0),
        _ => Step::Skip,
    };
    match is_array || is_wrapped {
        true => read_document(input, context, rows, step),
        false => read_lines(input, context, rows),
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

/// The columns of the first row in the beginning of a file; none where no whole row is in it.
pub(super) fn first_row_layout(text: &str, label: Option<&str>) -> TableLayout {
    let text = text.trim_start();
    let rows = match text.strip_prefix('[') {
        Some(rows) => rows,
        None if opens_wrapper(text.as_bytes()) => text.split_once('[').map_or("", |(_, rows)| rows),
        None => text,
    };
    let first = serde_json::Deserializer::from_str(rows).into_iter::<Map<String, Value>>().next();
    let Some(Ok(row)) = first else { return TableLayout::default() };
    let cells = flatten(&row);
    TableLayout::from_names(cells.iter().map(|(name, _)| name.as_str()), label)
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
        self.object.fill(&row, None);
        (self.take)(&self.object, context)
    }
}

struct DatedObjects<'l, T> {
    object: FlatObject,
    label: Option<&'l str>,
    /// What is held, until it is known how dates are written.
    ahead: Option<Ahead>,
    form: DateForm,
    take: T,
}

/// Rows that were read and not handed on.
#[derive(Default)]
struct Ahead {
    /// Each with how many damaged rows stand before it.
    rows: Vec<(u64, FlatObject)>,
    /// Damaged rows behind the last of them.
    damaged: u64,
    bytes: usize,
    dates: Option<Dates>,
}

impl Ahead {
    fn hold(&mut self, object: &FlatObject) {
        let layout = &object.keys.layout;
        if let Some(column) = layout.dates_position() {
            let dates = self.dates.get_or_insert_with(|| layout.dates());
            dates.add(object.cells.get(column).unwrap_or(""));
        }
        self.bytes += object.bytes();
        self.rows.push((std::mem::take(&mut self.damaged), object.clone()));
    }

    fn is_enough(&self) -> bool {
        let is_open = self.dates.as_ref().is_some_and(Dates::leave_it_open);
        self.bytes >= if is_open { MOST_BYTES } else { BEGINNING_BYTES }
    }
}

impl<T> DatedObjects<'_, T>
where
    T: FnMut(&FlatObject, DateForm, &mut Context<'_>) -> Result<(), IngestError>,
{
    /// Decides how dates are written, if it is not decided, and hands on what was held.
    fn settle(&mut self, context: &mut Context<'_>) -> Result<(), IngestError> {
        let Some(Ahead { rows, damaged, dates, .. }) = self.ahead.take() else { return Ok(()) };
        self.form = dates.map(|dates| dates.settle(context)).unwrap_or_default();
        for (damaged, object) in rows {
            drop_damaged(damaged, context);
            (self.take)(&object, self.form, context)?;
        }
        drop_damaged(damaged, context);
        Ok(())
    }
}

impl<T> JsonRows for DatedObjects<'_, T>
where
    T: FnMut(&FlatObject, DateForm, &mut Context<'_>) -> Result<(), IngestError>,
{
    type Row<'de> = Map<String, Value>;

    fn row(
        &mut self,
        row: Map<String, Value>,
        _: u8,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        self.object.fill(&row, self.label);
        let Some(ahead) = &mut self.ahead else {
            return (self.take)(&self.object, self.form, context);
        };
        ahead.hold(&self.object);
        if ahead.is_enough() { self.settle(context) } else { Ok(()) }
    }

    fn damaged(&mut self, context: &mut Context<'_>) {
        match &mut self.ahead {
            Some(ahead) => ahead.damaged += 1,
            None => drop_damaged(1, context),
        }
    }
}

fn drop_damaged(rows: u64, context: &mut Context<'_>) {
    (0..rows).for_each(|_| context.drop_row(DropReason::Malformed));
}

/// One object, its values as text.
#[derive(Clone, Default)]
pub(crate) struct FlatObject {
    keys: Rc<Keys>,
    cells: StringRecord,
}

/// The keys of an object, which most objects of a file share.
#[derive(Default)]
struct Keys {
    names: Vec<String>,
    layout: TableLayout,
}

impl FlatObject {
    /// The memory that it takes, with its keys where it is the first to have them.
    fn bytes(&self) -> usize {
        let is_first = Rc::strong_count(&self.keys) == 1;
        let names = self.keys.names.iter().map(|name| name.len() + size_of::<String>());
        let keys = if is_first { size_of::<Keys>() + names.sum::<usize>() } else { 0 };
        let cells = self.cells.as_slice().len() + self.cells.len() * size_of::<usize>();
        keys + cells + size_of::<Self>()
    }

    /// The object as a row of a table whose columns are told by their names, and whose dates are
    /// written in this form.
    pub(crate) fn row(&self, dates: DateForm) -> TableRow<'_> {
        TableRow::new(&self.keys.layout, dates, &self.cells)
    }

    /// What its keys are read as.
    pub(crate) fn readings(&self) -> impl Iterator<Item = ColumnReading> {
        self.keys.layout.readings(self.keys.names.iter().map(String::as_str))
    }

    /// The text under a key, for formats that know their keys.
    pub(crate) fn cell(&self, key: &str) -> Option<&str> {
        let position = self.keys.names.iter().position(|name| name == key)?;
        values::present(self.cells.get(position)?)
    }

    fn fill(&mut self, object: &Map<String, Value>, label: Option<&str>) {
        let cells = flatten(object);
        if !cells.iter().map(|(name, _)| name).eq(&self.keys.names) {
            let names: Vec<String> = cells.iter().map(|(name, _)| name.clone()).collect();
            let layout = TableLayout::from_names(names.iter().map(String::as_str), label);
            self.keys = Rc::new(Keys { names, layout });
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
