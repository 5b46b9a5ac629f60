//! The part of ListenBrainz's API that scrobblers and players send plays with, under `/1`, so that
//! they send them here once their address is changed.
//!
//! | ListenBrainz | here |
//! |---|---|
//! | user | a listener |
//! | token | a key that is for that listener; without keys the name of a listener, see [`caller`] |
//! | listen | a play, read by the reader of ListenBrainz's exports and compared as an import is |
//! | playing now | kept in memory for as long as the track lasts, and in no log |
//! | love, hate | like, not for me; 0 takes either back |
//! | deleted listen | a play that is excluded, see [`delete`] |
//! | `recording_msid` | made from the id of the track, see [`msid`] |
//!
//! ListenBrainz shows everybody what everybody played; here nobody is told without a key. What has
//! no equal is answered by 501. Errors are `{"code": 400, "error": "…"}`.

mod caller;
mod cors;
mod delete;
mod feedback;
mod latest_import;
mod listens;
mod msid;
mod playing;
mod submit;

pub(crate) use cors::across_origins;
pub(crate) use listens::listen_count;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::App;
use crate::error::ApiError;
use crate::limits::{LONGEST_LISTEN, MOST_LISTENS};

/// The routes.
pub(crate) fn routes(app: &Arc<App>) -> Router {
    let submit = post(submit::submit).layer(DefaultBodyLimit::max(MOST_LISTENS * LONGEST_LISTEN));
    Router::new()
        .route("/1/submit-listens", submit)
        .route("/1/delete-listen", post(delete::delete))
        .route("/1/user/{user}/listens", get(listens::list))
        .route("/1/user/{user}/listen-count", get(listens::count))
        .route("/1/user/{user}/playing-now", get(playing::show))
        .route("/1/latest-import", get(latest_import::show).post(latest_import::raise))
        .route("/1/feedback/recording-feedback", post(feedback::give))
        .route("/1/feedback/user/{user}/get-feedback", get(feedback::list))
        .route("/1/feedback/user/{user}/get-feedback-for-recordings", get(feedback::for_recordings))
        .route("/1/{*rest}", any(unknown))
        .with_state(Arc::clone(app))
}

/// The route that needs no key, for it says whether one is good.
pub(crate) fn open_routes(app: &Arc<App>) -> Router {
    Router::new().route("/1/validate-token", get(caller::validate)).with_state(Arc::clone(app))
}

/// An error as ListenBrainz answers it.
pub(crate) fn error_as_json(error: &ApiError, mut response: Response) -> Response {
    let text = match &error.hint {
        Some(hint) => format!("{}; {hint}", error.message),
        None => error.message.clone(),
    };
    let body = Json(json!({"code": error.status.as_u16(), "error": text}));
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    if let Some(seconds) =
        error.retry_after.filter(|_| error.status == StatusCode::TOO_MANY_REQUESTS)
    {
        headers.insert("x-ratelimit-remaining", HeaderValue::from(0));
        headers.insert("x-ratelimit-reset-in", HeaderValue::from(seconds));
    }
    let (parts, _) = response.into_parts();
    (parts, body).into_response()
}

/// What is answered where all went well and there is nothing to tell.
fn done() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

async fn unknown() -> ApiError {
    let message = "this part of ListenBrainz's API is not spoken here";
    ApiError::new(StatusCode::NOT_IMPLEMENTED, "not_supported", message)
}
