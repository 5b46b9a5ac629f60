//! The page's routes: what a browser asks for becomes view models for [`page`](crate::page), what
//! its forms send becomes events.
//!
//! Forms work without scripts: each answers with a redirect to where it came from, and a
//! [flash](flash) that can undo it. Scripts ask for fragments of the same views, or speak to `/v1`.

mod cards;
mod docs;
mod feedback;
mod flash;
mod frame;
mod held;
mod history;
mod imports;
mod listen;
mod lists;
mod model;
mod people;
mod session;
mod sounds;
mod taste;
mod track;

pub(crate) use session::keep_to_tls;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use crate::access::Access;
use crate::app::App;
use crate::error::ApiError;
use crate::page::layout::{Frame, Section};
use crate::page::{assets, problem};

/// Routes that a browser asks for.
pub(crate) fn routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/", get(listen::home))
        .route("/mix", get(listen::mix))
        .route("/search", get(listen::search))
        .route("/tracks/{track}", get(track::show))
        .route("/artists/{artist}", get(track::artist))
        .route("/fragments/mix", get(listen::mix_fragment))
        .route("/fragments/card", get(listen::card_fragment))
        .route("/lists", get(lists::all))
        .route("/lists/{list}", get(lists::one))
        .route("/history", get(history::show))
        .route("/history/plays", get(history::plays))
        .route("/taste", get(taste::show))
        .route("/docs", get(docs::show))
        .route("/model", get(model::show))
        .route("/models/{version}/activate", post(model::activate))
        .route("/people", get(people::show))
        .route("/people/invite", post(people::invite))
        .route("/world/drop", post(model::drop_world))
        .route("/import", get(imports::form))
        .route("/import/{import}", get(imports::show))
        .route("/import/{import}/start", post(imports::start))
        .route("/import/{import}/discard", post(imports::discard))
        .route("/fragments/import/{import}", get(imports::fragment))
        .route("/listeners/{listener}/feedback", post(feedback::give))
        .route("/listeners/{listener}/skip", post(feedback::skip))
        .route("/listeners/{listener}/lists", post(lists::keep))
        .route("/listeners/{listener}/lists/{list}/remove", post(lists::remove))
        .route("/listeners/{listener}/weekly-lists/end", post(lists::end_weekly))
        .route("/listeners/{listener}/time-zone", post(history::keep_time_zone))
        .route("/listeners/{listener}/date-language", post(history::keep_date_language))
        .route("/listeners/{listener}/exclusions", post(feedback::exclude))
        .route("/listeners/{listener}/exclusions/{exclusion}/remove", post(feedback::include_again))
        .with_state(Arc::clone(app))
}

/// Routes that may take longer.
pub(crate) fn long_routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/models/train", post(model::train))
        .route("/listeners/{listener}/forget", post(feedback::forget))
        .with_state(Arc::clone(app))
}

/// Uploads, which bound themselves.
pub(crate) fn upload_routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/import", post(imports::receive).layer(DefaultBodyLimit::disable()))
        .with_state(Arc::clone(app))
}

/// Routes that are open to everybody: how to get in, and what a page looks like.
pub(crate) fn open_routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/login", get(session::form).post(session::log_in))
        .route("/join/{key}", get(session::invitation))
        .route("/logout", post(session::log_out))
        .route("/listener", post(session::choose_listener))
        .route("/opens", post(session::choose_service))
        .route("/assets/{*path}", get(asset))
        .with_state(Arc::clone(app))
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    assets::respond(&path, known)
}

/// Turns errors into pages for those who asked for a page.
pub(crate) async fn in_html(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let asked = frame::Asked::of(&request);
    let is_page = wants_page(&request);
    let response = next.run(request).await;
    match response.extensions().get::<ApiError>().cloned() {
        Some(error) if is_page => {
            let access = response.extensions().get::<Access>();
            let is_known = access.is_some();
            let asked = access.into_iter().fold(asked, frame::Asked::by);
            error_page(&app, Visitor { asked: &asked, is_known }, &error).await
        }
        _ => response,
    }
}

/// Whether a browser asks for something to look at. Programs that speak to an API get errors that
/// programs can read.
fn wants_page(request: &Request) -> bool {
    let path = request.uri().path();
    let is_api =
        ["/v1/", "/1/", "/api/", "/rest/", "/metrics"].iter().any(|start| path.starts_with(start));
    let accepts = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    !is_api && accepts.is_some_and(|accepts| accepts.contains("text/html"))
}

/// Who meets an error.
struct Visitor<'a> {
    /// What they asked for.
    asked: &'a frame::Asked,
    /// Whether a key or a session let them in before the error.
    is_known: bool,
}

async fn error_page(
    app: &Arc<App>,
    Visitor { asked, is_known }: Visitor<'_>,
    error: &ApiError,
) -> Response {
    if error.status == StatusCode::UNAUTHORIZED {
        let back = crate::page::urls::encoded(&asked.here);
        return Redirect::to(&format!("/login?back={back}")).into_response();
    }
    // Who is turned away before it is known who they are learns nothing about anybody.
    let frame = match is_known {
        true => frame::frame(app, asked, Section::Elsewhere).await.unwrap_or_default(),
        false => Frame::default(),
    };
    let problem = problem::ProblemPage {
        status: error.status.as_u16(),
        code: error.code.to_owned(),
        message: error.message.clone(),
        hint: error.hint.clone().unwrap_or_default(),
        request: asked.request_id.clone(),
    };
    let mut response = (error.status, problem::view(&frame, &problem)).into_response();
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
