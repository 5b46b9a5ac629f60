//! The submission protocol of Audioscrobbler, versions 1.2 and 1.2.1, as players of Last.fm's early
//! years speak it, and those that never needed a newer one.
//!
//! | Audioscrobbler | here |
//! |---|---|
//! | user, password | a listener, and a key that is for them; without keys the name of a listener |
//! | `md5(md5(password) + time)` | made of the digest that is kept of such keys |
//! | session | random, in memory, for a day; it ends with its key and with the server |
//! | submission | plays as Last.fm's exports have them, compared as an import is |
//! | rating `L`, `B`, `S` | a like; never again, and a skip; a skip |
//! | source `o`, client, version, track number | not read |
//!
//! Answers are lines of text with the status 200: `OK`, `BADAUTH`, `BADTIME`, `BADSESSION`, or
//! `FAILED` with a reason. What is turned away before a handler sees it is `FAILED`, too, with the
//! status that it has elsewhere: clients take that for a failure of the server and come back later.

mod handshake;
mod session;
mod submit;

pub(crate) use session::ScrobblerSessions;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::app::App;
use crate::error::ApiError;
use crate::query::Pairs;

/// Where clients shake hands, and below which they send what they are told to.
pub(crate) const PLACE: &str = "/audioscrobbler/";

/// The routes. Their handlers see to who sends a request.
pub(crate) fn routes(app: &Arc<App>) -> Router {
    Router::new()
        .route(PLACE, get(handshake::shake))
        .route("/audioscrobbler/nowplaying", post(submit::now_playing))
        .route("/audioscrobbler/submissions", post(submit::submit))
        .with_state(Arc::clone(app))
}

/// Brings handshakes to their place: some clients know a host and no path, and some add a slash to
/// the address that they are given.
pub(crate) fn to_its_place(mut request: Request) -> Request {
    let path = request.uri().path();
    let is_near = path != PLACE && matches!(path.trim_matches('/'), "" | "audioscrobbler");
    let query = request.uri().query().filter(|_| is_near).unwrap_or_default();
    if Pairs::from_query(query).get("hs") != Some("true") {
        return request;
    }
    if let Ok(place) = format!("{PLACE}?{query}").parse::<Uri>() {
        *request.uri_mut() = place;
    }
    request
}

/// What a request comes to, in the words of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
enum SubmissionAnswer {
    /// It was done; further lines tell more.
    Done(Vec<String>),
    /// User and password do not belong together.
    BadAuth,
    /// The clock of the client is wrong.
    BadTime,
    /// The client has to shake hands again.
    BadSession,
    /// It cannot be done, and this is why.
    Failed(String),
}

impl IntoResponse for SubmissionAnswer {
    fn into_response(self) -> Response {
        let mut lines = match self {
            Self::Done(more) => [vec!["OK".to_owned()], more].concat().join("\n"),
            Self::BadAuth => "BADAUTH".to_owned(),
            Self::BadTime => "BADTIME".to_owned(),
            Self::BadSession => "BADSESSION".to_owned(),
            Self::Failed(why) => format!("FAILED {why}"),
        };
        lines.push('\n');
        ([(header::CACHE_CONTROL, "no-store")], lines).into_response()
    }
}

/// An error as a client of Audioscrobbler reads it.
pub(crate) fn error_as_line(error: &ApiError, response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    parts.headers.insert(header::CONTENT_TYPE, text);
    let line = format!("FAILED {}\n", error.message.replace('\n', " "));
    (parts, line).into_response()
}
