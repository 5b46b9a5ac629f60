//! Coming in with a key, going out, and saying who is listening.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::frame::{Asked, LISTENER_COOKIE, SERVICE_COOKIE};
use crate::access::{SESSION_COOKIE, cookie};
use crate::api::check_name;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::Submitted;
use crate::page::layout::Frame;
use crate::page::links::ListeningService;
use crate::page::login::{self, Login};
use crate::page::urls;

/// A year, in seconds.
const YEAR: u32 = 365 * 24 * 3600;

/// The form.
pub(super) async fn form(asked: Asked) -> Response {
    let back = asked.param("back").unwrap_or_default();
    login::view(&Frame::default(), &Login { back, refused: false }).into_response()
}

/// The link that somebody was given. It lets nobody in by itself: what looks links over in a
/// message must not.
pub(super) async fn invitation(Path(key): Path<String>) -> Response {
    let mut response = login::invitation(&Frame::default(), &key).into_response();
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    response
}

/// What was typed into the form.
#[derive(Deserialize)]
pub(super) struct Key {
    key: String,
    #[serde(default)]
    back: String,
}

/// Lets in who has a key.
pub(super) async fn log_in(
    State(app): State<Arc<App>>,
    Submitted(Key { key, back }): Submitted<Key>,
) -> Response {
    let Some(token) = app.sessions.log_in(key.trim(), &app.keys) else {
        let view = login::view(&Frame::default(), &Login { back, refused: true });
        return (StatusCode::UNAUTHORIZED, view).into_response();
    };
    let mut response = Redirect::to(urls::local(&back)).into_response();
    set_cookie(response.headers_mut(), SESSION_COOKIE, &token, YEAR / 12);
    response
}

/// Ends the session.
pub(super) async fn log_out(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if let Some(token) = cookie(&headers, SESSION_COOKIE) {
        app.sessions.log_out(&token);
    }
    let mut response = Redirect::to("/login").into_response();
    set_cookie(response.headers_mut(), SESSION_COOKIE, "", 0);
    response
}

/// Who is listening.
#[derive(Deserialize)]
pub(super) struct Who {
    listener: String,
    #[serde(default)]
    back: String,
}

/// Remembers who is listening.
pub(super) async fn choose_listener(
    Submitted(Who { listener, back }): Submitted<Who>,
) -> ApiResult<Response> {
    check_name("a listener", &listener)?;
    // What was being looked at belongs to somebody else.
    let back = urls::local(&back).split('?').next().unwrap_or("/").to_owned();
    let mut response = Redirect::to(&back).into_response();
    set_listener(response.headers_mut(), &listener);
    Ok(response)
}

/// Where songs are to open.
#[derive(Deserialize)]
pub(super) struct Opens {
    service: String,
    #[serde(default)]
    back: String,
}

/// Remembers, in this browser, which service songs open with. A name that is none forgets it.
pub(super) async fn choose_service(
    Submitted(Opens { service, back }): Submitted<Opens>,
) -> Response {
    let mut response = Redirect::to(urls::local(&back)).into_response();
    match service.parse::<ListeningService>() {
        Ok(service) => set_cookie(response.headers_mut(), SERVICE_COOKIE, service.key(), YEAR),
        Err(_) => set_cookie(response.headers_mut(), SERVICE_COOKIE, "", 0),
    }
    response
}

/// Puts who is listening on an answer.
pub(super) fn set_listener(headers: &mut HeaderMap, listener: &str) {
    set_cookie(headers, LISTENER_COOKIE, &urls::encoded(listener), YEAR);
}

/// Keeps cookies to TLS where a browser uses it, of which the server, behind a proxy, sees nothing
/// itself.
pub(crate) async fn keep_to_tls(request: Request, next: Next) -> Response {
    let is_encrypted = is_encrypted(request.headers());
    let mut response = next.run(request).await;
    if is_encrypted
        && let header::Entry::Occupied(mut cookies) =
            response.headers_mut().entry(header::SET_COOKIE)
    {
        for cookie in cookies.iter_mut() {
            let secure = [cookie.as_bytes(), b"; Secure"].concat();
            if let Ok(secure) = HeaderValue::from_bytes(&secure) {
                *cookie = secure;
            }
        }
    }
    response
}

/// Whether a browser sees the page by TLS, as it tells with every form.
fn is_encrypted(headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    origin.is_some_and(|origin| origin.starts_with("https://"))
}

fn set_cookie(headers: &mut HeaderMap, name: &str, value: &str, seconds: u32) {
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}
