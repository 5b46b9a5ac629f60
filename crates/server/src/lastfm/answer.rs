//! Answers as Last.fm writes them: one tree, as XML or as the JSON that Last.fm makes of it. There
//! an element with attributes and a text is an object with `#text`, one with attributes and
//! elements has them in `@attr`, and elements of one name are an array where there is more than
//! one.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::{Map, Value, json};

use crate::xml::fit_for_xml;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LfmFormat {
    /// As Last.fm writes it where nothing is asked for.
    Xml,
    /// With `format=json`.
    Json,
}

impl LfmFormat {
    /// What a client asks for.
    pub(super) fn of(asked: Option<&str>) -> Self {
        match asked {
            Some(format) if format.eq_ignore_ascii_case("json") => Self::Json,
            _ => Self::Xml,
        }
    }
}

/// An element of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LfmElement {
    name: &'static str,
    attributes: Vec<(&'static str, Value)>,
    content: LfmContent,
}

#[derive(Clone, Debug, PartialEq)]
enum LfmContent {
    Text(Value),
    Elements(Vec<LfmElement>),
}

impl LfmElement {
    /// An element that holds a text or a number.
    pub(super) fn text(name: &'static str, text: impl Into<Value>) -> Self {
        Self { name, attributes: Vec::new(), content: LfmContent::Text(text.into()) }
    }

    /// An element that holds others.
    pub(super) fn of(name: &'static str, elements: Vec<Self>) -> Self {
        Self { name, attributes: Vec::new(), content: LfmContent::Elements(elements) }
    }

    /// The same with an attribute.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    fn json(&self) -> Value {
        let attributes =
            || self.attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        match &self.content {
            LfmContent::Text(text) if self.attributes.is_empty() => text.clone(),
            LfmContent::Text(text) => {
                let mut object: Map<String, Value> = attributes().collect();
                object.insert("#text".to_owned(), text.clone());
                Value::Object(object)
            }
            LfmContent::Elements(elements) => {
                let mut object = objects(elements);
                if !self.attributes.is_empty() {
                    object.insert("@attr".to_owned(), Value::Object(attributes().collect()));
                }
                Value::Object(object)
            }
        }
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        let mut start = BytesStart::new(self.name);
        for (name, value) in &self.attributes {
            start.push_attribute((*name, written(value).as_str()));
        }
        writer.write_event(Event::Start(start))?;
        match &self.content {
            LfmContent::Text(text) => {
                writer.write_event(Event::Text(BytesText::new(&written(text))))?;
            }
            LfmContent::Elements(elements) => {
                elements.iter().try_for_each(|element| element.write(writer))?;
            }
        }
        writer.write_event(Event::End(BytesEnd::new(self.name)))
    }
}

/// Elements by name; several of one name in an array.
fn objects(elements: &[LfmElement]) -> Map<String, Value> {
    let mut object = Map::new();
    for element in elements {
        let value = element.json();
        match object.get_mut(element.name) {
            None => {
                object.insert(element.name.to_owned(), value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    object
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => fit_for_xml(text),
        other => other.to_string(),
    }
}

/// A whole answer: what it holds, or the code and message of a failure.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LfmNode {
    status: StatusCode,
    outcome: LfmOutcome,
}

#[derive(Clone, Debug, PartialEq)]
enum LfmOutcome {
    Ok(Vec<LfmElement>),
    Failed { code: u32, message: String },
}

impl LfmNode {
    /// All went well, and this is what there is to tell.
    pub(super) fn ok(elements: Vec<LfmElement>) -> Self {
        Self { status: StatusCode::OK, outcome: LfmOutcome::Ok(elements) }
    }

    /// It failed.
    pub(super) fn failed(code: u32, message: String, status: StatusCode) -> Self {
        Self { status, outcome: LfmOutcome::Failed { code, message } }
    }

    /// The answer as it is sent.
    pub(super) fn render(self, format: LfmFormat) -> Response {
        let (media_type, text) = match format {
            LfmFormat::Json => ("application/json", self.json().to_string()),
            LfmFormat::Xml => ("application/xml; charset=utf-8", self.xml()),
        };
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (self.status, headers, text).into_response()
    }

    fn json(&self) -> Value {
        match &self.outcome {
            LfmOutcome::Ok(elements) => Value::Object(objects(elements)),
            LfmOutcome::Failed { code, message } => json!({"error": code, "message": message}),
        }
    }

    fn xml(&self) -> String {
        let (status, elements) = match &self.outcome {
            LfmOutcome::Ok(elements) => ("ok", elements.clone()),
            LfmOutcome::Failed { code, message } => {
                let error = LfmElement::text("error", message.as_str()).with("code", *code);
                ("failed", vec![error])
            }
        };
        let mut writer = Writer::new(Vec::new());
        let declaration = Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None));
        let whole = LfmElement::of("lfm", elements).with("status", status);
        let written = writer.write_event(declaration).and_then(|()| whole.write(&mut writer));
        written.expect("memory takes all that is written to it");
        String::from_utf8(writer.into_inner()).expect("all that was written is text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_written_in_both_ways_of_last_fm() {
        let track = |title| {
            let track = LfmElement::text("track", title).with("corrected", "0");
            LfmElement::of("scrobble", vec![track])
        };
        let all = |titles: &[&'static str]| {
            let tracks = titles.iter().map(|title| track(*title)).collect();
            LfmNode::ok(vec![LfmElement::of("scrobbles", tracks).with("accepted", titles.len())])
        };
        assert_eq!(
            all(&["<A\u{7}&\u{b}>"]).xml(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><lfm status=\"ok\">\
             <scrobbles accepted=\"1\"><scrobble><track corrected=\"0\">&lt;A&amp;&gt;</track>\
             </scrobble></scrobbles></lfm>"
        );
        let one = json!({"track": {"corrected": "0", "#text": "A"}});
        assert_eq!(
            all(&["A"]).json(),
            json!({"scrobbles": {"scrobble": one, "@attr": {"accepted": 1}}})
        );
        let three = all(&["A", "B", "C"]).json();
        assert_eq!(three["scrobbles"]["scrobble"][2]["track"]["#text"], "C");
    }

    #[test]
    fn a_failure_has_its_code_in_both_ways() {
        let failed = LfmNode::failed(9, "no \"such\" key".to_owned(), StatusCode::FORBIDDEN);
        assert_eq!(failed.json(), json!({"error": 9, "message": "no \"such\" key"}));
        assert!(failed.xml().contains("<lfm status=\"failed\"><error code=\"9\">no "));
    }
}
