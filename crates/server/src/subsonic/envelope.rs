//! What every answer is wrapped in, in JSON or in XML. There is one content for both: in XML a
//! single value is an attribute, an object an element, and a list as many elements of its name,
//! with text where the values are single ones.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::{Map, Value, json};

use crate::query::Pairs;
use crate::xml::fit_for_xml;

/// The version of Subsonic's API that is spoken.
const VERSION: &str = "1.16.1";
const NAMESPACE: &str = "http://subsonic.org/restapi";

/// How to write an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Xml,
    Json,
}

impl Format {
    /// What is asked for; XML if nothing is. JSONP would let any page read the answer, so it is not
    /// written.
    pub(super) fn of(query: &Pairs) -> Option<Self> {
        match query.get("f") {
            None | Some("xml") => Some(Self::Xml),
            Some("json") => Some(Self::Json),
            Some(_) => None,
        }
    }
}

/// What went wrong, by the numbers of OpenSubsonic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Generic = 0,
    Missing = 10,
    NoTokens = 41,
    NoPasswords = 42,
    Conflict = 43,
    BadKey = 44,
    NotAllowed = 50,
    NotFound = 70,
}

/// What a handler answers: a name and a content, or nothing but that all is well.
#[derive(Clone, Debug)]
pub(super) struct Answer(Option<(&'static str, Value)>);

impl Answer {
    pub(super) fn empty() -> Self {
        Self(None)
    }

    pub(super) fn of(name: &'static str, content: Value) -> Self {
        Self(Some((name, content)))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = StatusCode::OK.into_response();
        // Written once the format is known.
        response.extensions_mut().insert(self);
        response
    }
}

/// An answer in its envelope.
pub(super) struct Envelope(Map<String, Value>);

impl Envelope {
    pub(super) fn of(answer: Answer) -> Self {
        Self::new("ok", answer)
    }

    pub(super) fn failed(code: Code, message: &str) -> Self {
        Self::new("failed", Answer::of("error", json!({"code": code as u32, "message": message})))
    }

    fn new(status: &str, answer: Answer) -> Self {
        let known = [
            ("status", json!(status)),
            ("version", json!(VERSION)),
            ("type", json!("segue")),
            ("serverVersion", json!(env!("CARGO_PKG_VERSION"))),
            ("openSubsonic", json!(true)),
        ];
        let all = known.into_iter().chain(answer.0);
        Self(all.map(|(name, value)| (name.to_owned(), value)).collect())
    }

    pub(super) fn render(self, format: Format) -> Response {
        let (media_type, text) = match format {
            Format::Json => ("application/json", json!({"subsonic-response": self.0}).to_string()),
            Format::Xml => ("application/xml", self.xml()),
        };
        ([(header::CONTENT_TYPE, HeaderValue::from_static(media_type))], text).into_response()
    }

    fn xml(mut self) -> String {
        self.0.insert("xmlns".to_owned(), json!(NAMESPACE));
        let mut writer = Writer::new(Vec::new());
        let declaration = Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None));
        let written = writer
            .write_event(declaration)
            .and_then(|()| write_element(&mut writer, "subsonic-response", &self.0));
        written.expect("memory takes all that is written to it");
        String::from_utf8(writer.into_inner()).expect("all that was written is text")
    }
}

fn write_element(
    writer: &mut Writer<Vec<u8>>,
    name: &str,
    content: &Map<String, Value>,
) -> std::io::Result<()> {
    let mut start = BytesStart::new(name);
    for (name, value) in content {
        if let Some(text) = single(value) {
            start.push_attribute((name.as_str(), text.as_str()));
        }
    }
    let nested = || content.iter().filter(|(_, value)| value.is_array() || value.is_object());
    if nested().next().is_none() {
        return writer.write_event(Event::Empty(start));
    }
    writer.write_event(Event::Start(start))?;
    for (name, value) in nested() {
        match value {
            Value::Object(content) => write_element(writer, name, content)?,
            Value::Array(list) => {
                list.iter().try_for_each(|value| write_item(writer, name, value))?
            }
            _ => {}
        }
    }
    writer.write_event(Event::End(BytesEnd::new(name)))
}

fn write_item(writer: &mut Writer<Vec<u8>>, name: &str, value: &Value) -> std::io::Result<()> {
    if let Value::Object(content) = value {
        return write_element(writer, name, content);
    }
    writer.write_event(Event::Start(BytesStart::new(name)))?;
    writer.write_event(Event::Text(BytesText::new(&single(value).unwrap_or_default())))?;
    writer.write_event(Event::End(BytesEnd::new(name)))
}

/// A single value as text, without the characters that XML cannot hold.
fn single(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(fit_for_xml(text)),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_has_attributes_elements_and_lists() {
        let song = json!({
            "id": "a&b", "title": "<\"bell\u{7}\">", "isDir": false, "year": 1999,
            "isrc": ["X", "Y"], "album": null,
        });
        let xml = Envelope::of(Answer::of("similarSongs2", json!({"song": [song]}))).xml();
        assert!(
            xml.starts_with(r#"<?xml version="1.0" encoding="UTF-8"?><subsonic-response "#),
            "{xml}"
        );
        for part in [
            r#"xmlns="http://subsonic.org/restapi""#,
            r#"status="ok""#,
            r#"openSubsonic="true""#,
            "<similarSongs2><song ",
            r#"id="a&amp;b""#,
            "&lt;&quot;bell&quot;&gt;",
            "<isrc>X</isrc><isrc>Y</isrc></song></similarSongs2></subsonic-response>",
        ] {
            assert!(xml.contains(part), "{part} in {xml}");
        }
        assert!(!xml.contains("album") && !xml.contains('\u{7}'));
    }

    #[test]
    fn an_error_has_its_code_in_both_formats() {
        let xml = Envelope::failed(Code::NotFound, "no such song").xml();
        assert!(
            xml.contains(r#"status="failed""#)
                && xml.contains(r#"<error code="70" message="no such song"/>"#),
            "{xml}"
        );
    }
}
