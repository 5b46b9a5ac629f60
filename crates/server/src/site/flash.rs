//! What was just done, carried over a redirect in a cookie, with the form that takes it back.

use axum::http::{HeaderMap, HeaderValue, header};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::page::layout::{Flash, Undo};
use crate::page::urls;

/// The name of the cookie.
pub(super) const COOKIE: &str = "segue_flash";

/// Puts a flash on an answer.
pub(super) fn set(headers: &mut HeaderMap, flash: &Flash) {
    let undo =
        flash.undo.as_ref().map(|undo| json!({"action": undo.action, "fields": undo.fields}));
    let text = json!({"message": flash.message, "undo": undo}).to_string();
    let cookie =
        format!("{COOKIE}={}; Path=/; Max-Age=60; HttpOnly; SameSite=Strict", urls::encoded(&text));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// Takes the flash away: it has been seen.
pub(super) fn clear(headers: &mut HeaderMap) {
    let cookie = format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
    headers.append(
        header::SET_COOKIE,
        HeaderValue::from_str(&cookie).expect("plain text is a header value"),
    );
}

/// Reads the value of the cookie; nonsense is no flash.
pub(super) fn read(value: &str) -> Option<Flash> {
    let text = percent_decode_str(value).decode_utf8().ok()?;
    let json: Value = serde_json::from_str(&text).ok()?;
    let undo = json["undo"]["action"].as_str().filter(|action| urls::local(action) == *action).map(
        |action| Undo {
            action: action.to_owned(),
            fields: serde_json::from_value(json["undo"]["fields"].clone()).unwrap_or_default(),
        },
    );
    Some(Flash { message: json["message"].as_str()?.to_owned(), undo })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flash_survives_the_way_through_a_cookie() {
        let undo = Undo {
            action: "/listeners/ann/feedback".to_owned(),
            fields: vec![("track".to_owned(), "name:a;b\u{1f}“c”".to_owned())],
        };
        let flash = Flash { message: "Never again: Beyoncé; <b>".to_owned(), undo: Some(undo) };
        let mut headers = HeaderMap::new();
        set(&mut headers, &flash);
        let cookie = headers[header::SET_COOKIE].to_str().unwrap();
        let value = cookie.strip_prefix("segue_flash=").unwrap().split(';').next().unwrap();
        assert_eq!(read(value), Some(flash));
        assert_eq!(read("%7Bnonsense"), None);
    }

    #[test]
    fn a_flash_from_elsewhere_posts_nowhere_else() {
        let text =
            json!({"message": "m", "undo": {"action": "https://evil.example", "fields": []}})
                .to_string();
        assert_eq!(read(&urls::encoded(&text)).unwrap().undo, None);
    }
}
