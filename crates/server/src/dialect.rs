//! The foreign APIs speak of errors in their own way: gorse in plain text, ListenBrainz in a JSON
//! of its own, OpenSubsonic in its envelope. Whatever turns a request away, a handler, a missing
//! key or a limit, is put into the words of the API that it came to.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::error::ApiError;
use crate::{gorse, listenbrainz, subsonic};

/// Lets a request through and translates what comes back.
pub(crate) async fn translate(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    if path.starts_with("/rest/") {
        return subsonic::converse(&app, request, next).await;
    }
    let (is_gorse, is_listenbrainz) = (path.starts_with("/api/"), path.starts_with("/1/"));
    let response = next.run(request).await;
    match response.extensions().get::<ApiError>().cloned() {
        Some(error) if is_gorse => gorse::error_as_text(&error, response),
        Some(error) if is_listenbrainz => listenbrainz::error_as_json(&error, response),
        _ => response,
    }
}
