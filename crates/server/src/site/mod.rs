//! The page's routes: what a browser asks for becomes view models for [`page`](crate::page), what its forms say becomes events.
//!
//! Forms work without scripts: each answers with a redirect to where it came from, and a [flash](flash) that can undo it. Scripts ask for fragments
//! of the same views, or speak to `/v1`.

mod cards;
mod flash;
mod frame;
mod imports;
mod listen;
mod model;
mod say;
mod session;
mod taste;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::app::App;
use crate::error::ApiError;
use crate::page::{assets, login, problem};

/// Routes that a browser asks for.
pub(crate) fn routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/", get(listen::home))
        .route("/mix", get(listen::mix))
        .route("/search", get(listen::search))
        .route("/fragments/mix", get(listen::mix_fragment))
        .route("/fragments/card", get(listen::card_fragment))
        .route("/taste", get(taste::show))
        .route("/model", get(model::show))
        .route("/models/{version}/activate", post(model::activate))
        .route("/import", get(imports::form))
        .route("/import/{import}", get(imports::show))
        .route("/fragments/import/{import}", get(imports::fragment))
        .route("/listener", post(session::choose_listener))
        .route("/logout", post(session::log_out))
        .route("/listeners/{listener}/feedback", post(say::feedback))
        .route("/listeners/{listener}/skip", post(say::skip))
        .route("/listeners/{listener}/exclusions", post(say::exclude))
        .route("/listeners/{listener}/exclusions/{exclusion}/remove", post(say::include_again))
        .route_layer(middleware::from_fn_with_state(Arc::clone(app), in_html))
        .with_state(Arc::clone(app))
}

/// Routes that may take longer.
pub(crate) fn long_routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/import", post(imports::receive).layer(DefaultBodyLimit::disable()))
        .route("/models/train", post(model::train))
        .route("/listeners/{listener}/forget", post(say::forget))
        .route_layer(middleware::from_fn_with_state(Arc::clone(app), in_html))
        .with_state(Arc::clone(app))
}

/// Routes that are open to everybody: how to get in, and what a page looks like.
pub(crate) fn open_routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/login", get(session::form).post(session::log_in))
        .route("/assets/{*path}", get(asset))
        .with_state(Arc::clone(app))
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    assets::respond(&path, known)
}

/// Turns errors into pages.
async fn in_html(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let asked = frame::Asked::of(&request);
    let response = next.run(request).await;
    match response.extensions().get::<ApiError>().cloned() {
        Some(error) => error_page(&app, &asked, &error).await,
        None => response,
    }
}

/// An error as a browser gets it: a page, or the way to the login.
pub(crate) async fn error_page(app: &Arc<App>, asked: &frame::Asked, error: &ApiError) -> Response {
    let frame = frame::frame(app, asked, crate::page::layout::Section::Elsewhere).await.unwrap_or_default();
    let problem = problem::Problem {
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

/// The login page, for a browser that shows no key.
pub(crate) fn login_page(back: &str) -> Response {
    let login = login::Login { back: back.to_owned(), refused: false };
    (StatusCode::UNAUTHORIZED, login::view(&crate::page::layout::Frame::default(), &login)).into_response()
}
