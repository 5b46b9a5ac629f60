//! What lets clients that run in a browser read the answers: extensions, whose pages have an origin
//! of their own, ask for permission first (CORS). ListenBrainz gives it to everybody, and here it
//! is safe for the same reason: what may be done rests on a token that the client itself puts into
//! `Authorization`, and never on what a browser adds by itself.
//!
//! - Only where there are keys. Without them whatever reaches this machine may do everything, and a
//!   page of another site in a browser on it must not.
//! - Only for requests that carry a token. A cookie of the page lets nobody in from elsewhere
//!   ([`same_origin`](crate::access::same_origin)), and `*` allows no credentials of a browser's
//!   own.
//! - Nothing is said of private networks (`Access-Control-Allow-Private-Network`).

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::access::{Guard, in_authorization};

/// For how many seconds a browser need not ask again.
const ASKED_FOR_S: &str = "86400";

/// Answers a browser that asks whether it may, and lets it read what came of it.
pub(crate) async fn across_origins(
    State(guard): State<Guard>,
    request: Request,
    next: Next,
) -> Response {
    if !request.uri().path().starts_with("/1/") || !guard.asks_for_keys() {
        return next.run(request).await;
    }
    let asks = *request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if asks {
        return permission();
    }
    let shows_token = in_authorization(request.headers()).is_some();
    let mut response = next.run(request).await;
    if shows_token {
        allow_everybody(&mut response);
    }
    response
}

fn permission() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type"),
        (header::ACCESS_CONTROL_MAX_AGE, ASKED_FOR_S),
    ];
    let mut response = (StatusCode::NO_CONTENT, headers).into_response();
    allow_everybody(&mut response);
    response
}

fn allow_everybody(response: &mut Response) {
    let everybody = HeaderValue::from_static("*");
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, everybody);
}
