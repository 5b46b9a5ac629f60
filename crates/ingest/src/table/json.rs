//! Rows of JSON objects: an array of them, an array under one of a few keys (`{"audio_features": […]}`), or one object after
//! another, as in JSON lines.
//!
//! Objects are cut out of the stream before they are parsed: a broken one costs one row, and a record without end is
//! noticed after [`MAX_RECORD_BYTES`]. Parsing the whole array with one deserialiser gives neither.

use std::io::{self, BufReader, Bytes, Read};

use csv::StringRecord;
use serde_json::{Map, Value};

use super::{Layout, MAX_RECORD_BYTES, Row};
use crate::{Context, DropReason, IngestError};

const SEPARATOR: &str = "\u{1f}";

/// Keys under which a service's answer holds its array of tracks.
const WRAPPERS: [&str; 4] = ["audio_features", "tracks", "items", "songs"];

/// The names of the first object's keys, in a text of which only the beginning may be at hand.
pub(crate) fn first_keys(beginning: &str) -> Option<Vec<String>> {
    let mut objects = JsonObjects::new(beginning.as_bytes());
    if !objects.cut().ok()? {
        return None;
    }
    let object: Map<String, Value> = serde_json::from_slice(&objects.element).ok()?;
    Some(flatten(&object).into_iter().map(|(name, _)| name).collect())
}

/// A table of JSON objects, read object by object.
pub(crate) struct JsonObjects<R> {
    input: Bytes<BufReader<R>>,
    /// The bytes of the element cut out last.
    element: Vec<u8>,
    line: u64,
    place: Place,
    names: Vec<String>,
    layout: Layout,
    cells: StringRecord,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Beginning,
    InArray,
    InLines,
    Ended,
}

/// What ends the cutting.
enum Stop {
    Io(io::Error),
    Truncated,
    TooLarge,
}

