//! A subset of the API of gorse (0.4 and 0.5) under `/api`, so that a service which speaks to gorse
//! can speak to Segue unchanged.
//!
//! | gorse | here |
//! |---|---|
//! | user | a listener; labels and comment are not kept: Segue knows nothing else about a person |
//! | item | a track; labels such as `artist:…` describe it, a category is its genre |
//! | feedback | an opinion or a play, by the table in [`kinds`] |
//! | recommendation | a mix, on disk as an impression before it is answered |
//!
//! gorse keeps one row for a type, user and item. Segue keeps a log, in which an opinion is
//! repeated only if another one came between and a play only if it has another time; what is read
//! back is folded to one row again. What has no equal here is answered by 501 and a sentence, never
//! by a success that changed nothing. Errors are plain text, as gorse writes them.

mod feedback;
mod health;
mod items;
mod kinds;
mod lists;
mod recommend;
mod shapes;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, any, delete, get, post, put};

use crate::app::App;
use crate::error::ApiError;

/// The routes that are answered within a time limit.
pub(crate) fn routes(app: &Arc<App>) -> Router {
    let router = Router::new()
        .route("/api/user", post(users::insert))
        .route("/api/users", get(users::list).post(users::insert_many))
        .route("/api/user/{user}", get(users::show).patch(users::change))
        .route("/api/user/{user}/feedback", get(feedback::of_user))
        .route("/api/user/{user}/feedback/{kind}", get(feedback::of_user))
        .route("/api/item", post(items::insert))
        .route("/api/items", get(items::list).post(items::insert_many))
        .route("/api/item/{item}", get(items::show).patch(items::change).delete(items::remove))
        .route(
            "/api/item/{item}/category/{category}",
            put(items::add_category).delete(items::remove_category),
        )
        .route("/api/item/{item}/feedback", get(feedback::of_item))
        .route("/api/item/{item}/feedback/", get(feedback::of_item))
        .route("/api/item/{item}/feedback/{kind}", get(feedback::of_item))
        .route("/api/feedback", get(feedback::list).post(feedback::insert).put(feedback::overwrite))
        .route("/api/feedback/{kind}", get(feedback::list))
        .route("/api/feedback/{user}/{item}", get(feedback::between).delete(feedback::remove))
        .route("/api/feedback/{kind}/{user}/{item}", get(feedback::one).delete(feedback::remove))
        .route("/api/user/{user}/neighbors", get(users::neighbours))
        .route("/api/user/{user}/neighbors/", get(users::neighbours));
    let router = by_category(router, "/api/recommend/{user}", get(recommend::recommend));
    let router = by_category(router, "/api/session/recommend", post(recommend::session));
    let router = by_category(router, "/api/popular", get(lists::popular));
    let router = by_category(router, "/api/latest", get(lists::latest));
    let router = by_category(router, "/api/item/{item}/neighbors", get(lists::neighbours));
    router.route("/api/{*rest}", any(unknown)).with_state(Arc::clone(app))
}

/// The routes that may take longer.
pub(crate) fn long_routes(app: &Arc<App>) -> Router {
    Router::new().route("/api/user/{user}", delete(users::remove)).with_state(Arc::clone(app))
}

/// The routes that need no key.
pub(crate) fn open_routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/api/health/live", get(health::live))
        .route("/api/health/ready", get(health::ready))
        .with_state(Arc::clone(app))
}

/// The same with a category behind it. Clients that want none leave an empty one, and so a stroke
/// at the end.
fn by_category(
    router: Router<Arc<App>>,
    path: &str,
    method: MethodRouter<Arc<App>>,
) -> Router<Arc<App>> {
    router
        .route(path, method.clone())
        .route(&format!("{path}/"), method.clone())
        .route(&format!("{path}/{{category}}"), method)
}

/// An error as gorse answers it: the status and a sentence.
pub(crate) fn error_as_text(error: &ApiError, mut response: Response) -> Response {
    let text = match &error.hint {
        Some(hint) => format!("{}; {hint}", error.message),
        None => error.message.clone(),
    };
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    headers.remove(header::CONTENT_LENGTH);
    let (parts, _) = response.into_parts();
    (parts, text).into_response()
}

async fn unknown() -> ApiError {
    not_supported("this part of gorse's API is not spoken here")
}

/// Something of gorse's that has no equal here.
fn not_supported(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::NOT_IMPLEMENTED, "not_supported", message)
}
