//! The foreign APIs speak of errors in their own way: gorse in plain text, ListenBrainz in a JSON
//! of its own, Last.fm in numbers, Audioscrobbler in a line, OpenSubsonic in its envelope. Whatever
//! turns a request away, a handler, a missing key or a limit, is put into the words of the API that
//! it came to.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::error::ApiError;
use crate::lastfm::LfmFormat;
use crate::{audioscrobbler, gorse, lastfm, listenbrainz, subsonic};

/// The APIs whose errors are translated once they are there.
enum Dialect {
    Gorse,
    ListenBrainz,
    Audioscrobbler,
    LastFm(LfmFormat),
}

impl Dialect {
    /// In which of them a request is, by its path; `None` for an API of ours.
    fn of(request: &Request) -> Option<Self> {
        let path = request.uri().path();
        if lastfm::is_for(path) {
            return Some(Self::LastFm(lastfm::format_in(request)));
        }
        let known = [
            ("/api/", Self::Gorse),
            ("/1/", Self::ListenBrainz),
            (audioscrobbler::PLACE, Self::Audioscrobbler),
        ];
        known.into_iter().find(|(start, _)| path.starts_with(start)).map(|(_, dialect)| dialect)
    }

    fn tell(&self, error: &ApiError, response: Response) -> Response {
        match self {
            Self::Gorse => gorse::error_as_text(error, response),
            Self::ListenBrainz => listenbrainz::error_as_json(error, response),
            Self::Audioscrobbler => audioscrobbler::error_as_line(error, response),
            Self::LastFm(format) => lastfm::error_as_failure(error, *format, response),
        }
    }
}

/// Lets a request through and translates what comes back.
pub(crate) async fn translate(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path().starts_with("/rest/") {
        return subsonic::converse(&app, request, next).await;
    }
    let Some(dialect) = Dialect::of(&request) else { return next.run(request).await };
    let response = next.run(request).await;
    match response.extensions().get::<ApiError>().cloned() {
        Some(error) => dialect.tell(&error, response),
        None => response,
    }
}