impl<R: Read> JsonObjects<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            input: BufReader::new(input).bytes(),
            element: Vec::new(),
            line: 1,
            place: Place::Beginning,
            names: Vec::new(),
            layout: Layout::from_names([], None),
            cells: StringRecord::new(),
        }
    }

    /// The next object as a row, or `None` at the end. What is no object, or a broken one, is dropped here.
    ///
    /// # Errors
    /// [`IngestError::TooLarge`] for an object without end, [`IngestError::Malformed`] where the text ends inside one,
    /// [`IngestError::Io`] where it cannot be read.
    pub(crate) fn next(
        &mut self,
        label: Option<&str>,
        context: &mut Context<'_>,
    ) -> Result<Option<Row<'_>>, IngestError> {
        loop {
            match self.cut() {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(stop) => return Err(self.error(stop, context)),
            }
            match serde_json::from_slice::<Value>(&self.element) {
                Ok(Value::Object(object)) => {
                    self.fill(&object, label);
                    return Ok(Some(Row::new(&self.layout, &self.cells)));
                }
                Ok(Value::Null) => context.drop_row(DropReason::Empty),
                _ => context.drop_row(DropReason::Malformed),
            }
        }
    }

    fn fill(&mut self, object: &Map<String, Value>, label: Option<&str>) {
        let cells = flatten(object);
        if !cells.iter().map(|(name, _)| name).eq(&self.names) {
            self.names = cells.iter().map(|(name, _)| name.clone()).collect();
            self.layout = Layout::from_names(self.names.iter().map(String::as_str), label);
        }
        self.cells = cells.into_iter().map(|(_, text)| text).collect();
    }

    /// Cuts out the next element and says whether there was one.
    fn cut(&mut self) -> Result<bool, Stop> {
        self.element.clear();
        while self.place != Place::Ended {
            match (self.byte()?, self.place) {
                (None, Place::InArray) => return Err(Stop::Truncated),
                (None, _) | (Some(b']'), Place::InArray) => self.place = Place::Ended,
                (Some(byte), _) if byte.is_ascii_whitespace() || byte == b',' => {}
                (Some(b'['), Place::Beginning) => self.place = Place::InArray,
                (Some(first), _) => {
                    self.take(first)?;
                    if !self.element.is_empty() {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Takes in the element that begins with `first`; takes nothing where a wrapper's array begins instead.
    fn take(&mut self, first: u8) -> Result<(), Stop> {
        let mut scan = Scan::default();
        self.element.push(first);
        scan.step(first);
        while scan.is_open() {
            let byte = match self.byte()? {
                Some(byte) => byte,
                None if scan.is_scalar() => break,
                None => return Err(Stop::Truncated),
            };
            if self.place == Place::Beginning && scan.depth == 1 && byte == b'[' && self.opens_wrapper() {
                self.place = Place::InArray;
                self.element.clear();
                return Ok(());
            }
            if self.element.len() as u64 >= MAX_RECORD_BYTES {
                return Err(Stop::TooLarge);
            }
            if scan.is_scalar() && matches!(byte, b',' | b'\n' | b']') {
                self.place =
                    if byte == b']' && self.place == Place::InArray { Place::Ended } else { self.place };
                break;
            }
            self.element.push(byte);
            scan.step(byte);
        }
        if self.place == Place::Beginning {
            self.place = Place::InLines;
        }
        Ok(())
    }

    fn opens_wrapper(&self) -> bool {
        let text: Vec<u8> = self.element.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
        WRAPPERS.iter().any(|key| text == format!("{{\"{key}\":").into_bytes())
    }

    fn byte(&mut self) -> Result<Option<u8>, Stop> {
        let byte = self.input.next().transpose().map_err(Stop::Io)?;
        self.line += u64::from(byte == Some(b'\n'));
        Ok(byte)
    }

    fn error(&self, stop: Stop, context: &Context<'_>) -> IngestError {
        let path = context.path().to_owned();
        match stop {
            Stop::Io(source) => IngestError::Io { path, source },
            Stop::Truncated => context.malformed(self.line, "the text ends before its JSON does"),
            Stop::TooLarge => IngestError::TooLarge {
                path,
                line: self.line,
                what: "one record",
                limit: format!("{} KiB", MAX_RECORD_BYTES / 1024),
            },
        }
    }
}

/// Follows JSON just far enough to know where an element ends.
#[derive(Default)]
struct Scan {
    depth: u32,
    in_string: bool,
    escaped: bool,
    seen: Seen,
}

#[derive(Default, PartialEq)]
enum Seen {
    #[default]
    Nothing,
    /// A number or a word, which ends where a comma or a line does.
    Scalar,
    /// A string, an object or an array, which ends with its own last byte.
    Enclosed,
    Done,
}

impl Scan {
    fn step(&mut self, byte: u8) {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        let enclosed = self.depth > 0 || self.in_string;
        self.seen = match self.seen {
            Seen::Nothing if enclosed => Seen::Enclosed,
            Seen::Nothing | Seen::Scalar => Seen::Scalar,
            _ if enclosed => Seen::Enclosed,
            _ => Seen::Done,
        };
    }

    fn is_open(&self) -> bool {
        self.seen != Seen::Done
    }

    fn is_scalar(&self) -> bool {
        self.seen == Seen::Scalar
    }
}

/// One object's keys with their values as text, in the order of the keys. Objects within, such as an album, give their
/// name, and the few facts of theirs that a track needs.
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
        Value::Array(items) => items.iter().map(|item| text_of(item) + SEPARATOR).collect(),
        Value::Object(inner) => inner.get("name").map(text_of).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(text: &str) -> Vec<String> {
        let mut objects = JsonObjects::new(text.as_bytes());
        let mut found = Vec::new();
        while let Ok(true) = objects.cut() {
            found.push(String::from_utf8(objects.element.clone()).unwrap());
        }
        found
    }

    #[test]
    fn arrays_wrapped_arrays_and_lines_hold_the_same_elements() {
        let expected = [r#"{"a":"x]}\""}"#, r#"{"a":[1,{}]}"#];
        let [one, two] = expected;
        assert_eq!(elements(&format!("[{one}, {two}]")), expected);
        assert_eq!(elements(&format!("{{ \"audio_features\" : [ {one},\n{two}]}}")), expected);
        assert_eq!(elements(&format!("{one}\n{two}\n")), expected);
    }

    #[test]
    fn an_object_that_begins_with_a_list_is_no_wrapper() {
        assert_eq!(elements(r#"{"artists":["x"]}"#), [r#"{"artists":["x"]}"#]);
    }

    #[test]
    fn what_is_no_object_is_an_element_too() {
        assert_eq!(elements(r#"[null, 12, "a,b]", [1], {}]"#), ["null", "12", r#""a,b]""#, "[1]", "{}"]);
        assert_eq!(elements("[null]"), ["null"]);
    }

    #[test]
    fn only_the_beginning_is_needed_to_learn_the_keys() {
        let beginning = r#"{"audio_features":[{"energy":1,"id":"x"},{"ener"#;
        assert_eq!(first_keys(beginning).unwrap(), ["energy", "id"]);
        assert_eq!(first_keys(r#"{"energy":1,"#), None);
    }
}
