//! The part of Last.fm's API 2.0 that scrobbling needs, under `/2.0/`, as GNU FM serves it to
//! programs that can be told another address than Last.fm's.
//!
//! | Last.fm | here |
//! |---|---|
//! | user, password | a listener, and a key that is for them; without keys the name of a listener |
//! | session key | made of the key's digest, good for as long as the key is |
//! | `api_key`, `api_sig` | not looked at, see below |
//! | scrobble | a play as Last.fm's exports have it, compared as an import is |
//! | love, unlove | a like, and taking it back |
//!
//! `api_sig` is an MD5 digest of the parameters and a secret that the client's author got from
//! Last.fm. It says which program calls, to a service that gives such secrets out. This server gave
//! none and could not check it. Nothing rests on it: who may do something is decided by the session
//! key alone, which only those who have the listener's key can get, and what would protect the
//! parameters on their way is TLS.
//!
//! Answers are XML, or JSON with `format=json`; errors have Last.fm's codes.

mod answer;
mod failure;
mod login;
mod scrobble;
mod user;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use segue_core::FeedbackKind;

pub(crate) use answer::LfmFormat;

use self::answer::LfmNode;
use self::failure::LfmFailure;
use crate::app::App;
use crate::error::ApiError;
use crate::extract::Raw;
use crate::scrobbling::FormFields;

/// The parameters that are read.
const READ: [&str; 14] = [
    "method",
    "format",
    "username",
    "password",
    "authToken",
    "sk",
    "user",
    "artist",
    "track",
    "album",
    "albumArtist",
    "mbid",
    "duration",
    "timestamp",
];

/// Those that may stand in the address of what is posted.
const NOT_SECRET: [&str; 3] = ["method", "format", "user"];

/// The routes. Their handlers see to who sends a request.
pub(crate) fn routes(app: &Arc<App>) -> Router {
    let call = get(call).post(call);
    Router::new().route("/2.0/", call.clone()).route("/2.0", call).with_state(Arc::clone(app))
}

/// Whether a request is for this API.
pub(crate) fn is_for(path: &str) -> bool {
    path == "/2.0" || path == "/2.0/"
}

/// Answers a call of any method. Parameters are taken from the body, and from the address as far as
/// they are no secrets.
async fn call(
    State(app): State<Arc<App>>,
    method: Method,
    address: Uri,
    Raw(body): Raw,
) -> Response {
    let query = address.query().unwrap_or_default().as_bytes();
    let is_post = method == Method::POST;
    // An address gets into logs and histories: of one that is posted to, nothing secret is read.
    let in_address = FormFields::of(&[query], if is_post { &NOT_SECRET } else { &READ });
    let fields = FormFields::of(&[&body], &READ).or(in_address);
    let format = LfmFormat::of(fields.get("format"));
    let answer = answer(&app, &fields, is_post).await;
    answer.unwrap_or_else(|failure| failure.node()).render(format)
}

/// What a call comes to. What changes something, or carries a password, is posted.
async fn answer(app: &Arc<App>, fields: &FormFields, is_post: bool) -> Result<LfmNode, LfmFailure> {
    let method = fields.get("method").unwrap_or_default().to_ascii_lowercase();
    if !is_post && method != "user.getinfo" {
        return Err(LfmFailure::no_method("this method is called by POST"));
    }
    match method.as_str() {
        "auth.getmobilesession" => login::mobile_session(app, fields).await,
        "track.scrobble" => scrobble::scrobble(app, fields).await,
        "track.updatenowplaying" => scrobble::now_playing(app, fields).await,
        "track.love" => scrobble::say(app, fields, FeedbackKind::Like).await,
        "track.unlove" => scrobble::say(app, fields, FeedbackKind::Cleared).await,
        "user.getinfo" => user::info(app, fields).await,
        _ => Err(LfmFailure::no_method("no method of that name is spoken here")),
    }
}

/// What turned a request away before it got here, as Last.fm would say it. The format is known only
/// where it stands in the address.
pub(crate) fn format_in(request: &Request) -> LfmFormat {
    let query = request.uri().query().unwrap_or_default();
    LfmFormat::of(FormFields::of(&[query.as_bytes()], &["format"]).get("format"))
}

/// An error as a client of Last.fm reads it.
pub(crate) fn error_as_failure(
    error: &ApiError,
    format: LfmFormat,
    response: Response,
) -> Response {
    let (mut parts, _) = response.into_parts();
    let failed = LfmFailure::from(error.clone()).node().render(format);
    for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE] {
        parts.headers.remove(name);
    }
    let (rendered, body) = failed.into_parts();
    parts.headers.extend(rendered.headers);
    (parts, body).into_response()
}
