//! Answers: the envelope around them, and values as servers write them.
//!
//! Servers differ in what they write as a number and what as text, and some give one thing alone
//! where a list belongs. So values are read by what they say and not by their type.

use serde_json::Value;

use super::login::knows_tokens;
use crate::http::{HttpAnswer, plain};
use crate::{ConnectError, Result};

/// The content of an answer, or what the server says went wrong. What is `hidden` is taken out of
/// its words.
pub(super) fn read(address: &str, answer: &HttpAnswer, hidden: &[&str]) -> Result<Value> {
    let document: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let Some(Value::Object(mut document)) = document else {
        return Err(unreadable(address, answer));
    };
    let Some(said) = document.remove("subsonic-response") else {
        return Err(match answer.status {
            200..=299 => ConnectError::Unreadable {
                address: address.to_owned(),
                problem: "it is JSON, but not that of a Subsonic server".to_owned(),
            },
            status => ConnectError::Status { address: address.to_owned(), status },
        });
    };
    match said["status"].as_str() {
        Some("ok") => Ok(said),
        _ => Err(refused(address, &said, hidden)),
    }
}

fn unreadable(address: &str, answer: &HttpAnswer) -> ConnectError {
    let address = address.to_owned();
    let text = String::from_utf8_lossy(&answer.body[..answer.body.len().min(1024)]).to_lowercase();
    let is_page = text.trim_start().starts_with('<') && text.contains("<html");
    match answer.status {
        200..=299 if is_page => ConnectError::WebPage { address },
        200..=299 if text.contains("<subsonic-response") => ConnectError::Unreadable {
            address,
            problem: "it is XML though JSON was asked for".to_owned(),
        },
        200..=299 => ConnectError::Unreadable { address, problem: "it is not JSON".to_owned() },
        status => ConnectError::Status { address, status },
    }
}

fn refused(address: &str, said: &Value, hidden: &[&str]) -> ConnectError {
    let address = address.to_owned();
    let code = number(&said["error"], "code").unwrap_or_default() as u32;
    let message = text(&said["error"], "message").unwrap_or_else(|| "it does not say why".into());
    let message = without(&message, hidden);
    let is_old = text(said, "version").is_some_and(|version| !knows_tokens(&version));
    match code {
        40 | 44 => ConnectError::NotAccepted { address, message },
        70 => ConnectError::NotFound { address, message },
        10 if is_old => ConnectError::OldServer { address, message },
        _ => ConnectError::Refused { address, code, message },
    }
}

/// A message without what nobody is to see, should the server repeat it.
fn without(message: &str, hidden: &[&str]) -> String {
    let secrets = hidden.iter().filter(|secret| secret.len() > 2);
    let clean = secrets.fold(message.to_owned(), |text, secret| text.replace(secret, "•••"));
    plain(&clean)
}

/// A value that is text, or a number that stands for one; `None` where it is empty.
pub(super) fn text(value: &Value, name: &str) -> Option<String> {
    let text = match &value[name] {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// A value that is a number, or text that is one.
pub(super) fn number(value: &Value, name: &str) -> Option<f64> {
    let number = match &value[name] {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// The values of a list; one alone is a list of one.
pub(super) fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    match &value[name] {
        Value::Array(values) => values,
        one @ Value::Object(_) => std::slice::from_ref(one),
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(status: u16, body: &str) -> ConnectError {
        let answer = HttpAnswer { status, body: body.as_bytes().to_vec(), wait: None };
        read("http://a/rest/ping.view", &answer, &["u", "sesame"]).unwrap_err()
    }

    #[test]
    fn what_a_server_says_goes_before_the_status_that_it_says_it_with() {
        let failed = r#"{"subsonic-response": {"status": "failed", "version": "1.16.1",
            "error": {"code": 40, "message": "Wrong  sesame\u001b[31m"}}}"#;
        for status in [200, 401] {
            let error = error_of(status, failed);
            assert!(matches!(error, ConnectError::NotAccepted { .. }), "{error}");
            let said = error.to_string();
            assert!(!said.contains("sesame") && !said.contains('\u{1b}'), "{said}");
        }
    }

    #[test]
    fn what_is_no_answer_of_such_a_server_is_told_apart() {
        let page = "<!DOCTYPE html>\n<HTML><title>Log in</title>";
        assert!(matches!(error_of(200, page), ConnectError::WebPage { .. }));
        assert!(matches!(error_of(403, page), ConnectError::Status { status: 403, .. }));
        assert!(error_of(200, "<subsonic-response/>").to_string().contains("XML"));
        assert!(
            error_of(200, r#"{"version": "1"}"#).to_string().contains("not that of a Subsonic")
        );
        assert!(error_of(200, "").to_string().contains("not JSON"));
        assert!(error_of(200, r#"{"subsonic-response": 3}"#).to_string().contains("error 0"));
    }

    #[test]
    fn values_are_read_by_what_they_say() {
        let value = serde_json::json!({"id": 7, "year": "1994", "song": {"id": "a"}, "title": " "});
        assert_eq!(text(&value, "id").as_deref(), Some("7"));
        assert_eq!((text(&value, "title"), number(&value, "year")), (None, Some(1994.0)));
        assert_eq!((list(&value, "song").len(), list(&value, "album").len()), (1, 0));
    }
}
